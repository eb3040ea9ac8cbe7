// A backup restored while OVH and Kafka went on: nobody acts on old rows, and the topics bring them up to date.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../harness/command.mjs';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { assertNoHoles, assertRefuses, backUp, clawctl, fingerprint, logged, logLengths, restore, startAll, stopAll, WORKERS } from './restore/backup.mjs';

const QUICK = { checking: 0.1, delivering: 0.1, deliver_task: 0.1, ips: 0.1, rebuild: 0.2, boot: 0, setup: 0.2, service_active: 0 };
const HOUR = 3600;
const d = {}; // the deployments, by what becomes of them
let stack, sandbox, api, was, ledgerWas, lengths;

const deploy = async (name) => (d[name] = (await api.deploy({ name })).id);
const ready = (...names) => Promise.all(names.map((name) => api.waitStatus(d[name], 'READY', { deadline: 90 })));
const statuses = async () => Object.fromEntries((await api.list()).map(({ name, status }) => [name, status]));
const marks = (ledger) => ledger.orders.filter((o) => o.paid).map((o) => o.intent).sort();
const keysOf = (ledger, name) => ledger.keys.filter((key) => key.name === `openclaw-${d[name].slice(-12)}`);

before(async () => {
  stack = await startStack({ settings: { 'ovh-orderer': { DELIVERY_POLL_S: 0.3, REBUILD_POLL_S: 0.3, RELEASE_POLL_S: 0.3 }, installer: { SETUP_POLL_S: 0.3 } } });
  sandbox = stack.sandbox;
  await sandbox.settings(QUICK);
  api = stack.api();
  await api.signUp();
});
after(() => stack?.close());

test('deployments in every stage, a backup, and the world goes on', async () => {
  await sandbox.settings({ pay_refused: true });
  await deploy('again');
  await until(async () => (await api.deployment(d.again)).status === 'ERROR', { what: 'it is in ERROR' });
  await sandbox.settings({ pay_refused: false });
  await api.retry(d.again);
  await ready('again');
  const { stdout } = await run('kcat', ['-C', '-b', stack.env.KAFKA_BOOTSTRAP, '-t', 'keys', '-e', '-q', '-f', '%k\\n'], { timeout: 20 });
  assert.ok(stdout.split(d.again).length > 2, 'its key.issued was said again');
  await Promise.all(['stays', 'restarted', 'destroyed', 'forked'].map(deploy));
  await ready('stays', 'restarted', 'destroyed', 'forked');
  await sandbox.settings({ setup: HOUR });
  await deploy('installed');
  await api.waitStatus(d.installed, 'INSTALLING');
  await sandbox.settings({ delivering: HOUR });
  await deploy('ordered');
  await until(async () => (await stack.psql(`select 1 from server.resource where id = '${d.ordered}' and state = 'paid'`)).length, { what: 'the order is paid' });
  await sandbox.settings({ pay_refused: true });
  await Promise.all(['retried', 'error'].map(deploy));
  await Promise.all(['retried', 'error'].map((name) => until(async () => (await api.deployment(d[name])).status === 'ERROR', { what: `${name} is in ERROR` })));

  await backUp(stack);

  await sandbox.settings({ ...QUICK, pay_refused: false });
  await api.destroy(d.destroyed);
  await api.restart(d.restarted);
  await api.retry(d.retried);
  await Promise.all(['new', 'brief'].map(deploy));
  await ready('installed', 'ordered', 'retried', 'new', 'brief');
  await api.destroy(d.brief);
  await Promise.all(['destroyed', 'brief'].map((name) => api.waitStatus(d[name], 'DESTROYED', { deadline: 60 })));
  await until(async () => (await api.events(d.restarted)).some((e) => e.type === 'instance.restarted'), { what: 'the restart is done' });
  await sandbox.settings({ setup: HOUR });
  await deploy('new-installing');
  await api.waitStatus(d['new-installing'], 'INSTALLING');
  await until(async () => (await stack.psql(`select 1 from installation.resource where id = '${d['new-installing']}' and state = 'following'`)).length, { what: 'the setup runs' });
  await sandbox.settings({ delivering: HOUR });
  await deploy('new-ordered');
  await until(async () => (await stack.psql(`select 1 from server.resource where id = '${d['new-ordered']}' and state = 'paid'`)).length, { what: 'the order is paid' });
  await until(async () => (await stack.psql('select 1 from server.outbox union all select 1 from gateway.outbox')).length === 0, { what: 'all is published' });
  was = await statuses();
  ledgerWas = await until(async () => {
    const ledger = await sandbox.ledger();
    const ours = ledger.orders.filter(({ paid }) => paid).map(({ id }) => id);
    return ours.every((id) => ledger.bills.some(({ orderId }) => orderId === id)) && ledger;
  }, { what: 'OVH has billed what is paid' });
  assert.deepEqual(was, {
    again: 'READY', stays: 'READY', restarted: 'READY', destroyed: 'DESTROYED', forked: 'READY', installed: 'READY', ordered: 'READY', retried: 'READY', error: 'ERROR',
    new: 'READY', brief: 'DESTROYED', 'new-installing': 'INSTALLING', 'new-ordered': 'ORDERING',
  });
});

test('restored: the workers say what is wrong and do nothing', async () => {
  await stopAll(stack);
  await restore(stack);
  await stack.psql(`update deployments set decided_at = now() - interval '1 hour' where status in ('ORDERING', 'INSTALLING')`); // it is an old backup
  lengths = logLengths(stack);
  const { length } = await sandbox.journal();
  await startAll(stack, { ready: false });
  await assertRefuses(stack, lengths);
  await until(() => /late deployments.*older than the topics/.test(logged(stack, 'api-gateway.1', lengths['api-gateway.1'])), { what: 'the gateway has looked for the late' });
  const { destroyed, installed, ordered } = await statuses();
  assert.deepEqual([destroyed, installed, ordered], ['READY', 'INSTALLING', 'ORDERING'], 'the gateway shows what the backup knows, and gives nobody up');
  const asked = (await sandbox.journal()).slice(length);
  assert.deepEqual(asked.map((r) => `${r.method} ${r.path}`), [], 'nothing was asked of OVH or OpenRouter');
  assert.deepEqual(await sandbox.ledger(), ledgerWas);
});

test('decisions of users in the meantime are kept', async () => {
  await api.destroy(d.forked);
  await api.retry(d.retried);
  await until(async () => (await stack.psql('select 1 from gateway.outbox')).length === 0, { what: 'they are published' });
});

test('clawctl replay --from-log wants to be alone, and shows first what it would do', async () => {
  await assert.rejects(clawctl(stack, 'replay', '--from-log'), (error) => {
    for (const name of ['api-gateway', ...WORKERS.map((w) => w.slice(0, -2))]) assert.match(error.stderr, new RegExp(name));
    return /exit 1\nclawctl: stop the services first/.test(error.message);
  });
  await stopAll(stack);
  await assert.rejects(clawctl(stack, 'replay', '--from-log', '--now'), /exit 2\nclawctl: unknown option '--now'/);
  const before = await fingerprint(stack);
  const told = await clawctl(stack, 'replay', '--from-log', '--dry-run');
  assert.equal(await fingerprint(stack), before, told);
  assert.match(told, /dry run, nothing is changed/);
  for (const name of ['destroyed', 'ordered', 'new', 'brief', 'new-installing', 'new-ordered']) assert.match(told, new RegExp(d[name]), name);
});

test('it brings every row up to date, and doing it twice changes nothing', async () => {
  const told = await clawctl(stack, 'replay', '--from-log');
  assert.match(told, new RegExp(`${d.destroyed}  READY -> DESTROYED`));
  assert.match(told, new RegExp(`${d['new-installing']}  .*the key is made again`));
  await assertNoHoles(stack);
  const once = await fingerprint(stack);
  assert.deepEqual(await stack.psql('select room, array_agg(distinct topic order by topic) as topics from reading_positions group by room order by room'), [
    { room: 'installation', topics: ['deployments', 'servers'] }, { room: 'llm_key', topics: ['deployments', 'instances'] },
    { room: 'server', topics: ['deployments', 'keys'] }, { room: 'watch', topics: ['deployments', 'instances'] },
  ], 'positions that nobody moves are where the next recalling would begin');
  assert.match(await clawctl(stack, 'replay', '--from-log'), /^0 deployments/);
  assert.equal(await fingerprint(stack), once);
  const all = await clawctl(stack, 'replay', '--from-log', '--since', '7d');
  assert.match(all, /: 0 brought up to date/);
  assert.equal(await fingerprint(stack), once, all);
  assert.equal((await stack.psql(`select status_message as text from deployments where id = '${d.again}'`))[0].text, 'OpenClaw is ready');
});

test('the services go on: everything as it was, nothing bought twice', async () => {
  await sandbox.settings(QUICK);
  await startAll(stack);
  await ready('installed', 'ordered', 'retried', 'new', 'new-installing', 'new-ordered');
  await api.waitStatus(d.forked, 'DESTROYED', { deadline: 60 });
  assert.deepEqual(await statuses(), { ...was, forked: 'DESTROYED', 'new-installing': 'READY', 'new-ordered': 'READY' });
  const ledger = await sandbox.ledger();
  assert.deepEqual(marks(ledger), marks(ledgerWas), 'paid orders');
  for (const name of Object.keys(d)) {
    const keys = keysOf(ledger, name), before = keysOf(ledgerWas, name);
    const again = ['new-installing', 'new-ordered'].includes(name); // its text was lost, and nothing worked with it yet
    if (name === 'forked') assert.deepEqual(keys, []);
    else if (again) assert.ok(keys.length === 1 && keys[0].hash !== before[0].hash, name);
    else assert.deepEqual(keys, before, name);
  }
  await assertNoHoles(stack);
  assert.deepEqual(await stack.psql("select topic, count(*) from public.dead_letters group by topic").catch(() => []), []);
  // What the events do not tell of a key, OpenRouter's list does: nobody is advised to destroy what works.
  const asked = await clawctl(stack, 'audit', '--json').catch((error) => error.stdout);
  const { findings } = JSON.parse(asked);
  assert.deepEqual(findings.filter(({ resolved }) => !resolved), []);
  assert.ok(findings.some(({ resolved }) => resolved === 'adopted'));
});

test('what the backup did not know is an ordinary deployment now', async () => {
  await api.restart(d.stays);
  await until(async () => (await api.events(d.stays)).filter((e) => e.type === 'instance.restarted').length === 1, { what: 'the restart of one whose secrets are there' });
  await api.restart(d.new);
  const { statusMessage } = await until(async () => {
    const now = await api.deployment(d.new);
    return now.statusMessage.startsWith('The restart did not work') && now;
  }, { what: 'the restart of one whose SSH key was lost' });
  assert.match(statusMessage, /key to the machine was lost/);
  await api.retry(d.error);
  await ready('error');
  for (const name of ['new', 'ordered', 'new-installing']) await api.destroy(d[name]);
  for (const name of ['new', 'ordered', 'new-installing']) await api.waitStatus(d[name], 'DESTROYED', { deadline: 60 });
  const fresh = (await api.deploy({ name: 'fresh' })).id;
  await api.waitStatus(fresh, 'READY', { deadline: 60 });
  const ledger = await sandbox.ledger();
  assert.equal(new Set(marks(ledger)).size, marks(ledger).length, 'one paid order a deployment');
  await assertNoHoles(stack);
});

test('a database restored under running services is noticed, too', async () => {
  const data = join(stack.runDir, 'postgres');
  await stack.stop('postgres');
  await run('cp', ['-a', data, `${data}.backup`]);
  await stack.start('postgres');
  await Promise.all(WORKERS.map((name) => stack.ready(name)));
  const { id } = await until(() => api.deploy({ name: 'after' }), { deadline: 30, what: 'the gateway takes a click' });
  await api.waitStatus(id, 'READY', { deadline: 90 });
  const ledger = await sandbox.ledger();
  lengths = logLengths(stack);
  await stack.stop('postgres');
  await run('rm', ['-rf', data]);
  await run('mv', [`${data}.backup`, data]);
  await stack.start('postgres');
  await assertRefuses(stack, lengths);
  await until(async () => (await api.request('GET', `/api/openclaw/deployments/${id}`)).status === 404, { what: 'the gateway shows what the backup knows' });
  await stopAll(stack);
  assert.match(await clawctl(stack, 'replay', '--from-log'), new RegExp(`${id}  unknown -> READY`));
  await startAll(stack);
  await api.waitStatus(id, 'READY', { deadline: 30 });
  assert.deepEqual(await sandbox.ledger(), ledger);
});
