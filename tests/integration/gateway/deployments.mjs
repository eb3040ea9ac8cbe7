// What a user does with deployments, and that nobody else can: each click, its limits, its repeats.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { assertProblem, DEPLOYMENTS, LIMITS, person, setStatus, world } from './world.mjs';

describe('deployments', () => {
  test('a click is written with its event and answered as the list shows it', async () => {
    const api = await person();
    const answer = await api.request('POST', '/api/openclaw/deploy', { json: { name: 'My claw äöü' } });
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const made = answer.body;
    assert.equal(made.status, 'PENDING');
    assert.equal(made.name, 'My claw äöü');
    assert.deepEqual([made.ipAddress, made.url, made.readyAt, made.destroyedAt], [null, null, null, null]);
    assert.deepEqual(made.steps.map(({ key, state }) => `${key} ${state}`), ['order active', 'setup waiting', 'install waiting', 'ready waiting']);
    assert.deepEqual(await api.list(), [made]);
    assert.deepEqual(await api.deployment(made.id), made);
    const events = await api.events(made.id);
    assert.deepEqual(events.map(({ seq, type, status }) => [seq, type, status]), [[1, 'deployment.requested', 'PENDING']]);
    await until(async () => (await world.stack.psql(`select 1 as n from gateway.outbox where key = '${made.id}'`)).length === 0, { what: 'the event was published' });
  });

  test('the newest comes first and nothing is hidden', async () => {
    const api = await person();
    const [a, b] = [await api.deploy(), await api.deploy()];
    await api.destroy(a.id);
    assert.deepEqual((await api.list()).map(({ id }) => id), [b.id, a.id]);
  });

  test('the same Idempotency-Key is the same deployment, however often and at once', async () => {
    const [api, other] = [await person(), await person()];
    const key = randomUUID();
    const all = await Promise.all(Array.from({ length: 8 }, () => api.deploy({ key })));
    assert.equal(new Set(all.map(({ id }) => id)).size, 1);
    await api.destroy(all[0].id);
    assert.equal((await api.deploy({ key })).status, 'DESTROYING');
    assert.equal((await api.list()).length, 1);
    assert.notEqual((await other.deploy({ key })).id, all[0].id);
    const [{ n }] = await world.stack.psql(`select count(*) as n from deployment_events where deployment_id = '${all[0].id}' and type = 'deployment.requested'`);
    assert.equal(n, 1);
  });

  test('past the limit of an hour it is 429, also for clicks at once', async () => {
    const api = await person();
    const clicks = await Promise.all(Array.from({ length: LIMITS.DEPLOYS_PER_HOUR + 3 }, () => api.request('POST', '/api/openclaw/deploy')));
    const refused = clicks.filter(({ status }) => status !== 202);
    assert.equal(refused.length, 3);
    for (const answer of refused) {
      assertProblem(answer, 429, /within an hour/);
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
    }
  });

  test('destroying is one decision, however often it is asked for', async () => {
    const api = await person();
    const { id } = await api.deploy();
    const answers = await Promise.all([1, 2, 3].map(() => api.request('DELETE', `${DEPLOYMENTS}/${id}`)));
    for (const { status, body } of answers) assert.deepEqual([status, body.status], [202, 'DESTROYING']);
    assert.deepEqual((await api.events(id)).map(({ type }) => type), ['deployment.requested', 'deployment.destroy-requested']);
    await setStatus(id, 'DESTROYED', ', destroyed_at = now()');
    assert.equal((await api.destroy(id)).status, 'DESTROYED');
    const [{ generation }] = await world.stack.psql(`select generation from deployments where id = '${id}'`);
    assert.equal(generation, 2);
  });

  test('only READY can be restarted', async () => {
    const api = await person();
    const { id } = await api.deploy();
    assertProblem(await api.request('POST', `${DEPLOYMENTS}/${id}/restart`), 409, /READY.*PENDING/);
    await setStatus(id, 'READY', `, ready_at = now(), ip_address = '127.9.9.9'`);
    const ready = await api.deployment(id);
    assert.match(ready.url, /^https:\/\/127\.9\.9\.9(:\d+)?\/$/);
    assert.ok(ready.steps.every(({ state }) => state === 'done'));
    const answer = await api.request('POST', `${DEPLOYMENTS}/${id}/restart`, { json: {} });
    assert.deepEqual([answer.status, answer.body.status], [202, 'READY']);
    assert.equal((await api.events(id)).at(-1).type, 'deployment.restart-requested');
  });

  test('only ERROR can be tried again, and goes on where it failed', async () => {
    const api = await person();
    const { id } = await api.deploy();
    assertProblem(await api.request('POST', `${DEPLOYMENTS}/${id}/retry`), 409, /ERROR.*PENDING/);
    for (const [piece, status, step] of [['llm_key', 'PENDING', 'order'], ['server', 'ORDERING', 'order'], ['installation', 'INSTALLING', 'install'], ['watch', 'INSTALLING', 'install']]) {
      await setStatus(id, 'ERROR', `, failed_piece = '${piece}'`);
      assert.ok((await api.deployment(id)).steps.some(({ state }) => state === 'failed'));
      const again = await api.retry(id);
      assert.deepEqual([again.status, again.statusMessage], [status, 'Trying again']);
      assert.equal(again.steps.find(({ state }) => state === 'active').key, step);
    }
    const [{ generation, failed_piece }] = await world.stack.psql(`select generation, failed_piece from deployments where id = '${id}'`);
    assert.deepEqual([generation, failed_piece], [5, null]);
    assertProblem(await api.request('POST', `${DEPLOYMENTS}/${id}/retry`), 409, /INSTALLING/);
  });

  test('the log comes page by page', async () => {
    const api = await person();
    const { id } = await api.deploy();
    assert.deepEqual(await api.log(id), { lines: [], next: 0 });
    await world.stack.psql(`insert into deployment_log (deployment_id, stage, line) select '${id}', 'installer', 'line ' || i from generate_series(1, 600) i`);
    const first = await api.log(id);
    assert.equal(first.lines.length, 500);
    assert.deepEqual(Object.keys(first.lines[0]), ['n', 'at', 'stage', 'text']);
    const second = await api.log(id, first.next);
    assert.deepEqual(second.lines.map(({ text }) => text), Array.from({ length: 100 }, (_, i) => `line ${501 + i}`));
    assert.deepEqual(await api.log(id, second.next), { lines: [], next: second.next });
  });
});

describe('isolation', () => {
  test("another user's deployment is 404 in every way, and untouched", async () => {
    const [owner, thief] = [await person(), await person()];
    const { id } = await owner.deploy();
    const before = await owner.deployment(id);
    for (const [method, tail] of [['GET', ''], ['DELETE', ''], ['POST', '/retry'], ['POST', '/restart'], ['GET', '/events'], ['GET', '/log'], ['GET', '/log?after=0']]) {
      assertProblem(await thief.request(method, `${DEPLOYMENTS}/${id}${tail}`), 404, /no such deployment/);
    }
    const stream = await thief.request('GET', `${DEPLOYMENTS}/${id}/events`, { headers: { accept: 'text/event-stream' } });
    assertProblem(stream, 404, /no such deployment/);
    assert.deepEqual(await thief.list(), []);
    assert.deepEqual(await owner.deployment(id), before);
  });

  test('nothing secret is in any answer about a deployment', async () => {
    const { id } = await world.ann.deploy();
    await world.stack.psql(`insert into secrets (deployment_id, name, sealed) values ('${id}', 'gateway_token', 'v1.sealed-secret')`);
    const all = JSON.stringify([await world.ann.deployment(id), await world.ann.list(), await world.ann.events(id), await world.ann.log(id)]);
    assert.doesNotMatch(all, /sealed|token|secret|password/i);
  });
});
