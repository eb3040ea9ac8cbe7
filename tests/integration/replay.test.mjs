// An operator sets deployments back: one to a stage, many at once, all of them after Kafka lost its disk.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { clawctl, clawctlOk } from '../harness/clawctl.mjs';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';

const CALM = { checking: 0, delivering: 0.1, deliver_task: 0, ips: 0, rebuild: 0.1, boot: 0, setup: 0, out_of_stock: false, documents_requested: false };
const SETTINGS = {
  'ovh-orderer': { STOCK_POLL_S: 0.3, STOCK_LIMIT_S: 1, DELIVERY_POLL_S: 0.3, REBUILD_POLL_S: 0.3, ADDRESS_POLL_S: 0.3, RELEASE_POLL_S: 0.3 },
  installer: { SETUP_POLL_S: 0.2, CONNECT_POLL_S: 0.2 },
  'health-monitor': { PROBE_POLL_S: 0.2, RECHECK_S: 0.3 },
};
let stack, api;

before(async () => {
  stack = await startStack({ settings: SETTINGS });
  await stack.sandbox.settings(CALM);
  api = stack.api();
  await api.signUp();
});
after(() => stack?.close());

const replay = (...args) => clawctlOk(stack, ['replay', ...args]);
const refused = async (...args) => {
  const { code, stderr } = await clawctl(stack, ['replay', ...args]);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  return `${code} ${stderr.trim()}`;
};
const ready = async () => {
  const { id } = await api.deploy();
  return api.waitStatus(id, 'READY', { deadline: 60 });
};
const failing = async (settings) => {
  await stack.sandbox.settings(settings);
  const { id } = await api.deploy();
  await api.waitStatus(id, 'ERROR', { deadline: 60 });
  await stack.sandbox.settings(CALM);
  return id;
};
const ROOMS = ['llm_key', 'server', 'installation', 'watch'];
const rows = async (id) => {
  const found = {};
  for (const room of ROOMS) [found[room]] = await stack.psql(`select state, goal, generation, failed, parked, due_at is null as rests, notes from ${room}.resource where id = '${id}'`);
  return found;
};
const mine = async (id) => {
  const { orders, servers, keys } = await stack.sandbox.ledger();
  const { server } = await rows(id);
  return {
    paid: orders.filter((o) => o.paid && o.intent.endsWith(id)),
    servers: servers.filter((s) => s.name === server?.notes.service_name),
    keys: keys.filter((k) => k.name.endsWith(id.slice(-12)) && !k.disabled),
  };
};
/** After a replay of one that was READY: READY again, with what is there once. */
const readyAgain = async (id, before) => {
  await until(async () => (await stack.psql(`select 1 from deployments where id = '${id}' and generation > ${before.generation}`)).length, { what: 'the decision' });
  await api.waitStatus(id, 'READY', { deadline: 60 });
  const is = await mine(id);
  assert.equal(is.paid.length, 1);
  assert.equal(is.servers.length, 1);
  assert.equal(is.keys.length, 1);
  for (const [room, row] of Object.entries(await rows(id))) assert.equal(row.parked || row.failed || row.goal !== 'up', false, `${room}: ${JSON.stringify(row)}`);
  return is;
};
const counted = async (id, type) => (await api.events(id)).filter((e) => e.type === type).length;
const rebuilds = async () => (await stack.sandbox.journal()).requests?.filter((r) => r.method === 'POST' && /\/rebuild$/.test(r.path)).length ?? (await stack.sandbox.journal()).filter((r) => r.method === 'POST' && /\/rebuild$/.test(r.path)).length;

describe('one, from a stage', () => {
  let id, was, generation;
  before(async () => {
    id = (await ready()).id;
  });
  const begin = async () => {
    [{ generation }] = await stack.psql(`select generation from deployments where id = '${id}'`);
    was = { ...(await mine(id)), ...(await rows(id)), generation, rebuilds: await rebuilds(), ready: await counted(id, 'instance.ready') };
    return was;
  };

  test('a dry run says what is kept and what runs again, and changes nothing', async () => {
    await begin();
    const before = await stack.psql(`select * from deployments where id = '${id}'`);
    assert.match(await replay(id, '--from', 'health', '--dry-run'), /kept[^]*its key openclaw-[^]*nothing is bought[^]*the server vps[^]*1\. health +READY again only when/);
    assert.match(await replay(id, '--from', 'rebuild', '--dry-run'), /1\. key +a new key is made[^]*2\. rebuild +.*EVERYTHING on the machine is erased[^]*3\. install[^]*4\. health[^]*dry run/);
    assert.match(await replay(id, '--dry-run', '--from=key'), /1\. key[^]*2\. server +.*the machine is not touched[^]*3\. install[^]*4\. health/);
    assert.deepEqual(await stack.psql(`select * from deployments where id = '${id}'`), before);
    assert.deepEqual(await rows(id), Object.fromEntries(ROOMS.map((room) => [room, was[room]])));
  });

  test('health: looked at from outside again, and nothing else', async () => {
    await begin();
    await replay(id, '--from', 'health');
    const is = await readyAgain(id, was);
    assert.equal(is.keys[0].hash, was.keys[0].hash);
    assert.equal(await counted(id, 'instance.ready'), was.ready + 1);
    assert.equal(await counted(id, 'instance.installed'), 1);
    assert.equal(await rebuilds(), was.rebuilds);
    const line = (await api.events(id)).find((e) => e.type === 'deployment.retry-requested');
    assert.equal(line.message, 'An operator set it back: it is checked from outside again');
    assert.equal((await stack.psql(`select what from audit where subject like '${id} by %'`))[0].what, 'clawctl replay --from health');
  });

  test('install: a new run of the setup on the same system, with a new key because nobody else has the old one', async () => {
    await begin();
    await replay(id, '--from', 'install');
    const is = await readyAgain(id, was);
    assert.notEqual(is.keys[0].hash, was.keys[0].hash);
    const { installation, server } = await rows(id);
    assert.equal(installation.notes.run_id, `${id}-2`);
    assert.equal(installation.notes.host_key, was.installation.notes.host_key);
    assert.equal(server.notes.service_name, was.server.notes.service_name);
    assert.equal(await rebuilds(), was.rebuilds);
    assert.equal(await counted(id, 'instance.ready'), was.ready + 1);
  });

  test('rebuild: a fresh system on the same server', async () => {
    await begin();
    await replay(id, '--from', 'rebuild');
    await readyAgain(id, was);
    const { installation, server } = await rows(id);
    assert.equal(await rebuilds(), was.rebuilds + 1);
    assert.notEqual(installation.notes.host_key, was.installation.notes.host_key);
    assert.equal(server.notes.service_name, was.server.notes.service_name);
  });

  test('key: another key, the same system', async () => {
    await begin();
    await replay(id, '--from', 'key');
    const is = await readyAgain(id, was);
    assert.notEqual(is.keys[0].hash, was.keys[0].hash);
    assert.equal(await rebuilds(), was.rebuilds);
  });

  test('order: refused, it would buy a second server', async () => {
    await begin();
    assert.match(await refused(id, '--from', 'order'), /^1 .*it would buy a second server/);
    assert.match(await refused(id, '--from', 'order', '--dry-run'), /^1 .*it would buy a second server/);
    assert.equal((await api.deployment(id)).status, 'READY');
  });

  test('a running worker is fenced off: set back in the middle of a setup, READY with one result', async () => {
    await stack.sandbox.settings({ setup: 4 });
    const other = await api.deploy();
    await until(async () => (await rows(other.id)).installation?.state === 'following', { deadline: 30, what: 'the setup runs', every: 0.02 });
    await stack.sandbox.settings({ setup: 0 });
    await replay(other.id, '--from', 'install');
    await api.waitStatus(other.id, 'READY', { deadline: 60 });
    assert.equal(await counted(other.id, 'instance.installed'), 1);
    assert.equal((await rows(other.id)).installation.notes.run_id, `${other.id}-2`);
  });

  test('destroyed while its rows are parked: nothing is left', async () => {
    const other = (await ready()).id;
    await stack.stop('key-provisioner.1');
    await replay(other, '--from', 'key');
    assert.equal((await rows(other)).server.parked, true);
    await api.destroy(other);
    assert.match(await refused(other, '--from', 'key'), /^1 .*it is DESTROYING/);
    await stack.start('key-provisioner.1');
    await api.waitStatus(other, 'DESTROYED', { deadline: 60 });
    assert.deepEqual((await mine(other)).keys, []);
    assert.match(await refused(other, '--from', 'health'), /^1 .*it is DESTROYED/);
  });
});

describe('one that failed', () => {
  test('key, while its text is still here: the same key with its cap', async () => {
    const id = await failing({ out_of_stock: true });
    const [before] = (await mine(id)).keys;
    assert.match(await replay(id, '--from', 'key', '--dry-run'), /taken again; made anew only if it is gone/);
    await replay(id, '--from', 'key');
    await api.waitStatus(id, 'READY', { deadline: 60 }).catch(() => api.waitStatus(id, 'READY', { deadline: 60 }));
    assert.deepEqual((await mine(id)).keys, [before]);
    assert.equal((await mine(id)).paid.length, 1);
  });

  test('order, after OVH cancelled it: a server is ordered and paid, one at a time', async () => {
    const id = await failing({ documents_requested: 'refused' });
    assert.match((await api.deployment(id)).statusMessage, /^OVH cancelled order/);
    assert.match(await replay(id, '--from', 'order', '--dry-run'), /1\. order +a server is ordered and PAID; the order before it was cancelled/);
    await replay(id, '--from', 'order');
    await until(async () => (await api.deployment(id)).status !== 'ERROR', { what: 'it goes on' });
    await api.waitStatus(id, 'READY', { deadline: 60 });
    const { paid } = await mine(id);
    assert.equal(paid.filter((o) => o.state !== 'cancelled').length, 1);
  });

  test('what is not there yet is refused, and so is what nobody knows', async () => {
    const id = await failing({ out_of_stock: true });
    assert.match(await refused(id, '--from', 'rebuild'), /^1 .*OVH has not delivered a server yet/);
    assert.match(await refused(id, '--from', 'install'), /^1 .*no server that is ready/);
    assert.match(await refused(id, '--from', 'health'), /^1 .*OpenClaw is not installed yet/);
    assert.match(await refused('018f0000-0000-7000-8000-000000000009', '--from', 'key'), /^1 .*no deployment has this id/);
    await api.destroy(id);
  });
});

describe('many', () => {
  test('all that failed at a stage since a time, at a pace; Ctrl-C ends it between two', async () => {
    await until(async () => (await stack.psql("select 1 from deployments where status = 'ERROR'")).length === 0, { what: 'no ERROR is left' });
    await stack.sandbox.settings({ out_of_stock: true });
    const ids = [];
    for (let i = 0; i < 6; i++) ids.push((await api.deploy()).id);
    for (const id of ids) await api.waitStatus(id, 'ERROR', { deadline: 60 });
    await stack.sandbox.settings(CALM);

    assert.match(await replay('--status', 'ERROR', '--stage', 'order', '--since', '1h', '--dry-run'), /0 of 6 tried again: this was a dry run/);
    assert.match(await replay('--status', 'ERROR', '--stage', 'install'), /^0 of 0 tried again/);
    assert.match(await replay('--status', 'ERROR', '--since', '2099-01-01'), /^0 of 0 tried again/);

    let child;
    const said = await new Promise((done) => {
      const env = { ...process.env, DATABASE_URL: stack.env.DATABASE_URL };
      child = execFile('build/bin/clawctl', ['replay', '--status', 'ERROR', '--rate', '30'], { env, timeout: 30000 }, (error, stdout) => done({ code: error?.code ?? 0, stdout }));
      child.stdout.once('data', () => child.kill('SIGINT'));
    });
    assert.equal(said.code, 0);
    assert.match(said.stdout, /1 of 1 tried again; stopped, the rest is as it was/);

    assert.match(await replay('--status', 'ERROR', '--rate', '600'), /5 of 5 tried again/);
    for (const id of ids) await api.waitStatus(id, 'READY', { deadline: 60 });
    for (const id of ids) assert.equal((await mine(id)).paid.length, 1);
    assert.match(await replay('--status', 'ERROR'), /^0 of 0/);
  });

  test('wrong use is one line and exit 2', async () => {
    const id = '018f0000-0000-7000-8000-000000000009';
    for (const args of [[], [id], ['--from', 'key'], [id, '--from', 'nowhere'], ['x', '--from', 'key'], ['--status', 'READY'], ['--status', 'ERROR', '--stage', 'x'], ['--status', 'ERROR', '--since', 'x'], ['--status', 'ERROR', '--rate', '0'], ['--from-state', 'x'], ['--from-state', '--from', 'key']]) {
      assert.match(await refused(...args), /^2 clawctl: /, args.join(' '));
    }
  });
});

describe('from the state', () => {
  const everything = async () => ({
    rows: Object.fromEntries(await Promise.all(ROOMS.map(async (room) => [room, await stack.psql(`select id, state, goal, generation, failed, parked, notes - 'why' - 'bad_looks' - 'good_looks' as notes from ${room}.resource order by id`)]))),
    deployments: await stack.psql('select id, status, status_message, generation, seq from deployments order by id'),
    events: await stack.psql('select deployment_id, seq, type from deployment_events order by 1, 2'),
    ledger: await stack.sandbox.ledger(),
  });
  const quiet = () => until(async () => (await stack.psql(`select ${['gateway', ...ROOMS].map((r) => `(select count(*) from ${r}.outbox)`).join(' + ')} as n`))[0].n === 0, { what: 'the outboxes are empty' });
  const heard = async () => (await fetch(`${stack.url('ovh-orderer.1')}/metrics`)).text();
  const ignored = async () => Number(/inbox_ignored\S* (\d+)/.exec(await heard())?.[1]);

  test('where nothing was lost nothing moves, however often', async () => {
    for (let i = 0; i < 6; i++) await ready();
    await quiet();
    const before = await everything();
    const n = before.deployments.filter((d) => d.status !== 'DESTROYED').length;
    assert.match(await replay('--from-state', '--dry-run'), new RegExp(`events for ${n} deployments would be said again`));
    const were = await ignored();
    for (let i = 0; i < 2; i++) assert.match(await replay('--from-state'), new RegExp(`events for ${n} deployments said again`));
    await quiet();
    await until(async () => (await ignored()) >= were + 2 * n, { what: 'the orderer heard key.issued of all, twice' });
    assert.deepEqual(await everything(), before);
  });

  test('Kafka loses its disk with deployments in every stage: all READY, each bought once; the destroyed one goes', async () => {
    const going = (await ready()).id;
    const lost = [];
    const when = async (status) => {
      const { id } = await api.deploy();
      await until(async () => (await stack.psql(`select 1 from deployments where id = '${id}' and status = '${status}'`)).length, { what: status, every: 0.01, deadline: 30 });
      lost.push(id);
      return id;
    };
    await stack.sandbox.settings({ setup: 3 });
    await when('INSTALLING');
    await stack.sandbox.settings({ rebuild: 3 });
    await when('PROVISIONING');
    await stack.sandbox.settings({ delivering: 3 });
    await when('ORDERING');
    // Events that are said while their reader is away are in Kafka alone.
    for (const service of ['health-monitor.1', 'installer.1', 'ovh-orderer.1', 'key-provisioner.1']) await stack.stop(service);
    lost.push((await api.deploy()).id);
    await stack.start('key-provisioner.1');
    await until(async () => (await rows(lost[3])).llm_key?.state === 'issued', { what: 'its key' });
    await quiet();
    await stack.stop('key-provisioner.1');
    lost.push((await api.deploy()).id);
    await api.destroy(going);
    await quiet();
    const { servers } = await stack.sandbox.ledger();
    await stack.kill('kafka');
    rmSync(join(stack.runDir, 'started/kafka.formatted'));
    lost.push((await api.deploy()).id);
    await stack.start('kafka');
    await clawctlOk(stack, ['topics']);
    await stack.sandbox.settings(CALM);
    for (const service of ['key-provisioner.1', 'ovh-orderer.1', 'installer.1', 'health-monitor.1']) await stack.start(service);
    await stack.ready('api-gateway.1');
    await replay('--from-state');
    for (const id of lost) {
      await api.waitStatus(id, 'READY', { deadline: 90 });
      const is = await mine(id);
      assert.deepEqual([is.paid.length, is.servers.length, is.keys.length], [1, 1, 1]);
    }
    await api.waitStatus(going, 'DESTROYED', { deadline: 60 });
    assert.ok((await stack.sandbox.ledger()).servers.length >= servers.length);
    const holes = await stack.psql('select deployment_id from deployment_events group by 1 having max(seq) <> count(*)');
    assert.deepEqual(holes, []);
  });
});
