// The gateway's stand-in: HTTP on the machine's own loopback and, for the world outside, on a unix socket. Headers,
// refusals and probes are those of the real one; the page says that it is not. A version that ends with .99 never starts,
// but leaves its mark on the state; those with .98 do not say who may frame their page, those with .97 refuse the
// WebSocket. The file /var/lib/sandbox/ready-after holds the seconds until it is ready.

import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { homedir, hostname } from 'node:os';
import { admit } from './openclaw-devices.mjs';

const PORT = 18789;
const OUTLET = '/var/lib/sandbox/gateway.sock';
const PAGES = '/opt/.rt/packages';
const LARGEST_FRAME = 64 * 1024;
const MOST_CONNECTIONS = 128;
const INVALID_CONFIGURATION = 78;

const SECURITY = {
  'content-security-policy': "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
    + "script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; font-src 'self'; "
    + "connect-src 'self' ws: wss:",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

function readConfig() {
  try {
    const { gateway, agents } = JSON.parse(readFileSync(`${homedir()}/.openclaw/openclaw.json`, 'utf8'));
    return gateway.mode === 'local' && gateway.auth.token
      ? { ...gateway, model: agents?.defaults?.model?.primary ?? 'openrouter/auto' } : null;
  } catch {
    return null;
  }
}

const version = readFileSync('/usr/local/lib/node_modules/openclaw/version', 'utf8').trim();
const ends = (number) => version.endsWith(`.${number}`);
if (ends(98)) SECURITY['content-security-policy'] = SECURITY['content-security-policy'].replace("frame-ancestors 'none'; ", '');
const LATE = '/var/lib/sandbox/ready-after';
const readyAt = Date.now() + (existsSync(LATE) ? 1000 * Number(readFileSync(LATE, 'utf8')) : 0);
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function page(config) {
  const facts = { VERSION: version, MODEL: config.model, HOST: hostname(), ORIGIN: config.publicOrigin ?? '' };
  return readFileSync(`${PAGES}/control.html`, 'utf8').replace(/\{([A-Z]+)\}/g, (_, name) => escape(facts[name] ?? ''));
}

function answer(request, reply) {
  const config = readConfig();
  const [path] = request.url.split('?', 1);
  const say = (status, type, body) => reply.writeHead(status, { 'content-type': type, ...SECURITY }).end(body);
  const json = (status, body) => say(status, 'application/json', JSON.stringify(body));

  if (!config) return json(503, { ready: false });
  if (request.headers['x-forwarded-for'] && !config.trustedProxies?.includes('127.0.0.1/32')) {
    return json(403, { error: 'proxy_attribution_required' });
  }
  if (path === '/readyz') return Date.now() < readyAt ? json(503, { ready: false }) : json(200, { ready: true });
  if (path === '/healthz') return json(200, { ok: true });
  if (path === '/control.js') return say(200, 'text/javascript', readFileSync(`${PAGES}/control.js`));
  if (path.startsWith('/api/') || path.startsWith('/tools/')) return json(401, { error: 'unauthorized' });
  return say(200, 'text/html; charset=utf-8', page(config));
}

function frame(text) {
  const body = Buffer.from(text);
  const head = body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
  return Buffer.concat([head, body]);
}

const CLOSE_POLICY = Buffer.from([0x88, 2, 0x03, 0xf0]);

// One whole client frame at the start of the bytes: { opcode, text, size }, or null when more must come first.
function readFrame(bytes) {
  if (bytes.length < 6) return null;
  let size = bytes[1] & 127;
  let at = 2;
  if (size === 126) {
    size = bytes.readUInt16BE(2);
    at = 4;
  } else if (size === 127) return { opcode: 8, text: '', size: bytes.length };
  if (bytes.length < at + 4 + size) return null;
  const mask = bytes.subarray(at, at + 4);
  const text = Buffer.from(bytes.subarray(at + 4, at + 4 + size).map((byte, i) => byte ^ mask[i % 4])).toString();
  return { opcode: bytes[0] & 15, text, size: at + 4 + size };
}

const refusal = (id, code, message, details) => ({ type: 'res', id, ok: false, error: { code, message, ...(details && { details: { code: details } }) } });

// What a client says: first `connect` with what lets it in, then anything. { message, let in }
function reply(text, known) {
  let message;
  try {
    message = JSON.parse(text) ?? {};
  } catch {
    return { answer: refusal(undefined, 'INVALID_REQUEST', 'no JSON') };
  }
  const { id, method, params } = message;
  if (method === 'connect') {
    const { wrong, deviceToken } = admit(params ?? {}, readConfig()?.auth?.token);
    if (wrong) return { answer: refusal(id, wrong.code, wrong.message, wrong.details) };
    return { known: true, answer: { type: 'res', id, ok: true, payload: { type: 'hello-ok', server: { version }, auth: { role: 'operator', deviceToken } } } };
  }
  if (!known) return { answer: refusal(id, 'INVALID_REQUEST', 'invalid handshake: first request must be connect') };
  const payload = method === 'chat.send'
    ? { text: `You said: "${String(params?.message ?? '').slice(0, 200)}". Nobody thinks here: this is the sandbox.` }
    : { server: { version } };
  return { known, answer: { type: 'res', id, ok: true, payload } };
}

function talk(request, socket, head) {
  const config = readConfig();
  const key = request.headers['sec-websocket-key'];
  socket.on('error', () => {});
  if (!key || !config || ends(97)) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    return;
  }
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  const send = (value) => socket.write(frame(JSON.stringify(value)));
  if (!config.controlUi?.allowedOrigins?.includes(request.headers.origin)) {
    send({ type: 'error', error: { code: 'CONTROL_UI_ORIGIN_NOT_ALLOWED' } });
    socket.end(CLOSE_POLICY);
    return;
  }
  send({ type: 'event', event: 'connect.challenge', payload: { nonce: randomUUID(), ts: Date.now() } });
  let bytes = head;
  let known = false;
  const hear = (text) => {
    const { answer, known: from } = reply(text, known);
    known = from;
    send(answer);
    if (!known) socket.end(CLOSE_POLICY);
  };
  const take = (more) => {
    bytes = Buffer.concat([bytes, more]);
    if (bytes.length > LARGEST_FRAME) socket.destroy();
    for (let got = readFrame(bytes); got; got = readFrame(bytes)) {
      bytes = bytes.subarray(got.size);
      if (got.opcode === 8) socket.end(Buffer.from([0x88, 0]));
      else if (got.opcode === 9) socket.write(Buffer.from([0x8a, 0]));
      else if (got.opcode === 1 && socket.writable) hear(got.text);
    }
  };
  socket.on('data', take);
  socket.on('end', () => socket.end());
}

// A version may not start on what a newer one wrote.
function markState() {
  const folder = `${homedir()}/.openclaw/state`;
  const file = `${folder}/last-version`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const before = existsSync(file) ? readFileSync(file, 'utf8').trim() : version;
  if (before.localeCompare(version, 'en', { numeric: true }) > 0) {
    throw new Error(`this OpenClaw binary (${version}) is older than the config last written by OpenClaw ${before}`);
  }
  writeFileSync(file, version);
  if (ends(99)) throw new Error('this version never starts');
}

if (!readConfig()) {
  console.error('Gateway start blocked: the configuration is missing or invalid');
  process.exit(INVALID_CONFIGURATION);
}
markState();
rmSync(OUTLET, { force: true });
for (const place of [{ host: '127.0.0.1', port: PORT }, { path: OUTLET }]) {
  const server = http.createServer(answer);
  server.maxConnections = MOST_CONNECTIONS;
  server.on('upgrade', talk);
  server.listen(place);
}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
