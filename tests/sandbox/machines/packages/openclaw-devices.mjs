// Who may talk to the gateway's stand-in: a browser with a link that was made for it (once, within ten minutes), or with the
// gateway's token and an approval, and from then on that browser. A link is a file that is gone when it is used, and so is the
// request of who waits for an approval; codes, words and fields are those of the real one.

import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';

const LIFE_MS = 600000;
const WAITING_MS = 300000;
const MOST_DEVICES = 1000;
const state = `${homedir()}/.openclaw/state`;
const links = `${state}/links`;
const requests = `${state}/requests`;
const devices = `${state}/devices.json`;

export function makeLink() {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = Date.now() + LIFE_MS;
  mkdirSync(links, { recursive: true, mode: 0o700 });
  writeFileSync(`${links}/${token}`, String(expiresAt), { mode: 0o600 });
  return { token, expiresAt };
}

// True for the first who comes with it in time.
function useLink(token) {
  if (typeof token !== 'string' || !/^[\w-]{43}$/.test(token)) return false;
  const used = `${links}/used-${randomUUID()}`;
  try {
    renameSync(`${links}/${token}`, used);
    return Number(readFileSync(used, 'utf8')) > Date.now();
  } catch {
    return false;
  } finally {
    rmSync(used, { force: true });
  }
}

function readDevices() {
  try {
    return new Map(JSON.parse(readFileSync(devices, 'utf8')));
  } catch {
    return new Map();
  }
}

// From now on it is known, and was here just now.
function pair(id, deviceToken = randomBytes(32).toString('base64url')) {
  const all = readDevices();
  all.delete(id);
  const device = { deviceToken, lastSeenAtMs: Date.now() };
  writeFileSync(devices, JSON.stringify([...all, [id, device]].slice(-MOST_DEVICES)), { mode: 0o600 });
  return deviceToken;
}

function readRequest(name) {
  try {
    const request = JSON.parse(readFileSync(`${requests}/${name}`, 'utf8'));
    return Date.now() - request.refreshedAtMs > WAITING_MS ? null : request;
  } catch {
    return null; // it was approved or turned away meanwhile
  }
}

export function pending() {
  try {
    return readdirSync(requests).filter((name) => name.endsWith('.json')).map(readRequest).filter(Boolean);
  } catch {
    return [];
  }
}

export const paired = () => [...readDevices()].map(([deviceId, { lastSeenAtMs }]) => ({
  deviceId, lastSeenAtMs, clientId: 'openclaw-control-ui', role: 'operator', roles: ['operator'], tokens: [{ role: 'operator' }],
}));

// Who asks again keeps its request.
function wait(deviceId) {
  const now = Date.now();
  const request = pending().find((one) => one.deviceId === deviceId) ?? {
    requestId: randomUUID(), deviceId, publicKey: randomBytes(32).toString('base64url'), platform: 'Linux x86_64',
    clientId: 'openclaw-control-ui', clientMode: 'webchat', role: 'operator', roles: ['operator'],
    scopes: ['operator.admin', 'operator.pairing', 'operator.read', 'operator.write'], remoteIp: '192.0.2.50', silent: false, isRepair: false, ts: now,
  };
  mkdirSync(requests, { recursive: true, mode: 0o700 });
  const file = `${requests}/${request.requestId}`;
  writeFileSync(`${file}.new`, JSON.stringify({ ...request, refreshedAtMs: now }), { mode: 0o600 });
  renameSync(`${file}.new`, `${file}.json`);
}

// The request with that id is settled; null when nobody waits with it.
export function settle(requestId, approved) {
  const request = pending().find((one) => one.requestId === requestId);
  if (!request) return null;
  if (approved) pair(request.deviceId);
  rmSync(`${requests}/${requestId}.json`, { force: true });
  return { requestId, device: { deviceId: request.deviceId } };
}

const refused = (details, message, code = 'INVALID_REQUEST') => ({ wrong: { code, message, details } });

// { deviceToken }, or { wrong: { code, message, details } }
export function admit({ auth = {}, device = {} }, gatewayToken) {
  const id = String(device?.id ?? '');
  const { bootstrapToken, deviceToken, token } = auth ?? {};
  if (!/^[\w-]{8,64}$/.test(id)) return refused('CONTROL_UI_DEVICE_IDENTITY_REQUIRED', 'control ui requires device identity');
  if (bootstrapToken !== undefined) {
    return useLink(bootstrapToken) ? { deviceToken: pair(id) }
      : refused('AUTH_BOOTSTRAP_TOKEN_INVALID', 'unauthorized: bootstrap token is invalid, expired or already used');
  }
  const known = readDevices().get(id)?.deviceToken;
  if (deviceToken !== undefined) {
    return known && deviceToken === known ? { deviceToken: pair(id, known) } : refused('AUTH_DEVICE_TOKEN_MISMATCH', 'unauthorized: device token mismatch');
  }
  if (token === undefined) return refused('AUTH_TOKEN_MISSING', 'unauthorized: gateway token missing');
  if (token !== gatewayToken) return refused('AUTH_TOKEN_MISMATCH', 'unauthorized: gateway token mismatch');
  if (known) return { deviceToken: pair(id, known) };
  wait(id);
  return refused('PAIRING_REQUIRED', 'pairing required: device is not approved yet', 'NOT_PAIRED');
}
