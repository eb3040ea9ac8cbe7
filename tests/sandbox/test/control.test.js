// The sandbox's own calls: faults of every kind, journal, settings, reset, and its end.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { TABLE } from '../settings.js';
import { SSH_KEY, buy, fillCart, order, ovhClient, signedCall, startSandbox, until } from './helper.js';

let sandbox;
before(async () => { sandbox = await startSandbox(); });
after(() => sandbox.stop());
beforeEach(() => sandbox.fresh());

const me = (options) => signedCall(sandbox, 'GET', '/me', undefined, options);
const fault = (kind, more = {}) => sandbox.fault({ method: 'GET', path: '/1.0/me', kind, ...more });

test('a reply dropped after the work was done', async () => {
  const ovh = ovhClient(sandbox);
  const cart = await fillCart(ovh);
  await sandbox.fault({ method: 'POST', path: '/1.0/order/cart/*/checkout', kind: 'drop-reply' });
  await assert.rejects(signedCall(sandbox, 'POST', `/order/cart/${cart}/checkout`, {}), { code: 'ECONNRESET' });
  assert.equal((await sandbox.ledger()).orders.length, 1);
  const entry = (await sandbox.journal()).at(-1);
  assert.deepEqual([entry.method, entry.status, entry.fault], ['POST', 0, 'drop-reply']);
});

test('a connection reset before anything was done', async () => {
  const ovh = ovhClient(sandbox);
  const cart = await fillCart(ovh);
  await sandbox.fault({ path: '/1.0/order/cart/*/checkout', kind: 'reset' });
  await assert.rejects(signedCall(sandbox, 'POST', `/order/cart/${cart}/checkout`, {}), { code: 'ECONNRESET' });
  assert.equal((await sandbox.ledger()).orders.length, 0);
});

test('statuses with their bodies, HTML, nothing, lies', async () => {
  await fault('status', { status: 500 });
  let reply = await me();
  assert.deepEqual([reply.status, reply.json], [500, { class: 'Server::InternalServerError', message: 'Internal server error' }]);
  await fault('status', { status: 429, retryAfter: 7 });
  reply = await me();
  assert.deepEqual([reply.status, reply.headers['retry-after'], reply.json.class], [429, '7', 'Client::TooManyRequests']);
  await fault('status', { status: 503 });
  assert.match((await me()).headers['content-type'], /html/);
  await fault('status', { status: 403, body: { message: 'no' } });
  assert.deepEqual((await me()).json, { message: 'no' });
  await fault('html', { status: 200, body: '<p>hello' });
  reply = await me();
  assert.deepEqual([reply.status, reply.text], [200, '<p>hello']);
  await fault('empty');
  assert.deepEqual([(reply = await me()).status, reply.text], [200, '']);
  await fault('lie', { body: 'delivered' });
  assert.equal((await me()).json, 'delivered');
  assert.equal((await me()).json.ovhSubsidiary, 'US', 'each fault happened once');
  await sandbox.fault({ path: '/api/v1/keys', kind: 'status', status: 500 });
  reply = await signedCall(sandbox, 'GET', '/keys', undefined, { base: '/api/v1' });
  assert.deepEqual(reply.json.error, { code: 500, message: 'Internal Server Error', metadata: null });
});

test('slow executes and answers late; huge goes on and on', async () => {
  await sandbox.fault({ method: 'POST', path: '/1.0/order/cart', kind: 'slow', seconds: 30 });
  await assert.rejects(signedCall(sandbox, 'POST', '/order/cart', { ovhSubsidiary: 'US', description: 'slow' }, { timeout: 200 }), { message: 'time-out' });
  assert.equal((await sandbox.ledger()).carts.length, 1);
  await fault('slow', { seconds: 0.05 });
  assert.equal((await me()).status, 200);
  await fault('huge', { size: 3 << 20 });
  assert.ok((await me()).text.length > 3 << 20);
});

test('late fails at once and is executed later: a checkout, a payment, an item, a rebuild, a key', async () => {
  const ovh = ovhClient(sandbox);
  const ledger = () => sandbox.ledger();
  const late = async (path, body, more, options) => {
    await sandbox.fault({ method: 'POST', path: `${options?.base ?? '/1.0'}${path}`, kind: 'late', seconds: 0.3, ...more });
    return signedCall(sandbox, 'POST', path, body, options);
  };
  const done = () => until('it was carried out', async () => (await ledger()).late === 0);
  const cart = await fillCart(ovh);
  await assert.rejects(late(`/order/cart/${cart}/checkout`, {}), { code: 'ECONNRESET' });
  assert.deepEqual([(await ledger()).orders.length, (await ledger()).late], [0, 1]);
  await done();
  const [{ id }] = (await ledger()).orders;
  const entry = (await sandbox.journal()).findLast(({ fault: kind }) => kind === 'late');
  assert.deepEqual([entry.status, entry.late], [0, 200]);

  const paid = () => ledger().then(({ orders }) => orders.find((one) => one.id === id).paid);
  assert.equal((await late(`/me/order/${id}/pay`, { paymentMethod: { id: 7001234 } }, { status: 503 })).status, 503);
  assert.equal(await paid(), false);
  await done();
  assert.equal(await paid(), true);

  const other = await fillCart(ovh, { description: 'two' });
  const item = { planCode: 'vps-2025-model1', duration: 'P1M', pricingMode: 'default', quantity: 1 };
  await assert.rejects(late(`/order/cart/${other}/vps`, item), { code: 'ECONNRESET' });
  assert.equal((await ovh.get(`/order/cart/${other}/item`)).length, 1);
  await done();
  const items = await ovh.get(`/order/cart/${other}/item`);
  assert.equal(items.length, 2);
  for (const [label, value] of [['vps_datacenter', 'US-EAST-VA'], ['vps_os', 'Debian 12']]) await ovh.post(`/order/cart/${other}/item/${items[1]}/configuration`, { label, value });
  const { orderId } = await ovh.post(`/order/cart/${other}/checkout`, {});
  assert.deepEqual((await ledger()).orders.find((one) => one.id === orderId).services, [null, null]);
  await ovh.post(`/me/order/${orderId}/pay`, { paymentMethod: { id: 7001234 } });
  const { services, service } = (await ledger()).orders.find((one) => one.id === orderId);
  assert.deepEqual([new Set(services).size, services[0]], [2, service]);

  const images = await ovh.get(`/vps/${service}/images/available`);
  const tasks = () => ovh.get(`/vps/${service}/tasks`, { type: 'reinstallVm' });
  await assert.rejects(late(`/vps/${service}/rebuild`, { imageId: images[0], publicSshKey: SSH_KEY, doNotSendPassword: true }), { code: 'ECONNRESET' });
  assert.deepEqual(await tasks(), []);
  await done();
  assert.equal((await tasks()).length, 1);

  const over = { authorization: `Bearer ${sandbox.credentials.OPENROUTER_PROVISIONING_KEY}` };
  await assert.rejects(late('/keys', { name: 'late' }, {}, { base: '/api/v1', over }), { code: 'ECONNRESET' });
  assert.deepEqual((await ledger()).keys, []);
  await done();
  assert.deepEqual((await ledger()).keys.map(({ name }) => name), ['late']);
});

test('what is late goes on when the faults are cleared, and is forgotten by a reset', async () => {
  const faults = (seconds) => sandbox.fault({ method: 'POST', path: '/1.0/order/cart', kind: 'late', seconds });
  const cart = () => signedCall(sandbox, 'POST', '/order/cart', { ovhSubsidiary: 'US', description: 'late' });
  await faults(0.2);
  await assert.rejects(cart(), { code: 'ECONNRESET' });
  await sandbox.control('DELETE', 'faults');
  await until('it was carried out', async () => (await sandbox.ledger()).carts.length === 1);
  await faults(0.2);
  await assert.rejects(cart(), { code: 'ECONNRESET' });
  await sandbox.fresh();
  assert.equal((await sandbox.ledger()).late, 0);
  await new Promise((resolve) => { setTimeout(resolve, 300); });
  assert.deepEqual((await sandbox.ledger()).carts, []);
});

test('skip, times, wildcards, clearing', async () => {
  await fault('status', { skip: 1, times: 2 });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await me()).status);
  assert.deepEqual(statuses, [200, 500, 500, 200]);
  await sandbox.fault([{ path: '/1.0/*', kind: 'status', status: 502, times: 0 }, { path: '/1.0/*/order', kind: 'empty' }]);
  assert.equal((await signedCall(sandbox, 'GET', '/me/order')).status, 502);
  assert.equal((await signedCall(sandbox, 'GET', '/me/order/1/status')).status, 502);
  assert.equal((await sandbox.control('GET', 'faults')).length, 2);
  await sandbox.control('DELETE', 'faults');
  assert.equal((await me()).status, 200);
  for (const wrong of [{}, { path: '/x', kind: 'odd' }, { kind: 'html' }, { path: '/x', kind: 'status', status: 99 }, { path: '/x', kind: 'html', times: -1 }, [null]]) {
    await assert.rejects(sandbox.fault(wrong), { status: 400 }, JSON.stringify(wrong));
  }
});

test('settings: all or nothing, known names and kinds only', async () => {
  for (const wrong of [{ nonsense: 1 }, { rebuild: -1 }, { rebuild: 'x' }, { pay_refused: 1 }, { out_of_stock: [1] }, { documents_requested: 'maybe' }, [], 7]) {
    await assert.rejects(sandbox.set(wrong), { status: 400 }, JSON.stringify(wrong));
  }
  await assert.rejects(sandbox.set({ rebuild: 7, nonsense: 1 }), { status: 400 });
  assert.equal((await sandbox.control('GET', 'settings')).rebuild, 0);
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  assert.deepEqual(TABLE.map(([name]) => name).filter((name) => !readme.includes(`\`${name}\``)), [], 'the README names every setting');
});

test('the journal counts on; a reset forgets everything else', async () => {
  await buy(ovhClient(sandbox));
  await sandbox.set({ pay_refused: true });
  const before = await sandbox.journal();
  assert.deepEqual(Object.keys(before[0]), ['n', 'at', 'method', 'path', 'query', 'status', 'fault', 'ms']);
  const last = before.at(-1).n;
  const [{ id }] = (await sandbox.ledger()).orders;
  await sandbox.control('POST', 'reset');
  assert.deepEqual(await sandbox.ledger(), { orders: [], servers: [], keys: [], carts: [], bills: [], late: 0 });
  assert.deepEqual(await sandbox.journal(), []);
  assert.equal((await sandbox.control('GET', 'settings')).pay_refused, false);
  assert.equal((await me()).status, 200);
  assert.deepEqual((await sandbox.control('GET', `journal?after=${last}`)).map(({ n, path }) => [n, path]), [[last + 1, '/1.0/me']]);
  assert.deepEqual(await sandbox.control('GET', `journal?after=${last + 1}`), []);
  const again = await order(ovhClient(sandbox));
  assert.ok(again.orderId > id, 'ids are never used twice');
});

test('a missing setting ends the start with one line; SIGTERM ends it all', async () => {
  await assert.rejects(startSandbox({}, { OVH_APP_KEY: '' }), /ended with 2/);
  const other = await startSandbox();
  assert.equal(await other.stop(), 0);
});
