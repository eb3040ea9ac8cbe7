// Who may talk to the gateway's stand-in: a browser with a link that was made for it (once, within ten minutes), and from
// then on that browser. A link is a file that is gone when it is used; codes and words are those of the real one.

import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';

const LIFE_MS = 600000;
const MOST_DEVICES = 1000;
const state = `${homedir()}/.openclaw/state`;
const links = `${state}/links`;
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

function pair(id) {
  const deviceToken = randomBytes(32).toString('base64url');
  const all = readDevices();
  all.delete(id);
  writeFileSync(devices, JSON.stringify([...all, [id, deviceToken]].slice(-MOST_DEVICES)), { mode: 0o600 });
  return deviceToken;
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
  const known = readDevices().get(id);
  if (deviceToken !== undefined) {
    return known && deviceToken === known ? { deviceToken } : refused('AUTH_DEVICE_TOKEN_MISMATCH', 'unauthorized: device token mismatch');
  }
  if (token === undefined) return refused('AUTH_TOKEN_MISSING', 'unauthorized: gateway token missing');
  if (token !== gatewayToken) return refused('AUTH_TOKEN_MISMATCH', 'unauthorized: gateway token mismatch');
  return known ? { deviceToken: known } : refused('PAIRING_REQUIRED', 'pairing required: device is not approved yet', 'NOT_PAIRED');
}
