// `make chaos`: seeds one after the other on a stack that serves a few of them. SEED=n[,m…] plays those seeds, RUNS=n so
// many, SECONDS=n (60) as many as fit, and on until PostgreSQL and Kafka were killed once; FIRST=n is the first seed (1).
// WALK=where walks over crash points (walk.mjs).

import { cpSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run as program } from '../harness/command.mjs';
import { ROOT } from '../harness/stack.mjs';
import { CHECKS, OTHER_CHECKS } from './checks.mjs';
import { planOf, SEEDS_A_STACK, stackOf } from './plan.mjs';
import { Run } from './run.mjs';
import { planOfStep, stepsOf } from './walk.mjs';
import { planInWords } from './words.mjs';
import { BIN, World } from './world.mjs';

const whole = (name, text) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a whole number from 1 on, not '${text}'`);
  return value;
};
const number = (name, otherwise) => whole(name, process.env[name] || otherwise);

const walking = Boolean(process.env.WALK);
const chosen = walking ? stepsOf(process.env.WALK) : process.env.SEED?.split(',').filter(Boolean).map((text) => whole('SEED', text)) ?? [];
const first = number('FIRST', 1);
const seeds = (i) => (chosen.length ? chosen[i] : first + i);
const most = chosen.length || number('RUNS', 1e9);
const end = Date.now() + (chosen.length || process.env.RUNS ? Infinity : number('SECONDS', 60) * 1000);
const logs = resolve(process.env.RUN_DIR ?? join(ROOT, '.run'), 'chaos');

const AUDIT = 'the audit finds nothing';

let world;
let standsFor; // which stack `world` is
let standing = []; // the seeds played on it
let runs = 0;
let spent = 0;
const tooFar = new Set(); // points of a walk that are not passed as often
const pointOf = (step) => step.split(':')[0];
const failed = [];
const fallen = { postgres: 0, kafka: 0 }; // how often each was killed
const counts = Object.fromEntries([...Object.keys(CHECKS), ...OTHER_CHECKS, AUDIT].map((name) => [name, 0]));

async function show(id) {
  const { stdout } = await program(join(BIN, 'clawctl'), ['show', id], { env: { DATABASE_URL: world.stack.env.DATABASE_URL }, timeout: 30 }).catch((error) => ({ stdout: error.message }));
  return stdout;
}

function keepLogs({ stack }, name) {
  const kept = join(logs, name);
  mkdirSync(logs, { recursive: true });
  cpSync(join(stack.runDir, 'log'), kept, { recursive: true });
  return kept;
}

/** The same seed again, and with the seeds before it, as what they left behind may matter. */
function again(seed) {
  if (walking) return `WALK=${seed}`;
  return `SEED=${seed}, or on the same stack ${chosen.length ? `SEED=${standing.join(',')}` : `FIRST=${standing[0]} RUNS=${standing.length}`}`;
}

async function report(run, plan) {
  const kept = keepLogs(world, `seed-${String(plan.seed).replace('/', '-')}`);
  console.log(`\n--- seed ${plan.seed} fails; again: make chaos ${again(plan.seed)}; logs in ${kept}`);
  console.log(planInWords(plan).join('\n'));
  console.log(`\nwhat happened\n${run.story.join('\n')}\n\nviolations`);
  for (const { invariant, text } of run.violations) console.log(`  ${invariant}: ${text}`);
  for (const id of run.ids) console.log(`\n${await show(id)}`);
  console.log('---\n');
}

/** `well`: nothing was wrong in it, so its operator must find nothing either. */
async function endStack(well = false) {
  const last = world;
  world = undefined;
  const left = last && well ? await last.audit().catch((error) => [error.message]) : [];
  if (left.length) {
    console.log(`\n--- the audit after the seeds of stack ${standsFor} leaves to a person\n  ${left.join('\n  ')}\n---`);
    counts[AUDIT]++;
    failed.push(`stack-${standsFor}`);
    keepLogs(last, `stack-${standsFor}`);
  }
  await last?.end();
}

async function play(seed, i) {
  const plan = walking ? planOfStep(seed) : planOf(seed);
  const stack = walking ? Math.floor(i / SEEDS_A_STACK) : stackOf(seed);
  if (!world || standsFor !== stack) {
    await endStack(true);
    world = await World.begin(plan);
    standsFor = stack;
    standing = [];
  }
  standing.push(seed);
  for (const { kind, part } of plan.blows) if (kind === 'kill' && part in fallen) fallen[part]++;
  const run = new Run(world, plan);
  runs++;
  try {
    await world.become(plan);
    await run.play();
  } catch (error) {
    run.violates('everything comes to rest', undefined, error.stack);
  }
  if (walking && world.parts.isArmed(plan.arms[0].part)) tooFar.add(pointOf(seed));
  const ms = Date.now() - run.began;
  spent += ms;
  console.log(`seed ${String(seed).padEnd(6)} ${(ms / 1000).toFixed(1).padStart(5)} s  ${plan.copies}+${plan.gateways}${plan.sweeping ? 's' : ' '}${plan.hasty ? 'h' : plan.impatient ? 'i' : ' '}  ${plan.deployments.length} deployments, ${plan.arms.length + plan.blows.length + plan.faults.length + plan.moods.length} misfortunes  ${run.violations.length ? 'FAILED' : 'ok'}`);
  if (run.violations.length) {
    failed.push(seed);
    for (const { invariant } of run.violations) counts[invariant]++;
    await report(run, plan);
    await endStack(); // what is wrong in it stays wrong
  } else {
    await world.tidy();
  }
}

const enough = () => Date.now() >= end && Object.values(fallen).every((times) => times > 0);

const began = Date.now();
try {
  for (let i = 0; i < most && !enough(); i++) if (!walking || !tooFar.has(pointOf(seeds(i)))) await play(seeds(i), i);
} finally {
  await endStack(true);
}
console.log(`\n${'invariant'.padEnd(40)} violated`);
for (const [name, n] of Object.entries(counts)) console.log(`${name.padEnd(40)} ${String(n).padStart(8)}`);
console.log(`\nseeds ${chosen.length ? `${chosen[0]} to ${chosen.at(-1)}` : `${first} to ${first + runs - 1}`}: ${((Date.now() - began) / 1000).toFixed(0)} s, ${(spent / runs / 1000).toFixed(2)} s a run without the stacks' starts${failed.length ? `; failed: ${failed.join(' ')}` : ''}`);
console.log(`killed: PostgreSQL ${fallen.postgres} times, Kafka ${fallen.kafka} times`);
console.log(`ℹ pass ${runs - failed.filter((name) => !/^stack-/.test(name)).length}\nℹ fail ${failed.length}`);
process.exitCode = failed.length ? 1 : 0;
