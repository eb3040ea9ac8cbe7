// How long the setup script takes on a fresh booted machine, step by step, and how long after its start OpenClaw answers
// from outside. Each machine then chats once, with its own key. By hand, as root; each run takes minutes and boots a machine:
//   SANDBOX_DIR=$(mktemp -d) SANDBOX_NET=198.19.7 tests/sandbox/machines/nspawn/run node tests/bench/setup.mjs
//
// Settings: RUNS (3), SKILLS (none; the sandbox's ClawHub has agentwallet).

import { get } from '../sandbox/machines/client.js';
import { sleep } from '../harness/wait.mjs';
import { RealWorld } from '../real/world.mjs';
import { row } from './figures.mjs';

const RUNS = Number(process.env.RUNS ?? 3);
const { SANDBOX_DIR, SANDBOX_NET, SKILLS = '' } = process.env;
const LOOK_EVERY_MS = 100;

const seconds = (began) => (performance.now() - began) / 1000;

async function answers(machine, began) {
  for (;;) {
    const reply = await get(machine.https, '/readyz').catch(() => null);
    if (reply?.status === 200) return seconds(began);
    await sleep(LOOK_EVERY_MS);
  }
}

// A setup that is quick because something is missing would be no figure.
async function chatsWith(real, machine, hash) {
  const from = real.world.journal.count;
  await machine.openclaw('agent --agent main --message "Are you there?" --json');
  const chats = real.chats(from);
  if (chats.length === 0 || chats.some(({ status, key }) => status !== 200 || key !== hash)) throw new Error(`no chat with its key: ${JSON.stringify(chats)}`);
}

async function once(real, n) {
  const machine = await real.machine('vps-1'); // one machine at a time, rebuilt
  const { key, hash } = await real.openRouterKey(`bench-${n}`);
  machine.openRouterKey = key;
  await machine.upload({ SKILLS, RUN_ID: `bench-${n}` });
  const began = performance.now();
  await machine.setup('start');
  const ready = answers(machine, began);
  const status = await machine.reaches(/^(done|failed)/);
  const done = seconds(began);
  const log = await machine.log();
  if (status !== 'done' || JSON.parse(await machine.setup('result')).skillsMissing) throw new Error(`${status}\n${log}`);
  await ready;
  await chatsWith(real, machine, hash);
  return new Map([...[...log.matchAll(/^(\w+) took ([\d.]+) s$/gm)].map(([, step, took]) => [step, Number(took)]),
    ['answers outside', await ready], ['the whole setup', done]]);
}

const real = await RealWorld.start(SANDBOX_DIR, SANDBOX_NET);
try {
  const runs = [];
  for (let n = 1; n <= RUNS; n++) runs.push(await once(real, n));
  console.log(row('seconds', ['min', 'median', 'max']));
  for (const name of runs[0].keys()) {
    const all = runs.map((run) => run.get(name)).sort((a, b) => a - b);
    console.log(row(name, [all[0], all[all.length >> 1], all.at(-1)].map((value) => value.toFixed(1))));
  }
} finally {
  await real.close();
}
