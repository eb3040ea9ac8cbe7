// The signature: the published vectors, against the formula and through the running sandbox; and every way to be refused.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { sign } from '../ovh/gate.js';
import { INSTANT, plainCall, signedCall, startSandbox, until } from './helper.js';

const vectors = JSON.parse(readFileSync(new URL('../../vectors/ovh-signatures.json', import.meta.url)));
let sandbox;
before(async () => {
  sandbox = await startSandbox(INSTANT, {
    OVH_APP_KEY: vectors.app_key, OVH_APP_SECRET: vectors.app_secret, OVH_CONSUMER_KEY: vectors.consumer_key,
  });
});
after(() => sandbox.stop());
beforeEach(() => sandbox.fresh());

const INVALID = { message: 'Invalid signature', httpCode: '400 Bad Request', errorCode: 'INVALID_SIGNATURE' };

test('the vectors of the official clients', async () => {
  await sandbox.set({ clock_offset: vectors.timestamp - Math.floor(Date.now() / 1000) });
  assert.equal(vectors.cases.length, 12);
  for (const { method, url, body, signature } of vectors.cases) {
    const about = `${method} ${url}`;
    assert.equal(sign({
      secret: vectors.app_secret, consumer: vectors.consumer_key, method, url, body, timestamp: vectors.timestamp,
    }), signature, about);
    const { host } = new URL(url);
    const target = url.slice(`https://${host}`.length);
    const headers = {
      Host: host, 'X-Forwarded-Proto': 'https', 'X-Ovh-Application': vectors.app_key, 'X-Ovh-Consumer': vectors.consumer_key,
      'X-Ovh-Timestamp': String(vectors.timestamp), 'X-Ovh-Signature': signature, 'Content-Length': Buffer.byteLength(body),
    };
    const passed = await plainCall(sandbox, method, target, body, headers);
    assert.ok(passed.status === 200 || passed.status === 404, `${about}: ${passed.status} ${passed.text}`);
    if (target === '/1.0/order/cart' && method === 'POST') continue; // making a cart needs no signature
    const wrong = await plainCall(sandbox, method, target, body, { ...headers, 'X-Ovh-Signature': signature.replace(/.$/, (last) => (last === '0' ? '1' : '0')) });
    assert.deepEqual([wrong.status, wrong.json], [400, INVALID], about);
  }
});

test('a good call, and its headers', async () => {
  const reply = await signedCall(sandbox, 'GET', '/vps');
  assert.deepEqual([reply.status, reply.text], [200, '[]']);
  assert.match(reply.headers['x-ovh-queryid'], /^US\.ext-3\.[0-9a-f]{8}\./);
  assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(reply.headers['cache-control'], 'no-cache, no-store');
  for (const base of ['/v1', '/v2']) assert.ok([200, 404].includes((await signedCall(sandbox, 'GET', '/vps', undefined, { base })).status));
});

test('refusals in their order', async () => {
  const refusal = async (options, body) => {
    const { status, json } = await signedCall(sandbox, 'GET', '/me', body, options);
    return [status, json.message, json.class ?? json.errorCode];
  };
  const old = Math.floor(Date.now() / 1000) - 600;
  assert.deepEqual(await refusal({ over: { 'X-Ovh-Application': null } }), [401, 'You must login first', 'Client::Unauthorized']);
  assert.deepEqual(await refusal({ over: { 'X-Ovh-Application': 'other' }, timestamp: old }), [403, 'This application key is invalid', 'Client::Forbidden']);
  assert.deepEqual(await refusal({ over: { 'X-Ovh-Signature': '$1$00' }, timestamp: old }), [400, 'Query out of time', 'QUERY_TIME_OUT']);
  assert.deepEqual(await refusal({ over: { 'X-Ovh-Signature': '$1$00', 'X-Ovh-Consumer': 'other' } }), [400, 'Invalid signature', 'INVALID_SIGNATURE']);
  assert.deepEqual(await refusal({ over: { 'X-Ovh-Consumer': 'other' } }), [403, 'This credential is not valid', 'INVALID_CREDENTIAL']);
  assert.deepEqual(await refusal({ host: 'api.us.ovhcloud.com', scheme: 'https', over: { 'X-Forwarded-Proto': null } }), [400, 'Invalid signature', 'INVALID_SIGNATURE']);
  await sandbox.set({ rules: [{ method: 'GET', path: '/vps/*' }, { method: 'GET', path: '/me/order' }] });
  assert.deepEqual(await refusal({}), [403, 'This call has not been granted', 'Client::Forbidden']);
  assert.equal((await signedCall(sandbox, 'GET', '/vps')).status, 403, '/vps/* is not /vps');
  assert.equal((await signedCall(sandbox, 'GET', '/me/order')).status, 200);
});

test('a clock that is off is found out with /auth/time', async () => {
  await sandbox.set({ clock_offset: 3600 });
  assert.equal((await signedCall(sandbox, 'GET', '/me')).json.errorCode, 'QUERY_TIME_OUT');
  const { json: timestamp } = await plainCall(sandbox, 'GET', '/1.0/auth/time');
  assert.equal((await signedCall(sandbox, 'GET', '/me', undefined, { timestamp })).status, 200);
});

test('the body is signed as it is sent, and must be an object', async () => {
  const path = '/me/sshKey';
  const tampered = await signedCall(sandbox, 'POST', path, '{"keyName":"a"}', { over: { 'X-Ovh-Signature': sign({
    secret: vectors.app_secret, consumer: vectors.consumer_key, method: 'POST', url: `${sandbox.url}/1.0${path}`, body: '{"keyName": "a"}',
    timestamp: Math.floor(Date.now() / 1000),
  }) } });
  assert.equal(tampered.json.errorCode, 'INVALID_SIGNATURE');
  for (const body of ['{"keyName":', '[]', '7']) {
    const reply = await signedCall(sandbox, 'POST', path, body);
    assert.deepEqual([reply.status, reply.json.message], [400, 'Invalid JSON received']);
  }
  assert.equal((await signedCall(sandbox, 'POST', path, { keyName: 'a', key: 'ssh-ed25519 AAAA x' })).status, 400);
  assert.equal((await signedCall(sandbox, 'POST', path, `{"keyName":"${'x'.repeat(1 << 20)}"}`)).status, 413);
});

test('a new consumer key waits for a person, and may only do what it asked for', async () => {
  const asked = await plainCall(sandbox, 'POST', '/1.0/auth/credential', JSON.stringify({ accessRules: [{ method: 'GET', path: '/me' }] }), { 'X-Ovh-Application': vectors.app_key });
  assert.equal(asked.json.state, 'pendingValidation');
  const over = { 'X-Ovh-Consumer': asked.json.consumerKey };
  assert.equal((await signedCall(sandbox, 'GET', '/me', undefined, { over })).json.errorCode, 'INVALID_CREDENTIAL');
  await sandbox.control('POST', 'credentials', { consumerKey: asked.json.consumerKey, state: 'validated' });
  assert.equal((await signedCall(sandbox, 'GET', '/me', undefined, { over })).status, 200);
  assert.equal((await signedCall(sandbox, 'GET', '/vps', undefined, { over })).status, 403);
});

test('a budget of requests a minute', async () => {
  await sandbox.set({ rate_limit: 3 });
  const statuses = [];
  for (let i = 0; i < 5; i++) statuses.push((await signedCall(sandbox, 'GET', '/me')).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  assert.equal((await signedCall(sandbox, 'GET', '/me')).json.class, 'Client::TooManyRequests');
  await sandbox.set({ rate_window: 0.2 });
  await until('the window has passed', async () => (await signedCall(sandbox, 'GET', '/me')).status === 200);
  for (let i = 0; i < 2; i++) assert.equal((await signedCall(sandbox, 'GET', '/me')).status, 200);
});
