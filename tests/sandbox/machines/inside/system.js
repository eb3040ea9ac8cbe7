// What the setup script makes of the system it finds, and where it gets things from.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { ssh, until } from '../client.js';
import { replaceOnce } from '../cut.js';
import { HOME, command, finished, follow, rebuilt, scriptAlone, settings, setup, upload } from './world.js';

const STATE = '/var/lib/openclaw-setup';
const NOBODYS = (digits) => '0'.repeat(digits);

async function outcome(machine, changes) {
  await upload(machine, changes);
  await setup(machine, 'start');
  return finished(machine);
}

const calls = async (machine, tool) => (await command(machine, 'cat /var/log/standins.log')).split('\n')
  .filter((line) => line.split(' ')[1] === tool).map((line) => line.slice(line.indexOf(tool)));

const SYSTEMS = [['ubuntu', '22.04', 'jammy'], ['ubuntu', '24.04', 'noble'], ['debian', '12', 'bookworm'], ['debian', '13', 'trixie']];
const mirrored = 'http://mirror.example/linux';
const list = (kind, suite) => (kind === 'ubuntu' ? `deb ${mirrored}/ubuntu ${suite} main universe
deb ${mirrored}/ubuntu ${suite}-updates main universe
deb ${mirrored}/ubuntu ${suite}-security main universe
` : `deb ${mirrored}/debian ${suite} main
deb ${mirrored}/debian ${suite}-updates main
deb ${mirrored}/debian-security ${suite}-security main
`);

test('each system it knows is named, and gets its packages from where it is told; others are refused', scriptAlone, async () => {
  const machine = await rebuilt();
  const pretend = (text) => command(machine, 'sudo -n tee /etc/os-release', text);
  for (const [kind, version, suite] of SYSTEMS) {
    await pretend(`ID=${kind}\nVERSION_ID="${version}"\nVERSION_CODENAME=${suite}\n`);
    const { status, log } = await outcome(machine, { APT_MIRROR: mirrored, RUN_ID: `on-${suite}` });
    assert.equal(status, 'done', log);
    assert.match(log.slice(log.lastIndexOf('== prepare')), new RegExp(`\nthis is ${kind}-${version}\n`));
    assert.equal(await command(machine, `cat ${STATE}/apt.list`), list(kind, suite));
  }
  const apt = await calls(machine, 'apt-get');
  assert.ok(apt.length >= 2 * SYSTEMS.length);
  for (const call of apt) assert.match(call, /-o Dir::Etc::SourceList=\/var\/lib\/openclaw-setup\/apt\.list -o Dir::Etc::SourceParts=\/dev\/null (update|install)/);
  for (const [text, name] of [['ID=debian\nVERSION_ID="11"\n', 'debian-11'], ['ID=ubuntu\nVERSION_ID="25.10"\n', 'ubuntu-25.10'], ['ID=arch\n', 'arch-'], ['', '-']]) {
    await pretend(text);
    const { status } = await outcome(machine, { RUN_ID: `on${name}` });
    assert.equal(status, `failed prepare this system (${name}) is not supported`);
  }
});

test('our own way in is allowed before the firewall is up', scriptAlone, async () => {
  const machine = await rebuilt();
  assert.equal((await outcome(machine)).status, 'done');
  assert.deepEqual(await calls(machine, 'ufw'), ['ufw allow 22/tcp', 'ufw allow 80/tcp', 'ufw allow 443/tcp', 'ufw default deny incoming', 'ufw --force enable']);
});

test('npm and ClawHub are asked where it is told, and else nobody in particular', scriptAlone, async () => {
  const machine = await rebuilt();
  const { status, log } = await outcome(machine, { NPM_REGISTRY: 'http://npm.example:4873/all', CLAWHUB_URL: 'http://skills.example/hub', SKILLS: 'agentwallet' });
  assert.equal(status, 'done');
  const [call, ...more] = (await calls(machine, 'npm')).filter((line) => line.startsWith('npm install '));
  assert.match(call, / --registry=http:\/\/npm\.example:4873\/all( |$)/);
  assert.deepEqual(more, []);
  assert.match(log, /\nInstalled agentwallet@1\.0\.0 of http:\/\/skills\.example\/hub -> /);
  const other = await rebuilt();
  assert.match((await outcome(other, { SKILLS: 'agentwallet' })).log, /\nInstalled agentwallet@1\.0\.0 of https:\/\/clawhub\.ai -> /);
  assert.doesNotMatch((await calls(other, 'npm')).join('\n'), /--registry/);
});

test('a download with the wrong checksum is refused', scriptAlone, async () => {
  const machine = await rebuilt();
  assert.equal((await outcome(machine, { CADDY_SHA512: NOBODYS(128) })).status, 'failed caddy the download of Caddy has the wrong checksum');
  assert.equal(await command(machine, 'ls /usr/local/bin/caddy 2>/dev/null || true'), '');
  const other = await rebuilt();
  assert.equal((await outcome(other, { NODE_SHA256: NOBODYS(64) })).status, 'failed node the download of Node.js has the wrong checksum');
  assert.equal(await command(other, 'ls /usr/local/bin/node 2>/dev/null || true'), '');
});

test('another run is refused while one is at work, which goes on', scriptAlone, async () => {
  const machine = await rebuilt();
  await upload(machine);
  settings.setup = 600;
  await setup(machine, 'start');
  await until('it is at work', async () => (await follow(machine)).status === 'running packages');
  await upload(machine, { RUN_ID: 'run-2' });
  const { status, errors } = await ssh(machine.ssh, `sudo -n /bin/bash ${HOME}/setup.sh start`);
  assert.deepEqual([status, errors], [75, 'another run is under way\n']);
  assert.equal((await follow(machine)).status, 'running packages');
  assert.equal(await command(machine, `cat ${STATE}/run_id; ls ${HOME}`), 'run-1\nsetup.env\nsetup.sh\n', 'its values wait for their turn');
  settings.setup = 0;
});

const constant = async (path, pattern) => Number(pattern.exec(await readFile(new URL(`../../../../${path}`, import.meta.url), 'utf8'))[1]);

test('a registry that hangs is given up, and said, before the installer does', scriptAlone, async () => {
  const seconds = await constant('deploy/vps/places.sh', /^readonly SETUP_SECONDS=(\d+)$/m);
  const waits = await constant('services/installer/moves.c', /\{"following", +GOAL_UP,.* (\d+), "INSTALLING"/);
  assert.ok(seconds + 30 <= waits, `${seconds} s of ${waits} s`);
  const machine = await rebuilt();
  const on = (line, input) => command(machine, line, input);
  await upload(machine);
  await command(machine, `sed -i 's/^readonly SETUP_SECONDS=.*/readonly SETUP_SECONDS=5/' ${HOME}/setup.sh && grep -qx 'readonly SETUP_SECONDS=5' ${HOME}/setup.sh`);
  await replaceOnce(on, 'timeout', '*npm?install*', 'exec /usr/bin/timeout "$1" /bin/sleep 600');
  await command(machine, "sudo -n sed -i 's/! rmdir [^|]*|| //' /usr/local/bin/timeout"); // each time
  await setup(machine, 'start');
  const { status, log } = await finished(machine);
  assert.equal(status, 'failed openclaw installing OpenClaw took too long');
  assert.match(log, /\nattempt 1 of 3 did not work: npm\n/);
});
