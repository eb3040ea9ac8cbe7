// node tests/bench/limits.mjs: many deployments at once at an OVH that bears 60 requests a minute, in quick motion (a minute
// takes two seconds, the sandbox refuses the 61st). Prints how long all took, who waited longest and for what, requests for
// each deployment and by call, refusals, and how many were lost, which must be none.
//
// Settings: LIMITS_N (300), COPIES (2), LIMITS_RAW=1 (nothing remembered: what it would be without sparing calls).

import { QUICK_SETTINGS, QUICK_WORLD, ovhCalls } from '../harness/limits.mjs';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { row } from './figures.mjs';

const N = Number(process.env.LIMITS_N ?? 300);
const COPIES = Number(process.env.COPIES ?? 2);
const { rate_window: MINUTE } = QUICK_WORLD;
const minutes = (seconds) => `${((seconds / MINUTE)).toFixed(0)} min`;

const settings = structuredClone(QUICK_SETTINGS);
if (process.env.LIMITS_RAW === '1') settings['ovh-orderer'].OVH_REMEMBER_S = 0;

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
  const rows = await stack.psql(`select d.id, d.name, d.status, d.status_message, extract(epoch from d.ready_at - d.created_at) as s, d.failed_piece
    from deployments d order by d.ready_at - d.created_at desc nulls first`);
  const ledger = await stack.sandbox.ledger();
  const paid = ledger.orders.filter((o) => o.paid);
  const ready = rows.filter((r) => r.status === 'READY');
  const seconds = (calls.at(-1).ms + Date.parse(calls.at(-1).at) - began) / 1000;
  const { calls: ovh, refused } = ovhCalls(calls);
  const slowest = ready[0];
  const [wait] = await stack.psql(`select e.message, extract(epoch from lead(at, 1, at) over (order by seq) - at) as s
    from deployment_events e where deployment_id = '${slowest.id}' order by 2 desc limit 1`);
  console.log(`${N} deployments at once, ${COPIES} copies of each worker, ${MINUTE} s for a minute`);
  console.log(row('all READY after', [`${seconds.toFixed(0)} s`, minutes(seconds)]));
  console.log(row('a deployment', [`${(ovh.length / N).toFixed(1)} calls`, `${((3600 * N * MINUTE) / 60 / seconds).toFixed(0)} an hour`]));
  console.log(row('first, median READY', [minutes(ready.at(-1).s), minutes(ready[Math.floor(ready.length / 2)].s)]));
  console.log(row('longest wait', [minutes(slowest.s), `${slowest.id}, longest at "${wait.message}" (${minutes(wait.s)})`]));
  console.log(row('calls a minute', [((ovh.length * MINUTE) / seconds).toFixed(1)]));
  console.log(row('refused (429)', [refused]));
  console.log(row('lost', [rows.filter((r) => r.status !== 'READY').length]));
  console.log(row('paid orders', [paid.length, new Set(paid.map((o) => o.intent)).size]));
  for (const r of rows.filter((one) => one.status !== 'READY').slice(0, 5)) console.log(`  ${r.id} ${r.status} ${r.status_message}`);
  reportCalls(ovh);
}

const stack = await startStack({ copies: COPIES, settings });
try {
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
      const [{ left }] = await stack.psql(`select count(*)::int as left from deployments where status not in ('READY', 'ERROR')`);
      if (Date.now() - told > 15000) {
        told = Date.now();
        console.log(`${((told - began) / 1000).toFixed(0)} s: ${left} to go; ${states.map((s) => `${s.state} ${s.n}`).join(', ')}`);
      }
      return left === 0;
    },
    { deadline: 30 + N * 5, what: 'all have ended', every: 1 },
  );
  await collect(stack.sandbox, calls);
  await report(stack, calls, began);
} finally {
  await stack.close();
}
