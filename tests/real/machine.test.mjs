// Runs the tests of the real machine (inside.mjs) where this system allows booted machines, and shows that a sandbox that
// is forced to end leaves nothing of them behind.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { until } from '../sandbox/machines/client.js';
import { MACHINES, place, tied, unable } from './place.mjs';

const TESTS_MS = 40 * 60000;
const RUN = join(MACHINES, 'run');

const here = dirname(fileURLToPath(import.meta.url));
const skip = unable();

// Its output, with the counts of its tests, is part of this one's.
test('the real machine', { skip, timeout: TESTS_MS }, async ({ signal }) => {
  const words = [RUN, process.execPath, '--test', '--test-reporter=spec', join(here, 'inside.mjs')];
  const child = tied(words, { env: place(), signal, stdio: ['ignore', 'inherit', 'inherit'] });
  assert.equal(await new Promise((resolve, reject) => { child.on('error', reject).on('close', resolve); }), 0);
});

const ONE_MACHINE = `
  const { Machines } = await import(${JSON.stringify(join(MACHINES, 'machines.js'))});
  const machines = new Machines({ dir: process.env.SANDBOX_DIR, net: process.env.SANDBOX_NET });
  await machines.start();
  await machines.rebuild({ name: 'm1', ip: process.env.SANDBOX_NET + '.2', publicKey: '' });
  console.log('up');
  setInterval(() => {}, 1000);`;

const program = (text) => [process.execPath, '--input-type=module', '-e', text];
const sandbox = [RUN, ...program(ONE_MACHINE)];
const aTest = program(`
  const { tied } = await import(${JSON.stringify(join(here, 'place.mjs'))});
  tied(${JSON.stringify(sandbox)}, { stdio: ['ignore', 'inherit', 'inherit'] });`);

const cgroups = () => ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup'].filter(existsSync)
  .flatMap((at) => readdirSync(at).filter((name) => name.startsWith('openclaw-sandbox-') || name === 'payload' || name === 'supervisor'));

function belongingTo(dir) {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(dir) || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir);
    } catch {
      return false;
    }
  });
}

const ends = [
  ['SIGTERM to the sandbox', sandbox, (pid) => process.kill(pid, 'SIGTERM')],
  ['SIGKILL of the sandbox', sandbox, (pid) => process.kill(pid, 'SIGKILL')],
  ['SIGKILL of it and all it started in its group', sandbox, (pid) => process.kill(-pid, 'SIGKILL')],
  ['SIGKILL of the test that started it', aTest, (pid) => process.kill(pid, 'SIGKILL')],
];

for (const [what, words, end] of ends) {
  test(`${what} ends a booted machine and leaves nothing behind`, { skip, timeout: 300000 }, async () => {
    const env = place();
    const [before, run] = [cgroups(), readdirSync('/run/systemd', { recursive: true }).length];
    const link = `oc-${env.SANDBOX_NET.replaceAll('.', '-')}`;
    const child = tied(words, { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text) => /up/.test(text) && resolve());
      child.once('exit', () => reject(new Error('the sandbox did not start')));
    });
    assert.ok(existsSync(`/sys/class/net/${link}`));
    assert.ok(cgroups().some((name) => !before.includes(name)));
    end(child.pid);
    await until('all of it is gone', () => belongingTo(env.SANDBOX_DIR).length === 0 && !existsSync(`/sys/class/net/${link}`)
      && cgroups().every((name) => before.includes(name)), 60000);
    assert.doesNotMatch(readFileSync('/proc/self/mounts', 'utf8'), new RegExp(env.SANDBOX_DIR));
    assert.deepEqual(readdirSync(join(env.SANDBOX_DIR, 'machines')), []);
    assert.equal(readdirSync('/run/systemd', { recursive: true }).length, run);
  });
}
