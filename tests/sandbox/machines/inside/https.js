// What browsers meet: the certificate, the framing, the WebSocket, its faults, and links that let one browser in.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect, firstMessage, get, until } from '../client.js';
import { TOKEN, answers, command, finished, httpsPort, installed, rebuilt, settings, setup, upload } from './world.js';

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
