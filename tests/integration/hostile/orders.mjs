// Paying, and the time until the machine is there: refusals, documents, delays, cancellations.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  assertAllHappened, assertFails, assertReady, bought, deploy, destroyed, ovh, row, tidy, world,
} from './world.mjs';
import { until } from '../../harness/wait.mjs';

const PAY = { method: 'POST', path: '/1.0/me/order/*/pay' };
const STATUS = { method: 'GET', path: '/1.0/me/order/*/status' };
const PAGE_OF_200 = { kind: 'html', status: 200, execute: true };
const settings = (changes) => world.sandbox.settings(changes);
const retry = (id) => world.api.retry(id);

describe('paying', () => {
  tidy();

  test('is done or not, and nobody knows which: paid once', async () => {
    const faults = [PAGE_OF_200, { kind: 'drop-reply' }, { kind: 'reset' }, { kind: 'empty' }, { kind: 'status', status: 500 }];
    await world.sandbox.faults(faults.map((fault) => ({ ...PAY, ...fault })));
    for (const id of await deploy(5)) await assertReady(id, { orders: 1 });
    await assertAllHappened();
  });

  test('is refused: says so, and a retry pays the same order', async () => {
    await settings({ pay_refused: true });
    const [id] = await deploy();
    await assertFails(id, /^The payment of OVH order \d+ was refused \(.*\); nothing was charged\. An operator must check the payment method at OVH, then retry$/);
    await settings({ pay_refused: false });
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('is refused and given up: destroyed, nothing paid', async () => {
    await settings({ pay_refused: true });
    const [id] = await deploy();
    await assertFails(id, /refused/);
    await destroyed(id);
    assert.equal((await bought(id)).paid.length, 0);
  });

  test('there is nothing to pay with', async () => {
    await world.sandbox.faults({ method: 'GET', path: '/1.0/me/payment/method', kind: 'lie', body: [] });
    const [id] = await deploy();
    await assertFails(id, /there is no default payment method; nothing was charged/);
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('it is taken but does not show, and a second one is refused: watched, not given up; what shows at last is used', async () => {
    await world.sandbox.faults({ ...STATUS, kind: 'lie', body: 'notPaid', times: 0 });
    const [id] = await deploy();
    await assertFails(id, /may be paid, and we keep watching|as not paid, although a payment was sent/);
    assert.equal((await row('server', id)).state, 'late');
    assert.equal((await bought(id)).paid.length, 1);
    await world.sandbox.clearFaults();
    await until(async () => (await row('server', id)).state === 'held', { what: 'it came, and is kept' });
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('it is taken but does not show, and the user destroys: not over before OVH shows what became of it', async () => {
    await world.sandbox.faults({ ...STATUS, kind: 'lie', body: 'notPaid', times: 0 });
    const [id] = await deploy();
    await until(async () => (await row('server', id))?.notes.pay_sent, { what: 'it is paid' });
    await world.api.destroy(id);
    await until(async () => (await row('server', id)).state === 'ordered', { what: 'it shows as unpaid' });
    await until(async () => /because a payment was sent/.test((await world.api.deployment(id)).statusMessage), { what: 'the wait for a refusal is over' });
    await world.sandbox.clearFaults();
    await destroyed(id);
    assert.equal((await bought(id)).paid.length, 1);
  });

  test('the order expired meanwhile: one retry orders anew', async () => {
    await settings({ pay_refused: true });
    const [id] = await deploy();
    await assertFails(id, /refused/);
    await settings({ pay_refused: false, order_lifetime: 0 });
    const { order_id: order } = (await row('server', id)).notes;
    assert.equal(await ovh('GET', `/me/order/${order}/status`), 'cancelled');
    await settings({ order_lifetime: 86400 });
    await retry(id);
    await assertReady(id, { orders: 2 });
  });

  for (const [price, words] of [[99, 'more than our limit of \\$20\\.00;'], [15.98, 'and \\$7\\.99 was what it promised;']]) {
    test(`the price of the order is not the one of the cart ($${price}): not paid`, async () => {
      await world.sandbox.faults({ method: 'GET', path: '/1.0/me/order/*', kind: 'lie', body: { priceWithTax: { value: price } }, skip: 1 });
      const [id] = await deploy();
      await assertFails(id, new RegExp(`^OVH wants \\$${price.toFixed(2)} a month for order \\d+, ${words} it is not paid and expires\\.`));
      assert.equal((await bought(id)).paid.length, 0);
      await retry(id);
      await assertReady(id, { orders: 2 });
    });
  }
});

describe('the order', () => {
  tidy();

  test('needs documents: says so, waits, and goes on after a retry', async () => {
    await settings({ documents_requested: true });
    const [id] = await deploy();
    await assertFails(id, /^OVH asks for documents before it delivers order \d+\. The order is paid and kept; an operator must answer in the OVH account, then retry/);
    await settings({ documents_requested: false });
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('is cancelled for its documents: a retry orders anew', async () => {
    await settings({ documents_requested: 'refused' });
    const [id] = await deploy();
    await assertFails(id, /^OVH cancelled order \d+/);
    await settings({ documents_requested: false });
    await retry(id);
    await assertReady(id, { orders: 2 });
  });

  test('shows up late everywhere', async () => {
    await settings({ late_reads: 3, details_need_payment: true, region_required: true, ips: 0.5 });
    const [id] = await deploy();
    await assertReady(id, { orders: 1 });
  });

  test('does not show the detail that becomes the machine at first, only one that looks like it: found all the same', async () => {
    await settings({ delivering: 1 });
    const third = { skip: 2, kind: 'status', status: 404, body: { message: 'The requested object does not exist' } };
    await world.sandbox.faults({ method: 'GET', path: '/1.0/me/order/*/details/*/extension', ...third });
    const [id] = await deploy();
    await assertReady(id, { orders: 1 });
    await assertAllHappened();
  });

  test('two are delivered the other way round: each gets its own', async () => {
    await settings({ swap_delivery: true, delivering: 1 });
    const ids = await deploy(2);
    for (const id of ids) await assertReady(id, { orders: 1 });
    const names = await Promise.all(ids.map(async (id) => (await row('server', id)).notes.service_name));
    assert.deepEqual(await Promise.all(ids.map(async (id) => (await bought(id)).paid[0].service)), names);
    await destroyed(...ids);
  });
});
