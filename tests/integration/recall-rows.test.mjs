// What recalling makes of rows in states that no event names: a server that is paid for is never left alone, and nothing
// that a stage has not read is passed over.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { clawctl, stopAll, WORKERS } from './restore/backup.mjs';

const ROOMS = ['llm_key', 'server', 'installation', 'watch'];
let stack, api;

before(async () => {
  stack = await startStack();
  api = stack.api();
  await api.signUp();
  // Every stage has a reading position in every partition.
  await until(async () => (await stack.psql('select count(*)::int as n from llm_key.offsets'))[0].n > 0, { what: 'reading positions' });
  await stopAll(stack, WORKERS);
});
after(() => stack?.close());

const published = () => until(async () => (await stack.psql('select 1 from gateway.outbox')).length === 0, { what: 'all is published' });
const serverOf = async (id) => (await stack.psql(`select * from server.resource where id = '${id}'`))[0];

/** A deployment whose server stands in `state` and whose key's text is there, as a backup may hold it. */
async function standing(state, { status = 'ORDERING', text = true, notes = {} } = {}) {
  const { id } = await api.deploy();
  const all = JSON.stringify({ order_id: Math.floor(Math.random() * 1e9), plan: 'vps-a', datacenter: 'VA', ...notes });
  await stack.psql(`update deployments set status = 'ORDERING' where id = '${id}';
    update deployments set status = '${status}', failed_piece = ${status === 'ERROR' ? "'server'" : 'null'} where id = '${id}';
    insert into llm_key.resource (id, state, generation) values ('${id}', 'issued', 1);
    insert into server.resource (id, state, generation, due_at, notes) values ('${id}', '${state}', 1, now() + interval '1 h', '${all}');
    ${text ? `insert into secrets values ('${id}', 'openrouter_key', 'v1.x');` : ''}`);
  return id;
}

async function recalled(id, type, fields) {
  const event = { type, topic: 'deployments', service: 'ovh-orderer', at: new Date().toISOString(), fields: { deploymentId: id, generation: 1, seq: 20, ...fields } };
  return (await stack.psql(`select recall('${JSON.stringify(event)}') as said`))[0].said;
}
const finished = async (id) => (await stack.psql(`select recall_finish('${id}') as again`))[0].again;
const failedBy = (id, stage) => recalled(id, 'deployment.failed', { stage, reason: 'it is late' });

for (const state of ['ordered', 'paid', 'late', 'held', 'unwanted']) {
  test(`its stage said ERROR after the backup, its server is '${state}': it is watched on`, async () => {
    const id = await standing(state, { status: ['ordered', 'paid'].includes(state) ? 'ORDERING' : 'ERROR', notes: ['ordered', 'paid'].includes(state) ? {} : { late_told: 1, late_since: 1 } });
    assert.equal(await failedBy(id, 'ovh-orderer'), 'recalled');
    const row = await serverOf(id);
    assert.equal(row.failed, false);
    assert.ok(row.due_at, 'it is looked at again');
    assert.equal(row.state, ['ordered', 'paid'].includes(state) ? 'late' : state, 'nothing is paid or set up before a retry');
    assert.equal(row.notes.late_told, 1);
    assert.equal(row.notes.recalled_late, 1, 'it is looked whether it was given back before it is used');
    assert.equal((await api.deployment(id)).status, 'ERROR');
  });
}

for (const state of ['refused', 'prepared']) {
  test(`its stage said ERROR after the backup, its server is '${state}': it rests until a retry`, async () => {
    const id = await standing(state);
    await failedBy(id, 'ovh-orderer');
    const row = await serverOf(id);
    assert.deepEqual([row.state, row.failed, row.due_at], [state, true, null]);
  });
}

for (const [state, becomes] of Object.entries({ ordered: 'ordered', paid: 'late', late: 'late', held: 'held', unwanted: 'unwanted' })) {
  test(`in ERROR, the key's text is lost, its server is '${state}': it is watched all the same`, async () => {
    const id = await standing(state, { status: 'ERROR', text: false });
    assert.equal(await finished(id), 'the key is made again');
    const row = await serverOf(id);
    assert.deepEqual([row.state, row.parked, row.failed], [becomes, false, false]);
    assert.ok(row.due_at);
  });
}

test("the key's text is lost while the server is on its way: its delivery is waited for, its setup waits for the key", async () => {
  const paid = await standing('paid', { text: false });
  assert.equal(await finished(paid), 'the key is made again');
  assert.deepEqual([(await serverOf(paid)).state, (await serverOf(paid)).parked], ['paid', false]);
  const prepared = await standing('prepared', { text: false });
  await finished(prepared);
  assert.deepEqual([(await serverOf(prepared)).state, (await serverOf(prepared)).parked], ['delivered', true]);
});

test('a server looked for by a row that remembers nothing may be paid: no order is made in its place', async () => {
  const id = await standing('unsure', { status: 'ERROR', notes: { order_id: null, blind: 1, cart: 'c1' } });
  await assert.rejects(clawctl(stack, 'replay', id, '--from', 'order'), /it would buy a second server/);
  assert.equal((await serverOf(id)).state, 'unsure');
});

test('a server that nobody could tell from the paid ones of others may be paid: no order is made in its place', async () => {
  const id = await standing('unsure', { status: 'ERROR', notes: { order_id: null, cart: 'c1' } });
  await stack.psql(`update server.resource set failed = true, due_at = null where id = '${id}'`);
  await assert.rejects(clawctl(stack, 'replay', id, '--from', 'order'), /it would buy a second server/);
  assert.equal((await serverOf(id)).state, 'unsure');
});

/** READY and installed, with a restart under way, as a backup may hold it. */
async function restarting(state) {
  const { id } = await api.deploy();
  await stack.psql(`update deployments set status = 'READY' where id = '${id}';
    update deployments set change = 'restart', change_asked_at = now() where id = '${id}';
    insert into secrets values ('${id}', 'gateway_token', 'v1.x'), ('${id}', 'ssh_private_key', 'v1.x');
    ${['llm_key issued', 'server ready', `installation ${state}`, 'watch ready'].map((of) => of.split(' '))
    .map(([room, at]) => `insert into ${room}.resource (id, state, generation) values ('${id}', '${at}', 1);`).join('')}`);
  return id;
}
const lastOf = async (id) => ({ change: (await api.deployment(id)).change, type: (await api.events(id)).at(-1).type });

test('a restart under way in the backup ends: with its success, or as lost; the one that goes on is left alone', async () => {
  const done = await restarting('installed');
  assert.equal(await recalled(done, 'instance.restarted', { ip: '127.0.0.9' }), 'recalled');
  await finished(done);
  assert.deepEqual(await lastOf(done), { change: null, type: 'instance.restarted' });
  const lost = await restarting('installed');
  assert.equal(await finished(lost), '');
  assert.deepEqual(await lastOf(lost), { change: null, type: 'instance.change-failed' });
  assert.match((await api.deployment(lost)).statusMessage, /^What became of the restart was lost with the database/);
  const { length } = await api.events(lost);
  await finished(lost);
  assert.equal((await api.events(lost)).length, length, 'told once');
  const going = await restarting('coming_back');
  await finished(going);
  assert.equal((await lastOf(going)).change, 'restart');
});

test('--since passes over nothing that a stage has not read', async () => {
  const { id } = await api.deploy();
  await published();
  await stopAll(stack, ['api-gateway.1']);
  for (const room of ROOMS) assert.deepEqual(await stack.psql(`select 1 from ${room}.resource where id = '${id}'`), []);
  const now = new Date(Date.now() + 60e3).toISOString().slice(0, 16); // the next full minute, or this one
  const told = await clawctl(stack, 'replay', '--from-log', '--since', now);
  assert.match(told, new RegExp(`${id}  .*1 now heard`));
  assert.equal((await stack.psql(`select state from llm_key.resource where id = '${id}'`))[0]?.state, 'new');
});
