// What goes wrong on the way: every service dies, every stage fails, OVH and Kafka repeat themselves, time runs out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { echo } from '../../chaos/echo.mjs';
import { assertFails, destroyed, hurry, ovh, restartWith, row, untilStatus, world } from '../hostile/world.mjs';
import { assertAnew, ready, rebuilds, settings, states, suite, untilState } from './world.mjs';

const KEYS = { method: 'POST', path: '/api/v1/keys' };
const REBUILD = { method: 'POST', path: '/1.0/vps/*/rebuild' };
const faults = (...all) => world.sandbox.faults(all);
const happened = () => until(async () => (await world.sandbox.get('/_/faults')).length === 0, { what: 'it is under way' });
/** Old messages of every topic, the newest first; the second time without those of the last stage. */
const everythingAgain = async (id, times) => {
  for (let i = 0; i < times; i++) {
    for (const topic of ['instances', 'servers', 'keys', 'deployments'].slice(i)) await echo(world.stack, topic, Array.from({ length: 12 }, (_, k) => (11 - k + i) / 12 % 1), [id]);
  }
};

suite('kill -9 in the middle of a reinstall', () => {
  // When each is at work, and what keeps it there for long enough.
  const moments = {
    'api-gateway': async (id) => untilState('server', id, 'rebuilding'),
    'key-provisioner': async () => happened(),
    'ovh-orderer': async () => happened(),
    installer: async (id) => untilState('installation', id, 'following'),
    'health-monitor': async (id) => untilState('installation', id, 'following'),
  };
  const slow = { 'key-provisioner': { ...KEYS, kind: 'slow', seconds: 2 }, 'ovh-orderer': { ...REBUILD, kind: 'slow', seconds: 2 } };
  for (const [service, moment] of Object.entries(moments)) {
    test(`of ${service}: READY, once`, async () => {
      const [id, was] = await ready();
      await settings({ rebuild: service === 'api-gateway' ? 600 : 0, setup: 600 });
      if (slow[service]) await faults(slow[service]);
      await world.api.reinstall(id);
      await moment(id);
      await world.stack.kill(`${service}.1`);
      await world.stack.start(`${service}.1`);
      await settings({ rebuild: 0, setup: 0 });
      await assertAnew(id, was, { deadline: 90 });
      assert.equal(await rebuilds(was.kept.service), 2);
      await destroyed(id);
    });
  }

  test('of all of them, again and again', async () => {
    const [id, was] = await ready();
    await settings({ rebuild: 0.5, setup: 0.5 });
    await world.api.reinstall(id);
    let done = false;
    const over = untilStatus(id, 'READY', { deadline: 120 }).finally(() => (done = true));
    const services = ['installer.1', 'key-provisioner.1', 'ovh-orderer.1', 'health-monitor.1'];
    for (let i = 0; !done && i < 12; i++) {
      await world.stack.kill(services[i % 4]);
      await world.stack.start(services[i % 4]);
    }
    await over;
    await assertAnew(id, was);
    await destroyed(id);
  });
});

suite('events of a reinstall', () => {
  test('said again in any order, during it and after it: nothing happens twice', async () => {
    const [id, was] = await ready();
    await settings({ rebuild: 600, setup: 600 });
    await world.api.reinstall(id);
    for (const [piece, state, held] of [['server', 'rebuilding', 'rebuild'], ['installation', 'following', 'setup']]) {
      await untilState(piece, id, state);
      await everythingAgain(id, 1);
      await settings({ [held]: 0 });
    }
    const is = await assertAnew(id, was);
    await everythingAgain(id, 2);
    await until(async () => (await world.stack.psql(`select 1 from installation.resource where id = '${id}' and state = 'installed' and due_at is null`)).length, { what: 'an old restart is over' });
    await world.api.waitStatus(id, 'READY');
    assert.deepEqual((await assertAnew(id, was)).changed, is.changed);
    assert.equal(await rebuilds(was.kept.service), 2);
    assert.deepEqual(await world.stack.psql('select reason from dead_letters'), []);
    await destroyed(id);
  });

  test('what the system before still tells moves nothing, until its stage has heard of the decision', async () => {
    const [id, was] = await ready();
    await settings({ rebuild: 1 });
    await world.stack.stop('health-monitor.1');
    const [{ generation }] = await world.stack.psql(`select generation from watch.resource where id = '${id}'`);
    await world.api.reinstall(id);
    const late = (o) => world.stack.psql(`set search_path = watch, public;
      update resource set busy = true, claim = 77, state = 'unhealthy' where id = '${id}';
      select settle('${id}', 77, '${JSON.stringify({ goal: 'up', generation, tries: 0, failed: false, backoff: 0, piece: 'watch', service: 'health-monitor', delay: 60, ...o })}')`);
    for (const o of [{ state: 'ready', status: 'READY', message: 'OpenClaw is ready' }, { state: 'new', status: 'INSTALLING', message: 'Late' }, { state: 'new', status: 'ERROR', message: 'Late' }]) {
      assert.match(await late(o), /t$/);
      const { status, statusMessage } = await world.api.deployment(id);
      assert.ok(['PROVISIONING', 'INSTALLING'].includes(status) && statusMessage !== 'Late', `${status}: ${statusMessage}`);
    }
    await world.stack.start('health-monitor.1');
    await assertAnew(id, was);
    await assert.rejects(world.stack.psql(`update deployments set status = 'PROVISIONING' where id = '${id}'`), /illegal move of a deployment: READY -> PROVISIONING/);
    await destroyed(id);
  });
});

suite('a reinstall that fails', () => {
  test('at OpenRouter: the machine is not touched, a retry goes on', async () => {
    const [id, was] = await ready();
    await hurry();
    await faults({ method: 'GET', path: '/api/v1/keys', kind: 'status', status: 401, times: 3 });
    await world.api.reinstall(id);
    const failed = await assertFails(id, /management key/);
    assert.deepEqual(states(failed), ['done', 'failed', 'waiting', 'waiting']);
    assert.deepEqual([(await row('server', id)).state, await rebuilds(was.kept.service)], ['ready', 1]);
    const again = await world.api.retry(id);
    assert.deepEqual([again.status, ...states(again)], ['PROVISIONING', 'done', 'active', 'waiting', 'waiting']);
    await assertAnew(id, was);
    await destroyed(id);
  });

  test('at OVH, three times: a retry goes on, and so does another reinstall', async () => {
    for (const what of ['retry', 'reinstall']) {
      const [id, was] = await ready();
      await settings({ rebuild_errors: 3 });
      await world.api.reinstall(id);
      await assertFails(id, /^OVH could not install the system/);
      assert.equal((await world.api[what](id)).status, 'PROVISIONING');
      await assertAnew(id, was);
      assert.equal(await rebuilds(was.kept.service), 5);
      await destroyed(id);
    }
  });

  test('because its machine does not answer: it is wiped all the same', async () => {
    const [id, was] = await ready();
    await ovh('POST', `/vps/${was.kept.service}/stop`);
    await until(async () => (await ovh('GET', `/vps/${was.kept.service}`)).state === 'stopped', { what: 'it is switched off' });
    await world.api.reinstall(id);
    await assertAnew(id, was, { deadline: 90 });
    await destroyed(id);
  });

  test('by taking too long, counted from the decision: a retry goes on where it is', async () => {
    const [id, was] = await ready();
    await restartWith('api-gateway', { DEPLOYMENT_LIMIT_S: 4 });
    try {
      await world.stack.psql(`update deployments set decided_at = now() - interval '1 hour' where id = '${id}'`);
      await settings({ rebuild: 8 });
      const clicked = Date.now();
      await world.api.reinstall(id);
      await assertFails(id, /^Not ready after 4 seconds; it was still: Installing the system/);
      assert.ok(Date.now() - clicked >= 4000, 'counted from the decision');
    } finally {
      await restartWith('api-gateway', {});
    }
    assert.equal((await world.api.retry(id)).status, 'PROVISIONING');
    await assertAnew(id, was);
    assert.equal(await rebuilds(was.kept.service), 2);
    await destroyed(id);
  });
});
