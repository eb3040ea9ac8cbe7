// A newer OpenClaw on a machine that works, and restarts that are followed: whatever happens on the way, it ends with a
// version that works, with what people had, and with a text that says what came of it. The deployment is READY throughout.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { until } from '../harness/wait.mjs';
import { forgetKeys, on, power } from './hostile/machine.mjs';
import { age, assertClear, assertGone, assertNothingSecret, assertReady, begin, calm, deploy, destroyed, end, hurry, restartWith, row, untilMessage, world } from './hostile/world.mjs';

const OLD = '2026.9.6';
const NEW = '2026.9.7';
const BROKEN = '2026.9.99'; // leaves its mark on what is there, and never starts
const STATE = '/var/lib/openclaw-setup';
const HOME = '/var/lib/openclaw/.openclaw';

const settings = (changes) => world.sandbox.settings(changes);
const upgrade = (id) => world.api.post(`/api/openclaw/deployments/${id}/upgrade`, undefined, { body: '' });
const offered = (version) => restartWith('api-gateway', { OPENCLAW_VERSION: version });
const refused = (promise, detail) => assert.rejects(promise, (error) => error.status === 409 && detail.test(error.body?.detail ?? error.message));
const types = async (id) => (await world.api.events(id)).map((event) => event.type);
const status = async (id) => (await on(id, `cat ${STATE}/status`)).trim();
const reaches = (id, step) => until(async () => (await status(id)) === `running ${step}`, { what: `the upgrade is at ${step}`, every: 0.02 });
const version = (id) => until(async () => (await on(id, 'openclaw --version')).split(' ')[1], { what: 'it tells its version' });
const answers = (id) => on(id, "curl -s -o /dev/null -m 2 -w '%{http_code}' http://127.0.0.1:18789/readyz");
const lateBy = (id, seconds) => on(id, `echo ${seconds} | sudo -n tee /var/lib/sandbox/ready-after >/dev/null`);
const killRun = (id) => on(id, "pkill -9 -f 'setup.sh run|/npm |/tar '").catch(() => undefined);

before(async () => {
  await begin({ installer: { OPENCLAW_VERSION: OLD }, 'api-gateway': { OPENCLAW_VERSION: NEW, DEPLOYS_PER_HOUR: 1000 }, 'health-monitor': { WATCH_POLL_S: 0.5 } });
  await hurry();
});
after(async () => {
  await forgetKeys();
  await end();
});
afterEach(calm);

async function ready() {
  const [id] = await deploy();
  await assertReady(id);
  await on(id, `echo mine | sudo -n tee ${HOME}/notes >/dev/null`);
  return id;
}

/** It ended with that version, which works and has what was there, and nothing of the upgrade lies around. */
async function assertRuns(id, wanted, message, { deadline = 60 } = {}) {
  await untilMessage(id, message, { deadline });
  const deployment = await world.api.deployment(id);
  assertClear(deployment.statusMessage);
  assert.equal(deployment.version, wanted);
  assert.equal(deployment.change, null);
  assert.equal((await row('installation', id)).state, 'installed');
  assert.equal(await version(id), wanted);
  await until(async () => (await answers(id)) === '200', { what: 'OpenClaw answers' });
  assert.equal(await on(id, `sudo -n cat ${HOME}/notes`), 'mine\n');
  assert.equal(await on(id, `sudo -n cat ${HOME}/state/last-version`), wanted, 'the state is of that version');
  assert.equal(await on(id, `ls -d ${STATE}/upgrade* /usr/local/lib/openclaw-before ${STATE}/values 2>/dev/null || true`), '');
  assert.equal(await on(id, `sudo -n stat -c '%a' ${STATE}/backups`), '700\n');
  const requested = (await world.api.events(id)).findLastIndex((event) => event.type === 'deployment.upgrade-requested');
  assert.ok((await world.api.events(id)).slice(requested).every((event) => event.status === 'READY'), 'READY throughout');
  await assertNothingSecret(id);
}
const upgraded = new RegExp(`^OpenClaw was upgraded to ${NEW.replaceAll('.', '\\.')}$`);
const undone = /^OpenClaw 2026\.9\.\d runs as before; the upgrade to 2026\.9\.\d+ was undone: /;

describe('an upgrade', () => {
  let id;

  test('is refused where it makes no sense', async () => {
    await settings({ delivering: 600 });
    const [young] = await deploy();
    await refused(upgrade(young), /^Only a deployment that is READY can be upgraded; this one is (PENDING|ORDERING)\.$/);
    const stranger = world.stack.api();
    await stranger.signUp();
    await assert.rejects(stranger.post(`/api/openclaw/deployments/${young}/upgrade`, undefined, { body: '' }), { status: 404 });
    assert.equal((await world.api.deployment(young)).version, null);
    await world.api.destroy(young);
  });

  test('brings the newer version, and keeps what was there', async () => {
    id = await ready();
    const before = await world.api.deployment(id);
    assert.equal(before.version, OLD);
    assert.equal(before.availableVersion, NEW);
    const asked = await upgrade(id);
    assert.equal(asked.status, 'READY');
    assert.equal(asked.statusMessage, `Upgrading OpenClaw to ${NEW}`);
    await assertRuns(id, NEW, upgraded);
    assert.equal((await world.api.deployment(id)).availableVersion, null);
    assert.deepEqual((await types(id)).filter((type) => /upgrade/.test(type)), ['deployment.upgrade-requested', 'instance.upgraded']);
    const lines = (await world.api.log(id)).lines.map((line) => line.text).filter((text) => /^== (check|backup|stop|install|doctor|launch)/.test(text));
    assert.deepEqual(lines.map((text) => /\w+/.exec(text)[0]), ['check', 'backup', 'stop', 'install', 'doctor', 'launch']);
    await refused(upgrade(id), /^There is nothing newer to upgrade to: OpenClaw 2026\.9\.7 runs already\.$/);
  });

  test('to a version that can not be had changes nothing', async () => {
    await offered('2026.9.404');
    const pid = await on(id, 'systemctl show -p MainPID --value openclaw-gateway');
    await on(id, 'sudo -n ln -s /bin/true /usr/local/bin/sleep');
    await upgrade(id);
    await assertRuns(id, NEW, undone);
    assert.match((await world.api.deployment(id)).statusMessage, /: OpenClaw 2026\.9\.404 can not be downloaded$/);
    assert.equal(await on(id, 'systemctl show -p MainPID --value openclaw-gateway'), pid, 'it ran all the time');
    await on(id, 'sudo -n rm /usr/local/bin/sleep');
  });

  test('to a version that does not start is undone, and says why', async () => {
    await offered(BROKEN);
    for (let i = 0; i < 2; i++) {
      await upgrade(id);
      await untilMessage(id, /^Upgrading|^Backing up|^Starting|^Installing|^Going back|^Looking|^Stopping/);
      await assertRuns(id, NEW, undone);
      assert.match((await world.api.deployment(id)).statusMessage, /: OpenClaw 2026\.9\.99 does not start$/);
      assert.match((await world.api.events(id)).findLast(({ type }) => type === 'instance.change-failed').message, undone);
    }
    assert.ok(!(await types(id)).slice(-10).includes('instance.upgraded'));
    assert.equal((await world.api.deployment(id)).availableVersion, BROKEN);
    assert.equal((await on(id, `sudo -n ls -l ${STATE}/backups`)).match(/^-rw------- .*openclaw-2026\.9\.7-/gm).length, 2, 'the last two backups are kept');
  });

  test('whose way back is cut off, by a kill and by a reboot, still gets there', async () => {
    await lateBy(id, 3);
    await upgrade(id);
    await reaches(id, 'undo');
    await killRun(id);
    await untilMessage(id, /^The upgrade was interrupted and goes on$|^Going back/);
    await reaches(id, 'undo');
    await power(id, 'reboot');
    await assertRuns(id, NEW, undone);
    await destroyed(id);
    await offered(NEW);
  });
});

describe('an upgrade that is cut off goes on', () => {
  test('after a kill in the middle of the installation', async () => {
    const id = await ready();
    await settings({ setup: 60 });
    await upgrade(id);
    await reaches(id, 'install');
    await killRun(id);
    await settings({ setup: 0 });
    await assertRuns(id, NEW, upgraded);
    await destroyed(id);
  });

  test('after a reboot in the middle of the installation', async () => {
    const id = await ready();
    await settings({ setup: 60 });
    await upgrade(id);
    await reaches(id, 'install');
    await settings({ setup: 0 });
    await power(id, 'reboot');
    await assertRuns(id, NEW, upgraded);
    await destroyed(id);
  });

  test('after a kill -9 of the installer', async () => {
    const id = await ready();
    await settings({ setup: 60 });
    await upgrade(id);
    await reaches(id, 'install');
    await world.stack.kill('installer.1');
    await settings({ setup: 0 });
    await world.stack.start('installer.1');
    await assertRuns(id, NEW, upgraded);
    assert.equal((await world.api.log(id)).lines.filter((line) => line.text.startsWith('== install: ')).length, 1, 'each line once');
    await destroyed(id);
  });

  test('but not after a destroy', async () => {
    const id = await ready();
    await settings({ setup: 60 });
    await upgrade(id);
    await reaches(id, 'install');
    await world.api.destroy(id);
    await settings({ setup: 0 });
    await assertGone(id);
    assert.ok(!(await types(id)).includes('instance.upgraded'));
  });
});

describe('a restart', () => {
  const told = async (id, type) => new Date((await world.api.events(id)).findLast((event) => event.type === type)?.at ?? NaN);

  test('is over when OpenClaw answers', async () => {
    const id = await ready();
    await lateBy(id, 3);
    await world.api.restart(id);
    await untilMessage(id, /^Waiting for OpenClaw to answer$/);
    await until(async () => (await types(id)).includes('instance.restarted'), { what: 'the restart is done' });
    assert.equal(await answers(id), '200');
    assert.ok(await told(id, 'instance.restarted') - await told(id, 'deployment.restart-requested') > 2900, 'not before it was ready');
    await destroyed(id);
  });

  test('after which it never answers is told, and so is a configuration it refuses', async () => {
    const id = await ready();
    await lateBy(id, 1e6);
    await world.api.restart(id);
    await until(async () => (await row('installation', id)).state === 'coming_back', { what: 'it is waited for' });
    await age('installation', id, 1000);
    await untilMessage(id, /^The restart did not work: OpenClaw did not answer within three minutes$/);
    assert.equal((await world.api.deployment(id)).status, 'READY');
    assert.ok(!(await types(id)).includes('instance.restarted'));

    await on(id, `sudo -n sh -c 'echo {} >${HOME}/openclaw.json'`);
    await world.api.restart(id);
    const texts = async () => (await world.api.events(id)).map((event) => event.message);
    await until(async () => (await texts()).includes('The restart did not work: OpenClaw refuses its configuration; undo what was changed there last'), { what: 'it is told why' });
    await until(async () => (await types(id)).includes('instance.unhealthy'), { what: 'the monitor tells it' });
    assert.equal((await world.api.deployment(id)).status, 'READY');
    await destroyed(id);
  });
});
