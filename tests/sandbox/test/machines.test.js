// Runs the machines' tests (machines/inside.js, machines/upgrades.js) through tests/sandbox/run as root and as an ordinary user, and shows that
// a sandbox that is told or forced to end takes everything along.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { until } from '../machines/client.js';

const here = join(dirname(fileURLToPath(import.meta.url)), '..');
const ORDINARY = 61235;
const root = process.getuid() === 0;
const asOrdinary = root ? ['setpriv', `--reuid=${ORDINARY}`, `--regid=${ORDINARY}`, '--clear-groups'] : [];
const readable = spawnSync('/usr/bin/env', [...asOrdinary, 'test', '-r', join(here, 'run')]).status === 0;
let used = process.pid;

const isFree = (port) => new Promise((resolve) => {
  const server = net.createServer().once('error', () => resolve(false));
  server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
});

// Everything a sandbox process needs to know, with addresses nobody else uses.
async function place(t, ordinary) {
  const dir = mkdtempSync(join(tmpdir(), 'sandbox-'));
  if (ordinary && root) chownSync(dir, ORDINARY, ORDINARY);
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const low = !ordinary && await isFree(22) && await isFree(443);
  used += 1;
  return { ...process.env, SANDBOX_DIR: dir, SANDBOX_NET: `127.${150 + (used % 100)}`, SANDBOX_SSH_PORT: low ? '22' : '2222',
    SANDBOX_HTTPS_PORT: low ? '443' : '8443', SANDBOX_BRIEF: ordinary && root ? 'yes' : '', NODE_TEST_CONTEXT: undefined, HOME: dir };
}

function start(env, ordinary, words) {
  const command = [...(ordinary ? asOrdinary : []), join(here, 'run'), process.execPath, ...words];
  return spawn(command[0], command.slice(1), { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function runInside(t, ordinary, file = 'machines/inside.js') {
  const child = start(await place(t, ordinary), ordinary, ['--test', '--test-reporter=tap', join(here, file)]);
  let report = '';
  child.stdout.on('data', (text) => { report += text; });
  const status = await new Promise((resolve) => { child.on('close', resolve); });
  assert.equal(status, 0, report);
}

// Two at once: most of the time of each is waiting.
describe('the machines', { concurrency: 2 }, () => {
  // What the script does does not depend on who runs the sandbox.
  test('an upgrade that is cut off anywhere', { skip: !readable && 'the checkout is closed to others', timeout: 900000 },
    (t) => runInside(t, !root, 'machines/upgrades.js'));

  test('everything else, as root', { skip: !root && 'not root', timeout: 900000 }, (t) => runInside(t, false));

  test('everything else, as an ordinary user', { skip: !readable && 'the checkout is closed to others', timeout: 900000 },
    (t) => runInside(t, true));
});

const THREE_MACHINES = `
  const { Machines } = await import(${JSON.stringify(join(here, 'machines.js'))});
  const { SANDBOX_DIR: dir, SANDBOX_NET: net, SANDBOX_SSH_PORT: sshPort, SANDBOX_HTTPS_PORT: httpsPort } = process.env;
  const machines = new Machines({ dir, net, sshPort, httpsPort });
  await machines.start();
  await Promise.all([1, 2, 3].map((n) => machines.rebuild({ name: 'm' + n, ip: net + '.0.' + n, publicKey: '' })));
  console.log('up');
  setInterval(() => {}, 1000);`;

// Whatever runs with this folder in its environment or its command line belongs to the sandbox of that folder.
function belongingTo(dir) {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(dir) || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir);
    } catch {
      return false;
    }
  });
}

for (const signal of ['SIGTERM', 'SIGKILL']) {
  for (const ordinary of root && readable ? [false, true] : [!root]) {
    test(`${signal} ends everything at once, ${ordinary ? 'as an ordinary user' : 'as root'}`, { timeout: 60000 }, async (t) => {
      const env = await place(t, ordinary);
      const child = start(env, ordinary, ['--input-type=module', '-e', THREE_MACHINES]);
      await new Promise((resolve, reject) => {
        child.stdout.once('data', resolve);
        child.once('exit', () => reject(new Error('the sandbox did not start')));
      });
      const doors = () => readFileSync('/proc/net/tcp', 'utf8').split('\n')
        .filter((line) => line.includes(`${Number(env.SANDBOX_NET.split('.')[1]).toString(16).toUpperCase().padStart(2, '0')}7F:`)).length;
      assert.equal(doors(), 3);
      child.kill(signal);
      await until('all of it is gone', () => doors() === 0 && belongingTo(env.SANDBOX_DIR).length === 0, 5000);
      assert.doesNotMatch(readFileSync('/proc/self/mounts', 'utf8'), new RegExp(env.SANDBOX_DIR));
    });
  }
}
