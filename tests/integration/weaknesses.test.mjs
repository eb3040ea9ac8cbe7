// What an earlier system did, and this one must not be able to do: one test for each weakness, under its name.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { run } from '../harness/command.mjs';
import { until } from '../harness/wait.mjs';
import { forgetKeys, on } from './hostile/machine.mjs';
import {
  age, assertFails, assertGone, assertReady, begin, bought, calm, deploy, destroyed, end, row, untilStatus, world,
} from './hostile/world.mjs';

const ALL = ['api-gateway.1', 'key-provisioner.1', 'ovh-orderer.1', 'installer.1', 'health-monitor.1'];
const CHECKOUT = { method: 'POST', path: '/1.0/order/cart/*/checkout' };
const settings = (changes) => world.sandbox.settings(changes);
const faults = (...all) => world.sandbox.faults(all);
const lines = async (id) => (await world.api.log(id)).lines.map(({ text }) => text);
const inState = (id, piece, state) => until(async () => (await row(piece, id))?.state === state, { what: `${piece} is ${state}` });
const noFaultLeft = (what) => until(async () => (await world.sandbox.get('/_/faults')).length === 0, { what });
const calls = async (after, method, pattern) => (await world.sandbox.journal(after)).filter((j) => j.method === method && pattern.test(j.path));
const now = async () => (await world.sandbox.journal()).at(-1)?.n ?? 0;
const openrouter = (path) => world.sandbox.get(`/api/v1${path}`, { headers: { authorization: `Bearer ${world.stack.env.OPENROUTER_PROVISIONING_KEY}` } });

before(() => begin());
after(async () => {
  await forgetKeys();
  await end();
});
afterEach(calm);

test('a crash after checkout orders again', async () => {
  const start = await now();
  await faults({ ...CHECKOUT, kind: 'slow', seconds: 5 }); // done at once; the answer comes when nobody listens any more
  const [id] = await deploy();
  await noFaultLeft('OVH has taken the order');
  await world.stack.kill('ovh-orderer.1');
  assert.equal((await bought(id)).orders.length, 1);
  await world.stack.start('ovh-orderer.1');
  await assertReady(id, { orders: 1 });
  assert.equal((await calls(start, 'POST', /\/checkout$/)).length, 1);
  await destroyed(id);
});

test('retry before delivery orders again', async () => {
  await settings({ delivering: 600 });
  const [id] = await deploy();
  for (let i = 0; i < 2; i++) {
    await inState(id, 'server', 'paid');
    await age('server', id, 1000);
    await assertFails(id, /^OVH is late/);
    await world.api.retry(id);
  }
  await settings({ delivering: 0 });
  await assertReady(id, { orders: 1 });
  await destroyed(id);
});

test('delivery picked as "any new VPS" swaps two users\' machines', async () => {
  const [ann, bob] = [world.stack.api(), world.stack.api()];
  await Promise.all([ann.signUp(), bob.signUp()]);
  await settings({ delivering: 600, swap_delivery: true });
  const first = (await ann.deploy()).id;
  await inState(first, 'server', 'paid');
  const second = (await bob.deploy()).id;
  await inState(second, 'server', 'paid');
  await settings({ delivering: 1 });
  const ready = { [first]: await ann.waitStatus(first, 'READY'), [second]: await bob.waitStatus(second, 'READY') };
  const { servers } = await world.sandbox.ledger();
  const places = [];
  for (const id of [first, second]) {
    const [{ service }] = (await bought(id)).paid;
    places.push(servers.findIndex(({ name }) => name === service));
    assert.equal(servers[places.at(-1)].ip, ready[id].ipAddress, 'the address is that of the machine of its own order');
    assert.equal((await row('server', id)).notes.service_name, service);
  }
  assert.ok(places[0] > places[1], 'they were delivered in swapped order');
  await Promise.all([ann.destroy(first), bob.destroy(second)]);
  await Promise.all([ann.waitStatus(first, 'DESTROYED'), bob.waitStatus(second, 'DESTROYED')]);
});

test('a repeated request event starts twice', async () => {
  const [id] = await deploy();
  const payload = JSON.stringify({ deploymentId: id, generation: 1, seq: 1, userId: world.api.user.id, name: 'OpenClaw', createdAt: new Date().toISOString() });
  const again = () => run('kcat', ['-P', '-b', world.stack.env.KAFKA_BOOTSTRAP, '-t', 'deployments', '-k', id, '-H', 'ce_type=deployment.requested'], { input: payload, timeout: 30 });
  await Promise.all([again(), again(), again()]);
  await assertReady(id, { orders: 1 });
  await again();
  const [next] = await deploy();
  await assertReady(next, { orders: 1 });
  await assertReady(id, { orders: 1 });
  assert.equal((await bought(id)).keys.length, 1);
  await destroyed(id, next);
});

test('READY although health timed out', async () => {
  await world.stack.stop('health-monitor.1');
  const [id] = await deploy();
  await inState(id, 'installation', 'installed');
  await on(id, 'sudo -n systemctl stop openclaw-gateway');
  await world.stack.start('health-monitor.1');
  await inState(id, 'watch', 'new');
  await age('watch', id, 1000);
  const failed = await assertFails(id, /^Checking OpenClaw from outside: took longer than 10 minutes/);
  assert.equal(failed.readyAt, null);
  assert.ok((await world.api.events(id)).every(({ status, type }) => status !== 'READY' && type !== 'instance.ready'));
  await destroyed(id);
});

test('destroy that only asks for an e-mail', async () => {
  const start = await now();
  const [id] = await deploy();
  await assertReady(id);
  await destroyed(id);
  const { servers: [server] } = await bought(id);
  assert.equal(server.delete_at_expiration, true);
  assert.deepEqual(await calls(start, 'POST', /terminat/i), []);
  assert.deepEqual(await world.sandbox.get('/_/mails'), []);
  const put = (await calls(start, 'PUT', /\/serviceInfos$/)).filter(({ path }) => path.includes(server.name)).at(-1);
  assert.ok((await calls(put.n, 'GET', /\/serviceInfos$/)).some(({ path }) => path.includes(server.name)), 'it was read back');
});

test('destroyed row that keeps a live key', async () => {
  const [id] = await deploy();
  await assertReady(id);
  await faults({ method: 'DELETE', path: '/api/v1/keys/*', kind: 'status', status: 503, times: 0 });
  await world.api.destroy(id);
  await until(async () => (await bought(id)).servers[0].delete_at_expiration, { what: 'the machine is released' });
  await until(async () => (await row('llm_key', id)).tries >= 2, { what: 'the key cannot be deleted' });
  assert.equal((await world.api.deployment(id)).status, 'DESTROYING');
  assert.equal((await bought(id)).keys.length, 1);
  await calm();
  await assertGone(id);
});

test('deleting a gone key retried for ever', async () => {
  const [id] = await deploy();
  await assertReady(id);
  const [{ hash }] = (await bought(id)).keys;
  await world.sandbox.delete(`/api/v1/keys/${hash}`, { headers: { authorization: `Bearer ${world.stack.env.OPENROUTER_PROVISIONING_KEY}` } });
  const start = await now();
  await destroyed(id);
  assert.ok((await calls(start, 'DELETE', /\/keys\//)).length <= 1);
  assert.deepEqual(await world.stack.psql(`select state, tries, due_at from llm_key.resource where id = '${id}'`), [{ state: 'revoked', tries: 0, due_at: null }]);
});

test('DESTROYING for ever after a crash', async () => {
  await settings({ rebuild: 600 });
  const [ready, half] = await deploy(2);
  await inState(half, 'server', 'rebuilding');
  await Promise.all([world.api.destroy(half), world.api.destroy(ready)]);
  await Promise.all(ALL.map((name) => world.stack.kill(name)));
  await Promise.all(ALL.map((name) => world.stack.start(name)));
  await settings({ rebuild: 0 });
  await assertGone(ready, half);
});

test('two workers on one deployment', async () => {
  await faults({ ...CHECKOUT, kind: 'slow', seconds: 2 });
  const [id] = await deploy();
  await noFaultLeft('a worker is at the checkout');
  const pid = Number(readFileSync(join(world.stack.runDir, 'pids', 'ovh-orderer.1'), 'utf8').split(/\s/)[0]);
  process.kill(pid, 'SIGSTOP');
  try {
    await world.stack.start('ovh-orderer.2', { ready: false });
    await world.stack.psql(`update server.resource set due_at = now() where id = '${id}' and busy`); // its lease is over
    await assertReady(id, { orders: 1 });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const fenced = new RegExp(`${id}.*"state":"carted".*"outcome":"fenced"`);
  await until(() => fenced.test(readFileSync(world.stack.logFile('ovh-orderer.1'), 'utf8')), { what: 'the late one is fenced' });
  await assertReady(id, { orders: 1 });
  await world.stack.stop('ovh-orderer.2');
  await destroyed(id);
});

test('the cap starting again on retry', async () => {
  const start = await now();
  await settings({ out_of_stock: true });
  const [id] = await deploy();
  await assertFails(id, /stock/i);
  const [key] = (await bought(id)).keys;
  await world.sandbox.post('/_/usage', { hash: key.hash, usd: 2.5 });
  await settings({ out_of_stock: false });
  await world.api.retry(id);
  await assertReady(id);
  assert.deepEqual((await bought(id)).keys, [key]);
  const { data } = await openrouter(`/keys/${key.hash}`);
  assert.deepEqual([data.limit, data.limit_remaining], [10, 7.5]);
  assert.equal((await calls(start, 'POST', /\/keys$/)).length, 1);
  await destroyed(id);
});

test('log lost on retry', async () => {
  await world.stack.stop('installer.1');
  const [id] = await deploy();
  await inState(id, 'server', 'ready');
  await on(id, 'sudo -n sh -c "printf \'#!/bin/sh\\nexit 3\\n\' >/usr/local/bin/tar && chmod 755 /usr/local/bin/tar"');
  await world.stack.start('installer.1');
  await assertFails(id, /failed/);
  const before = await lines(id);
  assert.ok(before.some((text) => text.startsWith('== ')), before.join('\n'));
  await on(id, 'sudo -n rm /usr/local/bin/tar');
  await world.api.retry(id);
  await assertReady(id, { orders: 1 });
  const after = await lines(id);
  assert.deepEqual(after.slice(0, before.length), before);
  assert.ok(after.length > before.length);
  await untilStatus(id, 'READY');
  await destroyed(id);
});
