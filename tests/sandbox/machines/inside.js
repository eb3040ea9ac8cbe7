// The machines' tests proper. test/machines.test.js runs this file through tests/sandbox/run, as root and as an ordinary
// user, so that what a failing test leaves behind dies with it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Machines } from '../machines.js';
import { connect, firstMessage, get, makeKey, ssh, until } from './client.js';

const SETUP = join(dirname(fileURLToPath(import.meta.url)), '../../../deploy/vps/setup.sh');
const HOME = '/home/debian/openclaw-setup';
const { SANDBOX_DIR: dir, SANDBOX_NET: net, SANDBOX_SSH_PORT: sshPort, SANDBOX_HTTPS_PORT: httpsPort } = process.env;
const KEY = 'sk-or-v1-0123456789abcdef0123456789abcdef';
const TOKEN = 'f00dfeed'.repeat(8);

// What the script does with its values does not depend on who runs the sandbox.
const scriptAlone = { skip: process.env.SANDBOX_BRIEF && 'shown by the other account' };

const settings = { boot: 0, setup: 0 };
let machines;
let key;
let ca;

before(async () => {
  machines = new Machines({ dir, net, sshPort, httpsPort, settings });
  await machines.start();
  ca = await readFile(join(dir, 'ca.pem'));
  key = await makeKey(await mkdtemp(join(dir, 'keys-')), 'deployment');
});

after(() => machines.close());

let lastAddress = 0;
async function rebuilt(name = `vps-${lastAddress + 1}`, publicKey = key.publicKey) {
  const ip = machines.get(name)?.ip ?? `${net}.1.${lastAddress += 1}`;
  await machines.rebuild({ name, ip, hostname: `${name}.example`, publicKey, user: 'debian' });
  return { name, ssh: { ip, port: sshPort, key }, https: { ip, port: httpsPort, ca }, ip };
}

async function command(machine, line, input) {
  const { status, output, errors } = await ssh(machine.ssh, line, input);
  assert.equal(status, 0, `${line}: ${output}${errors}`);
  return output;
}

const setup = (machine, words) => command(machine, `sudo -n /bin/bash ${HOME}/setup.sh ${words}`);

async function upload(machine, changes = {}) {
  const values = { OPENROUTER_API_KEY: KEY, GATEWAY_TOKEN: TOKEN, VPS_IP: machine.ip, VPS_HOSTNAME: `${machine.name}.example`,
    OPENCLAW_VERSION: '2026.9.6', OPENCLAW_MODEL: 'openrouter/google/gemini-3-flash-preview',
    DASHBOARD_ORIGIN: 'http://127.0.0.1:9000', SKILLS: '', RUN_ID: 'run-1', ...changes };
  const lines = Object.entries(values).map(([name, value]) => `${name}='${value}'\n`);
  await command(machine, `mkdir -p -m 700 ${HOME} && cat >${HOME}/setup.sh`, await readFile(SETUP));
  await command(machine, `umask 077 && cat >${HOME}/setup.env`, lines.join(''));
}

// { status, offset, log } from the three parts that "follow" prints
async function follow(machine, from = 0) {
  const [, status, offset, log] = /^(.*)\noffset (\d+)\n\n([^]*)$/.exec(await setup(machine, `follow ${from}`));
  return { status, offset: Number(offset), log };
}

async function finished(machine) {
  let log = '';
  let offset = 0;
  const status = await until('the setup ends', async () => {
    const seen = await follow(machine, offset);
    log += seen.log;
    offset = seen.offset;
    return /^(done|failed)/.test(seen.status) && seen.log === '' && seen.status;
  });
  return { status, log };
}

async function installed() {
  const machine = await rebuilt();
  await upload(machine);
  await setup(machine, 'start');
  assert.equal((await finished(machine)).status, 'done');
  return machine;
}

const answers = (machine) => get(machine.https, '/readyz').then(({ status }) => status === 200, () => false);
const refused = (machine) => get(machine.https).then(() => false, ({ code }) => code === 'ECONNREFUSED');

test('a machine lets its key in, gives it root, and has no other door', async () => {
  const machine = await rebuilt();
  assert.match(await command(machine, 'id'), /^uid=1000\(debian\)/);
  assert.match(await command(machine, 'sudo -n id'), /^uid=0\(root\)/);
  assert.equal(await command(machine, 'hostname'), `${machine.name}.example\n`);
  assert.equal((await ssh(machine.ssh, 'systemctl restart caddy')).status, 1, 'without sudo');
  const stranger = await makeKey(await mkdtemp(join(dir, 'keys-')), 'stranger');
  assert.equal((await ssh({ ...machine.ssh, key: stranger }, 'id')).status, 255);
  assert.ok(await refused(machine), 'nothing serves HTTPS yet');
  assert.equal((await follow(machine).catch(() => ({ status: 'none' }))).status, 'none');
});

test('the setup script brings OpenClaw up, once', async () => {
  const machine = await rebuilt();
  await upload(machine);
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
  assert.deepEqual(JSON.parse(await setup(machine, 'result')), { gatewayToken: TOKEN, openclawVersion: '2026.9.6', keyHash });
  assert.equal(await setup(machine, 'start'), 'already done\n');

  const everything = log + await command(machine, 'cat /var/log/standins.log /var/lib/openclaw-setup/console');
  assert.doesNotMatch(everything, new RegExp(`${KEY}|${TOKEN}`));
  assert.doesNotMatch(await command(machine, `ls ${HOME} /var/lib/openclaw-setup`), /setup\.env|values/);
  assert.equal(await command(machine, 'sudo cat /var/lib/openclaw/.openclaw/state/openrouter-key'), KEY);
  assert.equal(await command(machine, 'cat /var/lib/openclaw-setup/run_id'), 'run-1\n');
});

test('HTTPS on the bare address: trusted, framed by the dashboard alone, with a WebSocket', async () => {
  const machine = await installed();
  const { status, headers, body } = await get(machine.https);
  assert.equal(status, 200);
  assert.match(body, /<title>OpenClaw Control<\/title>/);
  assert.equal(headers['x-frame-options'], undefined);
  assert.match(headers['content-security-policy'], /frame-ancestors http:\/\/127\.0\.0\.1:9000;.*script-src 'self'/);
  assert.equal((await get(machine.https, '/tools/invoke')).status, 404);
  assert.equal((await firstMessage(machine.https, `https://${machine.ip}:${httpsPort}`)).event, 'connect.challenge');
  const stranger = await firstMessage(machine.https, 'https://elsewhere.example');
  assert.equal(stranger.error.code, 'CONTROL_UI_ORIGIN_NOT_ALLOWED');
  await assert.rejects(get({ ...machine.https, ca: undefined }), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
});

test('several dashboards frame it, and faults of its HTTPS come and go', async () => {
  const machine = await rebuilt();
  await upload(machine, { DASHBOARD_ORIGIN: 'http://127.0.0.1:9000 https://dash.example' });
  await setup(machine, 'start');
  assert.equal((await finished(machine)).status, 'done');
  const policy = async () => (await get(machine.https)).headers['content-security-policy'];
  assert.match(await policy(), /frame-ancestors http:\/\/127\.0\.0\.1:9000 https:\/\/dash\.example;/);
  const origin = `https://${machine.ip}:${httpsPort}`;
  const order = (...faults) => { settings.machine_faults = faults.map((fault) => `${fault}@${machine.name}`); };
  for (const [fault, seen] of [
    ['frame-ancestors-dropped', /^(?!.*frame-ancestors).*script-src/], ['frame-ancestors-other', /frame-ancestors https:\/\/elsewhere/],
    ['frame-ancestors-anybody', /frame-ancestors \*;/], ['policy-only-framing', /^frame-ancestors [^;]+$/],
    ['policy-twice', /frame-ancestors 'none';.*, .*frame-ancestors http/],
  ]) {
    order(fault);
    assert.match(await policy(), seen, fault);
  }
  order('policy-dropped', 'x-frame-options', 'readyz-503');
  const { headers } = await get(machine.https);
  assert.deepEqual([headers['content-security-policy'], headers['x-frame-options']], [undefined, 'DENY']);
  assert.equal((await get(machine.https, '/readyz')).status, 503);
  for (const [fault, code] of [['certificate-untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'], ['certificate-expired', 'CERT_HAS_EXPIRED'],
    ['certificate-other', 'ERR_TLS_CERT_ALTNAME_INVALID']]) {
    order(fault);
    await assert.rejects(get(machine.https), { code }, fault);
  }
  order('websocket-403');
  await assert.rejects(firstMessage(machine.https, origin));
  order('websocket-origin');
  assert.equal((await firstMessage(machine.https, origin)).event, 'connect.challenge');
  settings.machine_faults = ['websocket-403@another', 'certificate-expired@10.0.0.1'];
  assert.equal((await firstMessage(machine.https, origin)).event, 'connect.challenge', 'those of others are not its own');
  settings.machine_faults = [];
});

const minted = (machine) => command(machine,
  "sudo -n /bin/sh -c 'cd /var/lib/openclaw && exec runuser -u openclaw -- env HOME=/var/lib/openclaw openclaw dashboard --json' || true").then(JSON.parse);

test('a link lets one browser in, once, and from then on that browser comes back', async () => {
  const machine = await installed();
  const enter = async (auth, device) => {
    const { ok, payload, error, closed } = await connect(machine.https, auth, device);
    return ok ? payload.auth.deviceToken : `${error.code} ${error.details.code} ${closed}`;
  };
  const link = await minted(machine);
  assert.equal(link.ok, true);
  assert.ok(Math.abs(link.browserBootstrapExpiresAtMs - Date.now() - 600000) < 30000);
  const [address, fragment] = link.browserUrl.split('#');
  assert.equal(address, 'http://127.0.0.1:18789/');
  const { bootstrapToken, bootstrapProfile, gatewayUrl } = Object.fromEntries(new URLSearchParams(fragment));
  assert.equal(bootstrapProfile, 'owner');
  assert.equal(gatewayUrl, 'ws://127.0.0.1:18789');

  const deviceToken = await enter({ bootstrapToken, token: TOKEN });
  assert.match(deviceToken, /^[\w-]{43}$/);
  const used = 'INVALID_REQUEST AUTH_BOOTSTRAP_TOKEN_INVALID 1008';
  assert.equal(await enter({ bootstrapToken }), used);
  assert.equal(await enter({ bootstrapToken }, 'another-browser'), used);
  assert.equal(await enter({ bootstrapToken: '../devices.json' }), used);
  assert.equal(await enter({ deviceToken }), deviceToken);
  assert.equal(await enter({ deviceToken }, 'another-browser'), 'INVALID_REQUEST AUTH_DEVICE_TOKEN_MISMATCH 1008');
  assert.equal(await enter({ token: TOKEN }), deviceToken);
  assert.equal(await enter({ token: TOKEN }, 'another-browser'), 'NOT_PAIRED PAIRING_REQUIRED 1008');
  assert.equal(await enter({ token: 'guessed' }), 'INVALID_REQUEST AUTH_TOKEN_MISMATCH 1008');
  assert.equal(await enter({}), 'INVALID_REQUEST AUTH_TOKEN_MISSING 1008');

  const { bootstrapToken: late } = Object.fromEntries(new URLSearchParams((await minted(machine)).browserUrl.split('#')[1]));
  await command(machine, `sudo -n /bin/sh -c 'echo 1 >/var/lib/openclaw/.openclaw/state/links/${late}'`);
  assert.equal(await enter({ bootstrapToken: late }), used, 'ten minutes later');

  await command(machine, 'sudo -n systemctl restart openclaw-gateway');
  await until('the gateway is back', () => answers(machine));
  assert.equal(await enter({ deviceToken }), deviceToken, 'after a restart');
  await command(machine, 'sudo -n systemctl stop openclaw-gateway');
  assert.deepEqual(await minted(machine), { ok: false, reason: 'Gateway is not running.' });
});

test('restart makes a new process; a stopped gateway is a 502, a dead web server refuses', async () => {
  const machine = await installed();
  const pid = () => command(machine, 'systemctl show -p MainPID --value openclaw-gateway');
  const before = await pid();
  await command(machine, 'sudo -n systemctl restart openclaw-gateway');
  assert.equal(await command(machine, 'systemctl is-active openclaw-gateway'), 'active\n');
  assert.notEqual(await pid(), before);
  await until('the gateway is back', () => answers(machine));
  await command(machine, 'sudo -n systemctl stop openclaw-gateway');
  assert.equal((await get(machine.https)).status, 502);
  await command(machine, 'kill -9 $(systemctl show -p MainPID --value caddy)');
  await until('HTTPS is gone', () => refused(machine));
  await command(machine, 'sudo -n systemctl start openclaw-gateway caddy');
  await until('both are back', () => answers(machine));
});

test('a reboot keeps the disk and brings the services back; power off ends both doors', async () => {
  const machine = await installed();
  await command(machine, 'echo kept >kept');
  await machines.reboot(machine.name);
  assert.equal(await command(machine, 'cat kept'), 'kept\n');
  await until('HTTPS is back', () => answers(machine));
  await machines.power(machine.name, false);
  assert.equal((await ssh(machine.ssh, 'id')).status, 255);
  assert.ok(await refused(machine));
  await machines.power(machine.name, true);
  await until('HTTPS is back', () => answers(machine));
});

test('a rebuild wipes everything and refuses the old key', async () => {
  const machine = await installed();
  const hostKey = await command(machine, 'cat /etc/ssh/host_key.pub');
  const fresh = await makeKey(await mkdtemp(join(dir, 'keys-')), 'fresh');
  await rebuilt(machine.name, fresh.publicKey);
  assert.equal((await ssh(machine.ssh, 'id')).status, 255);
  const again = { ...machine, ssh: { ...machine.ssh, key: fresh } };
  assert.notEqual(await command(again, 'cat /etc/ssh/host_key.pub'), hostKey);
  assert.equal(await command(again, 'ls /var/lib/openclaw-setup 2>&1 || true; ls'), "ls: cannot access '/var/lib/openclaw-setup': No such file or directory\n");
  assert.ok(await refused(machine));
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

test('twenty machines at once', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => rebuilt()));
  const ids = await Promise.all(all.map((machine) => command(machine, 'hostname')));
  assert.deepEqual(ids, all.map(({ name }) => `${name}.example\n`));
  await Promise.all(all.map(async (machine) => {
    await machines.remove(machine.name);
    assert.equal((await ssh(machine.ssh, 'id')).status, 255);
  }));
});

test('close leaves no process and no disk', async () => {
  await machines.close();
  await until('all machines are gone', async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
    return !lines.some((line) => /bwrap|inetd|openclaw/.test(line) && !line.includes('inside.js'));
  });
  assert.deepEqual(await readdir(process.env.SANDBOX_STATE), ['rt']);
});
