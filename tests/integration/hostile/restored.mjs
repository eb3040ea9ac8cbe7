// Rows as a restored backup would leave them: they know less than OVH does. What was paid is found again, and nothing
// is bought twice.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { age, assertFails, assertReady, bought, deploy, destroyed, ovh, row, setBack, tidy, world } from './world.mjs';

const settings = (changes) => world.sandbox.settings(changes);
const lines = async (id) => (await world.api.log(id)).lines.map((line) => line.text).join('\n');
const inState = (id, state) => until(async () => (await row('server', id))?.state === state, { what: `the server of ${id} is ${state}`, deadline: 60 });
const EMPTY = "state = 'new', notes = '{}', state_since = now()";

async function paid(n = 1) {
  await settings({ delivering: 3600 });
  const ids = await deploy(n);
  for (const id of ids) await inState(id, 'paid');
  return ids;
}

describe('a restored backup', () => {
  tidy();

  test('the row knows nothing, its order is being delivered: the same order is adopted', async () => {
    const [id] = await paid();
    const before = await bought(id);
    await setBack('server', id, EMPTY);
    await until(async () => /Found the order again: \d+/.test(await lines(id)), { what: 'the order is found' });
    await settings({ delivering: 0 });
    await assertReady(id, { orders: 1 });
    assert.equal(before.orders[0].id, (await row('server', id)).notes.order_id);
  });

  test('its machine is delivered and carries its mark: adopted, among others of the same kind', async () => {
    const [id, other] = await deploy(2);
    await assertReady(id);
    await assertReady(other);
    const { notes } = await row('server', id);
    await setBack('server', id, EMPTY);
    await inState(id, 'ready');
    const again = (await row('server', id)).notes;
    assert.deepEqual([again.order_id, again.service_name, again.plan], [notes.order_id, notes.service_name, notes.plan]);
    await until(async () => (await bought(id)).orders.length === 1 && (await bought(other)).orders.length === 1, { what: 'nothing else was ordered' });
    await destroyed(id, other);
  });

  test('the row remembers its cart, which OVH shows no more: the order is found by its time', async () => {
    await settings({ checked_out_cart: 'gone', keep_readonly_carts_listed: false });
    const [id] = await paid();
    await setBack('server', id, "state = 'carted', notes = notes - 'order_id' - 'details', state_since = now()");
    await until(async () => /Found the order again: \d+/.test(await lines(id)), { what: 'the order is found' });
    await settings({ delivering: 0 });
    await assertReady(id, { orders: 1 });
  });

  test('another row has the only order that fits: the database refuses it, and it is left alone', async () => {
    const [id] = await paid();
    await world.sandbox.faults({ method: 'POST', path: '/1.0/order/cart/*/checkout', kind: 'drop-reply' });
    const [other] = await deploy();
    await inState(other, 'unsure');
    const [{ id: lost }] = (await bought(other)).orders;
    await settings({ order_lifetime: 0 });
    assert.equal(await ovh('GET', `/me/order/${lost}/status`), 'cancelled');
    await settings({ order_lifetime: 86400 });
    const floor = (await row('server', id)).notes.order_id - 1;
    await setBack('server', other, `notes = notes || '{"order_floor": ${floor}, "checkout_from": 1}'`);
    await until(async () => /belongs to another deployment/.test(await lines(other)), { what: 'it is refused' });
    await settings({ delivering: 0 });
    await assertReady(id, { orders: 1 });
    await assertReady(other, { orders: 2 });
  });

  test('two of the same kind, and nobody can tell which is whose: a person names them', async () => {
    const ids = await paid(2);
    for (const id of ids) await setBack('server', id, EMPTY);
    for (const id of ids) await inState(id, 'unsure');
    for (const id of ids) await age('server', id, 2000);
    const fails = /^OVH holds paid orders of which one may be this deployment's: \d+, \d+\. Nothing is ordered anew: an operator must name the right server openclaw-[0-9a-f]{12} at OVH, then retry$/;
    for (const id of ids) await assertFails(id, fails);
    await settings({ delivering: 0 });
    const [id, other] = ids;
    const [{ id: order }] = (await bought(id)).paid;
    assert.equal(await ovh('GET', `/me/order/${order}/status`), 'delivered');
    const [{ service }] = (await bought(id)).paid;
    await ovh('PUT', `/vps/${service}`, { displayName: `openclaw-${id.slice(-12)}` });
    await world.api.retry(id);
    await assertReady(id, { orders: 1 });
    await world.api.retry(other);
    await assertReady(other, { orders: 1 });
  });

  test('destroyed without knowing: what carries its mark is released', async () => {
    const [id] = await deploy();
    await assertReady(id);
    await setBack('server', id, `${EMPTY}, goal = 'down'`);
    await destroyed(id);
    assert.equal((await bought(id)).servers.length, 1);
  });
});
