// The live timeline: server-sent events, resumed, ended, and never so many that others wait.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { askStream, openStream } from './stream.mjs';
import { assertProblem, DEPLOYMENTS, person, setStatus } from './world.mjs';

describe('the live timeline', () => {
  test('tells what was and then what happens, until it is destroyed', async () => {
    const api = await person();
    const { id } = await api.deploy();
    const stream = await openStream(api, id);
    assert.equal((await stream.next()).status, 'PENDING');
    await setStatus(id, 'ORDERING');
    assert.equal((await stream.next()).status, 'ORDERING');
    await api.destroy(id);
    assert.equal((await stream.next()).type, 'deployment.destroy-requested');
    await setStatus(id, 'DESTROYED');
    assert.equal((await stream.next()).status, 'DESTROYED');
    assert.equal(await stream.next(), undefined);
    const { status } = await api.request('GET', `${DEPLOYMENTS}/${id}/events`, { headers: { accept: 'text/event-stream', 'last-event-id': '4' } });
    assert.equal(status, 204);
  });

  test('goes on after Last-Event-ID, without a gap and without a repeat', async () => {
    const api = await person();
    const { id } = await api.deploy();
    for (const status of ['ORDERING', 'PROVISIONING', 'INSTALLING']) await setStatus(id, status);
    const stream = await openStream(api, id, { lastEventId: 2 });
    const seen = [await stream.next(), await stream.next()];
    await setStatus(id, 'READY');
    seen.push(await stream.next());
    stream.close();
    assert.deepEqual(seen.map(({ seq, status }) => [seq, status]), [[3, 'PROVISIONING'], [4, 'INSTALLING'], [5, 'READY']]);
    const bad = await api.request('GET', `${DEPLOYMENTS}/${id}/events`, { headers: { accept: 'text/event-stream', 'last-event-id': 'x' } });
    assertProblem(bad, 422, /Last-Event-ID/);
  });

  test('ends when the session ends', async () => {
    const api = await person();
    const { id } = await api.deploy();
    const stream = await openStream(api, id);
    await stream.next();
    await api.post('/api/auth/sign-out');
    assert.equal(await stream.next(), undefined);
  });

  test("a user's ninth stream ends the eldest, so that nobody can hold all of them", async () => {
    const api = await person();
    const { id } = await api.deploy();
    const streams = [];
    for (let i = 0; i < 9; i++) {
      streams.push(await openStream(api, id));
      await streams[i].next();
    }
    assert.equal(await streams[0].next(), undefined);
    await setStatus(id, 'ORDERING');
    assert.equal((await streams[8].next()).status, 'ORDERING');
    for (const stream of streams) stream.close();
  });

  test('the streams of many users leave room for other requests, and come free when their browsers go', async () => {
    const people = await Promise.all(Array.from({ length: 5 }, person));
    const ids = await Promise.all(people.map(async (api) => (await api.deploy()).id));
    const answers = [];
    for (let i = 0; i < 40 && answers.at(-1)?.status !== 503; i++) answers.push(await askStream(people[i % 5], ids[i % 5]));
    assert.equal(answers.at(-1).status, 503);
    assert.equal((await people[0].request('GET', DEPLOYMENTS)).status, 200);
    for (const stream of answers) stream.close();
    const stream = await openStream(people[0], ids[0]);
    assert.equal((await stream.next()).status, 'PENDING');
    stream.close();
  });
});
