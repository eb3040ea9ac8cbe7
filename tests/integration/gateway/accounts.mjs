// Accounts and sessions: signing up, in and out, guessing, and what the database keeps of it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { assertProblem, LIMITS, PASSWORD, person, world } from './world.mjs';

describe('accounts', () => {
  test('signing up signs in, with a cookie that scripts cannot read', async () => {
    const api = world.stack.api();
    const email = `Mixed-${randomUUID()}@Example.com`;
    const answer = await api.request('POST', '/api/auth/sign-up', { json: { email, password: PASSWORD } });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.user.email, email.toLowerCase());
    const cookie = answer.headers.getSetCookie()[0];
    assert.match(cookie, /^session=[\w-]{43}; /);
    for (const part of ['HttpOnly', 'SameSite=Lax', 'Path=/']) assert.ok(cookie.split('; ').includes(part), cookie);
    assert.deepEqual((await api.get('/api/auth/me')).user, answer.body.user);
  });

  test('the database holds neither the password nor the session', async () => {
    const api = await person();
    const [{ users, sessions }] = await world.stack.psql(
      `select (select json_agg(password) from users)::text as users, (select json_agg(encode(token_hash, 'escape')) from sessions)::text as sessions`,
    );
    assert.match(users, /scrypt\$15\$8\$1\$/);
    assert.ok(!users.includes(PASSWORD));
    assert.ok(!sessions.includes(api.cookie.split('=')[1]));
  });

  test('an address has one account, in whatever case', async () => {
    const answer = await world.stack.api().request('POST', '/api/auth/sign-up', { json: { email: world.ann.user.email.toUpperCase(), password: PASSWORD } });
    assertProblem(answer, 409, /already an account/);
  });

  test('a wrong password and an unknown e-mail get the same answer', async () => {
    const api = world.stack.api();
    const wrong = await api.request('POST', '/api/auth/sign-in', { json: { email: world.ann.user.email, password: 'not this one' } });
    const unknown = await api.request('POST', '/api/auth/sign-in', { json: { email: `${randomUUID()}@example.com`, password: 'not this one' } });
    assertProblem(wrong, 401, /wrong/);
    assert.deepEqual(unknown.body, wrong.body);
    assert.equal(wrong.headers.getSetCookie().length, 0);
  });

  test('guessing ends in 429 with a time to wait, for that address and e-mail alone', async () => {
    const [victim, other] = [await person(), await person()];
    const guess = () => world.stack.api().request('POST', '/api/auth/sign-in', { json: { email: victim.user.email, password: 'a guess at it' } });
    for (let i = 0; i < LIMITS.SIGN_IN_ATTEMPTS; i++) assertProblem(await guess(), 401, /wrong/);
    const refused = await guess();
    assertProblem(refused, 429, /Too many/);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    assert.ok(await world.stack.api().signIn(other.user.email, PASSWORD));
  });

  test('signing out ends the session, not only the cookie', async () => {
    const api = await person();
    const { cookie } = api;
    await api.post('/api/auth/sign-out');
    assert.equal(api.cookie, undefined);
    assertProblem(await api.request('GET', '/api/auth/me', { headers: { cookie } }), 401, /sign in/);
    assert.equal((await api.request('POST', '/api/auth/sign-out')).status, 204);
  });

  test('a session ends when its time is over', async () => {
    const api = await person();
    await world.stack.psql(`update sessions set expires_at = now() - interval '1 s' where user_id = '${api.user.id}'`);
    assertProblem(await api.request('GET', '/api/auth/me'), 401, /sign in/);
  });

  test('a visit moves the end of the session on and renews the cookie', async () => {
    const api = await person();
    await world.stack.psql(`update sessions set seen_at = now() - interval '1 hour', expires_at = now() + interval '1 hour' where user_id = '${api.user.id}'`);
    const answer = await api.request('GET', '/api/auth/me');
    assert.match(answer.headers.getSetCookie()[0], /^session=/);
    const [{ days }] = await world.stack.psql(`select extract(day from expires_at - now()) as days from sessions where user_id = '${api.user.id}'`);
    assert.ok(days >= 29, `${days} days`);
  });
});
