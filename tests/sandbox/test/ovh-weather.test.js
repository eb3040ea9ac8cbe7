// What goes wrong at OVH without anybody's fault: late answers, refused payment, empty stock, papers, swapped deliveries, busy machines.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { SSH_KEY, buy, fillCart, order, ovhClient, pay, refusedWith, serviceOf, startSandbox, until } from './helper.js';

let sandbox;
let ovh;
before(async () => {
  sandbox = await startSandbox();
  ovh = ovhClient(sandbox);
});
after(() => sandbox.stop());
beforeEach(() => sandbox.fresh());

const HOUR = 3600;

test('status and details are not there at first', async () => {
  await sandbox.set({ late_reads: 2 });
  const { orderId } = await order(ovh);
  const at = `/me/order/${orderId}`;
  for (let i = 0; i < 2; i++) await assert.rejects(ovh.get(`${at}/status`), refusedWith(404));
  assert.equal(await ovh.get(`${at}/status`), 'notPaid');
  for (let i = 0; i < 2; i++) await assert.rejects(ovh.get(`${at}/details`), refusedWith(404));
  for (let i = 0; i < 2; i++) assert.deepEqual(await ovh.get(`${at}/details`), []);
  assert.equal((await ovh.get(`${at}/details`)).length, 6);
  await sandbox.set({ details_need_payment: true });
  assert.deepEqual(await ovh.get(`${at}/details`), []);
  await sandbox.set({ checking: HOUR });
  const late = await order(ovh);
  await sandbox.set({ late_reads: 0 });
  await assert.rejects(ovh.get(`/me/order/${late.orderId}/status`), refusedWith(404));
});

test('the stages of a delivery, each as long as its setting says', async () => {
  await sandbox.set({ delivering: HOUR, deliver_task: HOUR, ips: HOUR });
  const { orderId } = await order(ovh);
  await sandbox.set({ checking: HOUR });
  await pay(ovh, orderId);
  const status = async () => (await sandbox.ledger()).orders[0].state;
  assert.equal(await status(), 'checking');
  assert.deepEqual(await ovh.get('/vps'), []);
  await sandbox.set({ checking: 0 });
  assert.equal(await status(), 'delivering');
  const [, , month] = await ovh.get(`/me/order/${orderId}/details`);
  const [operation] = await ovh.get(`/me/order/${orderId}/details/${month}/operations`);
  const { resource } = await ovh.get(`/me/order/${orderId}/details/${month}/operations/${operation}`);
  assert.equal(resource.name, null);
  await sandbox.set({ delivering: 0 });
  const name = await serviceOf(ovh, orderId);
  assert.match(name, /^vps-[0-9a-f]{8}\.vps\.ovh\.us$/);
  assert.equal((await ovh.get(`/vps/${name}`)).state, 'installing');
  const [imageId] = await ovh.get(`/vps/${name}/images/available`);
  const rebuild = () => ovh.post(`/vps/${name}/rebuild`, { imageId, publicSshKey: SSH_KEY, doNotSendPassword: true });
  await assert.rejects(rebuild(), refusedWith(400, /^Action not available while there are running tasks on the VPS$/));
  await sandbox.set({ deliver_task: 0 });
  assert.deepEqual(await ovh.get(`/vps/${name}/ips`), []);
  await sandbox.set({ ips: 0 });
  assert.equal((await ovh.get(`/vps/${name}/ips`)).length, 2);
  await sandbox.set({ rebuild: HOUR });
  const task = await rebuild();
  assert.equal((await ovh.get(`/vps/${name}`)).state, 'installing');
  await assert.rejects(ovh.post(`/vps/${name}/reboot`), refusedWith(400, /running tasks/));
  await sandbox.set({ rebuild: 0 });
  await until('the rebuild is done', async () => (await ovh.get(`/vps/${name}/tasks/${task.id}`)).state === 'done');
  assert.equal((await ovh.get(`/vps/${name}`)).state, 'running');
});

test('payment refused, then allowed', async () => {
  const { orderId } = await order(ovh);
  await sandbox.set({ pay_refused: true });
  await assert.rejects(pay(ovh, orderId), refusedWith(403, /^This order can't be paid with 'bankAccount'$/));
  assert.equal(await ovh.get(`/me/order/${orderId}/status`), 'notPaid');
  assert.deepEqual(await ovh.get(`/me/order/${orderId}/availablePaymentMethod`), []);
  await sandbox.set({ pay_refused: false });
  await pay(ovh, orderId);
  assert.equal(await ovh.get(`/me/order/${orderId}/status`), 'delivered');
  await assert.rejects(ovh.post(`/me/order/${orderId}/pay`, {}), refusedWith(400));
  await assert.rejects(ovh.post('/me/order/1/pay', { paymentMethod: { id: 7001234 } }), refusedWith(404, /does not exist/));
});

test('papers are asked for, then accepted or not', async () => {
  await sandbox.set({ documents_requested: true });
  const [first, second] = [await order(ovh), await order(ovh)];
  await pay(ovh, first.orderId);
  assert.equal(await ovh.get(`/me/order/${first.orderId}/status`), 'documentsRequested');
  await sandbox.set({ documents_requested: false });
  assert.equal(await ovh.get(`/me/order/${first.orderId}/status`), 'delivered');
  await sandbox.set({ documents_requested: 'refused' });
  await pay(ovh, second.orderId);
  assert.equal(await ovh.get(`/me/order/${second.orderId}/status`), 'cancelled');
});

test('nothing in stock, known before or only at the checkout; not sold to us', async () => {
  const stock = async (planCode) => (await ovh.get('/vps/order/rule/datacenter', { ovhSubsidiary: 'US', planCode })).datacenters
    .filter(({ linuxStatus }) => linuxStatus === 'available').map(({ datacenter }) => datacenter);
  assert.deepEqual(await stock('vps-2019-gone'), [], 'a plan no longer sold is out of stock everywhere');
  assert.deepEqual(await stock('vps-2025-model1'), ['US-EAST-VA', 'US-WEST-OR', 'BHS'], 'also one the plan can not use');
  await sandbox.set({ out_of_stock: ['US-EAST-VA', 'vps-2025-model2'] });
  assert.deepEqual(await stock('vps-2025-model1'), ['US-WEST-OR', 'BHS']);
  assert.deepEqual(await stock('vps-2025-model2'), []);
  await sandbox.set({ out_of_stock: false, out_of_stock_at_checkout: ['vps-2025-model1/US-EAST-VA'] });
  await assert.rejects(order(ovh), refusedWith(400, /out of stock/));
  assert.equal((await order(ovh, { datacenter: 'US-WEST-OR' })).orderId > 0, true);
  await assert.rejects(fillCart(ovh, { datacenter: 'BHS' }), refusedWith(400, /not valid for custom field/));
  await sandbox.set({ not_allowed: ['vps-2025-model1'] });
  await assert.rejects(order(ovh), refusedWith(403, /^You are not allowed$/));
  assert.equal((await sandbox.ledger()).orders.length, 1);
});

test('two orders under way are delivered in swapped order', async () => {
  await sandbox.set({ swap_delivery: true, delivering: HOUR });
  const older = await order(ovh, { description: 'older' });
  const newer = await order(ovh, { description: 'newer' });
  await pay(ovh, older.orderId);
  await pay(ovh, newer.orderId);
  await sandbox.set({ delivering: 0 });
  const names = { older: await serviceOf(ovh, older.orderId), newer: await serviceOf(ovh, newer.orderId) };
  assert.deepEqual(await ovh.get('/vps'), [names.newer, names.older]);
  const ledger = await sandbox.ledger();
  assert.deepEqual(ledger.orders.map(({ intent, service }) => [intent, service]), [['older', names.older], ['newer', names.newer]]);
  assert.equal(new Set(ledger.servers.map(({ ip }) => ip)).size, 2);
});

test('a payment that was taken shows late: unpaid meanwhile, not payable again, never cancelled', async () => {
  await sandbox.set({ payment_shows: HOUR });
  const { orderId } = await order(ovh);
  await pay(ovh, orderId);
  const status = () => ovh.get(`/me/order/${orderId}/status`);
  assert.equal(await status(), 'notPaid');
  assert.equal((await sandbox.ledger()).orders[0].paid, true);
  await assert.rejects(pay(ovh, orderId), refusedWith(400, /already been paid/));
  await sandbox.set({ order_lifetime: 0 });
  assert.equal(await status(), 'notPaid');
  await sandbox.set({ payment_shows: 0 });
  assert.equal(await status(), 'delivered');
});

test('a rebuild that fails, the task list behind the truth, addresses given back', async () => {
  const name = await buy(ovh);
  const images = await ovh.get(`/vps/${name}/images/available`);
  const rebuild = (body = {}) => ovh.post(`/vps/${name}/rebuild`, { imageId: images[0], publicSshKey: SSH_KEY, doNotSendPassword: true, ...body });
  await assert.rejects(rebuild({ imageId: 'none' }), refusedWith(400));
  await assert.rejects(rebuild({ publicSshKey: 'ssh-rsa' }), refusedWith(400));
  await sandbox.set({ rebuild_errors: 1 });
  const failed = await rebuild();
  await until('the task failed', async () => (await ovh.get(`/vps/${name}/tasks/${failed.id}`)).state === 'error');
  await until('the VPS recovered', async () => (await ovh.get(`/vps/${name}`)).state === 'running');
  await sandbox.set({ task_list_lag: HOUR });
  const task = await rebuild();
  assert.deepEqual(await ovh.get(`/vps/${name}/tasks`, { state: 'doing' }), []);
  await sandbox.set({ task_list_lag: 0 });
  await until('done', async () => (await ovh.get(`/vps/${name}/tasks`, { state: 'done', type: 'reinstallVm' })).includes(task.id));
  await assert.rejects(ovh.get(`/vps/${name}/tasks`, { state: 'init' }), refusedWith(400, /TaskStateEnum/));
  const stopped = await ovh.post(`/vps/${name}/stop`);
  await until('stopped', async () => (await ovh.get(`/vps/${name}/tasks/${stopped.id}`)).state === 'done');
  assert.equal((await ovh.get(`/vps/${name}`)).state, 'stopped');
  const [service] = await ovh.get('/services');
  await ovh.del(`/services/${service}`);
  assert.deepEqual((await sandbox.ledger()).servers, []);
});

test('carts: hidden, gone or unlisted after the checkout, expired; the US list of orders takes no query', async () => {
  await sandbox.set({ keep_readonly_carts_listed: false });
  const { cartId } = await order(ovh, { description: 'ab-cart' });
  assert.deepEqual(await ovh.get('/order/cart', { description: 'ab-cart' }), []);
  await sandbox.set({ checked_out_cart: 'gone' });
  await assert.rejects(ovh.get(`/order/cart/${cartId}`), refusedWith(404, /does not exist/));
  await assert.rejects(ovh.post(`/order/cart/${cartId}/checkout`, {}), refusedWith(404));
  const open = await fillCart(ovh);
  await sandbox.set({ clock_offset: 86401 });
  await assert.rejects(ovhClient(sandbox).get(`/order/cart/${open}`), refusedWith(404));
  await assert.rejects(ovhClient(sandbox).get('/me/order', { 'date.from': '2026-01-01' }), refusedWith(400));
  await sandbox.set({ us_order_query_400: false });
  assert.equal((await ovhClient(sandbox).get('/me/order', { 'date.from': '2026-01-01' })).length, 1);
});
