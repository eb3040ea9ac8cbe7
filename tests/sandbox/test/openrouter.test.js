// OpenRouter's own client, which checks every answer against its schema; and the parts it hides.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { CREDENTIALS, openRouterClient, plainCall, startSandbox } from './helper.js';

let sandbox;
let client;
before(async () => {
  sandbox = await startSandbox();
  client = openRouterClient(sandbox);
});
after(() => sandbox.stop());
beforeEach(() => sandbox.fresh());

const create = async (requestBody) => client.apiKeys.create({ requestBody });
const call = (method, path, body, bearer = CREDENTIALS.OPENROUTER_PROVISIONING_KEY) => plainCall(
  sandbox, method, `/api/v1${path}`, body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body), bearer ? { Authorization: `Bearer ${bearer}` } : {});

test('create, get, update, delete', async () => {
  const { key, data } = await create({ name: 'openclaw-1', limit: 10 });
  assert.match(key, /^sk-or-v1-[0-9a-f]{64}$/);
  assert.equal(data.hash, createHash('sha256').update(key).digest('hex'));
  assert.deepEqual([data.limit, data.limitRemaining, data.disabled, data.limitReset], [10, 10, false, null]);
  assert.equal((await client.apiKeys.get({ hash: data.hash })).data.name, 'openclaw-1');
  const updated = await client.apiKeys.update({ hash: data.hash, requestBody: { disabled: true, limit: 35, limitReset: 'monthly' } });
  assert.deepEqual([updated.data.disabled, updated.data.limit, updated.data.limitReset], [true, 35, 'monthly']);
  assert.deepEqual((await sandbox.ledger()).keys, [{ hash: data.hash, name: 'openclaw-1', disabled: true, limit: 35 }]);
  assert.equal((await client.apiKeys.delete({ hash: data.hash })).deleted, true);
  await assert.rejects(client.apiKeys.delete({ hash: data.hash }), { statusCode: 404 });
  await assert.rejects(client.apiKeys.get({ hash: data.hash }), { statusCode: 404 });
  assert.deepEqual((await sandbox.ledger()).keys, []);
});

test('pages of 100, newest first, disabled ones on demand, names not unique', async () => {
  for (let i = 0; i < 103; i++) await create({ name: `key-${i >> 1}` });
  const page = async (request) => (await client.apiKeys.list(request)).data;
  const first = await page({});
  assert.deepEqual([first.length, first[0].name, first[1].name, first[2].name], [100, 'key-51', 'key-50', 'key-50']);
  assert.deepEqual((await page({ offset: 100 })).map(({ name }) => name), ['key-1', 'key-0', 'key-0']);
  assert.deepEqual(await page({ offset: 103 }), []);
  await client.apiKeys.update({ hash: first[0].hash, requestBody: { disabled: true } });
  assert.equal((await page({}))[0].name, 'key-50');
  assert.equal((await page({ includeDisabled: true }))[0].name, 'key-51');
});

test('an issued key looks at itself, and at nothing else', async () => {
  const { key, data } = await create({ name: 'mine', limit: 25, limitReset: 'daily' });
  await sandbox.control('POST', 'usage', { hash: data.hash, usd: 4.5 });
  const mine = (await openRouterClient(sandbox, key).apiKeys.getCurrentKeyMetadata()).data;
  assert.deepEqual([mine.usage, mine.usageDaily, mine.limitRemaining, mine.isManagementKey], [4.5, 4.5, 20.5, false]);
  await sandbox.set({ clock_offset: 86400 });
  const tomorrow = (await client.apiKeys.get({ hash: data.hash })).data;
  assert.deepEqual([tomorrow.usage, tomorrow.usageDaily, tomorrow.limitRemaining], [4.5, 0, 25]);
  assert.equal((await call('POST', '/keys', { name: 'x' }, key)).status, 403);
  assert.equal((await call('GET', '/keys', undefined, key)).status, 401);
  assert.equal((await client.apiKeys.getCurrentKeyMetadata()).data.isManagementKey, true);
  await client.apiKeys.update({ hash: data.hash, requestBody: { disabled: true } });
  assert.equal((await call('GET', '/key', undefined, key)).status, 401);
});

test('errors in their shape', async () => {
  const missing = await call('GET', '/keys', undefined, null);
  assert.deepEqual([missing.status, missing.json], [401, { error: { code: 401, message: 'Missing Authentication header', metadata: null }, user_id: null }]);
  assert.equal((await call('GET', '/keys', undefined, 'sk-wrong')).json.error.message, 'User not found.');
  for (const body of [{}, { name: '' }, { name: 7 }, { name: 'a', limit: '10' }, { name: 'a', limit: -1 }, { name: 'a', limit_reset: 'hourly' },
    { name: 'a', expires_at: '2027-01-01T00:00Z' }, [], 'not json']) {
    assert.equal((await call('POST', '/keys', body)).status, 400, JSON.stringify(body));
  }
  assert.equal((await call('GET', '/keys?offset=-1')).status, 400);
  assert.equal((await call('GET', '/nothing')).status, 404);
  assert.equal((await call('POST', '/keys/', { name: 'slash', limit: 0 })).status, 201);
  assert.equal((await call('POST', '/keys', { name: 'x'.repeat(1 << 20) })).status, 413);
});

test('a budget of requests a minute', async () => {
  await sandbox.set({ rate_limit: 2 });
  const replies = [];
  for (let i = 0; i < 3; i++) replies.push(await call('GET', '/keys'));
  assert.deepEqual(replies.map(({ status }) => status), [200, 200, 429]);
  assert.equal(replies[2].json.error.metadata.error_type, 'rate_limit_exceeded');
  assert.equal(replies[2].headers['retry-after'], '2');
  await sandbox.set({ rate_limit_at: 'ovh' });
  assert.equal((await call('GET', '/keys')).status, 200);
});

test('a key whose answer got lost is there, under its name', async () => {
  await sandbox.fault({ method: 'POST', path: '/api/v1/keys', kind: 'drop-reply' });
  await assert.rejects(create({ name: 'openclaw-lost' }));
  assert.deepEqual((await client.apiKeys.list({})).data.map(({ name }) => name), ['openclaw-lost']);
});

test('an issued key can chat, in one piece or streamed, until its money is gone', async () => {
  const { key, data } = await create({ name: 'openclaw-1', limit: 0.0002 });
  const ask = (more, bearer = key) => call('POST', '/chat/completions', { model: 'google/gemini-3-flash-preview',
    messages: [{ role: 'system', content: 'Be kind.' }, { role: 'user', content: 'Are you there?' }], ...more }, bearer);
  const whole = JSON.parse((await ask()).text);
  assert.deepEqual(whole.choices[0].message, { role: 'assistant', content: 'Hello from the sandbox, answer 1.' });
  const streamed = await ask({ stream: true });
  assert.match(streamed.headers['content-type'], /^text\/event-stream/);
  const chunks = streamed.text.trim().split('\n\n').map((line) => line.replace(/^data: /, ''));
  assert.equal(chunks.pop(), '[DONE]');
  assert.equal(chunks.map((chunk) => JSON.parse(chunk).choices[0].delta.content ?? '').join(''), 'Hello from the sandbox, answer 2.');
  assert.equal((await ask()).status, 402, 'two messages used it up');
  assert.equal((await ask({}, 'sk-or-v1-unknown')).status, 401);
  assert.equal((await client.apiKeys.get({ hash: data.hash })).data.usage, 0.0002);
  const chats = (await sandbox.control('GET', 'journal')).filter(({ path }) => path.endsWith('/chat/completions'));
  assert.deepEqual(chats.map((entry) => [entry.status, entry.key]), [[200, data.hash], [200, data.hash], [402, data.hash], [401, undefined]]);
});
