// What OVH bears: 60 requests a minute for each consumer key (in quick motion), all copies of the orderer together. Nobody
// is lost or starved, money goes first, people read their place in the queue, and a 429 makes everything slower for a while.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { QUICK_SETTINGS, QUICK_WORLD, follow, ovhCalls } from '../harness/limits.mjs';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';

const COPIES = ['ovh-orderer.1', 'ovh-orderer.2'];
// In quick motion a call that a busy machine makes a tenth of a second late is three seconds late.
const NEARLY_NONE = 0.05;
let stack, sandbox, api;
before(async () => {
  stack = await startStack({ copies: 2, settings: QUICK_SETTINGS });
  sandbox = stack.sandbox;
  await sandbox.settings(QUICK_WORLD);
  api = stack.api();
  await api.signUp();
});
after(() => stack?.close());

const lastCall = async () => (await sandbox.journal()).at(-1)?.n ?? 0;
const deploy = async (n) => (await Promise.all(Array.from({ length: n }, () => api.deploy()))).map(({ id }) => id);
const lanes = () => stack.psql('select lane, tokens, pace, full_pace, halved_at from server.budget order by lane');

/** The copies of a service, with such settings from now on; what they were at goes on. */
async function restart(copies, settings) {
  const [service] = copies[0].split('.');
  const lines = Object.entries({ ...QUICK_SETTINGS[service], ...settings }).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(stack.runDir, 'settings', `${service}.env`), lines.join(''));
  await Promise.all(copies.map((name) => stack.stop(name)));
  await Promise.all(copies.map((name) => stack.start(name)));
}

async function assertBoughtOnce(ids) {
  const { orders } = await sandbox.ledger();
  for (const id of ids) assert.equal(orders.filter((o) => o.paid && o.intent === `openclaw-${id}`).length, 1, `paid orders of ${id}`);
}

test('thirty at once: all READY, bought once, within the limit, and told how many are ahead', async () => {
  const from = await lastCall();
  const texts = new Set();
  const ids = await deploy(30);
  const ended = await follow(api, ids, until, { deadline: 200, seen: (list) => list.forEach((one) => texts.add(one.statusMessage)) });
  for (const one of ended.values()) assert.equal(one.status, 'READY', one.statusMessage);
  await assertBoughtOnce(ids);
  const { calls, refused } = ovhCalls(await sandbox.journal(from));
  assert.ok(refused <= calls.length * NEARLY_NONE, `${refused} of ${calls.length} were refused`);
  assert.ok([...texts].some((text) => /^Waiting for OVH: \d+ orders ahead of yours$/.test(text)), [...texts].join('; '));
  assert.ok([...texts].some((text) => /^Waiting for OVH: (1 order ahead of yours|yours is next)$/.test(text)), [...texts].join('; '));
  // What is begun gets finished: the first is READY long before the last is ordered.
  const lastOrder = Date.parse(calls.findLast((c) => c.method === 'POST' && c.path.endsWith('/checkout')).at);
  const readyAt = [...ended.values()].map((one) => Date.parse(one.readyAt)).sort((a, b) => a - b);
  assert.ok(readyAt.filter((at) => at < lastOrder).length >= 3, 'some are READY before the last is ordered');
  // The queue's time is not the deployment's: its limit counts from where it last moved up, so nobody is late for standing in it.
  const moved = await stack.psql("select extract(epoch from decided_at - created_at) as s from deployments where decided_at > created_at + interval '1 s' order by 1");
  assert.ok(moved.length >= 15, `${moved.length} of ${ids.length} limits moved`);
  assert.ok(Number(moved.at(-1).s) > 5, `the last of the queue: ${moved.at(-1).s} s`);
  // One line in the timeline for the wait, however often the text changed.
  const lines = (await Promise.all(ids.map((id) => api.events(id)))).map((events) => events.filter((e) => e.message.startsWith('Waiting for OVH')).length);
  assert.ok(Math.max(...lines) <= 3, `timeline lines about waiting: ${Math.max(...lines)}`);
});

test('money first: a destroy is not kept waiting by a full queue', async () => {
  const [old] = await deploy(1);
  await api.waitStatus(old, 'READY', { deadline: 60 });
  const crowd = await deploy(25);
  const waiting = () => stack.psql(`select 1 from server.resource where goal = 'up' and state = 'new'`);
  await until(async () => (await waiting()).length > 15 && (await lanes())[0].tokens < 9, { deadline: 30, what: 'the queue is full' });
  await api.destroy(old);
  await api.waitStatus(old, 'DESTROYED', { deadline: 30 });
  assert.ok((await waiting()).length > 5, 'others still wait for their first call');
  for (const id of crowd) await api.destroy(id);
  for (const id of crowd) await api.waitStatus(id, 'DESTROYED', { deadline: 90 });
});

test('a 429 halves the pace, once for all that come together; it recovers slowly; nobody is in ERROR', async () => {
  const [{ full_pace: full }] = await lanes();
  await stack.psql('update server.budget set pace = full_pace, halved_at = null');
  await sandbox.faults({ path: '/1.0/*', kind: 'status', status: 429, times: 3 });
  const ids = await deploy(2);
  await until(async () => (await lanes())[0].halved_at !== null, { deadline: 30, what: 'a 429 was noticed' });
  const { pace } = (await lanes())[0];
  assert.ok(pace < full * 0.53 && pace >= full / 4, `pace ${pace} of ${full}`);
  await until(async () => (await sandbox.get('/_/faults')).length === 0, { deadline: 30, what: 'all refusals have happened' });
  await stack.psql(`update server.budget set pace = full_pace / 2, refilled_at = refilled_at - interval '1 s' * 2 * window_s`);
  await until(async () => (await lanes())[0].pace >= full * 0.69, { deadline: 30, what: 'two windows later it is a fifth faster' });
  await follow(api, ids, until, { deadline: 60 });
  for (const id of ids) assert.equal((await api.deployment(id)).status, 'READY');
  await stack.psql('update server.budget set pace = full_pace');
});

// Any of the eight orders may be the one that is looked for. To read them all takes more calls than a minute allows.
test('eight at once whose order was answered to nobody: all READY, bought once, and no order is read over and over', async () => {
  const from = await lastCall();
  await sandbox.faults({ method: 'POST', path: '/1.0/order/cart/*/checkout', kind: 'drop-reply', times: 8 });
  const ids = await deploy(8);
  const ended = await follow(api, ids, until, { deadline: 200 });
  for (const one of ended.values()) assert.equal(one.status, 'READY', one.statusMessage);
  await assertBoughtOnce(ids);
  const { calls } = ovhCalls(await sandbox.journal(from));
  const read = calls.filter((c) => c.status === 200 && c.path.endsWith('/extension')).map((c) => c.path);
  const times = read.length / new Set(read).size; // once by each copy, and once for its delivery
  assert.ok(times < 5, `each detail of an order was read ${times} times`);
});

test('two consumer keys: about twice as many requests, none too many', async () => {
  const rateOf = async (n) => {
    const from = await lastCall();
    const ids = await deploy(n);
    await follow(api, ids, until, { deadline: 120 });
    const { calls, refused } = ovhCalls(await sandbox.journal(from));
    assert.ok(refused <= calls.length * NEARLY_NONE, `${refused} of ${calls.length} were refused`);
    const carts = calls.filter((c) => c.method === 'POST' && c.path.endsWith('/checkout')).map((c) => Date.parse(c.at));
    return { ids, seconds: (carts.at(-1) - Date.parse(calls[0].at)) / 1000 };
  };
  const one = await rateOf(12);
  const asked = await fetch(`${stack.env.OVH_ENDPOINT}/auth/credential`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-ovh-application': stack.env.OVH_APP_KEY },
    body: JSON.stringify({ accessRules: ['GET', 'POST', 'PUT', 'DELETE'].map((method) => ({ method, path: '/*' })) }),
    signal: AbortSignal.timeout(5000),
  });
  const { consumerKey } = await asked.json();
  await sandbox.post('/_/credentials', { consumerKey, state: 'validated' });
  await restart(COPIES, { OVH_CONSUMER_KEY: `${stack.env.OVH_CONSUMER_KEY},${consumerKey}` });
  const two = await rateOf(12);
  assert.equal((await lanes()).length, 2);
  assert.ok(two.seconds < one.seconds / 1.3, `12 were ordered in ${one.seconds} s with one key, in ${two.seconds} s with two`);
  await assertBoughtOnce([...one.ids, ...two.ids]);
});
