// "openclaw config patch --stdin": merges a JSON5 document into ~/.openclaw/openclaw.json. All or nothing: one key that
// OpenClaw does not know refuses the whole patch.

import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { runInNewContext } from 'node:vm';

const ANYTHING = null;
const KNOWN = {
  gateway: {
    mode: ANYTHING, bind: ANYTHING, port: ANYTHING, publicOrigin: ANYTHING, trustedProxies: ANYTHING, terminal: ANYTHING,
    auth: { mode: ANYTHING, token: ANYTHING },
    controlUi: { allowedOrigins: ANYTHING, communityInvite: ANYTHING },
  },
  update: { checkOnStart: ANYTHING },
  tools: { profile: ANYTHING },
  agents: { defaults: { model: { primary: ANYTHING }, workspace: ANYTHING } },
  models: ANYTHING,
};

const isMap = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

function unknownKeys(value, known, path = '') {
  if (known === ANYTHING || !isMap(value)) return [];
  return Object.keys(value).flatMap((key) => (Object.hasOwn(known, key)
    ? unknownKeys(value[key], known[key], path ? `${path}.${key}` : key)
    : [`${path || '<root>'}: Unrecognized key: "${key}"`]));
}

function merge(into, patch) {
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete into[key];
    else into[key] = isMap(value) ? merge(isMap(into[key]) ? into[key] : {}, value) : value;
  }
  return into;
}

const folder = `${homedir()}/.openclaw`;
const file = `${folder}/openclaw.json`;
let patch;
try {
  patch = runInNewContext(`(${readFileSync(0, 'utf8')})`, {}, { timeout: 1000 });
} catch (error) {
  console.error(`Invalid JSON5: ${error.message}`);
  process.exit(1);
}
const wrong = unknownKeys(patch, KNOWN);
if (wrong.length > 0) {
  console.error(wrong.join('\n'));
  process.exit(1);
}
let config = {};
try {
  config = JSON.parse(readFileSync(file, 'utf8'));
} catch { /* the first patch makes the file */ }
mkdirSync(folder, { recursive: true, mode: 0o700 });
writeFileSync(`${file}.new`, `${JSON.stringify(merge(config, patch), null, 2)}\n`, { mode: 0o600 });
chmodSync(`${file}.new`, 0o600);
renameSync(`${file}.new`, file);
console.log('Applied config update(s)');
