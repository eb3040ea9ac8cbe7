// Other decisions while it goes on: destroy at every stage, an operator's replay, a second reinstall of one that was late.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clawctl, clawctlOk } from '../../harness/clawctl.mjs';
import { assertGone, calm, destroyed, hurry, row, untilStatus, world } from '../hostile/world.mjs';
import { assertAnew, click, ready, rebuilds, settings, suite, untilState } from './world.mjs';

const slowly = (fault) => world.sandbox.faults({ kind: 'slow', seconds: 2, ...fault });

suite('destroyed in the middle of a reinstall', () => {
  const moments = {
    'while its key is renewed': (id) => untilState('llm_key', id, 'renewing'),
    'during the rebuild': (id) => untilState('server', id, 'rebuilding'),
    'during the setup': (id) => untilState('installation', id, 'following'),
    'at the same moment': () => {},
  };
  for (const [when, moment] of Object.entries(moments)) {
    test(`${when}: nothing is left`, async () => {
      const [id] = await ready();
      await settings(when === 'during the setup' ? { setup: 600 } : { rebuild: 600 });
      await slowly({ method: 'POST', path: '/api/v1/keys' });
      await Promise.all([click(id, 'reinstall'), when === 'at the same moment' && click(id, 'destroy')]);
      await moment(id);
      await world.api.destroy(id);
      await calm();
      await hurry();
      await assertGone(id);
      assert.equal((await click(id, 'reinstall')).status, 409);
    });
  }
});

suite('an operator', () => {
  const replay = (id, from) => clawctl(world.stack, ['replay', id, '--from', from]);

  test('lets it come to its server first, and may then set it back', async () => {
    const [id, was] = await ready();
    await settings({ rebuild: 600 });
    await slowly({ method: 'POST', path: '/api/v1/keys' });
    await world.api.reinstall(id);
    await untilState('llm_key', id, 'renewing');
    for (const from of ['key', 'rebuild', 'install', 'health']) {
      const { code, stderr } = await replay(id, from);
      assert.match(`${code} ${stderr}`, /^1 .*it is being reinstalled, and that has not come to its server yet: let it go on/);
    }
    await untilState('server', id, 'rebuilding');
    await clawctlOk(world.stack, ['replay', id, '--from', 'rebuild']);
    await settings({ rebuild: 0 });
    await assertAnew(id, was);
    await destroyed(id);
  });

  test('says everything again that Kafka lost: it goes on from where it was', async () => {
    const [id, was] = await ready();
    await world.stack.stop('installer.1');
    await world.stack.stop('health-monitor.1');
    await world.api.reinstall(id);
    // What the topics lost: the decision is in no outbox, and no stage has heard of it.
    await world.stack.psql("set search_path = installation, public; update offsets set next = next + 1000 where topic = 'deployments'; update watch.offsets set next = next + 1000 where topic = 'deployments'");
    assert.match(await clawctlOk(world.stack, ['replay', '--from-state', '--dry-run']), /deployment\.reinstall-requested/);
    await world.stack.psql("update installation.offsets set next = next - 1000 where topic = 'deployments'; update watch.offsets set next = next - 1000 where topic = 'deployments'");
    await world.stack.start('installer.1');
    await world.stack.start('health-monitor.1');
    await clawctlOk(world.stack, ['replay', '--from-state']);
    await assertAnew(id, was);
    assert.equal(await rebuilds(was.kept.service), 2);
    await destroyed(id);
  });
});

suite('a second reinstall', () => {
  test('of one that was late and goes on by itself: what the first one still says is passed over', async () => {
    const [id, was] = await ready();
    await settings({ rebuild: 600 });
    await world.api.reinstall(id);
    await untilState('server', id, 'rebuilding');
    await world.stack.psql(`update deployments set status = 'ERROR', status_message = 'An error of a test', failed_piece = 'server' where id = '${id}'`);
    await settings({ rebuild: 0 });
    assert.equal((await world.api.reinstall(id)).status, 'PROVISIONING');
    await assertAnew(id, was, { deadline: 90 });
    assert.equal(await rebuilds(was.kept.service), 3);
    assert.equal((await row('server', id)).notes.anew, 3);
    await destroyed(id);
  });

  test('while OpenClaw restarts: the restart is over', async () => {
    const [id, was] = await ready();
    await world.api.restart(id);
    await world.api.reinstall(id);
    await assertAnew(id, was);
    await untilStatus(id, 'READY');
    await destroyed(id);
  });
});
