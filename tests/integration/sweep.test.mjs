// The sweep: what OVH and OpenRouter have against our rows. Everything planted is named with its money; what is
// certainly ours and needed by nobody is put right; nothing else is touched, least of all on a bad day.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { until } from '../harness/wait.mjs';
import { assertGone, assertReady, begin, bought, calm, deploy, destroy, destroyed, end, ovh, restartWith, row, world } from './hostile/world.mjs';
import { audit, auditJson, checkOut, ends, keyListed, openRouter, plantCart, plantKey, plantServer, renewAgain } from './sweep/world.mjs';

const UNKNOWN = 'openclaw-ffffffffffff';
const HOUR = 3600;
const named = (id) => `openclaw-${id.slice(-12)}`;
const serviceOf = async (id) => (await row('server', id)).notes.service_name;
const keyOf = async (id) => (await row('llm_key', id)).notes.hash;
const changes = (journal) => journal.filter((call) => call.method !== 'GET').map((call) => `${call.method} ${call.path}`);
const lastCall = async () => (await world.sandbox.journal()).at(-1).n;

let live, dead;

const assertNoKeyMissed = (said) => assert.deepEqual(said.findings.filter(({ kind }) => kind === 'row without its key'), []);

before(async () => {
  await begin({ 'key-provisioner': { SWEEP_S: 0 }, 'ovh-orderer': { SWEEP_S: 0 } });
  [live, dead] = await deploy(2);
  await assertReady(live);
  await assertReady(dead);
  await destroyed(dead);
});
after(end);

test('a world as it should be: nothing to say, exit 0', async () => {
  const said = await auditJson();
  assert.deepEqual(said.findings, [], said.stderr);
  assert.equal(said.code, 0);
  assert.deepEqual(said.sweeps.map(({ service, finished, error }) => [service, finished, error]), [['key-provisioner', true, null], ['ovh-orderer', true, null]]);
});

describe('a bad day changes nothing', () => {
  let orphan, released;
  before(async () => {
    orphan = await plantKey(named(dead));
    released = await serviceOf(dead);
    await renewAgain(released);
  });
  afterEach(calm);
  after(async () => {
    await openRouter('DELETE', `/keys/${orphan}`);
    await ovh('PUT', `/vps/${released}/serviceInfos`, { renew: { deleteAtExpiration: true } });
  });

  async function assertNothingDone(error) {
    const from = await lastCall();
    const said = await auditJson();
    assert.equal(said.code, 1);
    for (const sweep of said.sweeps) if (error[sweep.service]) assert.match(sweep.error, error[sweep.service]);
    assert.deepEqual(changes(await world.sandbox.journal(from)), []);
    assert.ok(await keyListed(orphan));
    return said;
  }

  for (const status of [401, 403]) {
    test(`${status} for everything: both sweeps end with it`, async () => {
      const body = { class: 'Client::Forbidden', message: 'This credential is not valid' };
      await world.sandbox.faults([{ path: '/api/v1/*', kind: 'status', status, times: 0 }, { path: '/1.0/*', kind: 'status', status, times: 0, body }]);
      await assertNothingDone({ 'key-provisioner': /refused our management key/, 'ovh-orderer': /refused our credentials/ });
    });
  }

  test('the key list breaks on its second page: no key is judged', async () => {
    const hashes = [];
    for (let i = 0; i < 100; i++) hashes.push((await openRouter('POST', '/keys', { name: `somebody-${i}` })).data.hash);
    for (const fault of [{ kind: 'status', status: 500 }, { kind: 'empty' }, { kind: 'html', status: 200 }, { kind: 'lie', body: { data: [{ name: 'x' }] } }]) {
      await world.sandbox.faults([{ method: 'GET', path: '/api/v1/keys', skip: 1, times: 0, ...fault }, { path: '/1.0/vps', kind: 'status', status: 500, times: 0 }]);
      await assertNothingDone({ 'key-provisioner': /OpenRouter/, 'ovh-orderer': /OVH said 500/ });
      await world.sandbox.clearFaults();
    }
    // A list that pretends to end: what it did not show is asked for by name.
    await world.sandbox.faults([{ method: 'GET', path: '/api/v1/keys', skip: 1, kind: 'lie', body: { data: [] } }, { path: '/1.0/vps', kind: 'status', status: 500, times: 0 }]);
    assertNoKeyMissed(await assertNothingDone({ 'ovh-orderer': /OVH said 500/ }));
    await calm();
    await calm();
    for (const hash of hashes) await openRouter('DELETE', `/keys/${hash}`);
  });
});

test('everything is named, with its money and what was done; what nobody marked is left alone', async () => {
  const own = await keyOf(live);
  const released = await serviceOf(dead);
  const keys = {
    orphan: await plantKey(named(dead), { limit: 7 }),
    surplus: await plantKey(named(live)),
    young: await plantKey(named(live), { ageS: 60 }),
    unknown: await plantKey(UNKNOWN, { limit: 12.5 }),
    stranger: await plantKey('somebody else', { limit: 99 }),
  };
  await renewAgain(released);
  const stranger = await plantServer();
  const unknown = await plantServer(UNKNOWN);
  const second = await plantServer(named(live));
  const orphan = await plantServer(named(dead));
  const carts = {
    abandoned: await plantCart(`openclaw-${dead}`, { ageS: 2 * HOUR }),
    young: await plantCart(`openclaw-${dead}`, { ageS: 60 }),
    unknown: await plantCart('openclaw-00000000-0000-7000-8000-000000000000', { ageS: 2 * HOUR }),
    stranger: await plantCart('mine', { ageS: 2 * HOUR }),
    past: await plantCart(`openclaw-${live}`, { ageS: 2 * HOUR }),
  };
  const bill = (await world.sandbox.ledger()).bills.find(({ orderId }) => orderId === stranger.orderId);

  // What OVH refuses for one machine alone does not end the sweep.
  await world.sandbox.faults({ method: 'GET', path: `/1.0/vps/${stranger.service}`, kind: 'status', status: 403, times: 0 });
  const said = await auditJson();
  await world.sandbox.clearFaults();
  const expected = [
    // subject, kind, deployment, cents, of what, done
    [keys.orphan, 'orphaned key', dead, 700, 'cap', 'revoked'],
    [keys.surplus, 'surplus key', live, 1000, 'cap', 'revoked'],
    [keys.unknown, 'unknown key', null, 1250, 'cap', null],
    [released, 'released server that renews', dead, 799, 'month', 'released'],
    [orphan.service, 'orphaned server', dead, 799, 'month', 'released'],
    [unknown.service, 'unknown server', null, 799, 'month', null],
    [second.service, 'second server', live, 799, 'month', null],
    [carts.abandoned, 'abandoned cart', dead, null, null, 'dropped'],
    [carts.past, 'abandoned cart', live, null, null, 'dropped'],
    [bill.id, 'unknown bill', null, 799, 'once', null],
  ];
  for (const [subject, kind, deploymentId, moneyCents, moneyIs, resolved] of expected) {
    const { kind: k, deploymentId: d, moneyCents: c, moneyIs: i, resolved: r, words } = said.of(subject) ?? {};
    assert.deepEqual([k, d, c, i, r], [kind, deploymentId, moneyCents, moneyIs, resolved], `${kind}: ${words}`);
  }
  for (const subject of [own, keys.young, keys.stranger, stranger.service, carts.young, carts.unknown, carts.stranger]) assert.equal(said.of(subject), undefined);
  const open = said.findings.filter((finding) => finding.resolved === null);
  assert.equal(said.findings.length, expected.length + 3, 'and three more bills of the planted orders'); // unknown, second, orphan
  assert.equal(said.unresolved, open.length);
  assert.deepEqual(said.unresolvedCents, { month: 2 * 799, cap: 1250, once: 4 * 799 });
  assert.equal(said.code, 1);

  const ledger = await world.sandbox.ledger();
  const hashes = ledger.keys.map((key) => key.hash);
  assert.deepEqual([keys.orphan, keys.surplus].filter((hash) => hashes.includes(hash)), []);
  assert.deepEqual([own, keys.young, keys.unknown, keys.stranger].filter((hash) => !hashes.includes(hash)), []);
  assert.deepEqual(await Promise.all([released, orphan.service, stranger.service, unknown.service, second.service].map(ends)), [true, true, false, false, false]);
  const listed = ledger.carts.map((cart) => cart.id);
  assert.deepEqual([carts.abandoned, carts.past].filter((cart) => listed.includes(cart)), []);
  assert.deepEqual([carts.young, carts.unknown, carts.stranger].filter((cart) => !listed.includes(cart)), []);

  // Once more: only what was reported is left, seen first when it was.
  const from = await lastCall();
  const again = await auditJson();
  const key = (finding) => `${finding.kind} ${finding.subject} ${finding.firstSeen}`;
  assert.deepEqual(again.findings.map(key).sort(), open.map(key).sort());
  assert.deepEqual(changes(await world.sandbox.journal(from)), []);

  const { code, stdout } = await audit();
  assert.equal(code, 1);
  assert.match(stdout, new RegExp(`unknown key +${keys.unknown} +- +12.50 USD left +reported`));
  assert.match(stdout, /7 left for a person: servers for \$15.98 a month, keys that may spend \$12.50, bills of \$31.96/);

  // What the person did away with is no longer said.
  await openRouter('DELETE', `/keys/${keys.unknown}`);
  await openRouter('DELETE', `/keys/${keys.young}`);
  for (const { service } of [unknown, second]) await ovh('PUT', `/vps/${service}/serviceInfos`, { renew: { deleteAtExpiration: true } });
  const after = await auditJson();
  assert.deepEqual(after.findings.map(({ kind }) => kind), ['unknown bill', 'unknown bill', 'unknown bill', 'unknown bill']);
  await assertReady(live);
});

test('rows whose thing is gone, keys that are disabled, servers of deployments that failed long ago: reported', async () => {
  const ids = await deploy(3);
  for (const id of ids) await assertReady(id);
  const [lost, disabled, failed] = ids;
  await world.sandbox.settings({ delivering: 3600 });
  const [waits] = await deploy();
  await until(async () => (await row('server', waits))?.state === 'paid', { what: 'it is paid' });
  await destroy(waits);
  await until(async () => (await row('server', waits)).goal === 'down', { what: 'it is to be released' });
  await world.stack.psql(`update deployments set decided_at = now() - interval '4 days' where id = '${waits}'`);
  await world.stack.psql(`update server.resource set state_since = now() - interval '4 days' where id = '${waits}'`);
  await openRouter('DELETE', `/keys/${await keyOf(lost)}`);
  await openRouter('PATCH', `/keys/${await keyOf(disabled)}`, { disabled: true });
  await world.stack.psql(`update deployments set status = 'ERROR', status_message = 'It failed', decided_at = now() - interval '4 days' where id = '${failed}'`);
  await world.stack.psql(`update server.resource set state_since = now() - interval '4 days' where id = '${failed}'`);
  const gone = await serviceOf(lost);
  const serviceId = (await ovh('GET', `/services?resourceName=${gone}`))[0];
  await ovh('DELETE', `/services/${serviceId}`);
  await world.stack.psql(`update server.resource set state_since = now() - interval '11 minutes' where id = '${lost}'`);

  const said = await auditJson();
  const about = (subject) => [said.of(subject)?.kind, said.of(subject)?.deploymentId, said.of(subject)?.moneyCents, said.of(subject)?.resolved];
  assert.deepEqual(about(named(lost)), ['row without its key', lost, null, null]);
  assert.deepEqual(about(await keyOf(disabled)), ['disabled key', disabled, 1000, null]);
  assert.deepEqual(about(await serviceOf(failed)), ['server of a failed deployment', failed, 799, null]);
  assert.deepEqual(about(gone), ['row without its server', lost, 799, null]);
  assert.deepEqual(about(`order ${(await bought(waits)).paid[0].id}`), ['order that is not delivered', waits, 799, null]);
  await world.sandbox.settings({ delivering: 0 });
  await destroyed(...ids);
  await assertGone(waits);

  // Paid after all, when its row had given it up; and one that was given back by a row that has another by now.
  const order = (id) => bought(id).then(({ paid }) => paid[0].id);
  await world.stack.psql(`update server.resource set notes = notes - 'service_name' where id = '${failed}'`);
  await world.stack.psql(`update server.resource set notes = notes - 'order_id' || jsonb_build_object('past_orders', '1 ${await order(disabled)}') where id = '${disabled}'`);
  const bills = (await auditJson()).findings.filter(({ kind }) => /bill/.test(kind));
  assert.deepEqual(bills.filter(({ deploymentId }) => deploymentId).map(({ kind, deploymentId, moneyCents }) => [kind, deploymentId, moneyCents]),
    [['bill of an order that was given up', failed, 799]]);
  const given = await order(disabled);
  assert.ok(!JSON.stringify(bills).includes(`order ${given},`), 'what was given back is known');
});

test('an order its row does not know is named; a server whose row still waits is adopted', async () => {
  await world.sandbox.settings({ delivering: 3600 });
  const [id] = await deploy();
  await until(async () => (await row('server', id))?.state === 'paid', { what: 'it is paid' });
  const hidden = await plantCart(`openclaw-${dead}`);
  await checkOut(hidden, { pay: false });
  await world.stack.psql(`update server.resource set notes = notes - 'order_id' where id = '${dead}'`);
  // As if the delivery had been looked at too early, and the next look were far away.
  await until(async () => {
    await world.stack.psql(`update server.resource set due_at = now() + interval '1 hour' where id = '${id}' and not busy and due_at < now() + interval '10 minutes'`);
    return (await world.stack.psql(`select 1 from server.resource where id = '${id}' and due_at > now() + interval '50 minutes'`)).length;
  }, { what: 'its next look is far away' });
  await world.sandbox.settings({ delivering: 0 });
  const [order] = (await bought(id)).orders;
  const service = await until(async () => (await world.sandbox.ledger()).orders.find((one) => one.id === order.id)?.service, { what: 'it is delivered' });
  await ovh('PUT', `/vps/${service}`, { displayName: named(id) });

  const said = await auditJson();
  assert.equal(said.of(hidden)?.kind, 'order its row does not know');
  assert.deepEqual([said.of(service)?.kind, said.of(service)?.resolved], ['server its row does not know', 'adopted']);
  await assertReady(id);
});

test('what OpenRouter says of one key alone does not end the sweep', async () => {
  const [broken, orphan] = [await plantKey(named(dead)), await plantKey(named(dead), { ageS: 3600 })];
  await world.sandbox.faults({ method: 'GET', path: `/api/v1/keys/${broken}`, kind: 'status', status: 500, times: 0 });
  const said = await auditJson();
  await world.sandbox.clearFaults();
  assert.deepEqual([said.of(broken), said.of(orphan)?.resolved], [undefined, 'revoked']);
  assert.deepEqual([await keyListed(broken), await keyListed(orphan)], [true, false]);
  assert.equal((await auditJson()).of(broken)?.resolved, 'revoked');
});

test('a row that a restore left without its hash, or with that of a key before, has its only key again', async () => {
  const hash = await keyOf(live);
  const set = (notes, since = 'state_since') => world.stack.psql(`update llm_key.resource set notes = ${notes}, state_since = ${since} where id = '${live}'`);
  const before = `notes || jsonb_build_object('hash', repeat('e', 64))`;
  const assertLost = async () => {
    const said = await auditJson();
    assert.deepEqual([said.of(named(live))?.kind, said.of(named(live))?.resolved], ['row without its key', null]);
    assert.notEqual(await keyOf(live), hash);
    assert.ok(await keyListed(hash));
  };
  await set(before); // its key was made before the row was issued: somebody may have deleted the row's own
  await assertLost();
  await set(`notes - 'hash'`);
  const other = await plantKey(named(live));
  await assertLost();
  await openRouter('DELETE', `/keys/${other}`);

  for (const [notes, since] of [[`notes - 'hash'`], [before, `state_since - interval '1 day'`]]) {
    await set(notes, since);
    const said = await auditJson();
    assert.deepEqual([said.of(hash)?.kind, said.of(hash)?.deploymentId, said.of(hash)?.resolved], ['key its row does not know', live, 'adopted']);
    assert.equal(said.of(named(live)), undefined);
    assert.equal(await keyOf(live), hash);
    assert.ok(await keyListed(hash));
  }
});

test('a key made anew has what is left of the cap, less what a surplus one had spent', async () => {
  const hash = await keyOf(live);
  const surplus = await plantKey(named(live));
  await world.sandbox.post('/_/usage', { hash: surplus, usd: 1 });
  assert.equal((await auditJson()).of(surplus)?.resolved, 'revoked');
  await world.sandbox.post('/_/usage', { hash, usd: 3.25 });
  await world.stack.psql(`update llm_key.resource set state = 'named', due_at = now() where id = '${live}'`);
  await until(async () => ![undefined, hash].includes((await row('llm_key', live)).state === 'issued' ? await keyOf(live) : undefined), { what: 'a new key' });
  const { keys } = await bought(live);
  assert.deepEqual(keys.map(({ limit }) => limit), [5.75]);
  assert.match(JSON.stringify((await world.api.log(live)).lines), /\$4.25 of your \$10.00 were spent/);
});

// Another installation may share the account and its mark.
test('more than a list holds: the rest is counted, and what was found before stays', async () => {
  const plant = async (i) => (await openRouter('POST', '/keys', { name: `openclaw-${i.toString(16).padStart(12, 'f')}`, limit: 1 })).data.hash;
  await world.sandbox.settings({ clock_offset: -2400 });
  const first = await plant(5000); // the last one in OpenRouter's list, which begins with the newest
  await world.sandbox.settings({ clock_offset: 0 });
  const known = await auditJson();
  assert.equal(known.of(first)?.kind, 'unknown key');
  const theirs = [];
  await world.sandbox.settings({ clock_offset: -1200 });
  for (let i = 0; i < 1001; i++) theirs.push(await plant(i));
  await world.sandbox.settings({ clock_offset: 0 });

  const said = await auditJson();
  assert.equal(said.code, 1);
  assert.match(said.stderr, /key-provisioner: 1000 differences are listed, and 2 more are not$/m);
  assert.match(said.stderr, /1 of 2 sweeps did not tell all; what is printed is not complete/);
  assert.match(said.sweeps.find(({ service }) => service === 'key-provisioner').error, /and 2 more are not/);
  assert.equal(said.findings.length, known.findings.length + 1000);
  assert.deepEqual(said.of(first), known.of(first));
  assert.equal(said.unresolved, known.unresolved + 1000);

  for (const one of theirs) await openRouter('DELETE', `/keys/${one}`);
  const again = await auditJson();
  assert.deepEqual(again.sweeps.map(({ error }) => error), [null, null]);
  assert.deepEqual(again.findings, known.findings);
  await openRouter('DELETE', `/keys/${first}`);
});

test('killed in the middle of a sweep: its next life takes it up at once', async () => {
  const from = await lastCall();
  await world.sandbox.faults({ method: 'GET', path: '/api/v1/keys', kind: 'slow', seconds: 8 });
  const audited = auditJson();
  await until(async () => (await world.sandbox.journal(from)).some((call) => call.path === '/api/v1/keys'), { what: 'the sweep has begun' });
  await world.stack.kill('key-provisioner.1');
  await world.stack.start('key-provisioner.1');
  const { sweeps } = await audited;
  assert.deepEqual(sweeps.map(({ finished, error }) => [finished, error]), [[true, null], [true, null]]);
});

test('a service that does not run is named; on its own the sweep comes again and again', async () => {
  await world.stack.stop('key-provisioner.1');
  const { code, stderr } = await audit('--json');
  assert.equal(code, 1);
  assert.match(stderr, /key-provisioner does not run, or is not ready/);
  await restartWith('key-provisioner', { SWEEP_S: 1 });
  const orphan = await plantKey(named(dead));
  await until(async () => !(await keyListed(orphan)), { what: 'the orphan is deleted', deadline: 30 });
});
