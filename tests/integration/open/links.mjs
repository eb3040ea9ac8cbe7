// The link itself: whose it is, where it leads, that it works and works once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enter, secretsOf } from '../../harness/openclaw.mjs';
import { ask, assertOpens, assertTold, DEPLOYMENTS, rows, untilClaimed, world } from './world.mjs';

test('a link leads into the OpenClaw on the machine, and once', async () => {
  const { url } = await world.api.deployment(world.id);
  const answer = await ask();
  const link = (await assertOpens(answer)).url;
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(link.slice(0, link.indexOf('#')), url);
  assert.deepEqual(Object.keys(secretsOf(link)), ['bootstrapToken', 'bootstrapProfile', 'token']);
  const left = Date.parse(answer.body.expiresAt) - Date.now();
  assert.ok(left > 500000 && left <= 600000, `it expires in ${left} ms`);
  assert.equal(await enter(link, world.stack.env.MACHINE_CA_FILE), 'AUTH_BOOTSTRAP_TOKEN_INVALID');
  assert.deepEqual(await rows(), [], 'nothing of it is kept');
});

test('each click makes a link of its own', async () => {
  const [one, two] = [await ask(), await ask()];
  assert.notEqual(one.body.url, two.body.url);
  await assertOpens(two);
  await assertOpens(one);
});

test('a browser that may keep nothing comes back with the rest of its link', async () => {
  const { url } = await assertOpens(await ask(), { use: false });
  const ca = world.stack.env.MACHINE_CA_FILE;
  assert.equal(await enter(url, ca, 'a-browser-of-anns'), 'connected');
  const { token } = secretsOf(url);
  const again = new URL(`#token=${token}`, url).href;
  assert.equal(await enter(again, ca, 'a-browser-of-anns'), 'connected');
  assert.equal(await enter(again, ca, 'a-browser-of-bobs'), 'PAIRING_REQUIRED', 'the token alone lets nobody in');
});

test('it leaves one line in the audit table, no event and no line for people', async () => {
  const before = await world.api.events(world.id);
  await ask();
  assert.deepEqual(await world.api.events(world.id), before);
  const [line] = await world.stack.psql(`select * from audit order by id desc limit 1`);
  assert.equal(line.what, 'open');
  assert.equal(line.subject, world.id);
  assert.equal(line.user_id, world.api.user.id);
});

test("nobody opens another's, or one that is not there, or without signing in", async () => {
  const bob = world.stack.api();
  await bob.signUp();
  assertTold(await ask({ api: bob }), 404, /no such deployment/);
  assertTold(await ask({ id: '0196e0a5-7f3c-7abc-8def-0123456789ab' }), 404, /no such deployment/);
  assertTold(await ask({ id: 'nonsense' }), 404, /no such deployment/);
  assertTold(await ask({ api: world.stack.api() }), 401, /sign in/);
  const foreign = await world.api.request('POST', `${DEPLOYMENTS}/${world.id}/open`, { body: '', headers: { origin: 'https://elsewhere.example' } });
  assertTold(foreign, 403, /another origin/);
  assert.equal((await world.api.request('GET', `${DEPLOYMENTS}/${world.id}/open`)).status, 405);
  assert.deepEqual(await rows(), []);
});

test('only what is READY is opened, and what is destroyed meanwhile is not', async () => {
  await world.sandbox.settings({ delivering: 3600 });
  const { id } = await world.api.deploy();
  assertTold(await ask({ id }), 409, /READY.*(PENDING|ORDERING)/);
  await world.sandbox.settings({ delivering: 0 });
  await world.api.waitStatus(id, 'READY', { deadline: 90 });
  await world.sandbox.settings({ mint: 15 });
  const waiting = ask({ id });
  await untilClaimed();
  await world.api.destroy(id);
  const answer = await waiting;
  assertTold(answer, 409, /changed while it was being opened/);
  assert.ok(answer.seconds < 12, 'it is told at once');
  assert.deepEqual(await rows(), []);
  await world.sandbox.settings({ mint: 0 });
  assertTold(await ask({ id }), 409, /DESTROY/);
  await world.api.waitStatus(id, 'DESTROYED');
  assertTold(await ask({ id }), 409, /DESTROYED/);
});
