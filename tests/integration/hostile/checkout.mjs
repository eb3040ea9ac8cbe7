// The one answer that must not be lost: the checkout's. What became of it is found out, and nothing is ordered twice.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { age, assertFails, assertReady, bought, deploy, destroyed, row, untilMessage, tidy, world } from './world.mjs';

const CHECKOUT = { method: 'POST', path: '/1.0/order/cart/*/checkout' };
const PAGE_OF_200 = { kind: 'html', status: 200, execute: true };
const settings = (changes) => world.sandbox.settings(changes);
const retry = (id) => world.api.retry(id);
const lines = async (id) => (await world.api.log(id)).lines.map((line) => line.text).join('\n');

describe('the answer to the checkout is lost', () => {
  tidy();

  test('the cart is validated: the order is found again', async () => {
    await world.sandbox.faults({ ...CHECKOUT, kind: 'drop-reply' });
    const [id] = await deploy();
    await assertReady(id, { orders: 1 });
    assert.match(await lines(id), /Found the order again: \d+/);
    await destroyed(id);
  });

  test('the cart is gone and not listed: the order is found again after the wait', async () => {
    await settings({ checked_out_cart: 'gone', keep_readonly_carts_listed: false });
    await world.sandbox.faults({ ...CHECKOUT, ...PAGE_OF_200 });
    const [id] = await deploy();
    await assertReady(id, { orders: 1 });
    await destroyed(id);
  });

  test('it never arrived: the same cart is checked out after the wait', async () => {
    await world.sandbox.faults({ ...CHECKOUT, kind: 'reset' });
    const [id] = await deploy();
    await assertReady(id, { orders: 1 });
  });

  test('an answer that names no order, or somebody else\'s', async () => {
    await world.sandbox.faults({ ...CHECKOUT, kind: 'lie', body: { orderId: '12' }, execute: true });
    const [first] = await deploy();
    await assertReady(first, { orders: 1 });
    await world.sandbox.faults({ ...CHECKOUT, kind: 'lie', body: { orderId: 12 }, execute: true });
    const [id] = await deploy();
    await until(async () => (await row('server', id))?.notes.order_id === 12, { what: 'it waits for order 12' });
    await age('server', id, 1000);
    await assertFails(id, /^OVH does not show the order it gave us; nothing was paid\. A retry looks again/);
    await destroyed(first, id);
    assert.equal((await bought(id)).paid.length, 0);
  });

  test('OVH names the order, then the machine, of another deployment: the database refuses both', async () => {
    const [first] = await deploy();
    await assertReady(first, { orders: 1 });
    const { order_id: orderId, service_name: name } = (await row('server', first)).notes;
    await world.sandbox.faults([
      { ...CHECKOUT, kind: 'lie', body: { orderId }, execute: true },
      { method: 'GET', path: '/1.0/me/order/*/details/*/operations/*', kind: 'lie', body: { resource: { name } } },
    ]);
    const [id] = await deploy();
    for (const state of ['carted', 'paid']) {
      await until(() => new RegExp(`${id}.*the database refused a result.*"state":"${state}"`).test(readFileSync(world.stack.logFile('ovh-orderer.1'), 'utf8')), { what: `the refusal of ${state}` });
      await world.stack.psql(`update server.resource set due_at = now() where id = '${id}' and due_at is not null`); // the lease is over
    }
    await assertReady(id, { orders: 1 });
    await destroyed(first, id);
  });

  test('of two at once nobody can tell which is whose: both order anew, both pay once', async () => {
    await world.sandbox.faults({ ...CHECKOUT, kind: 'drop-reply', times: 2 });
    const ids = await deploy(2);
    for (const id of ids) await assertReady(id);
    await destroyed(...ids);
  });

  test('destroyed before it is known: nothing is paid', async () => {
    await world.sandbox.faults({ ...CHECKOUT, kind: 'drop-reply' });
    const [id] = await deploy();
    await untilMessage(id, /^Finding out whether OVH took the order/);
    await destroyed(id);
    assert.equal((await bought(id)).paid.length, 0);
  });
});
