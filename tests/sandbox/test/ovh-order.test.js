// OVH's own client goes through the whole order protocol: cart, dry run, unpaid checkout, pay, delivery, rebuild, address, end of the contract.

import assert from 'node:assert/strict';
import { after, beforeEach, before, test } from 'node:test';
import { SSH_KEY, buy, fillCart, order, ovhClient, pay, refusedWith, serviceOf, startSandbox, until } from './helper.js';

let sandbox;
let ovh;
before(async () => {
  sandbox = await startSandbox();
  ovh = ovhClient(sandbox);
});
after(() => sandbox.stop());
beforeEach(() => sandbox.fresh());

test('from an empty cart to a VPS with our key and an address', async () => {
  assert.equal(typeof await ovh.get('/auth/time'), 'number');
  assert.equal((await ovh.get('/me')).ovhSubsidiary, 'US');
  const stock = await ovh.get('/vps/order/rule/datacenter', { ovhSubsidiary: 'US', planCode: 'vps-2025-model1' });
  assert.equal(stock.datacenters.find(({ datacenter }) => datacenter === 'US-EAST-VA').linuxStatus, 'available');

  const cart = await ovh.post('/order/cart', { ovhSubsidiary: 'US', description: 'ab-7c9e6679', expire: new Date(Date.now() + 30 * 86400e3).toISOString() });
  assert.deepEqual({ items: cart.items, readOnly: cart.readOnly, description: cart.description }, { items: [], readOnly: false, description: 'ab-7c9e6679' });
  const at = `/order/cart/${cart.cartId}`;
  assert.deepEqual(await ovh.get('/order/cart', { description: 'ab-7c9e6679' }), [], 'a cart is hidden until assigned');
  assert.equal(await ovh.post(`${at}/assign`), null);
  assert.deepEqual(await ovh.get('/order/cart', { description: 'ab-7c9e6679' }), [cart.cartId]);
  assert.deepEqual(await ovh.get('/order/cart', { description: 'ab-7c9e667' }), []);

  const item = await ovh.post(`${at}/vps`, { planCode: 'vps-2025-model1', duration: 'P1M', pricingMode: 'default', quantity: 1 });
  const labels = await ovh.get(`${at}/item/${item.itemId}/requiredConfiguration`);
  assert.deepEqual(labels.filter(({ required }) => required).map(({ label }) => label), ['vps_datacenter', 'vps_os']);
  assert.ok(labels[0].allowedValues.includes('US-EAST-VA'));
  await assert.rejects(ovh.get(`${at}/checkout`),
    refusedWith(400, /^Custom field vps_datacenter is mandatory for product vps-2025-model1\nCustom field vps_os is mandatory for product vps-2025-model1$/));
  const configuration = await ovh.post(`${at}/item/${item.itemId}/configuration`, { label: 'vps_datacenter', value: 'US-EAST-VA' });
  assert.equal(configuration.value, 'US-EAST-VA');
  await ovh.post(`${at}/item/${item.itemId}/configuration`, { label: 'vps_os', value: 'Debian 12' });
  const dry = await ovh.get(`${at}/checkout`);
  assert.deepEqual([dry.orderId, dry.prices.withTax.value, dry.details.length], [null, 7.99, 1]);

  const checkout = await ovh.post(`${at}/checkout`, { autoPayWithPreferredPaymentMethod: false, waiveRetractationPeriod: false });
  const id = checkout.orderId;
  assert.ok(Number.isInteger(id));
  assert.equal((await ovh.get(at)).readOnly, true);
  await assert.rejects(ovh.post(`${at}/checkout`, {}), refusedWith(400, /read only/));
  await assert.rejects(ovh.del(at), refusedWith(404));
  assert.deepEqual(await ovh.get('/me/order'), [id]);
  assert.equal(await ovh.get(`/me/order/${id}/status`), 'notPaid');
  assert.deepEqual(await ovh.get('/me/bill', { orderId: id }), []);

  const [method] = await ovh.get('/me/payment/method', { default: true });
  assert.equal(await ovh.post(`/me/order/${id}/pay`, { paymentMethod: { id: method } }), null);
  assert.equal(await ovh.get(`/me/order/${id}/status`), 'delivered');
  await assert.rejects(pay(ovh, id), refusedWith(400, /already been paid/));
  const details = await ovh.get(`/me/order/${id}/details`);
  assert.equal(details.length, 6);
  assert.equal((await ovh.get(`/me/order/${id}/details/${details[2]}`)).domain, '*');
  assert.equal((await ovh.get(`/me/order/${id}/followUp`)).at(-1).step, 'AVAILABLE');
  const [bill] = await ovh.get('/me/bill', { orderId: id });
  assert.equal((await ovh.get(`/me/bill/${bill}`)).orderId, id);

  const name = await serviceOf(ovh, id);
  assert.deepEqual(await ovh.get('/vps'), [name]);
  const vps = await ovh.get(`/vps/${name}`);
  assert.deepEqual([vps.model.name, vps.state, 'ips' in vps], ['vps-2025-model1', 'running', false]);
  assert.match(vps.zone, /us-east-va/);
  const [v6, v4] = await ovh.get(`/vps/${name}/ips`);
  assert.match(v6, /:/);
  assert.equal(v4, '127.32.0.2');
  assert.equal((await ovh.get(`/vps/${name}/ips/${v4}`)).version, 'v4');
  assert.equal(await ovh.put(`/vps/${name}`, { displayName: 'ab-7c9e6679' }), null);

  const images = await Promise.all((await ovh.get(`/vps/${name}/images/available`)).map((image) => ovh.get(`/vps/${name}/images/available/${image}`)));
  const { id: imageId } = images.find((image) => image.name === 'Debian 12');
  const task = await ovh.post(`/vps/${name}/rebuild`, { imageId, publicSshKey: SSH_KEY, doNotSendPassword: true, installRTM: false });
  assert.deepEqual([task.type, task.state], ['reinstallVm', 'todo']);
  await until('the rebuild is done', async () => (await ovh.get(`/vps/${name}/tasks/${task.id}`)).state === 'done');
  const rebooted = await ovh.post(`/vps/${name}/reboot`);
  await until('the reboot is done', async () => (await ovh.get(`/vps/${name}/tasks/${rebooted.id}`)).state === 'done');
  assert.equal((await ovh.get(`/vps/${name}`)).displayName, 'ab-7c9e6679');

  const ledger = await sandbox.ledger();
  assert.deepEqual(ledger.orders, [{ id, state: 'delivered', paid: true, service: name, services: [name], intent: 'ab-7c9e6679' }]);
  assert.deepEqual(ledger.servers, [{ name, ip: v4, state: 'running', delete_at_expiration: false }]);
});

test('the end of a contract: the flag, its side effects, the date', async () => {
  await sandbox.set({ service_active: 3600 });
  const name = await buy(ovh);
  const infos = () => ovh.get(`/vps/${name}/serviceInfos`);
  const cancel = () => ovh.put(`/vps/${name}/serviceInfos`, { renew: { deleteAtExpiration: true } });
  await assert.rejects(cancel(), refusedWith(400, /^Unable to synchronize l1::Service, subscription is not active yet$/));
  await sandbox.set({ service_active: 0 });
  assert.equal(await cancel(), null);
  const { renew, renewalType } = await infos();
  assert.deepEqual([renew.deleteAtExpiration, renew.automatic, renewalType], [true, false, 'manual']);
  assert.equal((await sandbox.ledger()).servers[0].delete_at_expiration, true);

  await ovh.put(`/vps/${name}/serviceInfos`, { renew: { deleteAtExpiration: false } });
  assert.equal((await infos()).renew.automatic, false, 'taking it back needs automatic:true');
  await ovh.put(`/vps/${name}/serviceInfos`, { renewalType: 'automaticV2012', renew: { deleteAtExpiration: false, automatic: true } });
  assert.equal((await infos()).renewalType, 'automaticV2012');

  const [service] = await ovh.get('/services', { resourceName: name });
  assert.equal((await ovh.get(`/services/${service}`)).resource.name, name);
  await sandbox.set({ clock_offset: 32 * 86400 });
  const later = ovhClient(sandbox);
  assert.deepEqual(await later.get('/vps'), [name], 'renewed');
  assert.equal((await later.get('/me/bill')).length, 2);
  await later.put(`/services/${service}`, { terminationPolicy: 'terminateAtExpirationDate' });
  await sandbox.set({ clock_offset: 64 * 86400 });
  const end = ovhClient(sandbox);
  assert.deepEqual(await end.get('/vps'), []);
  await assert.rejects(end.get(`/vps/${name}`), refusedWith(404));
  await assert.rejects(end.get(`/vps/${name}/serviceInfos`), refusedWith(460, /expired/));
  assert.deepEqual((await sandbox.ledger()).servers, []);
});

test('termination by mail changes nothing until its token comes back', async () => {
  const name = await buy(ovh);
  assert.match(await ovh.post(`/vps/${name}/terminate`), /email/);
  await assert.rejects(ovh.post(`/vps/${name}/confirmTermination`, { token: 'wrong' }), refusedWith(403, /Invalid token/));
  assert.equal((await ovh.get(`/vps/${name}/serviceInfos`)).renew.deleteAtExpiration, false);
  const [mail] = await sandbox.control('GET', 'mails');
  await ovh.post(`/vps/${name}/confirmTermination`, { token: mail.token });
  assert.equal((await ovh.get(`/vps/${name}/serviceInfos`)).renew.deleteAtExpiration, true);
});

test('an unpaid order costs nothing and is cancelled after a day', async () => {
  const { orderId } = await order(ovh, { description: 'ab-unpaid' });
  await sandbox.set({ clock_offset: 86399 });
  assert.equal((await sandbox.ledger()).orders[0].state, 'notPaid');
  await sandbox.set({ clock_offset: 86401 });
  assert.deepEqual((await sandbox.ledger()).orders, [{ id: orderId, state: 'cancelled', paid: false, service: null, services: [null], intent: 'ab-unpaid' }]);
  await assert.rejects(pay(ovhClient(sandbox), orderId), refusedWith(400, /cancelled/));
});

test('autopay pays at the checkout, unless payment is refused', async () => {
  const first = await fillCart(ovh);
  const paid = await ovh.post(`/order/cart/${first}/checkout`, { autoPayWithPreferredPaymentMethod: true });
  assert.equal(await ovh.get(`/me/order/${paid.orderId}/status`), 'delivered');
  await sandbox.set({ pay_refused: true });
  const second = await fillCart(ovh);
  const unpaid = await ovh.post(`/order/cart/${second}/checkout`, { autoPayWithPreferredPaymentMethod: true });
  assert.equal(await ovh.get(`/me/order/${unpaid.orderId}/status`), 'notPaid');
});

test('ownership marks: tags of the v2 resources', async () => {
  const name = await buy(ovh);
  const [resource] = await ovh.get('/v2/iam/resource', { resourceType: 'vps' });
  assert.equal(resource.name, name);
  await ovh.post(`/v2/iam/resource/${resource.urn}/tag`, { key: 'ab-host', value: '7c9e6679' });
  assert.deepEqual((await ovh.get('/v2/iam/resource', { resourceType: 'vps' }))[0].tags, { 'ab-host': '7c9e6679' });
  await assert.rejects(ovh.get('/v2/iam/resource', { tags: 'x' }), refusedWith(400));
  await ovh.del(`/v2/iam/resource/${resource.urn}/tag/ab-host`);
  await assert.rejects(ovh.del(`/v2/iam/resource/${resource.urn}/tag/ab-host`), refusedWith(404));
});
