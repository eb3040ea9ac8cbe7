// A destroyed machine is wiped before it is let go: nothing that was on it, and nobody who could get in, is left.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { door, forgetKeys, on } from './machine.mjs';
import { assertGone, assertReady, bought, deploy, destroy, destroyed, restartWith, row, tidy, untilMessage, untilStatus, world } from './world.mjs';

const REBUILD = { method: 'POST', path: '/1.0/vps/*/rebuild' };
const settings = (changes) => world.sandbox.settings(changes);
const refusals = [400]; // also because the machine is busy
const rebuilds = async (name) => (await world.sandbox.get('/_/journal')).filter((call) => call.method === 'POST' && call.path === `/1.0/vps/${name}/rebuild` && !refusals.includes(call.status)).length;
const messages = async (id) => (await world.api.events(id)).map((event) => event.message ?? '').join('\n');

async function ready() {
  const [id] = await deploy();
  await assertReady(id);
  return [id, (await row('server', id)).notes.service_name];
}

describe('wiping', () => {
  tidy();
  after(forgetKeys);

  test('the old key does not get in any more', async () => {
    const [id, name] = await ready();
    const knock = await door(id);
    assert.match(await on(id, 'echo in'), /in/);
    await settings({ rebuild: 600 });
    await destroy(id);
    await untilMessage(id, /^The server is paid until \d+ \w+ \d+; it is being wiped and released$/);
    await settings({ rebuild: 0 });
    await assertGone(id);
    await assert.rejects(knock('echo in'), /Permission denied/);
    assert.equal(await rebuilds(name), 2);
  });

  test('the answer to the wiping is lost, the orderer dies: it is wiped once', async () => {
    const [id, name] = await ready();
    await settings({ rebuild: 600 });
    await world.sandbox.faults({ ...REBUILD, kind: 'slow', seconds: 2 });
    await destroy(id);
    await until(async () => (await rebuilds(name)) === 2, { what: 'it is asked for' });
    await world.stack.kill('ovh-orderer.1');
    await world.stack.start('ovh-orderer.1');
    await settings({ rebuild: 0 });
    await assertGone(id);
    assert.equal(await rebuilds(name), 2);
  });

  test('OVH refuses: released all the same, and it is said', async () => {
    const [id, name] = await ready();
    await world.sandbox.faults({ ...REBUILD, kind: 'status', status: 400, body: { message: 'This image can not be installed' }, times: 0 });
    await destroyed(id);
    assert.match(await messages(id), /The server is paid until \d+ \w+ \d+ and released; OVH did not wipe it and deletes its data on that day/);
    assert.equal((await world.sandbox.get('/_/journal')).filter((call) => call.path === `/1.0/vps/${name}/rebuild`).length, 4, 'three tries');
  });

  test('OVH does not get to it: released after the limit', async () => {
    await restartWith('ovh-orderer', { WIPE_LIMIT_S: 1 });
    const [id] = await ready();
    await settings({ rebuild: 3600 });
    await destroyed(id);
    assert.match(await messages(id), /The server is paid until \d+ \w+ \d+; OVH is wiping it, and it is released/);
    await restartWith('ovh-orderer', {});
  });

  test('destroyed during its first installation: wiped after it; destroyed before it: not at all', async () => {
    await settings({ rebuild: 600 });
    const [id] = await deploy();
    await until(async () => (await row('server', id))?.state === 'rebuilding', { what: 'it is being installed' });
    await destroy(id);
    await settings({ rebuild: 0 });
    await assertGone(id);
    assert.equal(await rebuilds((await row('server', id)).notes.service_name), 2);

    await settings({ deliver_task: 600 });
    const [young] = await deploy();
    await untilStatus(young, 'PROVISIONING');
    await destroy(young);
    await settings({ deliver_task: 0 });
    await assertGone(young);
    assert.equal((await bought(young)).servers.length, 1);
  });

  test('destroyed while it restarts, and its end has come already: gone', async () => {
    const [id] = await ready();
    await world.api.restart(id);
    await destroyed(id);
    const [other] = await ready();
    await settings({ clock_offset: 40 * 86400 });
    const { notes } = await row('server', other);
    await world.sandbox.faults({ path: `/1.0/vps/${notes.service_name}/serviceInfos`, kind: 'status', status: 460, body: { message: 'This service is expired' }, times: 0 });
    await destroy(other);
    await world.api.waitStatus(other, 'DESTROYED');
    assert.match(await messages(other), /The server is gone already/);
  });
});
