// Hostile and odd messages on the topics: none stops its partition, none acts twice.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../harness/command.mjs';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';

let stack, api;

before(async () => {
  stack = await startStack();
  await stack.sandbox.settings({ checking: 0, delivering: 0.1, deliver_task: 0, rebuild: 0.1, setup: 0 });
  api = stack.api();
  await api.signUp();
});
after(() => stack?.close());

const say = (topic, key, type, payload) =>
  run('kcat', ['-P', '-b', stack.env.KAFKA_BOOTSTRAP, '-t', topic, ...(key ? ['-k', key] : []), ...(type ? ['-H', `ce_type=${type}`] : [])], { input: payload, timeout: 30 });

const deadLetters = async () => {
  const { stdout } = await run('kcat', ['-C', '-b', stack.env.KAFKA_BOOTSTRAP, '-t', 'dead-letters', '-e', '-q', '-o', 'beginning'], { timeout: 30 });
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
};

const stranger = '018f0000-0000-7000-8000-00000000dead';

test('what cannot be applied goes to dead-letters with its reason, and the partition goes on', async () => {
  const bad = [
    ['deployments', stranger, undefined, '{}', 'no ce_type header'],
    ['deployments', stranger, 'deployment.requested', '<html>busy</html>', 'not JSON'],
    ['deployments', stranger, 'deployment.requested', '{"deploymentId":7}', "'deploymentId' is not a UUID"],
    ['deployments', 'x', 'deployment.destroy-requested', `{"deploymentId":"${stranger}","generation":1}`, 'message key is not its deploymentId'],
    ['deployments', stranger, 'deployment.destroy-requested', `{"deploymentId":"${stranger}","generation":99999999999}`, 'out of range'],
    ['deployments', stranger, 'deployment.destroy-requested', `{"deploymentId":"${stranger}","generation":1}`, 'no such deployment'],
    ['deployments', stranger, 'server.ready', '{}', 'unknown event type'],
    ['servers', stranger, 'server.ready', `{"deploymentId":"${stranger}","generation":1}`, "'ip' is missing"],
  ];
  for (const [topic, key, type, payload] of bad) await say(topic, key, type, payload);
  const { id } = await api.deploy();
  await api.waitStatus(id, 'READY', { deadline: 60 });
  const letters = await until(
    async () => {
      const all = await deadLetters();
      return bad.every(([topic, , , , reason]) => all.some((l) => l.topic === topic && l.reason.includes(reason))) && all;
    },
    { deadline: 30, what: 'a dead letter for each bad message' },
  );
  for (const letter of letters) {
    assert.equal(typeof letter.offset, 'number');
    assert.equal(typeof letter.partition, 'number');
    assert.ok(letter.service && letter.reason && letter.tries >= 1);
  }
});

test('nor does one keep a service from starting that the others have buried, while a stage is away', async () => {
  const id = stranger.replace('dead', 'beef');
  await stack.stop('health-monitor.1');
  await say('deployments', id, 'deployment.destroy-requested', `{"deploymentId":"${id}","generation":1,"seq":1}`);
  const buried = async () => (await deadLetters()).filter((l) => l.key === id).map((l) => l.service).sort();
  await until(async () => (await buried()).length === 3, { what: 'the others have buried it' });
  await stack.stop('ovh-orderer.1');
  await stack.start('ovh-orderer.1');
  await stack.start('health-monitor.1');
  await until(async () => (await buried()).includes('health-monitor'), { what: 'the last one has buried it' });
});

test('a repeated event starts nothing twice', async () => {
  const before = await stack.sandbox.ledger();
  const { id } = await api.deploy();
  await api.waitStatus(id, 'READY', { deadline: 60 });
  const events = (await run('kcat', ['-C', '-b', stack.env.KAFKA_BOOTSTRAP, '-G', 'repeater', '-e', '-q', '-o', 'beginning', '-f', '%t\t%k\t%h\t%s\n', 'deployments', 'keys', 'servers', 'instances'], { timeout: 30 }).catch((e) => e)).stdout
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([, key]) => key === id);
  assert.ok(events.length >= 5);
  for (const [topic, key, headers, payload] of events) await say(topic, key, /ce_type=([^,]+)/.exec(headers)[1], payload);
  const next = await api.deploy();
  await api.waitStatus(next.id, 'READY', { deadline: 60 });
  const ledger = await stack.sandbox.ledger();
  assert.equal(ledger.orders.length - before.orders.length, 2);
  assert.equal(ledger.keys.length - before.keys.length, 2);
  assert.equal((await api.deployment(id)).status, 'READY');
});

test('an event of an older decision changes nothing', async () => {
  const { id } = await api.deploy();
  await api.waitStatus(id, 'READY', { deadline: 60 });
  await api.destroy(id);
  await say('keys', id, 'key.issued', JSON.stringify({ deploymentId: id, generation: 1, name: 'x', limitMicroUsd: 1 }));
  await say('deployments', id, 'deployment.retry-requested', JSON.stringify({ deploymentId: id, generation: 1 }));
  await api.waitStatus(id, 'DESTROYED', { deadline: 60 });
  const rows = await stack.psql(`select goal, state from server.resource where id = '${id}'`);
  assert.deepEqual(rows, [{ goal: 'down', state: 'released' }]);
});

// A broker that was killed may have forgotten who joined last, and then takes the only one there is for another's ghost.
test('a consumer that Kafka takes for another one joins anew, in the same process; a twin that stays ends it', async () => {
  const monitor = () => Number(readFileSync(join(stack.runDir, 'pids/health-monitor.1'), 'utf8').split(/\s/)[0]);
  const log = () => readFileSync(stack.logFile('health-monitor.1'), 'utf8');
  const listen = /"msg":"started","listen":"([^"]+)"/.exec(log())[1];
  const before = monitor();
  // As a fenced consumer of this kind ends for good, it is no twin that stays.
  const ghost = () => run('kcat', ['-G', 'health-monitor', '-b', stack.env.KAFKA_BOOTSTRAP, '-X', `group.instance.id=health-monitor@${hostname()}:${listen}`,
    '-X', 'partition.assignment.strategy=range', 'instances'], { timeout: 40 }).catch(() => {});
  const first = ghost();
  await until(() => log().includes('joining anew'), { deadline: 40, what: 'it joins anew' });
  await first;
  const { id } = await api.deploy();
  await api.waitStatus(id, 'READY', { deadline: 60 });
  assert.equal(monitor(), before);
  const again = ghost();
  await until(() => log().includes('the Kafka consumer failed for good'), { deadline: 40, what: 'the second time within a minute it ends' });
  await stack.kill('health-monitor.1').catch(() => {});
  await stack.start('health-monitor.1');
  await again;
});
