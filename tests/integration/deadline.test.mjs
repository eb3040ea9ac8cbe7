// The deadline of a whole deployment: what dies or takes too long is told in time, names what is awaited, and one
// retry heals it from where it is by then, with nothing bought twice.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { until } from '../harness/wait.mjs';
import { assertFails, assertReady, begin, bought, calm, deploy, destroyed, end, row, untilStatus, world } from './hostile/world.mjs';

const LIMIT_S = 25; // a whole deployment fits into it also on a busy machine
const PIECES = ['llm_key', 'server', 'installation', 'watch'];
const GOES_ON = 'We keep watching; a retry goes on from there\\.$';
const AWAITED = {
  llm_key: 'Creating your OpenRouter key', server: 'Ordering the server', installation: 'Installing OpenClaw', watch: 'Checking OpenClaw from outside',
};
const late = (awaited) => new RegExp(`^Not ready after ${LIMIT_S} seconds; it was still: ${awaited}\\. ${GOES_ON}`);
const failures = async (id) => (await world.api.events(id)).filter((event) => event.type === 'deployment.failed').length;
const steps = (deployment) => deployment.steps.map(({ state }) => state);
const failedPiece = async (id) => (await world.stack.psql(`select failed_piece from deployments where id = '${id}'`))[0].failed_piece;

/** As if the click had been so long ago. */
const clickedEarlier = (id, seconds = 3600) => world.stack.psql(`update deployments set decided_at = decided_at - interval '${seconds} s' where id = '${id}'`);

/** Rows of deployments called after a piece cannot be made there: the event that starts it ends as a dead letter. */
async function refuseStarts() {
  await world.stack.psql(`create function refuse_start() returns trigger language plpgsql as $$
    begin
      if (select name from public.deployments where id = new.id) = 'without ' || tg_table_schema then
        raise exception 'refused by a test';
      end if;
      return new;
    end $$`);
  for (const piece of PIECES) {
    await world.stack.psql(`create trigger refuse_start before insert on ${piece}.resource for each row execute function refuse_start()`);
  }
}
const allowStarts = () => world.stack.psql('drop function if exists refuse_start cascade');

before(() => begin({ 'api-gateway': { DEPLOYMENT_LIMIT_S: LIMIT_S } }));
after(end);
afterEach(calm);

describe('the event that starts a stage is a dead letter', () => {
  const ids = {};
  before(async () => {
    await refuseStarts();
    for (const piece of PIECES) ids[piece] = (await world.api.deploy({ name: `without ${piece}` })).id;
  });
  after(async () => {
    await allowStarts();
    await destroyed(...Object.values(ids));
  });

  for (const [piece, failed] of [['llm_key', 0], ['server', 0], ['installation', 1], ['watch', 2]]) {
    test(`${piece}: ERROR at the limit, which says so`, async () => {
      await assertFails(ids[piece], late(AWAITED[piece]), { deadline: 60 });
      assert.equal(await failedPiece(ids[piece]), piece);
      assert.equal(await row(piece, ids[piece]), undefined);
      assert.equal(steps(await world.api.deployment(ids[piece]))[failed], 'failed');
      assert.equal(await failures(ids[piece]), 1);
    });
  }

  test('one retry each: READY, bought once', async () => {
    await allowStarts();
    const kept = await Promise.all(PIECES.map((piece) => bought(ids[piece])));
    const answers = await Promise.all(PIECES.map((piece) => world.api.retry(ids[piece])));
    assert.deepEqual(answers.map(({ status }) => status), ['PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING']);
    for (const [i, piece] of PIECES.entries()) {
      await assertReady(ids[piece], { orders: 1 });
      const has = await bought(ids[piece]);
      for (const what of ['keys', 'servers']) if (kept[i][what].length) assert.deepEqual(has[what].map(({ hash, name }) => hash ?? name), kept[i][what].map(({ hash, name }) => hash ?? name));
    }
  });
});

describe('late, but going on', () => {
  test('what was awaited is there by the time of the retry: READY at once, nothing is done again', async () => {
    await world.stack.stop('health-monitor.1');
    const [id] = await deploy();
    await until(async () => (await row('installation', id))?.state === 'installed', { what: 'it is installed' });
    await clickedEarlier(id);
    await assertFails(id, late(AWAITED.watch));
    await world.stack.start('health-monitor.1');
    await until(async () => (await row('watch', id))?.state === 'ready', { what: 'the watch finds it ready' });
    assert.equal((await world.api.deployment(id)).status, 'ERROR', 'only a retry ends an ERROR');
    // A look is under way at that very moment, and ends with its lease.
    await world.stack.psql(`update watch.resource set busy = true, due_at = now() + interval '2 s' where id = '${id}'`);
    const asked = (await world.sandbox.journal()).at(-1).n;
    assert.equal((await world.api.retry(id)).status, 'INSTALLING');
    const ready = await assertReady(id, { orders: 1, deadline: 5 });
    assert.deepEqual(steps(ready), ['done', 'done', 'done', 'done']);
    assert.deepEqual((await world.sandbox.journal(asked)).filter(({ method, path }) => method !== 'GET' && path.startsWith('/1.0')), []);
    assert.equal(await failures(id), 1);
    await destroyed(id);
  });

  test('a setup that takes long goes on through ERROR and retry, at its step', async () => {
    await world.sandbox.settings({ setup: 600 });
    const [id] = await deploy();
    await untilStatus(id, 'INSTALLING');
    await until(async () => (await row('installation', id))?.state === 'following', { what: 'the setup is at work' });
    await clickedEarlier(id);
    const failed = await assertFails(id, new RegExp(`^Not ready after ${LIMIT_S} seconds; it was still: .*\\. ${GOES_ON}`));
    assert.deepEqual(steps(failed), ['done', 'done', 'failed', 'waiting']);
    assert.equal((await row('installation', id)).failed, false);
    const again = await world.api.retry(id);
    assert.equal(again.status, 'INSTALLING');
    assert.deepEqual(steps(again), ['done', 'done', 'active', 'waiting']);
    await until(async () => (await world.api.deployment(id)).statusMessage !== 'Trying again', { what: 'what it is at is said again' });
    await world.sandbox.settings({ setup: 0 });
    await assertReady(id, { orders: 1 });
    const begun = (await world.api.log(id)).lines.filter(({ text }) => text.startsWith('== prepare'));
    assert.equal(begun.length, 1, 'the setup was not begun again');
    await destroyed(id);
  });

  test('a server that is being rebuilt stays at its step', async () => {
    await world.sandbox.settings({ rebuild: 600 });
    const [id] = await deploy();
    await until(async () => (await row('server', id))?.state === 'rebuilding', { what: 'it is rebuilt' });
    await clickedEarlier(id);
    assert.deepEqual(steps(await assertFails(id, late('Installing the system with your SSH key'))), ['done', 'failed', 'waiting', 'waiting']);
    const again = await world.api.retry(id);
    assert.equal(again.status, 'PROVISIONING');
    assert.deepEqual(steps(again), ['done', 'active', 'waiting', 'waiting']);
    await world.sandbox.settings({ rebuild: 0 });
    await assertReady(id, { orders: 1 });
    await destroyed(id);
  });

  test('nothing was ordered by then: nothing is, before the retry', async () => {
    await world.stack.stop('ovh-orderer.1');
    const [id] = await deploy();
    await until(async () => (await row('llm_key', id))?.state === 'issued', { what: 'its key is there' });
    await clickedEarlier(id);
    await assertFails(id, late('Ordering the server'));
    await world.stack.start('ovh-orderer.1');
    await until(async () => (await row('server', id))?.failed, { what: 'the orderer leaves it' });
    assert.deepEqual((await bought(id)).orders, []);
    await world.api.retry(id);
    await assertReady(id, { orders: 1 });
    await destroyed(id);
  });

  test('the server comes after it: kept for the retry, which uses it; and without one it is released', async () => {
    await world.sandbox.settings({ delivering: 600 });
    const ids = await deploy(2);
    for (const id of ids) await until(async () => (await row('server', id))?.state === 'paid', { what: 'it is paid' });
    for (const id of ids) await clickedEarlier(id);
    for (const id of ids) await assertFails(id, late('Waiting for OVH to deliver the server'));
    await world.sandbox.settings({ delivering: 0 });
    for (const id of ids) await until(async () => (await row('server', id)).state === 'held', { what: 'it came, and is held' });
    const [retried, left] = ids;
    await world.api.retry(retried);
    await assertReady(retried, { orders: 1 });
    await world.stack.psql(`update server.resource set notes = notes || '{"late_since": 1}', due_at = now() where id = '${left}' and not busy`);
    await until(async () => (await row('server', left)).state === 'cancelled', { what: 'it is given back' });
    const [{ service }] = (await bought(left)).paid;
    assert.equal((await world.sandbox.ledger()).servers.find(({ name }) => name === service).delete_at_expiration, true);
    await destroyed(...ids);
  });

  test('destroyed after the deadline: nothing is left', async () => {
    await world.sandbox.settings({ delivering: 600 });
    const [id] = await deploy();
    await until(async () => (await row('server', id))?.state === 'paid', { what: 'it is paid' });
    await clickedEarlier(id);
    await assertFails(id, late('Waiting for OVH to deliver the server'));
    await world.api.destroy(id);
    await world.sandbox.settings({ delivering: 0 });
    await destroyed(id);
  });
});

describe('who looks', () => {
  test('two gateways say it once, and never of what is being destroyed', async () => {
    await world.stack.start('api-gateway.2');
    await world.sandbox.settings({ delivering: 600 });
    const ids = await deploy(6);
    for (const id of ids) await until(async () => (await row('server', id))?.state === 'paid', { what: 'it is paid' });
    const [gone, ...left] = ids;
    await world.api.destroy(gone);
    for (const id of ids) await clickedEarlier(id);
    for (const id of left) await assertFails(id, late('Waiting for OVH to deliver the server'));
    for (const id of left) assert.equal(await failures(id), 1);
    await world.sandbox.settings({ delivering: 0 });
    await destroyed(...ids);
    assert.equal(await failures(gone), 0);
    await world.stack.stop('api-gateway.2');
  });

  test('somebody holds a late row: the others are told meanwhile', async () => {
    await world.sandbox.settings({ delivering: 600 });
    const [held, other] = await deploy(2);
    for (const id of [held, other]) await until(async () => (await row('server', id))?.state === 'paid', { what: 'it is paid' });
    for (const id of [held, other]) await clickedEarlier(id);
    const holding = world.stack.psql(`begin; select 1 from deployments where id = '${held}' for update; select pg_sleep(4); commit`);
    await assertFails(other, late('Waiting for OVH to deliver the server'));
    await holding;
    await assertFails(held, late('Waiting for OVH to deliver the server'));
    await world.sandbox.settings({ delivering: 0 });
    await destroyed(held, other);
  });

  test('a stop does not wait for the next look', async () => {
    const began = Date.now();
    await world.stack.stop('api-gateway.1');
    assert.ok(Date.now() - began < 5000);
    await world.stack.start('api-gateway.1');
  });
});
