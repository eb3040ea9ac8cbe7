// OpenRouter at its worst: at most one live key per deployment, whatever is lost, late or a lie, and none after destroy.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { until } from '../harness/wait.mjs';
import {
  assertAllHappened, assertFails, assertGone, assertReady, begin, bought, calm, deploy, destroy, destroyed, end, hurry, world,
} from './hostile/world.mjs';

const LIST = { method: 'GET', path: '/api/v1/keys' };
const CREATE = { method: 'POST', path: '/api/v1/keys' };
const DELETE = { method: 'DELETE', path: '/api/v1/keys/*' };
const ANYTHING = { path: '/api/v1/*', times: 0 };

const KINDS = {
  'an HTML page': { kind: 'html' },
  'an HTML page that says 200': { kind: 'html', status: 200 },
  'nothing at all': { kind: 'empty' },
  'far too much': { kind: 'huge' },
  'a reset connection': { kind: 'reset' },
  'status 500': { kind: 'status', status: 500 },
  'status 401 once': { kind: 'status', status: 401 },
  'an object of something else': { kind: 'lie', body: { data: { hash: 7 }, key: ['sk-or-v1-00000000'] } },
  'a list of something else': { kind: 'lie', body: [null, 'x', -1] },
  'a key that is none': { kind: 'lie', body: { data: { hash: 'a'.repeat(64), name: 'x' }, key: "sk-or-v1-00000000' $(reboot)" } },
  'keys without names': { kind: 'lie', body: { data: [{ hash: 'a'.repeat(64) }, { name: 'openclaw' }] } },
};
// What OpenRouter did although its answer says otherwise.
const DONE = {
  'its answer is lost': { kind: 'drop-reply' },
  'its answer is a page': { kind: 'html', status: 200, execute: true },
  'it says 500': { kind: 'status', status: 500, execute: true },
  'its answer names no key': { kind: 'lie', body: { data: {} }, execute: true },
};

before(() => begin());
after(end);
afterEach(calm);

/** Its key and nothing else: what follows is stopped, so that a test is about the key alone. */
async function issued() {
  const [id] = await deploy();
  await until(async () => (await world.api.events(id)).some((event) => event.type === 'key.issued'), { what: 'the key is issued' });
  const { keys } = await bought(id);
  assert.equal(keys.length, 1, JSON.stringify(keys));
  assert.deepEqual([keys[0].disabled, keys[0].limit], [false, 10]);
  return id;
}

describe('pauses', () => {
  test('too many requests: the pause that OpenRouter asks for is kept', async () => {
    await world.sandbox.faults({ ...LIST, kind: 'status', status: 429, retryAfter: 3 });
    const id = await issued();
    const calls = (await world.sandbox.journal()).filter((j) => j.path === LIST.path);
    const refused = calls.find((j) => j.status === 429);
    const next = calls[calls.indexOf(refused) + 1];
    assert.ok(Date.parse(next.at) - Date.parse(refused.at) >= 2900, `${refused.at} to ${next.at}`);
    await destroyed(id);
  });
});

describe('making a key', () => {
  before(hurry);

  for (const [name, fault] of Object.entries(KINDS)) {
    test(`${name}, of every call once`, async () => {
      await world.sandbox.faults([{ ...LIST, ...fault }, { ...CREATE, ...fault }]);
      const id = await issued();
      await assertAllHappened();
      await world.sandbox.faults([{ ...DELETE, ...fault }, { ...LIST, ...fault }]);
      await destroyed(id);
      await assertAllHappened();
    });
  }

  for (const [name, fault] of Object.entries(DONE)) {
    test(`it was made, but ${name}`, async () => {
      await world.sandbox.faults({ ...CREATE, ...fault });
      const id = await issued();
      await assertAllHappened();
      await world.sandbox.faults({ ...DELETE, ...fault });
      await destroyed(id);
      await assertAllHappened();
    });
  }

  test('it is made three times, and heard of each time too late: one is left', async () => {
    await world.sandbox.faults({ ...CREATE, kind: 'drop-reply', times: 3 });
    await destroyed(await issued());
  });

  test('our management key is refused: says who must act, and a retry works', async () => {
    await world.sandbox.faults({ ...ANYTHING, kind: 'status', status: 401 });
    const [id] = await deploy();
    await assertFails(id, /^OpenRouter refused our management key; an operator must check it$/);
    assert.deepEqual((await bought(id)).orders, [], 'nothing is ordered before there is a key');
    await calm();
    await world.api.retry(id);
    await assertReady(id, { orders: 1 });
    await destroyed(id);
  });

  for (const [name, fault, text] of [
    ['down', { kind: 'reset' }, /^OpenRouter could not be reached/],
    ['broken', { kind: 'status', status: 500 }, /^OpenRouter said 500/],
    ['not itself', { kind: 'html', status: 200 }, /^OpenRouter's answer is no JSON object/],
    ['refusing, with a secret in its reason', { kind: 'status', status: 400, body: { error: { message: 'bad key sk-or-v1-00112233445566778899' } } }, /^OpenRouter said 400/],
  ]) {
    test(`OpenRouter is ${name}: says so, and a destroy has nothing to do`, async () => {
      await world.sandbox.faults({ ...ANYTHING, ...fault });
      const [id] = await deploy();
      await assertFails(id, text);
      await calm();
      await destroyed(id);
    });
  }
});

describe('revoking a key', () => {
  test('OpenRouter is down: it goes on until the key is gone', async () => {
    const id = await issued();
    await world.sandbox.faults({ ...ANYTHING, kind: 'status', status: 503 });
    await destroy(id);
    await until(async () => (await world.sandbox.journal()).filter((j) => j.fault && j.method === 'DELETE').length >= 10, { what: 'ten tries' });
    assert.equal((await world.api.deployment(id)).status, 'DESTROYING');
    assert.equal((await bought(id)).keys.length, 1);
    await calm();
    await assertGone(id);
  });

  test('somebody else deleted it: that is fine', async () => {
    const id = await issued();
    const [{ hash }] = (await bought(id)).keys;
    await world.sandbox.delete(`/api/v1/keys/${hash}`, { headers: { authorization: `Bearer ${world.stack.env.OPENROUTER_PROVISIONING_KEY}` } });
    await destroyed(id);
  });
});
