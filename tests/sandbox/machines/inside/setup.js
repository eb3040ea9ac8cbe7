// The setup script on a light machine: to its end, with bad values, and cut off.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { ssh, until } from '../client.js';
import { HOME, KEY, TOKEN, command, finished, follow, installed, machines, rebuilt, scriptAlone, settings, setup, upload } from './world.js';

test('the setup script brings OpenClaw up, once', async () => {
  const machine = await rebuilt();
  await upload(machine, { SKILLS: 'agentwallet nowhere-to-be-had' });
  assert.deepEqual(await follow(machine), { status: 'none', offset: 0, log: '' });
  settings.setup = 0.5;
  assert.equal(await setup(machine, 'start'), 'started\n');
  assert.match(await setup(machine, 'start'), /^already (running|done)\n$/);
  const { status, log } = await finished(machine);
  settings.setup = 0;
  assert.equal(status, 'done');
  assert.match(log, /^== prepare: /);
  assert.match(log, /\n== verify: /);
  const keyHash = createHash('sha256').update(KEY).digest('hex');
  assert.deepEqual(JSON.parse(await setup(machine, 'result')), { gatewayToken: TOKEN, openclawVersion: '2026.9.6', keyHash, skillsMissing: 'nowhere-to-be-had' });
  assert.match(log, /\nThe skill nowhere-to-be-had could not be installed; OpenClaw works without it\n/);
  assert.equal(await setup(machine, 'start'), 'already done\n');

  const everything = log + await command(machine, 'cat /var/log/standins.log /var/lib/openclaw-setup/console');
  assert.doesNotMatch(everything, new RegExp(`${KEY}|${TOKEN}`));
  assert.doesNotMatch(await command(machine, `ls ${HOME} /var/lib/openclaw-setup`), /setup\.env|values/);
  assert.equal(await command(machine, 'sudo cat /var/lib/openclaw/.openclaw/state/openrouter-key'), KEY);
  assert.equal(await command(machine, 'cat /var/lib/openclaw-setup/run_id'), 'run-1\n');
});

test('a kill before the values were forgotten, and an upload nobody needs any more, leave nothing behind', scriptAlone, async () => {
  const machine = await rebuilt();
  await upload(machine);
  await setup(machine, 'start');
  await finished(machine);
  await command(machine, `sudo -n sh -c 'umask 077; echo secret >/var/lib/openclaw-setup/values; echo secret >${HOME}/certificates.tgz'`);
  await setup(machine, 'result');
  assert.equal(await command(machine, 'ls /var/lib/openclaw-setup/values 2>/dev/null || true'), '');
  assert.equal(await setup(machine, 'start'), 'already done\n');
  assert.equal(await command(machine, `ls ${HOME}`), 'setup.sh\n');
});

test('Node.js that was cut off while it was unpacked is unpacked again', scriptAlone, async () => {
  const machine = await installed();
  await command(machine, 'sudo -n rm /var/lib/openclaw-setup/node');
  await upload(machine, { RUN_ID: 'run-2' });
  await setup(machine, 'start');
  const { status, log } = await finished(machine);
  assert.equal(status, 'done');
  assert.match(log.slice(log.lastIndexOf('== node')), /\nNode\.js v[\d.]+\n/);
});

test('bad values fail with a reason, and the right ones then go through', scriptAlone, async () => {
  const machine = await rebuilt();
  for (const [changes, reason] of [
    [{ VPS_IP: 'not an address' }, 'failed values the value of VPS_IP is missing or malformed'],
    [{ GATEWAY_TOKEN: '' }, 'failed values the value of GATEWAY_TOKEN is missing or malformed'],
    [{ RUN_ID: "x'; touch /tmp/owned; '" }, 'failed values setup.env is malformed'],
    [{ PATH: '/tmp' }, 'failed values setup.env is malformed'],
  ]) {
    await upload(machine, changes);
    assert.equal((await ssh(machine.ssh, `sudo -n /bin/bash ${HOME}/setup.sh start`)).status, 1);
    assert.equal((await follow(machine)).status, reason);
  }
  assert.equal(await command(machine, `ls /tmp ${HOME}`), `/home/debian/openclaw-setup:\nsetup.sh\n\n/tmp:\n`);
  await upload(machine);
  await setup(machine, 'start');
  assert.equal((await finished(machine)).status, 'done');
});

test('a step that fails says which and why, and start resumes there', scriptAlone, async () => {
  const machine = await rebuilt();
  await upload(machine, { OPENCLAW_VERSION: '1999.1.1' });
  await command(machine, 'sudo -n sh -c "mkdir -p /tmp/bin && ln -s /bin/true /usr/local/bin/sleep"');
  await setup(machine, 'start');
  const { status, log } = await finished(machine);
  assert.match(status, /^failed openclaw installing OpenClaw did not work/);
  assert.match(log, /attempt 3 of 3 did not work/);
  await upload(machine, { RUN_ID: 'run-2' });
  await setup(machine, 'start');
  assert.equal((await finished(machine)).status, 'done');
  assert.equal(await command(machine, 'cat /var/lib/openclaw-setup/run_id'), 'run-2\n');
});

test('a setup cut off by a reboot says so and goes on where it was', scriptAlone, async () => {
  const machine = await rebuilt();
  await upload(machine);
  settings.setup = 600;
  await setup(machine, 'start');
  await until('it is at work', async () => (await follow(machine)).status === 'running packages');
  await machines.reboot(machine.name);
  assert.equal((await follow(machine)).status, 'failed packages interrupted');
  settings.setup = 0;
  assert.equal(await setup(machine, 'start'), 'started\n');
  const { status, log } = await finished(machine);
  assert.equal(status, 'done');
  assert.equal(log.match(/== prepare/g).length, 1);
  assert.equal(log.match(/== packages/g).length, 2);
});
