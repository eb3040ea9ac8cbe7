// Starts the sandbox without machines on a free port, and speaks to it: its own calls, and the three clients of the tests
// (the vendors' two, and a plain signed one that shows status and headers).

import { spawn } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenRouter } from '@openrouter/sdk';
import { sign } from '../ovh/gate.js';

const require = createRequire(import.meta.url);
const START_DEADLINE = 15000;

export const CREDENTIALS = {
  OVH_APP_KEY: 'testAppKey000000', OVH_APP_SECRET: 'testAppSecret000000000000000000', OVH_CONSUMER_KEY: 'testConsumerKey0000000000000000',
  OPENROUTER_PROVISIONING_KEY: 'sk-or-mgmt-test',
};

// Every delay gone: what is due has happened by the next look.
export const INSTANT = Object.fromEntries(['api', 'checking', 'delivering', 'deliver_task', 'ips', 'rebuild', 'boot', 'setup', 'service_active'].map((name) => [name, 0]));

export async function until(what, condition, seconds = 10) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(20);
  }
}

function listening(child) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the sandbox did not start')), START_DEADLINE);
    let said = '';
    const end = (settle, value) => { clearTimeout(timer); settle(value); };
    child.once('exit', (code) => end(reject, new Error(`the sandbox ended with ${code}`)));
    child.stdout.on('data', (data) => {
      said += data;
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      if (url) end(resolve, url);
    });
  });
}

export async function startSandbox(settings = INSTANT, env = {}) {
  const credentials = { ...CREDENTIALS, ...env };
  const child = spawn(process.execPath, [new URL('../main.js', import.meta.url).pathname], {
    env: { PATH: process.env.PATH, SANDBOX_MACHINES: 'none', SANDBOX_PORT: '0', ...credentials }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await listening(child);

  const control = async (method, path, body) => {
    const reply = await fetch(`${url}/_/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(10000) });
    const json = await reply.json();
    if (!reply.ok) throw Object.assign(new Error(json.error), { status: reply.status });
    return json;
  };
  const stop = () => new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill('SIGTERM');
  });
  await control('POST', 'settings', settings);
  return {
    url, credentials, control, stop, child,
    set: (wanted) => control('POST', 'settings', wanted),
    fault: (fault) => control('POST', 'faults', fault),
    ledger: () => control('GET', 'ledger'),
    journal: () => control('GET', 'journal'),
    async fresh(more = {}) { // as after the start
      await control('POST', 'reset');
      await control('POST', 'settings', { ...settings, ...more });
    },
  };
}

// One signed call; {status, headers, text, json}. `over` replaces headers, to be wrong on purpose.
export function signedCall(sandbox, method, path, body, { over = {}, base = '/1.0', host = sandbox.url.slice(7), scheme = 'http', timestamp, timeout = 10000 } = {}) {
  const { OVH_APP_KEY, OVH_APP_SECRET, OVH_CONSUMER_KEY } = sandbox.credentials;
  const raw = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const target = `${base}${path}`;
  const time = timestamp ?? Math.floor(Date.now() / 1000);
  const consumer = over['X-Ovh-Consumer'] ?? OVH_CONSUMER_KEY;
  const headers = {
    Host: host, 'X-Ovh-Application': OVH_APP_KEY, 'X-Ovh-Consumer': consumer, 'X-Ovh-Timestamp': String(time),
    'X-Ovh-Signature': sign({ secret: OVH_APP_SECRET, consumer, method, url: `${scheme}://${host}${target}`, body: raw, timestamp: time }),
    'Content-Length': Buffer.byteLength(raw), ...(scheme === 'https' ? { 'X-Forwarded-Proto': 'https' } : {}), ...over,
  };
  for (const name of Object.keys(headers)) if (headers[name] === null) delete headers[name];
  return plainCall(sandbox, method, target, raw, headers, timeout);
}

export function plainCall(sandbox, method, target, raw = '', headers = {}, timeout = 10000) {
  return new Promise((resolve, reject) => {
    const request = http.request(sandbox.url, { method, path: target, headers, agent: false, timeout }, (reply) => {
      const chunks = [];
      reply.on('data', (chunk) => chunks.push(chunk));
      reply.on('error', reject);
      reply.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        let json;
        try {
          json = JSON.parse(text);
        } catch {
          json = undefined;
        }
        resolve({ status: reply.statusCode, headers: reply.headers, text, json });
      });
    });
    request.on('timeout', () => request.destroy(new Error('time-out')));
    request.on('error', reject);
    request.end(raw);
  });
}

// OVH's client speaks https only, and signs "https://<host><path>" without a port. So its requests are carried to the
// sandbox as a TLS proxy would: the Host as the client means it, and the scheme in X-Forwarded-Proto. Rejections carry
// {error: status, message}.
export function ovhClient(sandbox) {
  const { port } = new URL(sandbox.url);
  https.request = (options, onReply) => http.request(
    { ...options, host: '127.0.0.1', port, agent: false, headers: { ...options.headers, Host: options.host, 'X-Forwarded-Proto': 'https' } }, onReply);
  const client = require('@ovhcloud/node-ovh')({
    endpoint: 'ovh-us', appKey: sandbox.credentials.OVH_APP_KEY, appSecret: sandbox.credentials.OVH_APP_SECRET,
    consumerKey: sandbox.credentials.OVH_CONSUMER_KEY, timeout: 10000,
  });
  const call = (method) => (path, params) => client.requestPromised(method, path, params ?? {});
  return { get: call('GET'), post: call('POST'), put: call('PUT'), del: call('DELETE'), raw: client };
}

export const openRouterClient = (sandbox, apiKey = CREDENTIALS.OPENROUTER_PROVISIONING_KEY) =>
  new OpenRouter({ apiKey, serverURL: `${sandbox.url}/api/v1`, retryConfig: { strategy: 'none' }, timeoutMs: 10000 });

export const SSH_KEY = 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg= test';

export async function fillCart(ovh, { description = 'ab-test', plan = 'vps-2025-model1', datacenter = 'US-EAST-VA', os = 'Debian 12' } = {}) {
  const { cartId } = await ovh.post('/order/cart', { ovhSubsidiary: 'US', description });
  await ovh.post(`/order/cart/${cartId}/assign`);
  const { itemId } = await ovh.post(`/order/cart/${cartId}/vps`, { planCode: plan, duration: 'P1M', pricingMode: 'default', quantity: 1 });
  for (const [label, value] of [['vps_datacenter', datacenter], ['vps_os', os]]) {
    await ovh.post(`/order/cart/${cartId}/item/${itemId}/configuration`, { label, value });
  }
  return cartId;
}

export async function order(ovh, what) {
  const cartId = await fillCart(ovh, what);
  const { orderId } = await ovh.post(`/order/cart/${cartId}/checkout`, { autoPayWithPreferredPaymentMethod: false });
  return { cartId, orderId };
}

export const pay = (ovh, orderId) => ovh.post(`/me/order/${orderId}/pay`, { paymentMethod: { id: 7001234 } });

// The documented way from an order to its VPS: the details of our plan, their operations, the resource's name.
export async function serviceOf(ovh, orderId, plan = 'vps-2025-model1') {
  for (const detail of await ovh.get(`/me/order/${orderId}/details`)) {
    const at = `/me/order/${orderId}/details/${detail}`;
    const extension = await ovh.get(`${at}/extension`);
    if (extension.order.plan.code !== plan || extension.order.plan.product.name !== 'virtualPrivateServer') continue;
    for (const operation of await ovh.get(`${at}/operations`)) {
      const { resource } = await ovh.get(`${at}/operations/${operation}`);
      if (resource.name && resource.name !== '*') return resource.name;
    }
  }
  return null;
}

export async function buy(ovh, what = {}) {
  const { orderId } = await order(ovh, what);
  await pay(ovh, orderId);
  return serviceOf(ovh, orderId, what.plan);
}

export const refusedWith = (status, message) => (thrown) => {
  if (thrown?.error !== status) throw new Error(`expected ${status}, got ${JSON.stringify(thrown)} ${thrown?.stack ?? ''}`);
  if (message && !message.test(thrown.message)) throw new Error(`expected ${message}, got ${thrown.message}`);
  return true;
};
