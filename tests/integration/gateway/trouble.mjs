// Parts of the product go away and come back.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { openStream } from './stream.mjs';
import { assertProblem, person, setStatus, world } from './world.mjs';

describe('trouble', () => {
  test('without a database it is 503 and says that nothing was done; a stream waits and goes on', async () => {
    const api = await person();
    const { id } = await api.deploy();
    const stream = await openStream(api, id);
    await stream.next();
    await world.stack.stop('postgres');
    const answer = await api.request('POST', '/api/openclaw/deploy', { timeout: 20 });
    assertProblem(answer, 503, /database does not answer; nothing was done/);
    assert.equal((await api.request('GET', '/healthz')).status, 200);
    await world.stack.start('postgres');
    await world.stack.ready('api-gateway.1');
    await until(() => api.list(), { what: 'the list is there again' });
    await setStatus(id, 'ORDERING');
    assert.equal((await stream.next()).status, 'ORDERING');
    stream.close();
  });

  test('a connection that is lost while it commits is 503 and says to look first', async () => {
    const api = await person();
    await world.stack.psql(`create function lose_connection() returns trigger language plpgsql as $$
      begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(5); return null; end $$;
      create constraint trigger lose_connection after insert on deployments deferrable initially deferred
        for each row execute function lose_connection()`);
    try {
      assertProblem(await api.request('POST', '/api/openclaw/deploy'), 503, /may have been done; look before trying again/);
    } finally {
      await world.stack.psql('drop function lose_connection cascade');
    }
    assert.deepEqual(await api.list(), []);
  });

  test('without a broker a click is kept, and published when the broker is back', async () => {
    const api = await person();
    await world.stack.stop('kafka');
    const { id } = await api.deploy();
    assert.equal((await world.stack.psql(`select 1 as n from gateway.outbox where key = '${id}'`)).length, 1);
    await world.stack.start('kafka');
    await until(async () => (await world.stack.psql(`select 1 as n from gateway.outbox where key = '${id}'`)).length === 0, { what: 'the event was published', deadline: 60 });
  });

  test('a stop ends the streams at once and loses nothing', async () => {
    const api = await person();
    const { id } = await api.deploy();
    const stream = await openStream(api, id);
    await stream.next();
    await world.stack.stop('api-gateway.1');
    assert.equal(await stream.next(), undefined);
    await world.stack.start('api-gateway.1');
    assert.equal((await api.deployment(id)).status, 'PENDING');
  });
});
