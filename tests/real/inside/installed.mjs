// The setup of a fresh machine by the product's own script, and the machine afterwards, looked at from all sides. T1 to
// T25 are the traps that the real OpenClaw, Caddy and systemd have shown to be there.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';

import { connect, get, ssh, until } from '../../sandbox/machines/client.js';
import { pins } from '../../sandbox/machines/nspawn/artifacts.js';
import { SKILLS_THERE, STATE, VERSION } from '../world.mjs';
import { dir, millis, net, opened, ready, seconds, strangersKey } from './scene.mjs';

const run = promisify(execFile);
const elsewhere = 'curl -s -o /dev/null --max-time 20';
let real, machine, PINS, ownSockets;

// The ports that can be asked from outside; kind: t or u.
async function openPorts(kind) {
  const places = (await machine.root(`ss -${kind}lnH`)).split('\n').map((line) => line.trim().split(/\s+/)[3]).filter(Boolean);
  return [...new Set(places.filter((at) => !/^(127\.|\[::1\])/.test(at)).map((at) => at.slice(at.lastIndexOf(':') + 1)))].sort();
}

before(async () => {
  ({ real, machine } = await opened());
  PINS = await pins();
});

test('a booted machine lets its key in, is root by sudo at once, and has no way out but the gate', async () => {
  assert.match(await machine.run('id'), /^uid=1000\(debian\)/);
  assert.equal(await machine.run('systemctl is-system-running'), 'running\n');
  assert.ok(await millis(() => machine.run('sudo -n true')) < 15000, 'sudo does not wait for a name server');
  assert.equal(await machine.run('cat /etc/hosts; ls /var/log/*.log 2>/dev/null || true'), '127.0.0.1 localhost\n', 'a bare image');
  ownSockets = await openPorts('u');
  assert.equal((await ssh({ ...machine.ssh, key: await strangersKey() }, 'id')).status, 255);
  assert.ok(await millis(() => machine.try(`${elsewhere} https://example.com/; getent hosts openrouter.ai; ${elsewhere} http://192.0.2.77/`)) < 15000,
    'what does not exist is refused at once');
  const gate = `http://${net}.1:8000`;
  assert.equal(await machine.run(`curl -s -o /dev/null -w '%{http_code}' -x ${gate} http://example.com/`), '403');
  assert.equal((await machine.run(`curl -s -o /dev/null -w '%{http_connect}' -x ${gate} https://example.com/ || true`)), '403');
});

// Looks at every process, over and over, for words that must never be in a command line or an environment.
const WATCHER = `
import glob, time
secrets = open("/root/secrets", "rb").read().split()
while True:
    for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
        try: text = open(path, "rb").read()
        except OSError: continue
        if any(secret in text for secret in secrets): open("/root/seen", "ab").write(text + b"\\n")
    time.sleep(0.2)
`;

test('the setup script installs the real OpenClaw, and no process ever shows a secret', async (t) => {
  assert.equal((await machine.upload({ SKILLS: 'agentwallet' }), await machine.follow()).status, 'none');
  await machine.root('umask 077; cat >/root/secrets', `${machine.openRouterKey}\n${machine.gatewayToken}\n`);
  await machine.root('cat >/root/watcher.py && systemd-run --quiet --unit=watcher python3 /root/watcher.py', WATCHER);
  assert.equal(await machine.setup('start'), 'started\n');
  const whole = await millis(() => machine.reaches(/^(done|failed)/));
  const log = await machine.log();
  assert.equal((await machine.follow()).status, 'done', log);
  for (const [, step, took] of log.matchAll(/^(\w+) took ([\d.]+) s$/gm)) t.diagnostic(`${step.padEnd(10)} ${took} s`);
  t.diagnostic(`the whole setup ${seconds(whole)}`);
  await machine.root('systemctl is-active --quiet watcher && systemctl stop watcher && test ! -e /root/seen && shred -u /root/secrets /root/watcher.py');
  assert.deepEqual(JSON.parse(await machine.setup('result')), { gatewayToken: machine.gatewayToken, openclawVersion: VERSION, keyHash: machine.hash });
  assert.match(await machine.run('openclaw --version'), new RegExp(VERSION.replaceAll('.', '\\.')));
});

test('a skill came from ClawHub, and OpenClaw knows it', async () => {
  assert.equal(await machine.root(SKILLS_THERE), 'agentwallet\n');
  const { skills } = JSON.parse(await machine.openclaw('skills list --json'));
  const [skill] = skills.filter(({ name }) => name === 'agentwallet');
  assert.equal(skill?.eligible, true, JSON.stringify(skill));
});

test('T9: the address has a certificate of the authority, and OpenClaw is ready behind it', async () => {
  const { certificate } = await ready(machine);
  assert.equal(certificate.subjectaltname, `IP Address:${machine.ip}`);
  const hours = (new Date(certificate.valid_to) - new Date(certificate.valid_from)) / 3600e3;
  assert.ok(hours > 150 && hours < 170, `short-lived: ${hours} h`);
  await assert.rejects(get({ ...machine.https, ca: undefined }), /unable to (verify|get local issuer)/);
  const byName = await until('the host name has one too', () => get({ ...machine.https, servername: machine.hostname }, '/readyz').catch(() => null), 180000);
  assert.equal(byName.certificate.subjectaltname, `DNS:${machine.hostname}`);
});

test('T7: the page is framed by the dashboard alone, and else its policy is what OpenClaw says', async () => {
  const { status, headers, body } = await get(machine.https);
  assert.equal(status, 200);
  assert.match(body, /<title>OpenClaw/);
  // Asked for the same host, which is part of what it says.
  const said = await machine.run(`curl -sS -D - -o /dev/null --max-time 20 -H 'Host: ${machine.ip}' http://127.0.0.1:18789/`);
  const inside = Object.fromEntries([...said.matchAll(/^([\w-]+): (.*)\r$/gm)].map(([, name, value]) => [name.toLowerCase(), value]));
  assert.equal(inside['x-frame-options'], 'DENY');
  assert.equal(headers['x-frame-options'], undefined);
  const policy = inside['content-security-policy'];
  assert.match(policy, /frame-ancestors 'none';.*script-src 'self' 'sha256-/);
  assert.equal(headers['content-security-policy'], policy.replace("frame-ancestors 'none'", `frame-ancestors ${real.dashboard}`));
});

test('T8: the WebSocket lets the page of this address ask, and no other', async () => {
  const refusal = async (origin) => (await connect(machine.https, { token: machine.gatewayToken }, null, origin)).error.details.code;
  for (const own of [machine.ip, machine.hostname]) assert.equal(await refusal(`https://${own}`), 'CONTROL_UI_DEVICE_IDENTITY_REQUIRED', own);
  for (const foreign of ['https://elsewhere.example', real.dashboard]) assert.equal(await refusal(foreign), 'CONTROL_UI_ORIGIN_NOT_ALLOWED', foreign);
});

test('T21: who knows the token can use the API on the machine itself, and not from outside', async () => {
  const headers = { authorization: `Bearer ${machine.gatewayToken}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ tool: 'sessions_list', args: {} });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`).join('');
  assert.equal(await machine.run(`curl -sS -o /dev/null -w '%{http_code}' --max-time 60 -H @- -d '${body}' http://127.0.0.1:18789/tools/invoke`, lines), '200');
  for (const path of ['/tools/invoke', '/v1/chat/completions', '/v1/models', '/api/v1/anything', '/hooks/agent']) {
    for (const sent of [null, { headers, body }]) {
      const reply = await get(machine.https, path, sent);
      assert.deepEqual([reply.status, reply.body], [404, ''], path);
    }
  }
});

test('T10: another local address, as behind NAT, shows the same certificate', async () => {
  const other = `${net}.200`;
  await machine.root(`ip address add ${other}/24 dev host0`);
  const { stdout } = await run('curl', ['-sS', '--max-time', '20', '--cacert', join(dir, 'ca.pem'), '--connect-to', `::${other}:`, '-o', '/dev/null',
    '-w', '%{http_code}', `https://${machine.ip}/readyz`]);
  assert.equal(stdout, '200');
});

test('T15: the machine knows its own name, so that sudo does not ask for it', async () => {
  assert.match(await machine.run('cat /etc/hosts'), new RegExp(`^127\\.0\\.1\\.1 ${machine.hostname}$`, 'm'));
  assert.ok(await millis(() => machine.run('sudo -n true')) < 10000);
});

test('T19: one call configures it', async () => {
  const log = await machine.log();
  assert.equal(log.match(/^.*config update\(s\).*$/gm).length, 1, log);
});

test('T11, T12, T13, T22: what is installed and configured is what was pinned', async () => {
  assert.equal(await machine.run('node --version; caddy version'), `v${PINS.node}\nv${PINS.caddy}\n`);
  assert.equal(await machine.run('sed -n s/^ExecStart=//p /etc/systemd/system/openclaw-gateway.service'), `${(await machine.run('command -v openclaw')).trim()} gateway run\n`);
  const pid = (await machine.run('systemctl show -p MainPID --value openclaw-gateway')).trim();
  assert.doesNotMatch(await machine.root(`tr "\\0" "\\n" </proc/${pid}/environ`), /OPENROUTER/);
  assert.equal(await machine.root('find /var/lib/openclaw -name "auth-profiles.json*"'), '');
  const { gateway, agents, update } = JSON.parse(await machine.root('cat /var/lib/openclaw/.openclaw/openclaw.json'));
  assert.deepEqual([gateway.bind, gateway.trustedProxies, gateway.controlUi.allowedOrigins, update.checkOnStart, agents.defaults.model.primary], ['loopback',
    ['127.0.0.1/32', '::1/128'], [`https://${machine.ip}`, `https://${machine.hostname}`], false, 'openrouter/google/gemini-3-flash-preview']);
});

test('T16: only SSH and the web are open, and the firewall keeps it so', async () => {
  assert.deepEqual(await openPorts('t'), ['22', '443', '80']);
  assert.deepEqual(await openPorts('u'), ownSockets, 'only what the system itself has');
  await machine.root('systemd-run --quiet --unit=stranger python3 -m http.server 9999');
  await until('something else listens', () => machine.run('curl -s -o /dev/null --max-time 5 http://127.0.0.1:9999/ && echo yes || true'));
  await assert.rejects(run('curl', ['-s', '--max-time', '2', `http://${machine.ip}:9999/`]), { code: 28 });
  await machine.root('systemctl stop stranger');
  const rules = await machine.root('ufw status verbose');
  assert.match(rules, /^Status: active/);
  assert.match(rules, /Default: deny \(incoming\)/);
  assert.deepEqual([...new Set([...rules.matchAll(/^(\d+)\/tcp\s+ALLOW/gm)].map(([, port]) => port))].sort(), ['22', '443', '80']);
});

test('T14, T18: the units are walled in, and nothing of OpenClaw belongs to root', async () => {
  const show = async (unit, ...names) => Object.fromEntries((await machine.run(`systemctl show ${unit} -p ${names.join(',')}`)).trim().split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  assert.deepEqual(await show('openclaw-gateway', 'User', 'NoNewPrivileges', 'ProtectSystem', 'ProtectHome', 'PrivateTmp', 'CapabilityBoundingSet',
    'ProtectKernelTunables', 'ProtectKernelModules', 'ProtectKernelLogs', 'LockPersonality', 'SystemCallArchitectures',
    'RestrictSUIDSGID', 'MemoryDenyWriteExecute', 'RestartPreventExitStatus', 'ActiveState', 'UnitFileState'), {
    User: 'openclaw', NoNewPrivileges: 'yes', ProtectSystem: 'strict', ProtectHome: 'yes', PrivateTmp: 'yes', CapabilityBoundingSet: '',
    ProtectKernelTunables: 'yes', ProtectKernelModules: 'yes', ProtectKernelLogs: 'yes', LockPersonality: 'yes', SystemCallArchitectures: 'native',
    RestrictSUIDSGID: 'no', MemoryDenyWriteExecute: 'no', RestartPreventExitStatus: '78', ActiveState: 'active', UnitFileState: 'enabled' });
  assert.deepEqual(await show('caddy', 'User', 'NoNewPrivileges', 'ProtectSystem', 'MemoryDenyWriteExecute', 'CapabilityBoundingSet', 'ActiveState'), {
    User: 'caddy', NoNewPrivileges: 'yes', ProtectSystem: 'strict', MemoryDenyWriteExecute: 'yes', CapabilityBoundingSet: 'cap_net_bind_service',
    ActiveState: 'active' });
  assert.equal(await machine.root('find /var/lib/openclaw ! -user openclaw'), '');
  assert.equal(await machine.root(`stat -c '%a %U %n' /var/lib/openclaw /var/lib/openclaw/.openclaw /var/lib/openclaw/.openclaw/openclaw.json /var/lib/caddy ${STATE}/result.json`),
    `700 openclaw /var/lib/openclaw\n700 openclaw /var/lib/openclaw/.openclaw\n600 openclaw /var/lib/openclaw/.openclaw/openclaw.json\n700 caddy /var/lib/caddy\n600 root ${STATE}/result.json\n`);
  // OpenClaw unpacks a skill readable, whatever the umask; nobody else can enter the folder above it.
  assert.equal(await machine.root('find /var/lib/openclaw /var/lib/caddy -type f -perm /077 ! -path "*/.cache/*" ! -path "*/workspace/skills/*" | head'), '');
});

test('T20: a message is answered by the model, asked for with just this key', async () => {
  const from = real.world.journal.count;
  const said = await machine.openclaw('agent --agent main --message "Are you there?" --json');
  assert.match(said, /Hello from the sandbox/);
  const chats = real.chats(from);
  assert.ok(chats.length >= 1);
  assert.ok(chats.every(({ status, key }) => status === 200 && key === machine.hash), JSON.stringify(chats));
  assert.equal(machine.hash, createHash('sha256').update(machine.openRouterKey).digest('hex'));
});

