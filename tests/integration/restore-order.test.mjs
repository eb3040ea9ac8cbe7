// A backup whose row knows of no order, and an order that was paid after it without a word in the topics: the orderer
// died right then. Nothing tells that the database is older, so the look before each step must do.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { backUp, clawctl, killAll, logged, logLengths, restore, startAll, stopAll, WORKERS } from './restore/backup.mjs';

const QUICK = { checking: 0.2, delivering: 0.2, deliver_task: 0, rebuild: 0.1, setup: 0.1, service_active: 0 };
let stack, api;

before(async () => {
  stack = await startStack({
    settings: { 'ovh-orderer': { OVH_UNKNOWN_WAIT_S: 3, DELIVERY_POLL_S: 0.3, REBUILD_POLL_S: 0.3, ADDRESS_POLL_S: 0.3, RELEASE_POLL_S: 0.3 } },
  });
  await stack.sandbox.settings(QUICK);
  api = stack.api();
  await api.signUp();
});
after(() => stack?.close());

const inState = (id, state) => until(async () => (await stack.psql(`select 1 from server.resource where id = '${id}' and state = '${state}'`)).length, { what: `its server is ${state}`, every: 0.02 });
const paidOf = async (id) => (await stack.sandbox.ledger()).orders.filter((o) => o.intent === `openclaw-${id}` && o.paid);

/** Backed up while its server is `state` (the call `fault` waits), then ordered and paid; the orderer dies before it can say so. */
async function paidBehindTheBackup(state, fault) {
  await stack.sandbox.faults([
    { kind: 'slow', seconds: 4, times: 1, ...fault },
    { method: 'POST', path: '/1.0/me/order/*/pay', kind: 'slow', seconds: 60, times: 1 },
  ]);
  const { id } = await api.deploy();
  await inState(id, state);
  await backUp(stack);
  await until(async () => (await paidOf(id)).length === 1, { what: 'the order is paid' });
  await killAll(stack, ['ovh-orderer.1']);
  assert.deepEqual(await stack.psql(`select state from server.resource where id = '${id}'`), [{ state: 'ordered' }]);
  await stopAll(stack);
  await restore(stack);
  assert.deepEqual(await stack.psql(`select state from server.resource where id = '${id}'`), [{ state }]);
  return id;
}

const carted = () => paidBehindTheBackup('carted', { method: 'POST', path: '/1.0/order/cart/*/checkout' });
const fresh = () => paidBehindTheBackup('new', { method: 'POST', path: '/1.0/order/cart' });

for (const [name, prepare] of Object.entries({ carted, new: fresh })) {
  test(`the row is at '${name}', its order is paid: it is found and used, no second one is paid`, async () => {
    const id = await prepare();
    await startAll(stack);
    await api.waitStatus(id, 'READY', { deadline: 90 });
    const paid = await paidOf(id);
    assert.equal(paid.length, 1);
    const [{ notes }] = await stack.psql(`select notes from server.resource where id = '${id}'`);
    assert.equal(notes.order_id, paid[0].id);
    assert.equal(notes.service_name, paid[0].service);
  });
}

test("the row is at 'carted', its order is paid, and it is destroyed first: the machine is found and released", async () => {
  const id = await carted();
  await startAll(stack, { names: ['api-gateway.1'] });
  await api.destroy(id);
  await startAll(stack, { names: WORKERS });
  await api.waitStatus(id, 'DESTROYED', { deadline: 90 });
  const paid = await paidOf(id);
  assert.equal(paid.length, 1);
  const server = (await stack.sandbox.ledger()).servers.find((s) => s.name === paid[0].service);
  assert.equal(server.delete_at_expiration, true);
});

test("the row is at 'carted', and the topics tell of its order: recalled, no second one", async () => {
  await stack.sandbox.faults({ method: 'POST', path: '/1.0/order/cart/*/checkout', kind: 'slow', seconds: 4, times: 1 });
  const { id } = await api.deploy();
  await inState(id, 'carted');
  await backUp(stack);
  await stack.sandbox.settings({ delivering: 3600 });
  await inState(id, 'paid');
  await until(async () => (await stack.psql('select 1 from server.outbox')).length === 0, { what: 'it is published' });
  // The installer has read it, and nobody says anything more: the orderer's own group is not ahead of its database.
  await until(async () => (await stack.psql(`select 1 from reading_positions p join server.offsets o using (topic, partition) where p.room = 'installation' and p.next > o.next
    union all select 1 from reading_positions where room = 'installation' and topic = 'servers' and next > 0`)).length, { what: 'it is read' });
  await stopAll(stack);
  await restore(stack);
  await stack.sandbox.settings(QUICK);
  const lengths = logLengths(stack);
  await startAll(stack, { ready: false });
  await until(() => logged(stack, 'ovh-orderer.1', lengths['ovh-orderer.1']).includes('older than the topics'), { what: 'the orderer notices' });
  assert.equal((await paidOf(id)).length, 1);
  await stopAll(stack);
  assert.match(await clawctl(stack, 'replay', '--from-log'), new RegExp(`${id}  ORDERING -> ORDERING, .*1 events recalled`));
  await startAll(stack);
  await api.waitStatus(id, 'READY', { deadline: 60 });
  assert.equal((await paidOf(id)).length, 1);
});
