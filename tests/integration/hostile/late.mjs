// OVH delivers late: people are told, the order is watched on, and the machine is used by a retry or released.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { age, assertFails, assertGone, assertReady, bought, deploy, destroy, destroyed, row, setBack, tidy, untilMessage, world } from './world.mjs';

const LATE = /^OVH is late: no server after 15 minutes\. Order \d+ is paid, and we keep watching; a retry uses the server when it comes\. Without one it is released after 3 days$/;
const HELD = /^OVH delivered the server of order \d+ late\. A retry uses it; without one within 3 days of the delay it is released$/;
const settings = (changes) => world.sandbox.settings(changes);
const retry = (id) => world.api.retry(id);
const inState = (id, state) => until(async () => (await row('server', id))?.state === state, { what: `the server is ${state}` });

/** A deployment whose order is paid and not delivered in time. */
async function late() {
  await settings({ delivering: 3600 });
  const [id] = await deploy();
  await inState(id, 'paid');
  await age('server', id, 1000);
  await assertFails(id, LATE);
  await inState(id, 'late');
  return id;
}

async function held() {
  const id = await late();
  await settings({ delivering: 0 });
  await untilMessage(id, HELD);
  assert.equal((await world.api.deployment(id)).status, 'ERROR');
  return id;
}

const keptLongEnough = (id) => setBack('server', id, `notes = notes || '{"late_since": 1}'`);

describe('a late delivery', () => {
  tidy();

  test('a retry before it comes waits for the same order', async () => {
    const id = await late();
    await retry(id);
    await untilMessage(id, /^Waiting for OVH to deliver the server$/);
    await settings({ delivering: 0 });
    await assertReady(id, { orders: 1 });
    await destroyed(id);
  });

  test('a retry after it came uses the machine and buys nothing', async () => {
    const id = await held();
    const [{ service }] = (await bought(id)).orders;
    await retry(id);
    await assertReady(id, { orders: 1 });
    assert.equal((await row('server', id)).notes.service_name, service);
  });

  test('nobody retries: it is released, and a retry then buys a new one', async () => {
    const id = await held();
    await keptLongEnough(id);
    await untilMessage(id, /^OVH delivered order \d+ late and no retry asked for it: the server was released and is paid until \d+ \w+ \d+\. A retry orders a new one$/);
    assert.ok((await bought(id)).servers.every((server) => server.delete_at_expiration));
    await retry(id);
    await world.api.waitStatus(id, 'READY');
    const { paid, servers } = await bought(id);
    assert.equal(paid.length, 2);
    assert.equal(servers.filter((server) => !server.delete_at_expiration).length, 1, 'one is not released');
    await destroy(id);
    await world.api.waitStatus(id, 'DESTROYED');
    assert.ok((await bought(id)).servers.every((server) => server.delete_at_expiration));
  });

  test('it does not come while it would be kept: watched on, released when it comes', async () => {
    const id = await late();
    await keptLongEnough(id);
    await untilMessage(id, /^OVH has still not delivered paid order \d+; an operator should ask OVH\. It is released as soon as it comes, unless a retry waits for it$/);
    await settings({ delivering: 0 });
    await age('server', id, 1);
    await untilMessage(id, /released and is paid until/);
  });

  test('destroyed while it is late: released as soon as it is delivered', async () => {
    const id = await late();
    await destroy(id);
    await untilMessage(id, /^The server is paid; it is released as soon as OVH delivers it/);
    await settings({ delivering: 0 });
    await assertGone(id);
    assert.equal((await bought(id)).servers.length, 1);
  });

  test('destroyed while it waits for a decision: released at once', async () => {
    const id = await held();
    await destroyed(id);
    assert.equal((await bought(id)).servers.length, 1);
  });

  test('destroyed before it is late: released as soon as it is delivered', async () => {
    await settings({ delivering: 3600 });
    const [id] = await deploy();
    await inState(id, 'paid');
    await destroy(id);
    await untilMessage(id, /^The server is paid; it is released as soon as OVH delivers it/);
    await settings({ delivering: 0 });
    await assertGone(id);
  });

  test('OVH does not answer about it: watched on all the same', async () => {
    await settings({ delivering: 3600 });
    const [id] = await deploy();
    await inState(id, 'paid');
    await world.sandbox.faults({ method: 'GET', path: '/1.0/me/order/*', kind: 'html', times: 0 });
    await assertFails(id, /^OVH does not tell how the delivery goes: OVH said 503: .*\. Order \d+ is paid, and we keep watching; a retry waits for it$/, { deadline: 60 });
    await world.sandbox.clearFaults();
    await settings({ delivering: 0 });
    await untilMessage(id, HELD);
    await retry(id);
    await assertReady(id, { orders: 1 });
  });
});
