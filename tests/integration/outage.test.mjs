// Two whole minutes without Kafka while people click, and some of them without PostgreSQL, too: every click is answered at
// once or refused clearly, nothing is half done, and everything is delivered afterwards. No service is started again.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../harness/command.mjs';
import { ROOT } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { assertFails, assertGone, assertReady, begin, deploy, end, world } from './hostile/world.mjs';

const AWAY_S = 120;
const ANSWERED_MS = 2000;
const EMAIL = 'outage@example.com';
const PASSWORD = 'a long password';
const SERVICES = ['api-gateway', 'key-provisioner', 'ovh-orderer', 'installer', 'health-monitor'];
const ROOMS = ['gateway', 'llm_key', 'server', 'installation', 'watch'];
const UNTOUCHED = ['/api/openapi.yaml']; // routes that need no database

const up = { restarted: [], left: [] }; // what should be READY in the end
const down = []; // and what should be gone
let failed, ready, pids, since, slowest = 0, clicks = 0;

const pid = (name) => Number(readFileSync(join(world.stack.runDir, 'pids', name), 'utf8').split(/\s/)[0]);
const awayFor = () => (Date.now() - since) / 1000;

/** A click by a person: taken, and within two seconds. */
async function clicked(what, call) {
  const began = Date.now();
  const answer = await call();
  const took = Date.now() - began;
  slowest = Math.max(slowest, took);
  clicks++;
  assert.ok(took < ANSWERED_MS, `${what} took ${took} ms`);
  return answer;
}

const deployed = async () => (await clicked('deploy', () => world.api.deploy())).id;
const untilAway = (seconds) => until(() => awayFor() >= seconds, { deadline: AWAY_S, what: `Kafka has been away for ${seconds} s`, every: 0.2 });

/** What the database holds of people's decisions. */
async function counts() {
  const tables = ['users', 'sessions', 'deployments', 'deployment_events', 'gateway.outbox'];
  const [row] = await world.stack.psql(`select ${tables.map((table) => `(select count(*) from ${table}) as "${table}"`).join(', ')}`);
  return row;
}

before(async () => {
  await begin();
  await world.stack.api().signUp(EMAIL, PASSWORD);
  ready = await deploy(3);
  for (const id of ready) await assertReady(id);
  await world.sandbox.settings({ pay_refused: true });
  [failed] = await deploy();
  await assertFails(failed, /refused/);
  await world.sandbox.settings({ pay_refused: false });
  pids = SERVICES.map((name) => pid(`${name}.1`));
});
after(end);

test('Kafka goes away: deploy, restart, retry and destroy are answered within two seconds', async () => {
  await world.stack.kill('kafka');
  since = Date.now();
  up.left.push(await deployed(), await deployed());
  await clicked('restart', () => world.api.restart(ready[0]));
  up.restarted.push(ready[0]);
  await clicked('retry', () => world.api.retry(failed));
  up.left.push(failed);
  await clicked('destroy', () => world.api.destroy(ready[1]));
  down.push(ready[1]);
  for (const at of [10, 20, 30]) {
    await untilAway(at);
    const [kept, dropped] = [await deployed(), await deployed()];
    up.left.push(kept);
    await clicked('destroy', () => world.api.destroy(dropped));
    down.push(dropped);
    await clicked('the list', () => world.api.list());
    assert.equal((await clicked('a look', () => world.api.deployment(dropped))).status, 'DESTROYING');
  }
});

/** Without a database: each route says so, and what needs none goes on. */
async function refusedEverywhere(routes) {
  for (const [method, path] of routes) {
    const json = /sign-(in|up)$/.test(path) ? { email: EMAIL, password: PASSWORD } : undefined;
    for (const accept of path.endsWith('/events') ? ['application/json', 'text/event-stream'] : ['*/*']) {
      const answer = await clicked(`${method} ${path}`, () => world.api.request(method, path.replace(':id', ready[2]), { json: method === 'GET' ? undefined : json, headers: { accept } }));
      assert.equal(answer.status, 503, `${method} ${path}: ${JSON.stringify(answer.body)}`);
      assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
      assert.ok(Number(answer.headers.get('retry-after')) > 0, `${method} ${path} says when to come back`);
      assert.equal(answer.headers.get('set-cookie'), null);
      assert.match(answer.body.detail, /^The database does not answer; nothing was done\. Try again in a moment\.$/);
    }
  }
  for (let i = 0; i < 20; i++) {
    assert.equal((await world.stack.api().request('POST', '/api/auth/sign-in', { json: { email: EMAIL, password: PASSWORD } })).status, 503);
  }
  assert.equal((await world.api.request('GET', '/healthz')).status, 200);
  assert.equal((await world.api.request('GET', '/readyz')).status, 503);
  assert.equal((await world.api.request('GET', '/')).status, 200, 'the dashboard itself is there');
}

test('PostgreSQL goes away: a clear 503 on every route that needs it, sign-in too, and nothing half done', async () => {
  const { stdout } = await run(resolve(ROOT, process.env.BIN_DIR ?? 'build/bin', 'api-gateway'), ['--routes']);
  const routes = stdout.trim().split('\n').map((line) => line.split(' ')).filter(([, path]) => !UNTOUCHED.includes(path));
  assert.ok(routes.length >= 12, stdout);
  const before = await counts();
  const timelines = await world.stack.psql('select id, status, generation, seq from deployments order by id');
  await world.stack.kill('postgres');
  try {
    await refusedEverywhere(routes);
  } finally {
    await world.stack.start('postgres');
  }
  await until(() => world.api.list(), { what: 'the list is there again' });
  await until(async () => (await world.api.request('GET', '/healthz')).status === 200);
  assert.deepEqual(await counts(), before);
  assert.deepEqual(await world.stack.psql('select id, status, generation, seq from deployments order by id'), timelines);
  await world.stack.api().signIn(EMAIL, PASSWORD); // what was refused does not count as a failed sign-in
});

test('a PostgreSQL that takes connections and says nothing is a 503 as well', async () => {
  const postmaster = pid('postgres');
  const all = [postmaster, ...(await run('pgrep', ['-P', String(postmaster)])).stdout.trim().split('\n').map(Number)];
  for (const one of all) process.kill(one, 'SIGSTOP');
  try {
    const answers = await Promise.all([
      ...Array.from({ length: 12 }, () => world.api.request('POST', '/api/openclaw/deploy', { body: '', timeout: 20 })),
      world.api.request('GET', '/api/openclaw/deployments', { timeout: 20 }),
    ]);
    for (const { status, headers } of answers) {
      assert.equal(status, 503);
      assert.ok(Number(headers.get('retry-after')) > 0);
    }
  } finally {
    for (const one of all.reverse()) process.kill(one, 'SIGCONT');
  }
  await until(() => world.api.list(), { what: 'the list is there again' });
  const { length } = await world.api.list();
  assert.equal(length, ready.length + up.left.length + down.length - 1, 'a refused deploy made nothing');
});

test(`Kafka stays away until ${AWAY_S} s have passed: clicks are answered all the time`, async () => {
  for (let at = Math.ceil(awayFor() / 10) * 10; at < AWAY_S; at += 10) {
    await untilAway(at);
    const id = await deployed();
    if (at % 20 === 0) {
      await clicked('destroy', () => world.api.destroy(id));
      down.push(id);
    } else {
      up.left.push(id);
    }
    await clicked('restart', () => world.api.restart(ready[0]));
    assert.equal((await clicked('a look', () => world.api.deployment(id))).id, id);
  }
  await untilAway(AWAY_S);
});

test('Kafka comes back: everything is delivered, each bought once, by the same processes', async (t) => {
  await world.stack.start('kafka');
  const back = Date.now();
  for (const id of up.left) await assertReady(id, { deadline: 120, orders: 1 });
  await assertGone(...down);
  for (const id of [ready[0], ready[2]]) await assertReady(id, { orders: 1 });
  await until(async () => (await world.api.events(ready[0])).some((event) => event.type === 'instance.restarted'), { what: 'the restart was done' });
  for (const room of ROOMS) {
    await until(async () => (await world.stack.psql(`select id from ${room}.outbox`)).length === 0, { what: `the outbox of ${room} is empty` });
  }
  for (const { id } of await world.api.list()) {
    const seqs = (await world.api.events(id)).map(({ seq }) => seq);
    assert.deepEqual(seqs, seqs.map((_, i) => i + 1), 'the timeline has no holes');
  }
  assert.deepEqual(SERVICES.map((name) => pid(`${name}.1`)), pids);
  t.diagnostic(`${clicks} clicks, the slowest took ${slowest} ms; all was done ${((Date.now() - back) / 1000).toFixed(1)} s after Kafka was back`);
});
