// What is being done to a READY OpenClaw, from the click until the installer has ended it, in one way or the other: one at
// a time, nothing that was acknowledged is forgotten, and nothing stays under way for ever.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { clawctlOk } from '../harness/clawctl.mjs';
import { run } from '../harness/command.mjs';
import { until } from '../harness/wait.mjs';
import { forgetKeys, on } from './hostile/machine.mjs';
import { age, assertClear, assertGone, assertReady, begin, calm, deploy, destroyed, end, hurry, row, untilMessage, world } from './hostile/world.mjs';

const OLD = '2026.9.6';
const NEW = '2026.9.7';
const STATE = '/var/lib/openclaw-setup';
const HOME = '/var/lib/openclaw/.openclaw';

const settings = (changes) => world.sandbox.settings(changes);
const ask = (id, what) => world.api.request('POST', `/api/openclaw/deployments/${id}/${what}`);
const change = async (id) => (await world.api.deployment(id)).change;
const ends = (id) => until(async () => (await change(id)) === null, { deadline: 60, what: 'the change has ended', every: 0.05 });
const types = async (id) => (await world.api.events(id)).map(({ type }) => type);
const count = async (id, type) => (await types(id)).filter((one) => one === type).length;
const untilState = (id, state) => until(async () => (await row('installation', id)).state === state, { what: `the installation is ${state}`, every: 0.02 });
const lateBy = (id, seconds) => on(id, `echo ${seconds} | sudo -n tee /var/lib/sandbox/ready-after >/dev/null`);
const asked = (id, minutes) => world.stack.psql(`update deployments set change_asked_at = change_asked_at - interval '${minutes} min' where id = '${id}'`);
const upgrades = async (id) => {
  assert.equal((await ask(id, 'upgrade')).status, 202);
  await until(async () => (await on(id, `cat ${STATE}/status`)).trim() === 'running install', { what: 'the upgrade is at work', every: 0.02 });
};

/** The event of the last failure, whose text people can read. */
async function failure(id) {
  const event = (await world.api.events(id)).findLast(({ type }) => type === 'instance.change-failed');
  assertClear(event.message);
  assert.equal(event.status, 'READY');
  return event;
}

/** What is asked for meanwhile is written down, and its event lost. */
async function unheard(work) {
  await world.stack.psql(`create or replace function lose() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger lose before insert on gateway.outbox for each row execute function lose()`);
  try {
    await work();
  } finally {
    await world.stack.psql('drop trigger lose on gateway.outbox');
  }
}

/** Kafka's last message about it of a type once more, until the installer has read that. */
async function sayAgain(id, type) {
  const kcat = (args, input) => run('kcat', ['-b', world.stack.env.KAFKA_BOOTSTRAP, '-t', 'deployments', ...args], { input, timeout: 20 });
  const messages = async () => (await kcat(['-C', '-e', '-q', '-J', '-o', 'beginning'])).stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line))
    .filter(({ key, headers = [] }) => key === id && headers[headers.indexOf('ce_type') + 1] === type);
  const { partition, headers, payload } = (await messages()).at(-1);
  const flags = headers.flatMap((word, i) => (i % 2 ? [] : ['-H', `${word}=${headers[i + 1]}`]));
  await kcat(['-P', '-p', String(partition), '-k', id, ...flags], payload);
  const { offset } = (await messages()).at(-1);
  await until(async () => (await world.stack.psql(`select 1 from installation.offsets where topic = 'deployments' and partition = ${partition} and next > ${offset}`)).length,
    { what: 'the installer has read it' });
}

async function ready() {
  const [id] = await deploy();
  await assertReady(id);
  return id;
}

before(async () => {
  await begin({ installer: { OPENCLAW_VERSION: OLD }, 'api-gateway': { OPENCLAW_VERSION: NEW, DEPLOYS_PER_HOUR: 1000 }, 'health-monitor': { WATCH_POLL_S: 0.5 } });
  await hurry();
});
after(async () => {
  await forgetKeys();
  await end();
});
afterEach(calm);

describe('a restart', () => {
  test('asked for twice is done once, and over when OpenClaw answers', async () => {
    const id = await ready();
    await lateBy(id, 3);
    assert.deepEqual((await Promise.all([ask(id, 'restart'), ask(id, 'restart')])).map(({ status, body }) => [status, body.change]), [[202, 'restart'], [202, 'restart']]);
    await untilState(id, 'coming_back');
    assert.equal((await ask(id, 'restart')).status, 202);
    assert.match((await ask(id, 'upgrade')).body.detail, /^OpenClaw is being restarted; wait until that is done\.$/);
    await ends(id);
    assert.deepEqual([await count(id, 'deployment.restart-requested'), await count(id, 'instance.restarted')], [1, 1]);
    assert.equal((await row('installation', id)).notes.change, undefined);
    assert.ok(!(await types(id)).includes('instance.unhealthy'), 'that it was away is no news');
    await destroyed(id);
  });

  test('whose message Kafka brings once more when it is over is not done again', async () => {
    const id = await ready();
    await ask(id, 'restart');
    await ends(id);
    await sayAgain(id, 'deployment.restart-requested');
    assert.equal((await row('installation', id)).state, 'installed');
    await ask(id, 'restart');
    await ends(id);
    assert.equal(await count(id, 'instance.restarted'), 2);
    await destroyed(id);
  });

  test('that fails is over, says so by its kind, and leaves the way free', async () => {
    const id = await ready();
    await on(id, `sudo -n cp -p ${HOME}/openclaw.json /tmp/good.json && sudo -n sh -c 'echo {} >${HOME}/openclaw.json'`);
    await ask(id, 'restart');
    await ends(id);
    assert.match((await failure(id)).message, /^The restart did not work: OpenClaw refuses its configuration/);
    assert.equal(await count(id, 'instance.restarted'), 0);
    await until(async () => (await types(id)).includes('instance.unhealthy'), { what: 'now the monitor tells what it sees' });
    await on(id, `sudo -n cp -p /tmp/good.json ${HOME}/openclaw.json`);
    assert.equal((await ask(id, 'restart')).body.change, 'restart');
    await until(async () => await count(id, 'instance.restarted') === 1, { what: 'the next one works' });
    await ends(id);
    await destroyed(id);
  });

  test('that lasts is told by the monitor', async () => {
    const id = await ready();
    await lateBy(id, 1e6);
    await ask(id, 'restart');
    await untilState(id, 'coming_back');
    await asked(id, 4);
    await untilMessage(id, /^OpenClaw does not work at the moment: /);
    assert.equal(await change(id), 'restart');
    await age('installation', id, 1000);
    await ends(id);
    await destroyed(id);
  });
});

describe('an upgrade', () => {
  test('lets no restart in between, and is over when the new version works', async () => {
    const id = await ready();
    await settings({ setup: 60 });
    await upgrades(id);
    assert.deepEqual([(await ask(id, 'upgrade')).status, (await ask(id, 'restart')).status], [202, 409]);
    assert.match((await ask(id, 'restart')).body.detail, /^OpenClaw is being upgraded; wait until that is done\.$/);
    await settings({ setup: 0 });
    await ends(id);
    const deployment = await world.api.deployment(id);
    assert.deepEqual([deployment.version, deployment.availableVersion], [NEW, null]);
    assert.deepEqual([await count(id, 'deployment.upgrade-requested'), await count(id, 'instance.upgraded')], [1, 1]);
    assert.equal(await count(id, 'instance.change-failed') + await count(id, 'instance.unhealthy'), 0);
    await destroyed(id);
  });

  test('ends with a reinstall, and with a destroy', async () => {
    const id = await ready();
    for (const [decision, status] of [['reinstall', 'PROVISIONING'], ['destroy', 'DESTROYING']]) {
      await settings({ setup: 60 });
      await upgrades(id);
      const decided = await world.api[decision](id);
      assert.deepEqual([decided.status, decided.change], [status, null]);
      await calm();
      if (decision === 'destroy') continue;
      await assertReady(id);
      assert.equal(await change(id), null);
      assert.equal((await row('installation', id)).notes.change, undefined);
    }
    await assertGone(id);
    assert.equal(await count(id, 'instance.upgraded'), 0);
  });
});

describe('a wish that was lost on its way', () => {
  for (const [kind, done] of [['restart', 'instance.restarted'], ['upgrade', 'instance.upgraded']]) {
    test(`is said again from the state, once: ${kind}`, async () => {
      const id = await ready();
      await unheard(async () => {
        await ask(id, kind);
        await world.stack.psql(`update deployments set status_message = 'Something else was told since' where id = '${id}'`);
      });
      await asked(id, 200);
      assert.equal(await change(id), null);
      assert.match(await clawctlOk(world.stack, ['replay', '--from-state', '--dry-run']), new RegExp(`1 +deployment\\.${kind}-requested`));
      await lateBy(id, 3);
      await clawctlOk(world.stack, ['replay', '--from-state']);
      assert.equal(await change(id), kind);
      await ends(id);
      assert.equal(await count(id, done), 1);
      assert.doesNotMatch(await clawctlOk(world.stack, ['replay', '--from-state', '--dry-run']), new RegExp(`deployment\\.${kind}-requested`));
      await destroyed(id);
    });
  }

  test('and comes after another one has replaced it, is over by then', async () => {
    const id = await ready();
    await world.stack.stop('installer.1');
    await ask(id, 'restart');
    await asked(id, 31);
    assert.equal((await ask(id, 'upgrade')).status, 202);
    await world.stack.start('installer.1');
    await ends(id);
    assert.deepEqual([await count(id, 'instance.restarted'), await count(id, 'instance.upgraded'), await count(id, 'instance.change-failed')], [0, 1, 0]);
    await destroyed(id);
  });

  test('because an older change goes on longer than it may, is told', async () => {
    const id = await ready();
    await lateBy(id, 1e6);
    await ask(id, 'restart');
    await untilState(id, 'coming_back');
    await asked(id, 31);
    assert.equal((await ask(id, 'upgrade')).status, 202);
    await ends(id);
    assert.equal((await failure(id)).message, 'The upgrade was not begun: something else was being done to OpenClaw. Please ask for it again');
    assert.equal((await row('installation', id)).state, 'coming_back');
    await lateBy(id, 0);
    await on(id, 'sudo -n systemctl restart openclaw-gateway');
    await until(async () => await count(id, 'instance.restarted') === 1, { what: 'the restart ends' });
    await destroyed(id);
  });
});
