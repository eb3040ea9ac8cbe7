// kill -9 of any service at any stage, and two copies of everything: still READY, one paid order, one key.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';

const CALM = { checking: 0.3, delivering: 0.5, deliver_task: 0.3, rebuild: 0.7, setup: 1 };
// Nobody knows that the dead one is not at OVH: the row is its own until its lease is over (150 s at most on the way up,
// services/*/moves.c), and what it asked for there may be carried out for OVH_UNKNOWN_WAIT_S (180) more.
const DEAD_FOR_GOOD_S = 150 + 180;
const WORKERS = ['key-provisioner', 'ovh-orderer', 'installer', 'health-monitor'];

async function assertBoughtOnce(stack, before, n = 1) {
  const ledger = await stack.sandbox.ledger();
  assert.equal(ledger.orders.filter((o) => o.paid).length - before.orders.filter((o) => o.paid).length, n, 'paid orders');
  assert.equal(ledger.servers.length - before.servers.length, n, 'servers');
  assert.equal(ledger.keys.length - before.keys.length, n, 'keys');
  const intents = ledger.orders.filter((o) => o.paid).map((o) => o.intent);
  assert.equal(new Set(intents).size, intents.length, 'one paid order an intent');
}

describe('one copy of everything', () => {
  let stack, api;
  before(async () => {
    stack = await startStack();
    await stack.sandbox.settings(CALM);
    api = stack.api();
    await api.signUp();
  });
  after(() => stack?.close());

  // The status during which each is killed: it is at work then.
  const when = { 'api-gateway': 'ORDERING', 'key-provisioner': 'PENDING', 'ovh-orderer': 'ORDERING', installer: 'INSTALLING', 'health-monitor': 'INSTALLING' };
  const held = { PENDING: {}, ORDERING: { delivering: 600 }, INSTALLING: { setup: 600 } };
  for (const [service, status] of Object.entries(when)) {
    test(`kill -9 of ${service} during ${status}, then starting it again: READY`, async () => {
      const before = await stack.sandbox.ledger();
      // Keys are made faster than one can look: this one is made at once, but its reply takes a while.
      if (status === 'PENDING') await stack.sandbox.faults({ method: 'POST', path: '/api/v1/keys', kind: 'slow', seconds: 3, times: 1 });
      await stack.sandbox.settings(held[status]);
      const { id } = await api.deploy();
      await until(async () => (await stack.psql(`select 1 from deployments where id = '${id}' and status = '${status}'`)).length, { deadline: 30, what: status, every: 0.02 });
      await stack.kill(`${service}.1`);
      await stack.start(`${service}.1`);
      await stack.sandbox.settings(CALM);
      await api.waitStatus(id, 'READY', { deadline: 90 });
      await assertBoughtOnce(stack, before);
    });
  }

  test('a service killed and started again and again all the way: READY, bought once', async () => {
    const before = await stack.sandbox.ledger();
    const { id } = await api.deploy();
    let done = false;
    const ready = api.waitStatus(id, 'READY', { deadline: 120 }).finally(() => (done = true));
    for (let i = 0; !done && i < 12; i++) {
      const service = WORKERS[i % WORKERS.length];
      await stack.kill(`${service}.1`);
      await stack.start(`${service}.1`);
    }
    await ready;
    await assertBoughtOnce(stack, before);
  });

  test('Kafka away while users click: every click is answered, everything is delivered afterwards', async () => {
    const before = await stack.sandbox.ledger();
    await stack.kill('kafka');
    const { id } = await api.deploy();
    assert.equal((await api.deployment(id)).status, 'PENDING');
    await stack.start('kafka');
    await api.waitStatus(id, 'READY', { deadline: 120 });
    await assertBoughtOnce(stack, before);
  });

  test('PostgreSQL away: a clear 503 and nothing half done, then it goes on', async () => {
    const before = await stack.sandbox.ledger();
    const { id } = await api.deploy();
    await stack.kill('postgres');
    const answer = await api.request('POST', '/api/openclaw/deploy', { body: '' });
    assert.equal(answer.status, 503);
    assert.match(answer.headers.get('content-type'), /problem\+json/);
    await stack.start('postgres');
    await until(() => api.list().catch(() => undefined), { deadline: 30, what: 'the gateway answers again' });
    await api.waitStatus(id, 'READY', { deadline: 120 });
    await assertBoughtOnce(stack, before);
  });
});

describe('two copies of every worker', () => {
  let stack, api;
  before(async () => {
    stack = await startStack({ copies: 2 });
    await stack.sandbox.settings({ checking: 0.2, delivering: 0.3, deliver_task: 0.2, rebuild: 0.5, setup: 0.5 });
    api = stack.api();
    await api.signUp();
  });
  after(() => stack?.close());

  test('ten at once: all READY, each bought once', async () => {
    const before = await stack.sandbox.ledger();
    const made = await Promise.all(Array.from({ length: 10 }, () => api.deploy()));
    await Promise.all(made.map(({ id }) => api.waitStatus(id, 'READY', { deadline: 120 })));
    await assertBoughtOnce(stack, before, 10);
    const addresses = (await api.list()).map((d) => d.ipAddress);
    assert.equal(new Set(addresses).size, 10, 'each has its own machine');
  });

  for (const service of WORKERS) {
    test(`one of two ${service} is killed for good: the other one does its work`, async () => {
      const before = await stack.sandbox.ledger();
      const { id } = await api.deploy();
      await stack.kill(`${service}.1`);
      await api.waitStatus(id, 'READY', { deadline: DEAD_FOR_GOOD_S + 60 });
      await assertBoughtOnce(stack, before);
      await stack.start(`${service}.1`);
    });
  }

  // The last ones: they leave the budget as they need it.

  test('copies with several credentials give back and claim at once: neither has to wait for the other for ever', async () => {
    const turn = (lane) => stack.psql(`set search_path = server, public; begin;
      with u as (insert into users (id, email, password) values (gen_random_uuid(), gen_random_uuid() || '@example.org', repeat('x', 40)) returning id)
        insert into deployments (id, user_id, name, status) select id, id, 'lanes', 'ERROR' from u;
      insert into resource (id, generation, due_at) select id, 1, now() from deployments where name = 'lanes';
      select budget_return(${lane}, 0, false, 0);
      select pg_sleep(1);
      select from claim_within_budget(1, '{}', '{}', gen_random_uuid(), 2, 60);
      rollback`);
    await stack.psql('set search_path = server, public; select budget_open(2, 40, 20, 60)');
    await Promise.all([turn(0), turn(1), turn(0), turn(1)]);
    await stack.psql('delete from server.budget where lane = 1');
  });

  test('sixty machines that OVH does not let go yet, each looked at every 15 s: who wants to order gets a turn', async () => {
    await stack.psql(`set search_path = server, public; begin;
      with u as (insert into users (id, email, password) values (gen_random_uuid(), gen_random_uuid() || '@example.org', repeat('x', 40)) returning id)
        insert into deployments (id, user_id, name, status) select gen_random_uuid(), id, 'turn ' || n, 'ERROR' from u, generate_series(0, 60) n;
      insert into resource (id, state, goal, generation, due_at, state_since, created_at)
        select id, case name when 'turn 0' then 'new' else 'ready' end, case name when 'turn 0' then 'up' else 'down' end, 1, now(),
               case name when 'turn 0' then now() else now() - interval '5 min' end, case name when 'turn 0' then now() else now() - interval '1 h' end
        from deployments where name like 'turn %';
      update budget set tokens = 20, pace = 40, full_pace = 40, burst = 20, hushed_until = null, refilled_at = clock_timestamp();
      do $$
      declare
        q record;
      begin
        for second in 1 .. 120 loop
          update budget set refilled_at = refilled_at - interval '1 s';
          update resource set due_at = due_at - interval '1 s', state_since = state_since - interval '1 s';
          for q in select * from claim_within_budget(8, '{}', '{"up new": [1, 9], "down ready": [0, 4]}', gen_random_uuid(), 1, 60) loop
            if q.goal = 'up' then
              return;
            end if;
            update resource set busy = false, due_at = clock_timestamp() + interval '15 s' where id = q.id;
            perform budget_return(q.lane, q.reserved - 2, false, 0);
          end loop;
        end loop;
        raise exception 'no turn in two minutes';
      end $$;
      rollback`);
  });

  test('two stages settle one deployment at once, each with a line for its log: neither waits for the other for ever', async () => {
    const { id } = (await stack.psql('select gen_random_uuid() as id'))[0];
    const release = (room) => stack.psql(`set search_path = ${room}, public; begin;
      insert into deployment_log (deployment_id, stage, line) values ('${id}', '${room}', 'as settle() does'); select pg_sleep(1);
      select settle('${id}', 1, '{"state": "gone", "goal": "down", "generation": 1, "tries": 0, "failed": false, "backoff": 0, "piece": "${room}",
        "service": "${room}", "released": true, "lines": ["gone"]}'); commit`);
    await stack.psql(`insert into users (id, email, password) values ('${id}', '${id}@example.org', repeat('x', 40));
      insert into deployments (id, user_id, name, status) values ('${id}', '${id}', 'released', 'DESTROYING');
      insert into llm_key.resource (id, goal, generation, busy, claim) values ('${id}', 'down', 1, true, 1);
      insert into server.resource (id, goal, generation, busy, claim) values ('${id}', 'down', 1, true, 1)`);
    await Promise.all([release('llm_key'), release('server')]);
    assert.deepEqual((await stack.psql(`select owed from deployments where id = '${id}'`))[0].owed, ['installation', 'watch']);
  });
});
