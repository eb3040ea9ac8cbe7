// Every call of an order's whole life, once with every kind of answer: pages instead of JSON, nothing, far too much,
// nonsense, refusals to talk, connections that break before or after the work was done.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { assertAllHappened, assertClear, assertGone, assertReady, deploy, destroy, row, tidy, world } from './world.mjs';

const CART = '/1.0/order/cart';
const ORDER = '/1.0/me/order';
const VPS = '/1.0/vps';
const call = (line) => line.split(' ');

const CHANGES = [
  `POST ${CART}`, `POST ${CART}/*/assign`, `POST ${CART}/*/vps`, `POST ${CART}/*/item/*/configuration`, `POST ${CART}/*/checkout`,
  `POST ${ORDER}/*/pay`, `PUT ${VPS}/*`, `POST ${VPS}/*/rebuild`,
].map(call);
// A cart is only found again, and looked into, after one of its later calls failed.
const AGAIN = [`GET ${CART}/*/item`, `DELETE ${CART}/*/item/*`].map(call);
const READS = [
  `GET ${CART}`, `GET ${VPS}/order/rule/datacenter`, `GET ${CART}/*/item/*/requiredConfiguration`, `GET ${CART}/*/checkout`, `GET ${ORDER}`,
  `GET ${CART}/*`, `GET ${ORDER}/*/status`, 'GET /1.0/me/payment/method', `GET ${ORDER}/*/details`, `GET ${ORDER}/*/details/*/extension`,
  `GET ${ORDER}/*/details/*/operations`, `GET ${ORDER}/*/details/*/operations/*`, `GET ${VPS}/*/tasks`, `GET ${VPS}/*/images/available`,
  `GET ${VPS}/*/images/available/*`, `GET ${VPS}/*/tasks/*`, `GET ${VPS}/*/ips`,
].map(call);
const UP = [...AGAIN, ...READS, ...CHANGES];
const DOWN = [`GET ${VPS}/*/serviceInfos`, `PUT ${VPS}/*/serviceInfos`, `GET ${VPS}/*/tasks`, `POST ${VPS}/*/rebuild`, `GET ${VPS}/*/tasks/*`].map(call);

// Two kinds at a time, so that the machines' setups, which take the most time, are fewer.
const KINDS = [
  ['an HTML page, also with status 200', { kind: 'html' }, { kind: 'html', status: 200 }],
  ['nothing at all, or far too much', { kind: 'empty' }, { kind: 'huge' }],
  ['a reset connection, status 500', { kind: 'reset' }, { kind: 'status', status: 500 }],
  ['too many requests, and a 401 now and then', { kind: 'status', status: 429, retryAfter: 1 }, { kind: 'status', status: 401 }],
  ['an object or a list of something else', { kind: 'lie', body: { lie: true } }, { kind: 'lie', body: [null, 'x', -1, { id: '7' }] }],
];

// Says yes and does nothing: of a release it is believed for half a minute, because the flag may show up late.
const pretends = ({ kind, status = 200 }) => ['empty', 'lie'].includes(kind) && status === 200;
const faultsOf = (calls, fault) => calls.map(([method, path]) => ({ method, path, ...fault }));

/** Whoever was hit by too many of them in a row has given up, says so, and goes on after a retry. */
async function readyAtLast(id) {
  for (let retries = 0; retries < 4; retries++) {
    const { status, statusMessage } = await world.api.waitStatus(id, ['READY', 'ERROR']);
    if (status === 'READY') break;
    assertClear(statusMessage);
    await world.api.retry(id);
  }
  await assertReady(id);
}

describe('every call once', () => {
  tidy();

  for (const [name, ...faults] of KINDS) {
    test(name, async () => {
      await world.sandbox.faults(faults.flatMap((fault) => faultsOf(UP, fault)));
      const ids = await deploy(4);
      for (const id of ids) await readyAtLast(id);
      await assertAllHappened();
      await world.sandbox.faults(faults.flatMap((fault) => faultsOf(pretends(fault) ? DOWN.slice(0, 1) : DOWN, fault)));
      await destroy(...ids);
      await assertGone(...ids);
      await assertAllHappened();
    });
  }

  test('a release that OVH only pretends to accept is asked for again', async () => {
    const [id] = await deploy();
    await assertReady(id);
    await world.sandbox.faults({ method: 'PUT', path: `${VPS}/*/serviceInfos`, kind: 'empty' });
    await destroy(id);
    await until(async () => (await row('server', id)).notes.end_asked, { what: 'the release was asked for' });
    assert.equal((await world.api.deployment(id)).status, 'DESTROYING', 'it is not believed');
    await world.stack.psql(`update server.resource set notes = notes || '{"end_asked": 1}' where id = '${id}'`);
    await assertGone(id);
  });

  test('the work is done, but nobody hears of it', async () => {
    await world.sandbox.faults(faultsOf(CHANGES, { kind: 'drop-reply' }));
    const ids = await deploy(3);
    for (const id of ids) await assertReady(id);
    await assertAllHappened();
    await world.sandbox.faults(faultsOf(DOWN, { kind: 'drop-reply' }));
    await destroy(...ids);
    await assertGone(...ids);
  });
});
