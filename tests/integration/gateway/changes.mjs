// Restarting and upgrading as the gateway takes them: one at a time, the same one once however often it is asked for, and
// nothing that stays under way for ever. No worker is there that could end one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { assertProblem, DEPLOYMENTS, person, setStatus, world } from './world.mjs';

const OLDER = '2026.1.1'; // than any that is set up
const kinds = { restart: 'restarted', upgrade: 'upgraded' };

/** A READY deployment for which there is a newer version, and what can be asked of it. */
async function ready() {
  const api = await person();
  const { id } = await api.deploy();
  await setStatus(id, 'READY', `, ready_at = now(), ip_address = '127.9.9.9', version = '${OLDER}'`);
  return {
    id, api,
    ask: (what) => api.request('POST', `${DEPLOYMENTS}/${id}/${what}`),
    change: async () => (await api.deployment(id)).change,
    requests: async () => (await api.events(id)).filter(({ type }) => /^deployment\.(restart|upgrade)-requested$/.test(type)).map(({ type }) => type),
    age: (minutes) => world.stack.psql(`update deployments set change_asked_at = change_asked_at - interval '${minutes} min' where id = '${id}'`),
  };
}

describe('a change', () => {
  for (const [kind, past] of Object.entries(kinds)) {
    test(`to be ${past}: asked for again and again it is one wish`, async () => {
      const { id, ask, change, requests } = await ready();
      assert.equal(await change(), null);
      const answers = await Promise.all(Array.from({ length: 6 }, () => ask(kind)));
      for (const { status, body } of [...answers, await ask(kind)]) assert.deepEqual([status, body.status, body.change], [202, 'READY', kind]);
      assert.deepEqual(await requests(), [`deployment.${kind}-requested`]);
      await until(async () => (await world.stack.psql(`select 1 from gateway.outbox where key = '${id}'`)).length === 0, { what: 'it is published' });
      const [{ audited }] = await world.stack.psql(`select count(*)::int as audited from audit where subject = '${id}' and what = 'deployment.${kind}-requested'`);
      assert.equal(audited, 1);
    });

    test(`while it is being ${past} the other one is refused, also at the same moment`, async () => {
      const [other] = Object.keys(kinds).filter((name) => name !== kind);
      const { ask, change, requests } = await ready();
      await ask(kind);
      assertProblem(await ask(other), 409, new RegExp(`^OpenClaw is being ${past}; wait until that is done\\.$`));
      assert.equal(await change(), kind);
      assert.deepEqual(await requests(), [`deployment.${kind}-requested`]);
      const twins = await ready();
      const statuses = (await Promise.all([twins.ask(kind), twins.ask(other)])).map(({ status }) => status);
      assert.deepEqual(statuses.sort(), [202, 409]);
      assert.equal((await twins.requests()).length, 1);
    });
  }

  test('counts as over when it is older than the longest can take', async () => {
    for (const [kind, other, minutes] of [['restart', 'upgrade', 30], ['upgrade', 'restart', 150]]) {
      const { ask, age, change, requests } = await ready();
      await ask(kind);
      await age(minutes - 1);
      assert.equal(await change(), kind);
      assert.equal((await ask(other)).status, 409);
      await age(1);
      assert.equal(await change(), null);
      assert.equal((await ask(kind)).body.change, kind);
      await age(minutes);
      assert.equal((await ask(other)).body.change, other);
      assert.deepEqual(await requests(), [kind, kind, other].map((name) => `deployment.${name}-requested`));
    }
  });

  test('ends with whatever takes the deployment out of READY', async () => {
    const ends = {
      destroy: ({ api, id }) => api.destroy(id),
      reinstall: ({ api, id }) => api.reinstall(id),
      error: ({ id }) => setStatus(id, 'ERROR', `, failed_piece = 'watch'`),
    };
    for (const [name, end] of Object.entries(ends)) {
      const one = await ready();
      await one.ask('upgrade');
      await end(one);
      const [{ change }] = await world.stack.psql(`select change from deployments where id = '${one.id}'`);
      assert.equal(change, null, name);
      assert.equal(await one.change(), null, name);
    }
  });

  test('is nothing that a deployment which is not READY can have', async () => {
    const { id } = await ready();
    await assert.rejects(world.stack.psql(`update deployments set status = 'ERROR' where id = '${id}';
      update deployments set change = 'restart', change_asked_at = now() where id = '${id}'`), /deployments_change/);
  });
});
