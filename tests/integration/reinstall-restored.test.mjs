// A backup restored to before some machines were installed anew: the topics bring their rows up to date, what was on its
// way goes on, and a machine whose new keys were lost with the database can be installed anew once more.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { assertNoHoles, backUp, clawctl, fingerprint, restore, startAll, stopAll } from './restore/backup.mjs';

const QUICK = { checking: 0, delivering: 0, deliver_task: 0, ips: 0, rebuild: 0, boot: 0, setup: 0, service_active: 0 };
const d = {}; // the deployments, by how far they had come
let stack, api, ledger, was;

const rows = async (piece, name) => (await stack.psql(`select state, goal, failed, notes from ${piece}.resource where id = '${d[name]}'`))[0];
const reaches = (piece, name, state) => until(async () => (await rows(piece, name)).state === state, { what: `the ${piece} of ${name} is ${state}`, every: 0.02 });
const ready = (...names) => Promise.all(names.map((name) => api.waitStatus(d[name], 'READY', { deadline: 120 })));
const keysOf = (books, name) => books.keys.filter((key) => key.name === `openclaw-${d[name].slice(-12)}`);
const paid = (books) => books.orders.filter((o) => o.paid).map((o) => o.id).sort();

before(async () => {
  stack = await startStack({ settings: { 'ovh-orderer': { DELIVERY_POLL_S: 0.3, REBUILD_POLL_S: 0.3, RELEASE_POLL_S: 0.3 }, installer: { SETUP_POLL_S: 0.3 } } });
  await stack.sandbox.settings(QUICK);
  api = stack.api();
  await api.signUp();
});
after(() => stack?.close());

test('four that are READY, a backup, and three of them are installed anew', async () => {
  for (const name of ['stays', 'done', 'rebuilding', 'left']) d[name] = (await api.deploy({ name })).id;
  await ready(...Object.keys(d));
  await stack.sandbox.post('/_/usage', { hash: keysOf(await stack.sandbox.ledger(), 'done')[0].hash, usd: 2.5 });
  was = Object.fromEntries(await Promise.all(Object.keys(d).map(async (name) => [name, await api.deployment(d[name])])));

  await backUp(stack);

  await api.reinstall(d.done);
  await ready('done');
  await stack.sandbox.settings({ rebuild: 20 });
  await api.reinstall(d.rebuilding);
  await reaches('server', 'rebuilding', 'rebuilding');
  await stack.stop('key-provisioner.1');
  await api.reinstall(d.left);
  await reaches('installation', 'left', 'left');
  await until(async () => (await stack.psql('select 1 from installation.outbox union all select 1 from server.outbox union all select 1 from gateway.outbox')).length === 0, { what: 'all is published' });
  ledger = await stack.sandbox.ledger();
});

test('restored and replayed from the topics: each is where its events say, and doing it twice changes nothing', async () => {
  await stopAll(stack);
  await restore(stack);
  const told = await clawctl(stack, 'replay', '--from-log');
  for (const name of ['rebuilding', 'left']) assert.match(told, new RegExp(`${d[name]}  READY -> PROVISIONING`), told);
  assert.doesNotMatch(told, new RegExp(d.stays));
  const state = async (name) => Promise.all(['llm_key', 'server', 'installation', 'watch'].map(async (piece) => (await rows(piece, name)).state));
  assert.deepEqual(await state('done'), ['issued', 'ready', 'installed', 'ready']);
  assert.deepEqual(await state('left'), ['renewing', 'ready', 'left', 'away']);
  const secrets = (await stack.psql(`select name from secrets where deployment_id = '${d.done}'`)).map(({ name }) => name);
  assert.deepEqual(secrets, [], 'what opened the system before is worth nothing');
  await assertNoHoles(stack);
  const once = await fingerprint(stack);
  assert.match(await clawctl(stack, 'replay', '--from-log'), /^0 deployments/);
  assert.equal(await fingerprint(stack), once);
  assert.match(await clawctl(stack, 'replay', '--from-log', '--since', '7d'), /: 0 brought up to date/);
  assert.equal(await fingerprint(stack), once);
});

test('the services go on: all READY on the machines they had, nothing bought twice', async () => {
  await stack.sandbox.settings(QUICK);
  await startAll(stack);
  await ready(...Object.keys(d));
  const books = await stack.sandbox.ledger();
  assert.deepEqual(paid(books), paid(ledger));
  for (const name of Object.keys(d)) {
    assert.equal((await api.deployment(d[name])).ipAddress, was[name].ipAddress, name);
    assert.equal(keysOf(books, name).length, 1, name);
    for (const piece of ['llm_key', 'server', 'installation', 'watch']) {
      const { goal, failed, notes } = await rows(piece, name);
      assert.deepEqual([goal, failed, notes.anew ?? 0], ['up', false, name === 'stays' ? 0 : 2], `${name}: ${piece}`);
    }
  }
  for (const name of ['stays', 'done']) assert.deepEqual(keysOf(books, name), keysOf(ledger, name), name);
  await assertNoHoles(stack);
});

test('one whose new keys were lost is installed anew, with what is left of its cap', async () => {
  await api.restart(d.done);
  await until(async () => /key to the machine was lost/.test((await api.deployment(d.done)).statusMessage), { what: 'the restart says what was lost' });
  await api.reinstall(d.done);
  await ready('done');
  const books = await stack.sandbox.ledger();
  assert.deepEqual(keysOf(books, 'done').map(({ limit }) => limit), [7.5]);
  assert.deepEqual(paid(books), paid(ledger));
  await api.restart(d.done);
  await until(async () => (await api.events(d.done)).some((e) => e.type === 'instance.restarted'), { what: 'the restart is done' });
});
