// The HTTP side: reads a call within its limits, sends it to the API it is for, lets the ordered fault spoil the answer,
// and writes the journal.

import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl } from './control.js';
import { answerOpenRouter } from './openrouter/index.js';
import { errorBody } from './openrouter/refusals.js';
import { answerOvh, ovhHeaders } from './ovh/index.js';
import { invented } from './ovh/refusals.js';

const BODY_LIMIT = 1 << 20;
const HUGE = 64 << 20;
const PAGE = '<!DOCTYPE html><html><head><title>Service unavailable</title></head><body><h1>503 Service Unavailable</h1></body></html>\n';
const HTML = { 'content-type': 'text/html; charset=utf-8' };
const JSON_HEADERS = () => ({ 'content-type': 'application/json' });

const APIS = {
  ovh: { headers: ovhHeaders, answer: (call, world) => answerOvh(call, world.ovh), invented },
  openrouter: { headers: JSON_HEADERS, answer: (call, world) => answerOpenRouter(call, world.router), invented: errorBody },
  none: { headers: JSON_HEADERS, answer: () => ({ status: 404, headers: {}, body: '{"error":"nothing lives here"}' }), invented: errorBody },
};

function apiOf(path) {
  if (/^\/(1\.0|v1|v2)\//.test(path)) return APIS.ovh;
  return path === '/api/v1' || path.startsWith('/api/v1/') ? APIS.openrouter : APIS.none;
}

// All of the body, or null when it is too large; rejects when the caller went away.
async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  return size > BODY_LIMIT ? null : Buffer.concat(chunks);
}

async function readCall(request) {
  const [path, ...rest] = request.url.split('?');
  const raw = await readBody(request);
  return {
    method: request.method, target: request.url, path, query: new URLSearchParams(rest.join('?')), headers: request.headers,
    scheme: request.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http', raw: raw ?? Buffer.alloc(0), tooLarge: raw === null,
  };
}

function send(response, { status, headers, body }) {
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

// A JSON string without end, as fast as the caller reads it.
async function sendHuge(response, fault, headers) {
  const chunk = Buffer.alloc(1 << 16, 'x');
  response.writeHead(fault.status ?? 200, headers);
  response.write('"');
  for (let sent = 0; sent < (fault.size ?? HUGE) && !response.destroyed; sent += chunk.length) {
    if (!response.write(chunk)) {
      await new Promise((resolve) => {
        response.once('drain', resolve);
        response.once('close', resolve);
      });
    }
  }
  response.end('"');
}

const retryAfter = (fault) => (fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) });
const asText = (body, fallback) => (body === undefined ? fallback : JSON.stringify(body));

function spoilt(api, fault, answer) {
  const json = { ...api.headers(), ...retryAfter(fault) };
  const text = typeof fault.body === 'string' ? fault.body : PAGE;
  switch (fault.kind) {
    case 'status': {
      const status = fault.status ?? 500;
      const body = asText(fault.body, JSON.stringify(api.invented(status) ?? null));
      return body === 'null' && fault.body === undefined ? { status, headers: { ...HTML, ...retryAfter(fault) }, body: PAGE } : { status, headers: json, body };
    }
    case 'html': return { status: fault.status ?? 503, headers: { ...HTML, ...retryAfter(fault) }, body: text };
    case 'empty': return { status: fault.status ?? 200, headers: json, body: '' };
    case 'lie': return { status: fault.status ?? 200, headers: json, body: asText(fault.body, '{"lie":true}') };
    default: return { ...answer, headers: { ...json, ...answer.headers } };
  }
}

// The caller hears of a failure now, or nothing; the call is carried out when it has long gone on.
function serveLate(call, response, world, fault, entry) {
  const api = apiOf(call.path);
  world.late.add(fault.seconds ?? 3, () => {
    try {
      entry.late = api.answer(call, world).status;
    } catch (error) {
      console.error(`sandbox: ${call.method} ${call.path}, late: ${error.stack}`);
    }
  });
  if (fault.status === undefined) {
    response.socket?.destroy();
    return 0;
  }
  const reply = spoilt(api, { ...fault, kind: 'status' });
  send(response, reply);
  return reply.status;
}

// Executes the call, or not, and answers it, or not. Returns the status for the journal: 0 when nothing was said.
async function serve(call, response, world, fault, entry) {
  const api = apiOf(call.path);
  const wait = async (seconds) => { if (seconds > 0) await sleep(seconds * 1000); };
  await wait(world.settings.api);
  if (fault?.kind === 'late') return serveLate(call, response, world, fault, entry);
  if (fault?.kind === 'reset' && !fault.execute) {
    response.socket?.resetAndDestroy();
    return 0;
  }
  const answer = !fault || fault.execute ? api.answer(call, world) : null;
  if (!fault) {
    send(response, { ...answer, headers: { ...api.headers(), ...answer.headers } });
    return answer.status;
  }
  if (fault.kind === 'drop-reply' || fault.kind === 'reset') {
    response.socket?.[fault.kind === 'reset' ? 'resetAndDestroy' : 'destroy']();
    return 0;
  }
  if (fault.kind === 'slow' || fault.seconds) await wait(fault.seconds ?? 3);
  if (fault.kind === 'huge') {
    await sendHuge(response, fault, api.headers());
    return fault.status ?? 200;
  }
  const reply = spoilt(api, fault, answer ?? { status: 503, headers: {}, body: 'null' });
  send(response, reply);
  return reply.status;
}

async function onRequest(request, response, world) {
  const call = await readCall(request);
  if (call.path.startsWith('/_/')) {
    const answer = await answerControl(call, world);
    send(response, { ...answer, headers: JSON_HEADERS() });
    return;
  }
  const started = performance.now();
  const fault = world.faults.take(call.method, call.path);
  const entry = {
    n: 0, at: new Date().toISOString(), method: call.method, path: call.path, query: call.target.slice(call.path.length), status: 0,
    fault: fault?.kind ?? null, ms: 0,
  };
  world.journal.add(entry); // at once: a caller that gave up already is still in it
  try {
    entry.status = await serve(call, response, world, fault, entry);
  } finally {
    if (call.key) entry.key = call.key.hash;
    entry.ms = Math.round((performance.now() - started) * 10) / 10;
  }
}

export function serveWorld(world) {
  const server = createServer({ keepAliveTimeout: 65000, headersTimeout: 10000, requestTimeout: 30000, noDelay: true });
  server.maxConnections = 5000;
  server.on('request', (request, response) => {
    response.on('error', () => {});
    onRequest(request, response, world).catch((error) => {
      if (request.complete) console.error(`sandbox: ${request.method} ${request.url.split('?')[0]}: ${error.stack}`);
      if (!response.headersSent) send(response, { status: 500, headers: JSON_HEADERS(), body: '{"error":"the sandbox failed"}' });
      else response.destroy();
    });
  });
  return server;
}
