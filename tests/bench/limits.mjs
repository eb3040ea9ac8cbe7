// node tests/bench/limits.mjs: many deployments at once at an OVH that bears 60 requests a minute, in quick motion (a minute
// takes two seconds, the sandbox refuses the 61st). A deployment counts as done when its server is ready: what comes after
// that asks OVH nothing, so the sandbox runs without machines here, and neither the installer nor the monitor runs.
// Prints how long all took, who waited longest and for what, requests for each deployment and by call, refusals, and how
// many were lost or in ERROR before their server was ready. The deadlines are in quick motion, too. The exit code is 1 when
// any was, or when not exactly one order was paid for each.
//
// Settings: LIMITS_N (300), COPIES (2), LIMITS_RAW=1 (nothing is remembered, no list answers for many).

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { QUICK_DEPLOYMENTS, QUICK_SETTINGS, QUICK_WORLD, ovhCalls } from '../harness/limits.mjs';
import { ROOT, startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { row } from './figures.mjs';

const N = Number(process.env.LIMITS_N ?? 300);
const COPIES = Number(process.env.COPIES ?? 2);
const { rate_window: MINUTE } = QUICK_WORLD;
const minutes = (seconds) => `${((seconds / MINUTE)).toFixed(0)} min`;

// The journal is a ring: read often, so that nothing is missed.
async function collect(sandbox, calls) {
  const more = await sandbox.journal(calls.at(-1)?.n ?? 0);
  for (const call of more) calls.push(call);
}

const shape = ({ method, path }) =>
  `${method} ${path.replace('/1.0', '').replace(/\/vps-[0-9a-f]+[^/]*/, '/{vps}').replace(/\/[0-9a-f]{8}-[0-9a-f-]{27}/g, '/{id}').replace(/\/\d+/g, '/{n}')}`;

function reportCalls(calls) {
  const by = new Map();
  for (const call of calls) by.set(shape(call), (by.get(shape(call)) ?? 0) + 1);
  for (const [name, n] of [...by].sort((a, b) => b[1] - a[1])) console.log(`  ${(n / N).toFixed(2).padStart(6)}  ${name}`);
}

async function report(stack, calls, began) {
  // With its server ready a deployment waits here for an installer that does not run: it counts what was said before.
  const rows = await stack.psql(`select d.id, d.status, r.state, extract(epoch from r.state_since - d.created_at) as s,
      (select message from deployment_events e where e.deployment_id = d.id and e.status = 'ERROR' and (r.state <> 'ready' or e.at < r.state_since) order by seq limit 1) as error
    from deployments d left join server.resource r using (id) order by r.state_since desc nulls first`);
  const paid = (await stack.sandbox.ledger()).orders.filter((o) => o.paid);
  const ready = rows.filter((r) => r.state === 'ready');
  const lost = rows.filter((r) => r.state !== 'ready' || r.error);
  const payers = new Set(paid.map((o) => o.intent)).size;
  if (lost.length || rows.length !== N || paid.length !== N || payers !== N) process.exitCode = 1;
  const { calls: ovh, refused } = ovhCalls(calls);
  const seconds = (Date.parse(ovh.at(-1).at) - began) / 1000;
  const [wait] = ready.length === 0 ? [] : await stack.psql(`select e.message, extract(epoch from least(lead(at, 1, at) over (order by seq), r.state_since) - at) as s
    from deployment_events e join server.resource r on r.id = e.deployment_id where r.id = '${ready[0].id}' and at < r.state_since order by 2 desc limit 1`);
  console.log(`${N} deployments at once, ${COPIES} copies of the orderer, ${MINUTE} s for a minute`);
  console.log(row('all servers ready after', [`${seconds.toFixed(0)} s`, minutes(seconds)]));
  if (wait) console.log(row('first, median, last', [ready.at(-1).s, ready[Math.floor(ready.length / 2)].s, ready[0].s].map(minutes)));
  console.log(row('calls a deployment', [(ovh.length / N).toFixed(1)]));
  console.log(row('calls a minute', [((ovh.length * MINUTE) / seconds).toFixed(1)]));
  console.log(row('deployments an hour', [((60 * N * MINUTE) / seconds).toFixed(0)]));
  console.log(row('refused (429)', [refused]));
  console.log(row('lost or in ERROR', [lost.length]));
  console.log(row('paid orders, of deployments', [paid.length, payers]));
  if (wait) console.log(`longest wait: ${minutes(ready[0].s)}, ${ready[0].id}, most of it (${minutes(wait.s)}) "${wait.message}"`);
  for (const r of lost.slice(0, 5)) console.log(`  ${r.id} ${r.state} ${r.status} ${r.error ?? ''}`);
  reportCalls(ovh);
}

/** The sandbox again, without machines. */
async function withoutMachines(stack) {
  await stack.stop('sandbox');
  const { PORT_BASE, OVH_APP_KEY, OVH_APP_SECRET, OVH_CONSUMER_KEY, OPENROUTER_PROVISIONING_KEY } = stack.env;
  const world = spawn(process.execPath, [join(ROOT, 'tests/sandbox/main.js')], {
    env: { SANDBOX_PORT: String(Number(PORT_BASE) + 1), SANDBOX_MACHINES: 'none', OVH_APP_KEY, OVH_APP_SECRET, OVH_CONSUMER_KEY, OPENROUTER_PROVISIONING_KEY },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await until(() => stack.sandbox.get('/_/healthz'), { deadline: 20, what: 'the sandbox answers' });
  return world;
}

const settings = structuredClone({ ...QUICK_SETTINGS, ...QUICK_DEPLOYMENTS });
if (process.env.LIMITS_RAW === '1') Object.assign(settings['ovh-orderer'], { OVH_REMEMBER_S: 0 });
const stack = await startStack({ copies: COPIES, settings });
let world;
try {
  for (let i = 1; i <= COPIES; i++) for (const name of ['installer', 'health-monitor']) await stack.stop(`${name}.${i}`);
  world = await withoutMachines(stack);
  await stack.sandbox.settings(QUICK_WORLD);
  const people = Array.from({ length: 10 }, () => stack.api());
  for (const api of people) await api.signUp();
  const calls = [];
  const began = Date.now();
  for (let i = 0; i < N; i++) await people[i % people.length].deploy();
  console.log(`${N} clicks in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  let told = 0;
  await until(
    async () => {
      await collect(stack.sandbox, calls);
      const states = await stack.psql(`select state, count(*)::int as n from server.resource group by 1 order by 2 desc`);
      const ended = await stack.psql(`select 1 from server.resource join deployments using (id) where state = 'ready' or status = 'ERROR'`);
      if (Date.now() - told > 15000) {
        told = Date.now();
        console.log(`${((told - began) / 1000).toFixed(0)} s: ${N - ended.length} to go; ${states.map((s) => `${s.state} ${s.n}`).join(', ')}`);
      }
      return ended.length === N;
    },
    { deadline: 30 + N * 5, what: 'all have ended', every: 1 },
  );
  await collect(stack.sandbox, calls);
  await report(stack, calls, began);
} finally {
  if (world) {
    world.kill();
    await once(world, 'exit');
  }
  await stack.close();
}
