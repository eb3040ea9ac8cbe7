// Kafka's disk is lost in mid-run: its topics are made anew, under another cluster id. That is noticed, reading starts
// at the beginning, nothing is skipped and nothing acts twice. So is that messages expired before somebody read them.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { deleteRecords } from '../harness/broker.mjs';
import { run } from '../harness/command.mjs';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { clawctl, logged, logLengths, startAll, stopAll, WORKERS } from './restore/backup.mjs';

const QUICK = { checking: 0, delivering: 0.1, deliver_task: 0, rebuild: 0.1, setup: 0.1 };
const PARTITIONS = 12;
const NOTICED = /Kafka is another one than before.*clawctl replay --from-state/;
let stack, api;

before(async () => {
  stack = await startStack({ settings: { 'ovh-orderer': { DELIVERY_POLL_S: 0.3, REBUILD_POLL_S: 0.3 } } });
  await stack.sandbox.settings(QUICK);
  api = stack.api();
  await api.signUp();
});
after(() => stack?.close());

async function loseKafka() {
  await stack.kill('kafka');
  rmSync(join(stack.runDir, 'kafka/data'), { recursive: true });
  rmSync(join(stack.runDir, 'started/kafka.formatted'));
  await stack.start('kafka');
  await until(() => clawctl(stack, 'topics').then(() => true), { deadline: 30, what: 'the topics are made' });
}

/** `n` events that no worker acts on, in every partition of the topic all of them hear. */
async function lengthen(id, n) {
  const lines = Array.from({ length: n }, () => `${id}\t${JSON.stringify({ deploymentId: id, generation: 1, stage: 'nobody', reason: 'filling' })}`).join('\n');
  for (let p = 0; p < PARTITIONS; p++) {
    await run('kcat', ['-P', '-b', stack.env.KAFKA_BOOTSTRAP, '-t', 'deployments', '-p', String(p), '-K', '\t', '-H', 'ce_type=deployment.failed'], { input: `${lines}\n`, timeout: 30 });
  }
}

const read = (least) =>
  until(async () => (await stack.psql(`select 1 from reading_positions where topic = 'deployments' and next < ${least}`)).length === 0, { what: `every stage has read ${least} messages` });

async function assertBought(n) {
  const ledger = await stack.sandbox.ledger();
  assert.equal(ledger.orders.filter((o) => o.paid).length, n, 'paid orders');
  assert.equal(ledger.keys.length, n, 'keys');
  assert.equal(ledger.servers.length, n, 'servers');
}

test('lost while everything runs: it is noticed, and what is under way goes on', async () => {
  const one = await api.deploy();
  await api.waitStatus(one.id, 'READY');
  await stack.sandbox.settings({ delivering: 3600 });
  const two = await api.deploy();
  await until(async () => (await stack.psql(`select 1 from server.resource where id = '${two.id}' and state = 'paid'`)).length, { what: 'the order is paid' });
  const lengths = logLengths(stack);
  await loseKafka();
  for (const name of WORKERS) await until(() => NOTICED.test(logged(stack, name, lengths[name])), { deadline: 90, what: `${name} notices` });
  for (const name of WORKERS) assert.equal(logged(stack, name, lengths[name]).match(new RegExp(NOTICED, 'g')).length, 1, `${name} says it once`);
  await stack.sandbox.settings(QUICK);
  await api.waitStatus(two.id, 'READY', { deadline: 90 });
  const three = await api.deploy();
  await api.waitStatus(three.id, 'READY', { deadline: 60 });
  await assertBought(3);
});

test('the new topics are already longer than what was read of the old ones: nothing of them is skipped', async () => {
  const [{ id: known }] = await api.list();
  await lengthen(known, 20);
  await read(20);
  await stopAll(stack, WORKERS);
  await loseKafka();
  const { id } = await api.deploy(); // the first event of its partition
  await until(async () => (await stack.psql('select 1 from gateway.outbox')).length === 0, { deadline: 60, what: 'the click is published' });
  await lengthen(known, 40);
  const lengths = logLengths(stack);
  await startAll(stack, { names: WORKERS });
  await api.waitStatus(id, 'READY', { deadline: 60 });
  for (const name of WORKERS) assert.match(logged(stack, name, lengths[name]), NOTICED, name);
  await assertBought(4);
});

test('and a restart later it is the Kafka of before', async () => {
  const lengths = logLengths(stack);
  await stopAll(stack, WORKERS);
  await startAll(stack, { names: WORKERS });
  const { id } = await api.deploy();
  await api.waitStatus(id, 'READY', { deadline: 60 });
  for (const name of WORKERS) assert.doesNotMatch(logged(stack, name, lengths[name]), /"level":"error"/, name);
  await assertBought(5);
});

test('what expired unread is told, by partition, and said again from the rows', async () => {
  await stack.stop('installer.1');
  const { id } = await api.deploy();
  await until(async () => (await stack.psql(`select 1 from server.resource where id = '${id}' and state = 'ready'`)).length, { deadline: 60, what: 'the server is ready' });
  await until(async () => (await stack.psql('select 1 from server.outbox')).length === 0, { what: 'that is published' });
  await deleteRecords(stack.env.KAFKA_BOOTSTRAP, 'servers', PARTITIONS);
  const lengths = logLengths(stack);
  await stack.start('installer.1');
  const told = logged(stack, 'installer.1', lengths['installer.1']).split('\n').filter((line) => line.includes('"level":"error"')).map((line) => JSON.parse(line));
  assert.equal(told.length, 1, 'only one partition had something to lose');
  assert.match(told[0].msg, /deleted messages before they were read.*clawctl replay --from-state/);
  assert.deepEqual([told[0].topic, told[0].lost, told[0].beginning - told[0].stored], ['servers', told[0].lost, told[0].lost]);
  assert.ok(told[0].lost > 0);
  await clawctl(stack, 'replay', '--from-state');
  await api.waitStatus(id, 'READY', { deadline: 60 });
  await assertBought(6);

  const again = logLengths(stack);
  await stack.stop('installer.1');
  await stack.start('installer.1');
  assert.doesNotMatch(logged(stack, 'installer.1', again['installer.1']), /"level":"error"/, 'and it is told once');
});
