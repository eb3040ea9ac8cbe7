// What runs beside the steps of a setup: cut off, failing, killed, it changes nothing about how the setup ends.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { until } from '../client.js';
import { cutAt, replaceOnce, restored } from '../cut.js';
import { KEY, TOKEN, command, finished, follow, machines, rebuilt, scriptAlone, settings, setup, upload } from './world.js';

const STATE = '/var/lib/openclaw-setup';
const keyHash = createHash('sha256').update(KEY).digest('hex');
const WHOLE = { gatewayToken: TOKEN, openclawVersion: '2026.9.6', keyHash };
const speaking = (machine) => (line, input) => command(machine, line, input);
const leftOver = (machine) => command(machine, `ls -d ${STATE}/beside.* 2>/dev/null; pgrep -fl '[s]kills install|[n]pm install' || true`);

async function assertWhole(machine) {
  const { status, log } = await finished(machine);
  assert.equal(status, 'done', log);
  assert.deepEqual(JSON.parse(await setup(machine, 'result')), WHOLE);
  for (const step of ['openclaw', 'config', 'services', 'verify', 'key', 'skills']) assert.equal(log.match(new RegExp(`^${step} took`, 'gm')).length, 1, step);
  assert.equal(await command(machine, 'sudo cat /var/lib/openclaw/.openclaw/state/openrouter-key'), KEY);
  assert.equal(await command(machine, 'ls /var/lib/openclaw/.openclaw/workspace/skills'), 'agentwallet\n');
  assert.equal(await leftOver(machine), '');
  return log;
}

const CUTS = [['sleep', '0.2'], ['timeout', '*paste-api-key*'], ['timeout', '*paste-api-key*', true], ['mv', '*key_hash.new*', true],
  ['timeout', '*skills?install*'], ['timeout', '*skills?install*', true], ['mv', '*skills_missing.new*', true]];

test('cut off anywhere between the start of the services and the last skill, it goes on and ends whole', scriptAlone, async () => {
  await Promise.all(CUTS.map(async ([tool, words, late]) => {
    const machine = await rebuilt();
    const on = speaking(machine);
    await command(machine, `echo ${tool === 'sleep' ? 5 : 0} | sudo -n tee /var/lib/sandbox/ready-after`);
    await cutAt(on, tool, words, late);
    await upload(machine, { SKILLS: 'agentwallet' });
    await setup(machine, 'start');
    const { status } = await finished(machine);
    assert.match(status, /^failed (verify|key|skills) interrupted$/, `${tool} ${words} ${late}`);
    await restored(on, tool);
    assert.equal(await setup(machine, 'start'), 'started\n');
    await assertWhole(machine);
  }));
});

test('a reboot while the key is stored and a skill installed', scriptAlone, async () => {
  const machine = await rebuilt();
  await command(machine, 'echo 5 | sudo -n tee /var/lib/sandbox/ready-after');
  await upload(machine, { SKILLS: 'agentwallet' });
  await setup(machine, 'start');
  await until('it waits for OpenClaw', async () => (await follow(machine)).status === 'running verify');
  settings.setup = 600; // half a minute for each of the two
  await until('both are at work', async () => (await command(machine, "pgrep -c -f '[o]penclaw (skills install|models auth)' || true")) >= 2);
  settings.setup = 0;
  await machines.reboot(machine.name);
  assert.equal((await follow(machine)).status, 'failed key interrupted');
  assert.equal(await setup(machine, 'start'), 'started\n');
  await assertWhole(machine);
});

test('when the key can not be stored, the skills are not installed any longer, and nothing raw of them stays', scriptAlone, async () => {
  const machine = await rebuilt();
  const on = speaking(machine);
  await command(machine, 'echo 5 | sudo -n tee /var/lib/sandbox/ready-after');
  await replaceOnce(on, 'timeout', '*paste-api-key*', `until pgrep -f '[o]penclaw skills install' >/dev/null; do /bin/sleep 0.02; done
stat -c %a ${STATE}/beside.skills >/tmp/mode
exit 3`);
  await upload(machine, { SKILLS: 'agentwallet' });
  await setup(machine, 'start');
  await until('it waits for OpenClaw', async () => (await follow(machine)).status === 'running verify');
  settings.setup = 600; // a skill takes half a minute
  const { status } = await finished(machine);
  settings.setup = 0;
  assert.equal(status, 'failed key storing the key did not work (exit status 3)');
  assert.equal(await leftOver(machine), '');
  assert.equal(await command(machine, 'cat /tmp/mode'), '600\n');
  await restored(on, 'timeout');
  assert.equal(await setup(machine, 'start'), 'started\n');
  await assertWhole(machine);
});

// The uppermost process that speaks into the file.
const KILL_BESIDE = (name) => `pid=$PPID
parent() { cut -d' ' -f4 "/proc/$pid/stat"; }
while [ "$(readlink "/proc/$(parent)/fd/1")" = ${STATE}/beside.${name} ]; do pid=$(parent); done
kill -9 "$pid"
exit 1`;

test('a step finishes what was killed beside it', scriptAlone, async () => {
  for (const [name, words, log] of [['openclaw', '*npm?install*', /\nadded 330 packages/], ['skills', '*skills?install*', /\nInstalled agentwallet@/]]) {
    const machine = await rebuilt();
    await replaceOnce(speaking(machine), 'timeout', words, KILL_BESIDE(name));
    await upload(machine, { SKILLS: 'agentwallet' });
    await setup(machine, 'start');
    assert.match(await assertWhole(machine), log);
    await restored(speaking(machine), 'timeout');
  }
});
