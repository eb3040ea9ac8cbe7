// What is for sale, the machine that comes of it, and the account: nothing in stock, too dear, not for us, broken, refused.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import {
  assertFails, assertGone, assertReady, bought, deploy, destroy, destroyed, restartWith,
  row, tidy, untilMessage, world,
} from './world.mjs';

const CHECKOUT = { method: 'POST', path: '/1.0/order/cart/*/checkout' };
const REBUILD = { method: 'POST', path: '/1.0/vps/*/rebuild' };
const settings = (changes) => world.sandbox.settings(changes);
const retry = (id) => world.api.retry(id);
const lines = async (id) => (await world.api.log(id)).lines.map((line) => line.text).join('\n');

describe('the choice', () => {
  tidy();

  test('nothing is in stock: says so; with stock again a retry works', async () => {
    await settings({ out_of_stock: true });
    const [id] = await deploy();
    await untilMessage(id, /^Waiting for OVH to have a server in stock$/);
    await assertFails(id, /^OVH has no server in stock at the moment; nothing was ordered\. Please retry later; an operator may allow more in OVH_PLANS$/);
    assert.deepEqual((await bought(id)).orders, []);
    await settings({ out_of_stock: false });
    await retry(id);
    await assertReady(id, { orders: 1 });
    assert.match(await lines(id), /vps-2019-retired: out of stock or no longer sold/);
  });

  test('only the checkout knows that there is none: the next datacenter, then the next plan', async () => {
    await settings({ out_of_stock_at_checkout: ['vps-2025-model1'] });
    const [id] = await deploy();
    await assertReady(id, { orders: 1 });
    assert.equal((await row('server', id)).notes.plan, 'vps-2025-model2');
    await destroyed(id);
  });

  test('a plan this account may not have is skipped; none left is said', async () => {
    await settings({ not_allowed: ['vps-2025-model1'] });
    const [id] = await deploy();
    await assertReady(id);
    assert.equal((await row('server', id)).notes.plan, 'vps-2025-model2');
    await settings({ not_allowed: ['vps-2025-model1', 'vps-2025-model2'] });
    const [other] = await deploy();
    await assertFails(other, /^OVH refused every server we may order: .*You are not allowed; an operator must check OVH_PLANS, then retry$/);
    await settings({ not_allowed: [] });
    await retry(other);
    await assertReady(other);
  });

  test('no plan of ours is sold any more; everything costs too much', async () => {
    await restartWith('ovh-orderer', { OVH_PLANS: 'vps-2019-retired' });
    const [old] = await deploy();
    await assertFails(old, /^OVH no longer sells any of the plans we may order; an operator must check OVH_PLANS, then retry$/);
    await restartWith('ovh-orderer', { OVH_PRICE_LIMIT: 5 });
    const [dear] = await deploy();
    await assertFails(dear, /^Every server OVH could deliver costs more than our limit of \$5\.00 a month; an operator must check OVH_PRICE_LIMIT, then retry$/);
    await restartWith('ovh-orderer', {});
    await Promise.all([retry(old), retry(dear)]);
    await assertReady(old, { orders: 1 });
    await assertReady(dear, { orders: 1 });
  });
});

describe('the machine', () => {
  tidy();

  test('its rebuild fails once, or for ever', async () => {
    await settings({ rebuild_errors: 1 });
    const [id] = await deploy();
    await assertReady(id, { orders: 1 });
    await settings({ rebuild_errors: 3 });
    const [other] = await deploy();
    await assertFails(other, /^OVH could not install the system on vps-\S+, 3 times in a row\. The server is kept; a retry tries again/);
    await settings({ rebuild_errors: 0 });
    await retry(other);
    await assertReady(other, { orders: 1 });
  });

  test('its image is gone meanwhile: says so, and a retry chooses another', async () => {
    await world.sandbox.faults({ ...REBUILD, kind: 'status', status: 400, body: { message: 'Image is not available' } });
    const [id] = await deploy();
    await assertFails(id, /^OVH said 400: Image is not available$/);
    await world.stack.psql(`update server.resource set notes = notes || '{"image": "one-of-before"}' where id = '${id}'`);
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('tasks show up late, and the answer to the rebuild is lost', async () => {
    await settings({ task_list_lag: 1.5, deliver_task: 0.3, rebuild: 0.3 });
    await world.sandbox.faults({ ...REBUILD, kind: 'drop-reply' });
    const [id] = await deploy();
    await assertReady(id, { orders: 1 });
  });

  test('is too new to be released', async () => {
    await settings({ service_active: 600, rebuild: 600 });
    const [id] = await deploy();
    await until(async () => (await row('server', id))?.state === 'rebuilding', { what: 'there is something to wipe' });
    await destroy(id);
    await untilMessage(id, /^OVH does not let go of a server this new yet; trying again/);
    await settings({ service_active: 0 });
    await untilMessage(id, /^The server is paid until .*; it is being wiped and released$/);
    await settings({ rebuild: 0 }); // until then the one of the way up keeps the machine busy
    await assertGone(id);
  });
});

describe('the account', () => {
  tidy();

  test('OVH is down: says so after some tries, and a retry works', async () => {
    await world.sandbox.faults({ path: '/1.0/*', kind: 'html', times: 0 });
    const [id] = await deploy();
    await assertFails(id, /^Choosing the server did not work: OVH said 503: .*\. A retry goes on from there$/);
    await world.sandbox.clearFaults();
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('our credentials are refused: says who must act, and a retry works', async () => {
    await world.sandbox.post('/_/credentials', { consumerKey: world.stack.env.OVH_CONSUMER_KEY, state: 'expired' });
    const [id] = await deploy();
    await assertFails(id, /^OVH refused our credentials; an operator must check them\. Nothing is lost: a retry goes on where it stopped$/);
    await world.sandbox.post('/_/credentials', { consumerKey: world.stack.env.OVH_CONSUMER_KEY, state: 'validated' });
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('OVH\'s clock jumps: the calls go on, and a lost checkout is found by its date', async () => {
    await settings({ clock_offset: 900 });
    await world.sandbox.faults({ ...CHECKOUT, kind: 'drop-reply' });
    const [id] = await deploy();
    await assertReady(id, { orders: 1 });
    await destroyed(id);
  });
});
