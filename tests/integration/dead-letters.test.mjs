// Messages that could not be applied, in the operator's hands: seen, judged, said again, dropped.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { clawctl, clawctlOk } from '../harness/clawctl.mjs';
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

const letters = (...args) => clawctlOk(stack, ['dead-letters', ...args]);
const refused = async (...args) => {
  const { code, stderr } = await clawctl(stack, ['dead-letters', ...args]);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  return `${code} ${stderr.trim()}`;
};
const say = (topic, key, type, payload) =>
  run('kcat', ['-P', '-b', stack.env.KAFKA_BOOTSTRAP, '-t', topic, '-D', '\x01', ...(key ? ['-k', key] : []), ...(type ? ['-H', `ce_type=${type}`] : [])], { input: payload, timeout: 30 });
const kept = (where) => stack.psql(`select id, service, topic, partition, "offset", key, type, reason, tries, payload, whole, state from dead_letters where ${where} order by id`);
const awaitKept = (where, n = 1) => until(async () => ((await kept(where)).length >= n ? kept(where) : undefined), { deadline: 30, what: `${n} dead letters ${where}` });

test('a request that nobody could apply is replayed once it can be, and ends in READY', async () => {
  const id = randomUUID();
  const payload = JSON.stringify({ deploymentId: id, generation: 1, userId: api.user.id, name: 'found again', createdAt: '2026-05-18T14:02:11Z' });
  await say('deployments', id, 'deployment.requested', payload);
  const [letter] = await awaitKept(`key = '${id}'`);
  assert.deepEqual({ ...letter, id: 0, partition: 0, offset: 0 }, {
    id: 0, partition: 0, offset: 0, service: 'key-provisioner', topic: 'deployments', key: id, type: 'deployment.requested',
    reason: 'no such deployment', tries: 1, payload, whole: true, state: 'waiting',
  });
  const n = String(letter.id);
  assert.match(await letters(), new RegExp(`^ *${n} .*key-provisioner.*deployment.requested.*${id} .*no such deployment`, 'm'));
  assert.match(await letters('show', n), /no such deployment[^]*payload +as it came[^]*found again/);
  assert.match(await letters('replay', n, '--dry-run'), /key-provisioner: dies again: no such deployment/);

  // Too early: it dies again, and that is counted.
  await letters('replay', n);
  const [, again] = await awaitKept(`key = '${id}'`, 2);
  assert.equal(again.tries, 2);
  assert.deepEqual(await kept(`id = ${n}`).then(([l]) => l.state), 'replayed');
  assert.match(await refused('replay', n), /^1 .*was replayed already/);

  await stack.psql(`insert into deployments (id, user_id, name) values ('${id}', '${api.user.id}', 'found again')`);
  assert.match(await letters('replay', '--all', '--service', 'key-provisioner', '--dry-run'), /key-provisioner: would start the key's row/);
  assert.deepEqual(await stack.psql(`select id from llm_key.resource where id = '${id}'`), [], 'a dry run changes nothing');
  assert.equal((await kept("state = 'waiting'")).length, 1);
  assert.match(await letters('replay', '--all', '--type', 'deployment.requested'), /1 of 1 letters said again/);
  await api.waitStatus(id, 'READY', { deadline: 60 });
  assert.deepEqual(await kept("state = 'waiting'"), []);
  assert.equal((await stack.sandbox.ledger()).orders.filter((o) => o.paid).length, 1);

  // And once more, by hand: all of it is known.
  await stack.psql(`update dead_letters set state = 'waiting', done_at = null where id = ${again.id}`);
  assert.match(await letters('replay', String(again.id), '--dry-run'), /key-provisioner: ignored: the row is known, at 'issued'/);
  await letters('replay', String(again.id));
  const next = await api.deploy();
  await api.waitStatus(next.id, 'READY', { deadline: 60 });
  assert.equal((await stack.sandbox.ledger()).orders.filter((o) => o.paid).length, 2);
});

test('one message that four services refused is said once, and is four letters less', async () => {
  const id = randomUUID();
  await say('deployments', id, 'deployment.destroy-requested', JSON.stringify({ deploymentId: id, generation: 2 }));
  const four = await awaitKept(`key = '${id}'`, 4);
  assert.deepEqual(four.map((l) => l.service).sort(), ['health-monitor', 'installer', 'key-provisioner', 'ovh-orderer']);
  assert.match(await letters('replay', '--all', '--type', 'deployment.destroy-requested'), /1 of 1 letters said again/);
  const again = await awaitKept(`key = '${id}' and state = 'waiting'`, 4);
  assert.ok(again.every((l) => l.tries === 2));
  assert.match(await letters('drop', '--all', '--service', 'installer', '--dry-run'), /0 of 1 letters dropped: this was a dry run/);
  assert.match(await letters('drop', '--all', '--service', 'installer'), /1 of 1 letters dropped/);
  assert.match(await letters('drop', '--all'), /3 of 3 letters dropped/);
  assert.match(await letters('list'), /^0 waiting/m);
  assert.match(await letters('list', '--all'), /dropped/);
});

test('a hostile payload shows itself and moves no cursor; what was cut or has no type is not said again', async () => {
  const key = randomUUID();
  await say('servers', key, 'server.ready', '{"a":"\x1b[2J\u202e\u009b31m"\r}');
  await say('keys', key, undefined, '{"b":1}');
  await say('instances', key, 'instance.installed', `{"c":"${'x'.repeat(17000)}"`);
  const all = await awaitKept(`key = '${key}'`, 3);
  const by = (topic) => String(all.find((l) => l.topic === topic).id);
  const shown = await letters('show', by('servers'));
  assert.match(shown, /\{"a":"\?\[2J\\u\{202e\}\\u\{9b\}31m"/);
  assert.doesNotMatch(shown.replaceAll('\n', ''), /[\0-\x1f\x7f-\x9f\u202e]/);
  assert.match(await refused('replay', by('servers')), /^1 .*not all of its bytes were kept/);
  assert.match(await refused('replay', by('keys')), /^1 .*it has no type/);
  assert.match(await refused('replay', by('instances')), /^1 .*not all of its bytes were kept/);
  const left = await letters('replay', '--all');
  assert.match(left, /0 of 3 letters said again/);
  assert.equal((await kept(`key = '${key}' and state = 'waiting'`)).length, 3, 'nothing that waits is lost');
  assert.match(await letters('drop', by('keys')), /1 of 1/);
  assert.match(await refused('drop', by('keys')), /^1 .*was dropped already/);
});

test('a dry run tells what a row that is known would do', async () => {
  const { id } = await api.deploy();
  await api.waitStatus(id, 'READY', { deadline: 60 });
  let n = 0;
  const foretold = async (topic, type, fields) => {
    const payload = JSON.stringify({ deploymentId: id, ...fields });
    const letter = await stack.psql(`insert into dead_letters (service, topic, partition, "offset", key, type, reason, payload, whole)
      values ('test', '${topic}', 99, ${n++}, '${id}', '${type}', 'a test', '${payload}', true) returning id`);
    const said = await letters('replay', letter, '--dry-run');
    await letters('drop', letter);
    return said;
  };
  // Nobody claims it and no event comes: it stays as it is set.
  const server = (changes) => {
    const set = { state: "'ready'", busy: false, failed: false, parked: false, due_at: 'null', notes: "notes - 'anew'", ...changes };
    return stack.psql(`update server.resource set ${Object.entries(set).map(([column, value]) => `${column} = ${value}`)} where id = '${id}'`);
  };
  const issued = () => foretold('keys', 'key.issued', { generation: 1, anew: 1, name: 'x', limitMicroUsd: 1 });
  const [paid, later] = ["'paid'", "now() + interval '1 hour'"];

  assert.match(await issued(), /ovh-orderer: would take the server to 'delivered', for a reinstall$/m);
  await server({ parked: true, notes: `notes || '{"anew": 1}'` });
  assert.match(await issued(), /ovh-orderer: would let the server go on at 'ready', where it was set back$/m);
  assert.match(await foretold('deployments', 'deployment.retry-requested', { generation: 2 }), /ovh-orderer: ignored: the server waits at 'ready', where it was set back$/m);
  await server({ state: paid, failed: true });
  assert.match(await issued(), /ovh-orderer: would try the server again at 'paid'$/m);
  await server({ state: paid, due_at: later });
  assert.match(await issued(), /ovh-orderer: would look at the server at once, at 'paid'$/m);
  await server({ state: paid, busy: true, due_at: later });
  assert.match(await issued(), /ovh-orderer: would note the decision; the server is being worked on, at 'paid'$/m);
  await server({ state: paid });
  assert.match(await issued(), /ovh-orderer: would note the decision; the server rests at 'paid'$/m);
  await server({});

  const retried = await foretold('deployments', 'deployment.retry-requested', { generation: 2 });
  assert.match(retried, /ovh-orderer: would note the decision; the server rests at 'ready', and says server.ready again$/m);
  assert.match(retried, /installer: would note the decision; the installation rests at 'installed', and says instance.installed again$/m);
  await stack.psql(`update server.resource set said = null where id = '${id}'`);
  assert.match(await foretold('deployments', 'deployment.retry-requested', { generation: 2 }), /ovh-orderer: would note the decision; the server rests at 'ready'$/m);
});

test('done letters go after 30 days, waiting ones never', async () => {
  await stack.psql("update dead_letters set done_at = now() - interval '31 days' where state <> 'waiting'");
  await stack.psql("update dead_letters set at = now() - interval '400 days' where state = 'waiting'");
  const waiting = (await kept("state = 'waiting'")).length;
  assert.ok(waiting > 0);
  assert.match(await letters('drop', '--done'), /^[1-9]\d* letters forgotten/);
  assert.equal((await kept('true')).length, waiting);
});

test('when no gateway runs, replay says so; the message goes out when one does', async () => {
  const id = randomUUID();
  await say('deployments', id, 'deployment.destroy-requested', JSON.stringify({ deploymentId: id, generation: 1 }));
  const [first] = await awaitKept(`key = '${id}'`, 4);
  await stack.stop('api-gateway.1');
  assert.match(await refused('replay', String(first.id)), /^1 .*events wait in the outbox 'gateway'.*go out as soon as/);
  await stack.start('api-gateway.1');
  assert.equal((await awaitKept(`key = '${id}' and tries = 2`, 4)).length, 4);
});

test('wrong use is one line and exit 2', async () => {
  for (const args of [['burn'], ['replay'], ['replay', '1', '--all'], ['replay', 'x'], ['replay', '1', '--service', 's'], ['show'], ['list', '--done'], ['drop', '--done', '--all'], ['drop', '--what'], ['list', '1', '2']]) {
    assert.match(await refused(...args), /^2 clawctl: /, args.join(' '));
  }
});
