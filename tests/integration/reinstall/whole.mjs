// From the click to READY, from READY and from an ERROR; who may, and when not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { door, on } from '../hostile/machine.mjs';
import { assertFails, deploy, destroyed, row, untilStatus, world } from '../hostile/world.mjs';
import { assertAnew, click, count, log, ready, rebuilds, settings, states, suite, untilState } from './world.mjs';

suite('a reinstall', () => {
  test('keeps server, address and what is left of the cap; keys, token and all that was on the machine are gone', async () => {
    const [id, was] = await ready();
    const before = await world.api.deployment(id);
    const knock = await door(id);
    await on(id, 'echo mine >/home/debian/mine');
    await world.sandbox.post('/_/usage', { hash: was.changed.key, usd: 2.5 });
    await settings({ rebuild: 1 });
    const answer = await world.api.reinstall(id);
    assert.deepEqual([answer.status, answer.statusMessage, answer.url, answer.ipAddress], ['PROVISIONING', 'Preparing to install anew', null, before.ipAddress]);
    assert.deepEqual(states(answer), ['done', 'active', 'waiting', 'waiting']);
    for (const what of ['reinstall', 'restart', 'retry']) assert.equal((await click(id, what)).status, 409, what);
    const is = await assertAnew(id, was, { limit: was.limit - 2.5 });
    assert.equal(is.changed.runId, `${id}-2`);
    const after = await world.api.deployment(id);
    assert.deepEqual(states(after), ['done', 'done', 'done', 'done']);
    assert.equal(after.readyAt, before.readyAt);
    assert.equal(await rebuilds(was.kept.service), 2);
    await assert.rejects(knock('echo in'), /Permission denied/);
    assert.equal((await on(id, 'ls /home/debian/mine 2>/dev/null || echo gone')).trim(), 'gone');
    for (const [type, n] of Object.entries({
      'deployment.reinstall-requested': 1, 'instance.vacated': 1, 'key.issued': 2, 'server.ordered': 1, 'server.ready': 2, 'instance.installed': 2, 'instance.ready': 2, 'instance.unhealthy': 0,
    })) assert.equal(await count(id, type), n, type);
    assert.ok((await log(id)).includes('$2.50 of your $10.00 were spent with an earlier key'));
    const [{ what }] = await world.stack.psql(`select what from audit where subject = '${id}' order by at desc limit 1`);
    assert.equal(what, 'deployment.reinstall-requested');
    await destroyed(id);
  });

  test('brings the certificates of the web server along, and nothing else of it', async () => {
    const [id, was] = await ready();
    const store = '/var/lib/caddy/.local/share/caddy';
    await on(id, `sudo -n sh -c "mkdir -p ${store}/certificates/acme && echo theirs >${store}/certificates/acme/mark && echo else >/var/lib/caddy/else"`);
    await world.api.reinstall(id);
    await assertAnew(id, was);
    assert.equal((await on(id, `sudo -n cat ${store}/certificates/acme/mark`)).trim(), 'theirs');
    assert.equal((await on(id, 'sudo -n ls /var/lib/caddy/else 2>/dev/null || echo gone')).trim(), 'gone');
    assert.equal((await on(id, 'sudo -n ls /home/debian/openclaw-setup/certificates.tgz /var/lib/openclaw-setup/certificates.tgz 2>/dev/null || echo gone')).trim(), 'gone');
    assert.ok(!(await log(id)).some((line) => line.includes('ertificates could not')));
    await destroyed(id);
  });

  test('may follow another one; when nothing is left to spend it says so', async () => {
    const [id, was] = await ready();
    await world.api.reinstall(id);
    const once = await assertAnew(id, was);
    await world.sandbox.post('/_/usage', { hash: once.changed.key, usd: 9.999 });
    await world.api.reinstall(id);
    const twice = await assertAnew(id, once, { limit: 0.001 });
    assert.equal(twice.changed.runId, `${id}-3`);
    assert.ok((await log(id)).includes('Nothing is left of your $10.00: OpenClaw runs, but no model will answer it'));
    await destroyed(id);
  });

  test('of one whose setup failed: the machine that made it fail is wiped', async () => {
    await settings({ rebuild: 0, setup: 0 });
    await world.stack.stop('installer.1');
    const [id] = await deploy();
    await untilState('server', id, 'ready');
    await on(id, 'sudo -n sh -c "printf \'#!/bin/sh\\nexit 3\\n\' >/usr/local/bin/tar && chmod 755 /usr/local/bin/tar"');
    await world.stack.start('installer.1');
    await assertFails(id, /^Installing .+ failed: .*\(exit status 3\)$/);
    const { notes } = await row('server', id);
    const [{ sealed }] = await world.stack.psql(`select sealed from secrets where deployment_id = '${id}' and name = 'gateway_token'`);
    const [order] = (await world.sandbox.ledger()).orders.filter(({ service }) => service === notes.service_name);
    const { host_key: hostKey, run_id: runId } = (await row('installation', id)).notes;
    const was = {
      kept: { ipAddress: notes.ip, service: notes.service_name, order: order.id, orders: 1 }, limit: 10,
      changed: { hostKey, runId, sshKey: notes.public_key, key: (await row('llm_key', id)).notes.hash, token: sealed },
    };
    const answer = await world.api.reinstall(id);
    assert.deepEqual(states(answer), ['done', 'active', 'waiting', 'waiting']);
    await assertAnew(id, was);
    await destroyed(id);
  });

  test('is refused with a sentence where there is nothing to reinstall, and hidden from everybody else', async () => {
    await settings({ out_of_stock: true });
    const [id] = await deploy();
    const early = await click(id, 'reinstall');
    assert.equal(early.status, 409);
    assert.match(early.body.detail, /^Only a deployment that is READY or in ERROR can be reinstalled; this one is (PENDING|ORDERING|ERROR)\.$|^There is no machine yet/);
    await untilStatus(id, 'ERROR');
    const bare = await click(id, 'reinstall');
    assert.deepEqual([bare.status, bare.body.detail], [409, 'There is no machine yet that could be reinstalled; try again instead.']);
    const stranger = world.stack.api();
    assert.equal((await stranger.request('POST', `/api/openclaw/deployments/${id}/reinstall`)).status, 401);
    await stranger.signUp();
    assert.equal((await stranger.request('POST', `/api/openclaw/deployments/${id}/reinstall`)).status, 404);
    await destroyed(id);
    const late = await click(id, 'reinstall');
    assert.deepEqual([late.status, late.body.detail], [409, 'Only a deployment that is READY or in ERROR can be reinstalled; this one is DESTROYED.']);
  });

  test('clicked five times at once is one decision', async () => {
    const [id, was] = await ready();
    const answers = await Promise.all(Array.from({ length: 5 }, () => click(id, 'reinstall')));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 409, 409, 409, 409]);
    await assertAnew(id, was);
    assert.equal(await rebuilds(was.kept.service), 2);
    await destroyed(id);
  });
});
