// What comes between: each trouble is a sentence of its own, in time.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { on, power, rebuilt } from '../hostile/machine.mjs';
import { deploy } from '../hostile/world.mjs';
import { ask, assertOpens, assertTold, back, calm, minted, pretend, rows, told, untilClaimed, untilNoRows, world } from './world.mjs';

const LATEST = 25; // seconds: the dashboard waits no longer

const answersAgain = () => until(async () => (await ask()).status === 200, { what: 'it opens again', deadline: 30 });

describe('trouble on the machine', () => {
  afterEach(calm);

  test('OpenClaw does not run', async () => {
    await on(world.id, 'sudo -n systemctl stop openclaw-gateway');
    const answer = await ask();
    assertTold(answer, 502, /^OpenClaw does not run on the machine/);
    await on(world.id, 'sudo -n systemctl start openclaw-gateway');
    await answersAgain();
  });

  test('OpenClaw gives another reason, which is passed on without what it must not say', async () => {
    await pretend(`echo '{"ok":false,"reason":"Dashboard is off, says sk-or-v1-0123456789abcdef."}'; exit 1`);
    assertTold(await ask(), 502, /^OpenClaw gives no link into itself: Dashboard is off, says \*\*\*/);
    await back();
  });

  test('what is no link of this machine goes nowhere', async () => {
    const token = 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY';
    told.add(token);
    for (const script of [
      'echo Segmentation fault; exit 139',
      ':',
      'head -c 300000 /dev/zero | tr "\\0" x',
      `echo '{"ok":true,"browserUrl":"https://elsewhere.example/#bootstrapToken=${token}&bootstrapProfile=owner"}'`,
      `echo '{"ok":true,"browserUrl":"http://127.0.0.1:18789/#bootstrapToken=${token}"}'`,
    ]) {
      await pretend(script);
      assertTold(await ask(), 502, /^OpenClaw on the machine answers something that is no link/);
    }
    await pretend(`echo '{"ok":true,"browserUrl":"http://127.0.0.1:18789/#bootstrapToken=${token}&bootstrapProfile=owner&x=https://elsewhere.example"}'; echo noise >&2`);
    const { url } = await assertOpens(await ask(), { use: false });
    assert.ok(url.startsWith((await world.api.deployment(world.id)).url));
    assert.doesNotMatch(url, /elsewhere/);
    await back();
    await assertOpens(await ask());
  });

  test('it takes too long, whatever it is asked', async () => {
    await pretend('sleep 3600');
    const answer = await ask();
    await back();
    assertTold(answer, 504, /^OpenClaw took too long/);
    assert.ok(answer.seconds < LATEST, `after ${answer.seconds} s`);
    await untilNoRows();
  });

  test('the machine is off', async () => {
    await power(world.id, 'stop');
    const answer = await ask();
    assertTold(answer, 504, /^The machine does not answer/);
    assert.ok(answer.seconds < LATEST, `after ${answer.seconds} s`);
    await power(world.id, 'start');
    await answersAgain();
  });

  test('its address answers nobody', async () => {
    const { ip_address: ip } = (await world.stack.psql(`select host(ip_address) as ip_address from deployments where id = '${world.id}'`))[0];
    await world.stack.psql(`update installation.resource set notes = jsonb_set(notes, '{ip}', '"192.0.2.1"') where id = '${world.id}'`);
    const answer = await ask();
    assertTold(answer, 504, /^The machine does not answer/);
    assert.ok(answer.seconds < 12, `after ${answer.seconds} s`);
    await world.stack.psql(`update installation.resource set notes = jsonb_set(notes, '{ip}', '"${ip}"') where id = '${world.id}'`);
    await assertOpens(await ask());
  });

  test('it is another machine, or it refuses our key: nothing is sent to it', async () => {
    const [id] = await deploy();
    await world.api.waitStatus(id, 'READY', { deadline: 90 });
    await on(id, 'mv .ssh/authorized_keys .ssh/away', { breaks: true });
    assertTold(await ask({ id }), 502, /refuses our SSH key/);
    await rebuilt(id);
    assertTold(await ask({ id }), 502, /host key changed/);
    await world.api.destroy(id);
  });

  test('its secrets were lost with the database', async () => {
    await world.stack.psql(`create table kept as select * from secrets where deployment_id = '${world.id}';
      delete from secrets where deployment_id = '${world.id}' and name = 'gateway_token'`);
    assertTold(await ask(), 502, /was lost/);
    await world.stack.psql(`insert into secrets select * from kept on conflict do nothing; drop table kept`);
    await assertOpens(await ask());
  });
});

describe('trouble of ours', () => {
  afterEach(calm);

  test('Kafka is away: it opens all the same', async () => {
    await world.stack.stop('kafka');
    try {
      await assertOpens(await ask());
    } finally {
      await world.stack.start('kafka');
      await Promise.all(['api-gateway.1', 'installer.1'].map((name) => world.stack.ready(name)));
    }
  });

  test('kill -9 of the installer while it makes a link: the next one makes it in the time that is left', async () => {
    await world.sandbox.settings({ mint: 5 });
    const waiting = ask();
    await untilClaimed();
    await world.stack.kill('installer.1');
    await world.sandbox.settings({ mint: 0 });
    await world.stack.start('installer.1', { ready: false });
    await assertOpens(await waiting);
  });

  test('the installer is stopped while it makes a link: the link comes first', async () => {
    await world.sandbox.settings({ mint: 2 });
    const waiting = ask();
    await untilClaimed();
    const stopped = world.stack.stop('installer.1');
    await assertOpens(await waiting);
    await stopped;
    await world.stack.start('installer.1');
  });

  test('there is no installer: 503 in time, and what nobody waits for any more is never made', async () => {
    const before = await minted();
    await world.stack.stop('installer.1');
    const asked = Promise.allSettled([ask(), ask()]);
    await until(async () => (await rows()).length === 2, { what: 'both wait' });
    await world.stack.kill('api-gateway.1');
    await asked;
    await world.stack.start('api-gateway.1');
    assert.deepEqual(await rows(), [], 'what the killed gateway waited for is forgotten');
    const answer = await ask();
    assertTold(answer, 503, /could not be opened in time/);
    assert.ok(answer.seconds < LATEST, `after ${answer.seconds} s`);
    assert.deepEqual(await rows(), []);
    await world.stack.start('installer.1');
    await assertOpens(await ask());
    assert.equal(await minted(), before + 1);
  });

  test('the database was away for a moment: listening goes on', async () => {
    await world.stack.psql(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename in ('installer', 'api_gateway')`);
    await assertOpens(await ask());
    await until(
      () => world.stack.psql(`select 1 from pg_stat_activity where usename = 'api_gateway' and query like '%listen openings_answered%'`).then((found) => found.length === 1),
      { what: 'the gateway listens again' },
    );
  });
});
