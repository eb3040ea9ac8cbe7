// One deployment is set back to a stage: that one and those after it run again, and nothing is bought twice.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { CALM, ROOMS, api, counted, failing, mine, readyAgain, ready, rebuilds, refused, replay, rows, stack } from './world.mjs';

describe('one, from a stage', () => {
  let id, was;
  before(async () => {
    id = (await ready()).id;
  });
  const begin = async () => {
    was = { ...(await mine(id)), ...(await rows(id)), rebuilds: await rebuilds(), ready: await counted(id, 'instance.ready') };
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
    const is = await readyAgain(id);
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
    const is = await readyAgain(id);
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
    await readyAgain(id);
    const { installation, server } = await rows(id);
    assert.equal(await rebuilds(), was.rebuilds + 1);
    assert.notEqual(installation.notes.host_key, was.installation.notes.host_key);
    assert.equal(server.notes.service_name, was.server.notes.service_name);
  });

  test('key: another key, the same system', async () => {
    await begin();
    await replay(id, '--from', 'key');
    const is = await readyAgain(id);
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
    await stack.sandbox.settings({ setup: 600 });
    const other = await api.deploy();
    await until(async () => (await rows(other.id)).installation?.state === 'following', { deadline: 30, what: 'the setup runs', every: 0.02 });
    await replay(other.id, '--from', 'install');
    await stack.sandbox.settings({ setup: 0 });
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
    assert.match(await replay(id, '--from', 'key', '--dry-run'), /taken again; made anew only if it is gone[^]*2\. order +a server is ordered and PAID/);
    await replay(id, '--from', 'key');
    await api.waitStatus(id, 'READY', { deadline: 60 });
    assert.deepEqual((await mine(id)).keys, [before]);
    assert.equal((await mine(id)).paid.length, 1);
  });

  test('order, after OVH cancelled it: a server is ordered and paid, one at a time', async () => {
    const id = await failing({ documents_requested: 'refused' });
    assert.match((await api.deployment(id)).statusMessage, /^OVH cancelled order/);
    assert.match(await replay(id, '--from', 'order', '--dry-run'), /1\. order +a server is ordered and PAID; the order before it was cancelled/);
    await replay(id, '--from', 'order');
    await api.waitStatus(id, 'READY', { deadline: 60 });
    const { paid } = await mine(id);
    assert.equal(paid.filter((o) => o.state !== 'cancelled').length, 1);
  });

  test('key, while OVH delivers: what is paid is looked for all the time', async () => {
    await stack.sandbox.settings({ delivering: 3600 });
    const { id } = await api.deploy();
    await until(async () => (await rows(id)).server?.state === 'paid', { deadline: 30, what: 'it is paid' });
    assert.match(await replay(id, '--from', 'key', '--dry-run'), /2\. server +the one that is paid goes on at 'paid'/);
    await replay(id, '--from', 'key');
    assert.equal((await rows(id)).server.parked, false);
    await stack.sandbox.settings(CALM);
    await api.waitStatus(id, 'READY', { deadline: 60 });
    const is = await mine(id);
    assert.deepEqual([is.paid.length, is.keys.length], [1, 1]);
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
