// Trying again, by itself and by the user: it goes on at the stage that failed, keeps what is done, and gets along with
// whatever else is clicked or under way at that moment.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { clawctlOk } from '../harness/clawctl.mjs';
import { until } from '../harness/wait.mjs';
import { forgetKeys, on } from './hostile/machine.mjs';
import {
  assertFails, assertGone, assertReady, begin, bought, calm, deploy, destroyed, end, hurry, row, untilMessage, world,
} from './hostile/world.mjs';

const DEPLOYMENTS = '/api/openclaw/deployments';
const KEYS = { method: 'GET', path: '/api/v1/keys' };
const CHECKOUT = { method: 'POST', path: '/1.0/order/cart/*/checkout' };
const settings = (changes) => world.sandbox.settings(changes);
const faults = (...all) => world.sandbox.faults(all);
const click = (id, what) => world.api.request(what === 'destroy' ? 'DELETE' : 'POST', `${DEPLOYMENTS}/${id}${what === 'destroy' ? '' : `/${what}`}`);
const states = (deployment) => deployment.steps.map(({ state }) => state);
const log = async (id) => (await world.api.log(id)).lines.map(({ text }) => text);
const count = async (id, type) => (await world.api.events(id)).filter((event) => event.type === type).length;

/** One whose order OVH will not take the payment for, as long as it is asked to. */
async function unpaid(n = 1) {
  await settings({ pay_refused: true });
  const ids = await deploy(n);
  for (const id of ids) await assertFails(id, /refused/);
  return ids;
}

/** A fault that makes it slow has been met; meanwhile the deployment was given up. */
async function lateWhileBusy(piece, id) {
  await until(async () => (await world.sandbox.get('/_/faults')).length === 0, { what: 'a slow action is under way' });
  await world.stack.psql(`update deployments set status = 'ERROR', status_message = 'An error of a test', failed_piece = '${piece}' where id = '${id}'`);
}

before(() => begin());
after(async () => {
  await forgetKeys();
  await end();
});
afterEach(calm);

describe('tries that follow by themselves', () => {
  test('each is a line in the log, and people read that something fails, and when it no longer does', async () => {
    await faults({ ...KEYS, kind: 'status', status: 500, times: 3 });
    const [id] = await deploy();
    await untilMessage(id, /^Creating your OpenRouter key \(the last try failed; trying again\)$/);
    await assertReady(id, { orders: 1 });
    const lines = (await log(id)).filter((text) => text.includes('trying again'));
    assert.deepEqual(lines.map((text) => text.replace(/\d+ s/, 'N s')), [1, 2, 3].map((n) => `OpenRouter said 500; trying again in N s (${n} of 8)`));
    await destroyed(id);
  });

  test('a pause that is asked for is kept, and told', async () => {
    await faults({ ...KEYS, kind: 'status', status: 503, retryAfter: 3 });
    const [id] = await deploy();
    await assertReady(id);
    assert.ok((await log(id)).some((text) => /503.*trying again in 3 s \(1 of 8\)$/.test(text)), (await log(id)).join('\n'));
    await destroyed(id);
  });
});

describe('a retry', () => {
  test('keeps the key with its cap, the order and the machine when the setup failed', async () => {
    await world.stack.stop('installer.1');
    const [id] = await deploy();
    await until(async () => (await row('server', id))?.state === 'ready', { what: 'the machine is there' });
    const before = await bought(id);
    await world.sandbox.post('/_/usage', { hash: before.keys[0].hash, usd: 2.5 });
    await on(id, 'sudo -n sh -c "printf \'#!/bin/sh\\nexit 3\\n\' >/usr/local/bin/tar && chmod 755 /usr/local/bin/tar"');
    await world.stack.start('installer.1');
    assert.deepEqual(states(await assertFails(id, /^Installing .+ failed: .*\(exit status 3\)$/)), ['done', 'done', 'failed', 'waiting']);
    const told = await log(id);
    await on(id, 'sudo -n rm /usr/local/bin/tar');
    const again = await world.api.retry(id);
    assert.deepEqual([again.status, again.statusMessage], ['INSTALLING', 'Trying again']);
    assert.deepEqual(states(again), ['done', 'done', 'active', 'waiting']);
    await assertReady(id, { orders: 1 });
    assert.deepEqual(await bought(id), before);
    assert.deepEqual((await log(id)).slice(0, told.length), told, 'the log goes on');
    await destroyed(id);
  });

  test('keeps the key when the order failed, and goes on with the same order', async () => {
    const [id] = await unpaid();
    const { keys, orders } = await bought(id);
    await settings({ pay_refused: false });
    const again = await world.api.retry(id);
    assert.deepEqual([again.status, ...states(again)], ['ORDERING', 'active', 'waiting', 'waiting', 'waiting']);
    await assertReady(id, { orders: 1 });
    const has = await bought(id);
    assert.deepEqual([has.keys, has.orders[0].id], [keys, orders[0].id]);
    await destroyed(id);
  });

  test('clicked five times at once is one decision', async () => {
    const [id] = await unpaid();
    await settings({ pay_refused: false });
    const answers = await Promise.all(Array.from({ length: 5 }, () => click(id, 'retry')));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 409, 409, 409, 409]);
    for (const { body } of answers.filter(({ status }) => status === 409)) assert.match(body.detail, /^Only a deployment in ERROR can be tried again; this one is /);
    await assertReady(id, { orders: 1 });
    assert.equal(await count(id, 'deployment.retry-requested'), 1);
    await destroyed(id);
  });

  test('while an action is under way: its result is kept, nothing is done twice', async () => {
    await faults({ ...CHECKOUT, kind: 'slow', seconds: 4 });
    const [id] = await deploy();
    await until(async () => (await world.sandbox.get('/_/faults')).length === 0, { what: 'the checkout is under way' });
    await world.stack.psql(`update deployments set status = 'ERROR', status_message = 'An error of a test', failed_piece = 'server' where id = '${id}'`);
    assert.equal((await world.api.retry(id)).status, 'ORDERING');
    assert.equal((await world.stack.psql(`select busy from server.resource where id = '${id}'`))[0].busy, true);
    await assertReady(id, { orders: 1 });
    await destroyed(id);
  });

  for (const [piece, fault] of [
    ['llm_key', { method: 'POST', path: '/api/v1/keys' }],
    ['server', { method: 'GET', path: '/1.0/vps/*/ips' }],
  ]) {
    test(`during the last action of a stage (${piece}): it is done with that, and the next goes on`, async () => {
      await faults({ ...fault, kind: 'slow', seconds: 4 });
      const [id] = await deploy();
      await lateWhileBusy(piece, id);
      await world.api.retry(id);
      assert.equal((await world.stack.psql(`select busy from ${piece}.resource where id = '${id}'`))[0].busy, true);
      await assertReady(id, { orders: 1 });
      assert.equal((await row(piece, id)).failed, false);
      await destroyed(id);
    });
  }

  test('of what an operator set back, while the first stage is at it: the stages that wait for it go on', async () => {
    const [id] = await deploy();
    await assertReady(id);
    await faults({ method: 'POST', path: '/api/v1/keys', kind: 'slow', seconds: 4 });
    await clawctlOk(world.stack, ['replay', id, '--from', 'key']);
    await lateWhileBusy('llm_key', id);
    await world.api.retry(id);
    await assertReady(id, { orders: 1 });
    await destroyed(id);
  });

  test('of an error that is over already: READY, however often', async () => {
    const [id] = await deploy();
    await assertReady(id);
    const before = await bought(id);
    for (const piece of ['llm_key', 'server', 'installation', 'watch', '']) {
      await world.stack.psql(`update deployments set status = 'ERROR', failed_piece = nullif('${piece}', '') where id = '${id}';
        select timeline_add('${id}', 'progress', 'a-test')`);
      await world.api.retry(id);
      await assertReady(id, { deadline: 15 });
    }
    assert.deepEqual(await bought(id), before);
    await destroyed(id);
  });
});

describe('a retry and a destroy', () => {
  test('in any order and at once: the destroy wins, nothing is left', async () => {
    const ids = await unpaid(6);
    await settings({ pay_refused: false });
    for (const [i, id] of ids.entries()) {
      const clicks = i % 3 === 0 ? ['destroy', 'retry'] : i % 3 === 1 ? ['retry', 'destroy'] : ['retry', 'destroy', 'restart', 'retry', 'destroy'];
      const answers = await Promise.all(clicks.map((what) => click(id, what)));
      for (const [k, { status }] of answers.entries()) assert.ok(clicks[k] === 'destroy' ? status === 202 : [202, 409].includes(status), `${clicks[k]}: ${status}`);
      assert.equal((await click(id, 'retry')).status, 409);
    }
    await hurry();
    await assertGone(...ids);
  });

  test('during the rebuild and during the setup: it ends destroyed, and its key with it', async () => {
    const ids = [];
    for (const [piece, state, held] of [['installation', 'following', 'setup'], ['server', 'rebuilding', 'rebuild']]) {
      await settings({ [held]: 600 });
      for (const id of await deploy(2)) {
        ids.push(id);
        await until(async () => (await row(piece, id))?.state === state, { what: state });
        await world.stack.psql(`update deployments set status = 'ERROR', failed_piece = '${piece}' where id = '${id}'`);
        await Promise.all([click(id, 'retry'), click(id, 'destroy')]);
      }
    }
    await calm();
    await assertGone(...ids);
  });
});
