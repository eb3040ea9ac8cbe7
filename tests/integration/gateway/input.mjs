// Bad input: each kind of it has its own status and a message that says what is wrong.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { assertProblem, DEPLOYMENTS, PASSWORD, raw, world } from './world.mjs';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('bad input', () => {
  const signUp = (options) => world.stack.api().request('POST', '/api/auth/sign-up', options);

  test('malformed JSON is 400', async () => {
    for (const body of ['{"email":', '{', 'nonsense', '{"email":"a@b.c","email":"a@b.c"}', '{"email":"\u0000"}']) {
      assertProblem(await signUp({ body, headers: JSON_TYPE }), 400, /not valid JSON/);
    }
    assertProblem(await signUp({ body: Buffer.from([0x22, 0xff, 0xfe, 0x22]), headers: JSON_TYPE }), 400, /not valid JSON/);
  });

  test('a wrong type, a missing and an unknown field are 422 and named', async () => {
    assertProblem(await signUp({ json: { email: 5, password: PASSWORD } }), 422, /'email' must be a text/);
    assertProblem(await signUp({ json: { email: 'a@b.c' } }), 422, /'password' is missing/);
    assertProblem(await signUp({ json: { email: 'a@b.c', password: PASSWORD, role: 'operator' } }), 422, /'role' is not a field/);
    assertProblem(await signUp({ json: [] }), 422, /object/);
    assertProblem(await signUp({ json: 'text' }), 422, /object/);
    assertProblem(await signUp({ json: { email: 'a@b.c', password: 'short' } }), 422, /'password' must have 8 to 200/);
    assertProblem(await signUp({ json: { email: 'a@b.c', password: 'x'.repeat(201) } }), 422, /'password'/);
    assertProblem(await signUp({ json: { email: 'not an address', password: PASSWORD } }), 422, /'email' must be an e-mail/);
    assertProblem(await world.ann.request('POST', '/api/openclaw/deploy', { json: { name: 7 } }), 422, /'name'/);
    assertProblem(await world.ann.request('POST', '/api/openclaw/deploy', { json: { name: 'x'.repeat(61) } }), 422, /'name'/);
    assertProblem(await world.ann.request('POST', '/api/openclaw/deploy', { json: { plan: 'huge' } }), 422, /'plan'/);
  });

  test('a body that is too large is 413 before it is read', async () => {
    assertProblem(await signUp({ json: { email: 'a@b.c', password: 'x'.repeat(70000) } }), 413, /65536/);
    const answer = await raw('POST /api/auth/sign-up HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{');
    assert.match(answer, /^HTTP\/1.1 413 /);
  });

  test('a body without a length is 411', async () => {
    const answer = await raw('POST /api/auth/sign-up HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n');
    assert.match(answer, /^HTTP\/1.1 411 /);
  });

  test('a body that is not declared as JSON is 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp']) {
      assertProblem(await signUp({ body: '{}', headers: { 'content-type': type } }), 415, /application\/json/);
    }
  });

  test('a body that ends early is 400', async () => {
    const answer = await raw('POST /api/auth/sign-up HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"email"');
    assert.match(answer, /^HTTP\/1.1 400 /);
    assert.match(answer, /ended after 8 of 50 bytes/);
  });

  test('what is not HTTP at all hurts nobody', async () => {
    for (const text of ['\r\n\r\n', 'GET\r\n\r\n', `GET /${'x'.repeat(20000)} HTTP/1.1\r\n\r\n`, '\x16\x03\x01\x02\x00\x01\x00', 'POST /api/auth/sign-up HTTP/1.1\r\nContent-Length: -5\r\n\r\n']) {
      assert.doesNotMatch(await raw(text), /^HTTP\/1.1 2/);
    }
    assert.equal((await world.ann.request('GET', '/api/auth/me')).status, 200);
  });

  test('what is no id is 404, as is an id that nobody has', async () => {
    for (const id of ['abc', '1', '%00', "x'--", `${randomUUID()}0`, randomUUID()]) {
      for (const [method, tail] of [['GET', ''], ['DELETE', ''], ['POST', '/retry'], ['POST', '/restart'], ['GET', '/events'], ['GET', '/log']]) {
        assertProblem(await world.ann.request(method, `${DEPLOYMENTS}/${id}${tail}`), 404, /no such deployment/);
      }
    }
  });

  test('a log position that is no number is 422', async () => {
    const { id } = await world.ann.deploy();
    for (const after of ['x', '-1', '1.5', '', '99999999999999999999']) {
      assertProblem(await world.ann.request('GET', `${DEPLOYMENTS}/${id}/log?after=${after}`), 422, /'after'/);
    }
  });

  test('an Idempotency-Key nobody could store is 422', async () => {
    assertProblem(await world.ann.request('POST', '/api/openclaw/deploy', { body: '', headers: { 'idempotency-key': 'k'.repeat(201) } }), 422, /Idempotency-Key/);
  });

  test('without a session everything of deployments is 401', async () => {
    const { id } = (await world.ann.list())[0];
    const visitors = [world.stack.api(), world.stack.api(), world.stack.api()];
    visitors[1].cookie = 'session=nonsense';
    visitors[2].cookie = `session=${'A'.repeat(43)}`;
    for (const api of visitors) {
      for (const [method, path] of [['POST', '/api/openclaw/deploy'], ['GET', DEPLOYMENTS], ['GET', `${DEPLOYMENTS}/${id}`], ['DELETE', `${DEPLOYMENTS}/${id}`], ['POST', `${DEPLOYMENTS}/${id}/retry`], ['POST', `${DEPLOYMENTS}/${id}/restart`], ['GET', `${DEPLOYMENTS}/${id}/events`], ['GET', `${DEPLOYMENTS}/${id}/log`], ['GET', '/api/auth/me']]) {
        assertProblem(await api.request(method, path), 401, /sign in/);
      }
    }
  });

  test('an address that is not there is 404, a method that is not there 405 with the right ones', async () => {
    assertProblem(await world.ann.request('GET', '/api/nothing'), 404, /nothing at this address/);
    const answer = await world.ann.request('PUT', DEPLOYMENTS, { json: {} });
    assertProblem(answer, 405, /GET/);
    assert.equal(answer.headers.get('allow'), 'GET');
  });

  test('a page of another site cannot act for the visitor', async () => {
    const before = (await world.ann.list()).length;
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
      assertProblem(await world.ann.request('POST', '/api/openclaw/deploy', { body: '', headers }), 403, /another origin/);
    }
    assert.equal((await world.ann.list()).length, before);
    const preflight = await world.ann.request('OPTIONS', DEPLOYMENTS, { headers: { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' } });
    assert.equal(preflight.headers.get('access-control-allow-origin'), null);
    assert.equal((await world.stack.api().request('POST', '/api/auth/sign-out', { headers: { origin: world.stack.env.API_URL } })).status, 204);
  });
});
