// Many at once: limits that hold, and nobody who waits behind what others do.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { deploy } from '../hostile/world.mjs';
import { ask, assertOpens, assertTold, calm, minted, rows, untilNoRows, world } from './world.mjs';

test('one deployment is opened three times at once and no more', async () => {
  await world.sandbox.settings({ mint: 8 });
  const before = await minted();
  const answers = await Promise.all(Array.from({ length: 9 }, () => ask()));
  const opened = answers.filter(({ status }) => status === 200);
  assert.equal(opened.length, 3);
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    assertTold(answer, 429, /several times already/);
    assert.ok(answer.seconds < 6, 'refused at once');
  }
  assert.equal(await minted(), before + 3);
  for (const answer of opened) await assertOpens(answer);
  assert.equal((await ask()).status, 200, 'and then again');
});

/** `n` waiting openings of deployments of a person who is not there; they were claimed by nobody who is. */
async function crowd(n, person) {
  const ids = Array.from({ length: n }, () => randomUUID());
  for (const id of ids) {
    await world.stack.psql(`insert into deployments (id, user_id, name, status, owed) values ('${id}', '${person}', 'crowd', 'READY', '{}');
      insert into openings (id, deployment_id, asked_by, reader, expires_at, claimed_by, claimed_until)
        values ('${randomUUID()}', '${id}', '${randomUUID()}', 'x', clock_timestamp() + interval '1 hour', '${randomUUID()}', clock_timestamp() + interval '1 hour')`);
  }
  return () => world.stack.psql(`delete from openings where deployment_id in (${ids.map((id) => `'${id}'`)}); delete from deployments where name = 'crowd'`);
}

test('one person opens four at once, all together thirty-two', async () => {
  const bob = world.stack.api();
  const { id: person } = await bob.signUp();
  const away = await crowd(31, person);
  try {
    await assertOpens(await ask(), 'there is one place left');
    const give = (n) => world.stack.psql(`update deployments set user_id = '${world.api.user.id}' where id in (select id from deployments where name = 'crowd' and user_id = '${person}' limit ${n})`);
    await give(3);
    await assertOpens(await ask(), 'the fourth');
    await give(1);
    assertTold(await ask(), 429, /several times already/);
    await world.stack.psql(`update deployments set user_id = '${person}' where name = 'crowd'`);
    const more = await crowd(1, person);
    assertTold(await ask(), 503, /Too many people/);
    await more();
  } finally {
    await away();
  }
  await assertOpens(await ask());
});

test('what has expired is swept, whoever left it', async () => {
  await world.stack.psql(`insert into openings (id, deployment_id, asked_by, reader, expires_at)
    values ('${randomUUID()}', '${world.id}', '${randomUUID()}', 'x', clock_timestamp() - interval '1 hour')`);
  await untilNoRows();
});

test('a slow machine holds up nobody else', async () => {
  const [id] = await deploy();
  await world.api.waitStatus(id, 'READY', { deadline: 90 });
  await world.sandbox.settings({ mint: 12 });
  const slow = [ask({ id }), ask({ id }), ask({ id })];
  await until(async () => (await rows('claimed_by is not null')).length === 3, { what: 'three are under way' });
  await world.sandbox.settings({ mint: 0 });
  const quick = await ask();
  await assertOpens(quick);
  assert.ok(quick.seconds < 10, `${quick.seconds} s`);
  for (const answer of await Promise.all(slow)) await assertOpens(answer, { use: false });
  await world.api.destroy(id);
});

/** From now on the database notes how long each opening waits for an opener; asked, it tells the seconds. */
async function watchClaims() {
  await world.stack.psql(`create table claims (waited double precision);
    create function watch_claims() returns trigger language plpgsql security definer set search_path = public as $$
    begin
      insert into claims values (extract(epoch from clock_timestamp() - new.asked_at));
      return null;
    end $$;
    create trigger watch_claims after update of claimed_by on openings
      for each row when (old.claimed_by is null and new.claimed_by is not null) execute function watch_claims()`);
  return async () => {
    const found = await world.stack.psql('select waited from claims');
    await world.stack.psql('drop trigger watch_claims on openings; drop function watch_claims; drop table claims');
    return found.map(({ waited }) => Number(waited));
  };
}

test('thirty machines that are being set up hold up nobody', async () => {
  await world.sandbox.settings({ setup: 3600 });
  const ids = await deploy(30);
  await until(
    async () => (await world.stack.psql(`select 1 from installation.resource where state = 'following'`)).length === 30,
    { deadline: 180, what: 'thirty setups are under way', every: 0.5 },
  );
  const claims = await watchClaims();
  const times = [];
  for (let i = 0; i < 5; i++) {
    const answer = await ask();
    await assertOpens(answer, { use: i === 0 });
    times.push(answer.seconds);
  }
  const waited = await claims();
  const show = (list) => list.map((s) => `${s.toFixed(2)} s`).join(', ');
  console.log(`# opened beside 30 setups, with 2 workers: claimed after ${show(waited)}, there after ${show(times)}`);
  assert.equal(waited.length, 5);
  assert.ok(waited.toSorted((a, b) => a - b)[2] < 1, `they waited ${show(waited)} for an opener`);
  await Promise.all(ids.map((id) => world.api.destroy(id)));
  await calm();
  for (const id of ids) await world.api.waitStatus(id, 'DESTROYED', { deadline: 180, every: 0.5 });
});
