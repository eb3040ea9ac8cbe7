// The product among hostile neighbours: one stack whose sandbox works at once and whose waits are short, and what
// every such test asks afterwards: bought once, a text a person understands, nothing secret told, nothing left.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach } from 'node:test';
import { startStack } from '../../harness/stack.mjs';
import { until } from '../../harness/wait.mjs';

const INSTANT = { checking: 0, delivering: 0, deliver_task: 0, ips: 0, rebuild: 0, boot: 0, setup: 0, service_active: 0, service_flip: 0 };
const CALM = {
  ...INSTANT, task_list_lag: 0, clock_offset: 0, late_reads: 0, rebuild_errors: 0, order_lifetime: 86400, pay_refused: false, documents_requested: false,
  out_of_stock: false, out_of_stock_at_checkout: false, not_allowed: [], keep_readonly_carts_listed: true, checked_out_cart: 'readonly',
  details_need_payment: false, region_required: false, swap_delivery: false, machine_faults: [],
};
const BRISK = {
  'ovh-orderer': {
    OVH_PLANS: 'vps-2019-retired,vps-2025-model1,vps-2025-model2', OVH_UNKNOWN_WAIT_S: 2, STOCK_POLL_S: 0.3, STOCK_LIMIT_S: 1,
    DELIVERY_POLL_S: 0.3, REBUILD_POLL_S: 0.3, ADDRESS_POLL_S: 0.3, RELEASE_POLL_S: 0.3, LATE_POLL_S: 0.3, OVH_RATE: 60000, OVH_BURST: 10000,
    OVH_REMEMBER_S: 0, // each call goes out, and may go wrong
  },
  installer: { SETUP_POLL_S: 0.2, CONNECT_POLL_S: 0.2 },
  'health-monitor': { PROBE_POLL_S: 0.2, RECHECK_S: 0.3 },
};
const SECRETS = [/sk-or-v1-[0-9a-f]{8}/i, /PRIVATE KEY/, /\bBearer\b/];
const PIECES = ['llm_key', 'server', 'installation', 'watch'];

/** `stack`, `sandbox` and `api`: one person's, signed in. */
export const world = {};

export async function begin(settings = {}) {
  const wanted = { ...BRISK };
  for (const [service, values] of Object.entries(settings)) wanted[service] = { ...wanted[service], ...values };
  world.settings = wanted;
  world.stack = await startStack({ settings: wanted });
  world.sandbox = world.stack.sandbox;
  world.api = world.stack.api();
  await world.api.signUp();
  await calm();
}

export const end = () => world.stack?.close();

/** The sandbox as it is on a good day; also what a failing test leaves behind ends here. */
export async function calm() {
  await world.sandbox.clearFaults();
  await world.sandbox.settings(CALM);
}

/** For a suite: a good day again after each test, and after all a world without the machines and orders they made. */
export function tidy() {
  afterEach(calm);
  after(async () => {
    await world.sandbox.reset();
    await calm();
  });
}

/** A service with other settings from now on. */
export async function restartWith(service, changes) {
  const lines = Object.entries({ ...world.settings[service], ...changes }).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(world.stack.runDir, 'settings', `${service}.env`), lines.join(''));
  await world.stack.stop(`${service}.1`);
  await world.stack.start(`${service}.1`);
}

/**
 * From here on nobody waits long after a failure. Only the length of the pauses is changed, not their number: a test
 * of many failures in a row takes seconds, and one that is about pauses must not use it.
 */
export async function hurry() {
  await world.stack.psql(`create or replace function hurry() returns trigger language plpgsql as $$
    begin
      if not new.busy and new.tries > 0 and new.due_at is not null then
        new.due_at := least(new.due_at, clock_timestamp() + interval '50 ms');
      end if;
      return new;
    end $$`);
  for (const piece of PIECES) {
    await world.stack.psql(`create or replace trigger hurry before update on ${piece}.resource for each row execute function hurry()`);
  }
}

/** The row of a deployment's piece thinks that it has been in its state for so long already. */
export const age = (piece, id, seconds) =>
  world.stack.psql(`update ${piece}.resource set state_since = state_since - interval '${seconds} s', due_at = now() where id = '${id}'`);

/** Sets a row that nobody is at as a restored backup would. */
export const setBack = (piece, id, changes) => until(
  () => world.stack.psql(`update ${piece}.resource set ${changes}, due_at = now(), failed = false, tries = 0 where id = '${id}' and not busy returning id`),
  { what: `the ${piece} of ${id} is set back`, every: 0.01 },
);

export async function row(piece, id) {
  return (await world.stack.psql(`select state, goal, failed, tries, notes from ${piece}.resource where id = '${id}'`))[0];
}

/** Every fault ordered has happened. */
export async function assertAllHappened() {
  assert.deepEqual((await world.sandbox.get('/_/faults')).map((f) => `${f.kind} ${f.method} ${f.path}`), []);
}

/** What one deployment has at OVH and OpenRouter, by the marks it leaves there. */
export async function bought(id) {
  const ledger = await world.sandbox.ledger();
  const orders = ledger.orders.filter((order) => order.intent === `openclaw-${id}`);
  const paid = orders.filter((order) => order.paid && order.state !== 'cancelled');
  return {
    orders, paid,
    servers: ledger.servers.filter((server) => paid.some((order) => order.service === server.name)),
    keys: ledger.keys.filter((key) => key.name === `openclaw-${id.slice(-12)}`),
  };
}

/** A sentence for people: whole, and without the machinery's own words. */
export function assertClear(text) {
  assert.match(text, /^[A-Z].{15,}/);
  assert.ok(text.length < 225, `too long to be whole: ${text}`);
  assert.doesNotMatch(text, /[<>{}\n\t]|null|undefined|errno|libssh2|curl|\bctx\b|ERR_/i);
}

export async function assertNothingSecret(id) {
  const { api, stack } = world;
  const told = JSON.stringify([await api.deployment(id), await api.events(id), (await api.log(id)).lines]);
  for (const pattern of SECRETS) assert.doesNotMatch(told, pattern);
  for (const name of ['OVH_APP_SECRET', 'OVH_CONSUMER_KEY', 'OPENROUTER_PROVISIONING_KEY']) assert.ok(!told.includes(stack.env[name]), name);
  for (const { hash } of (await bought(id)).keys) assert.ok(!told.includes(hash), 'the hash of the key');
}

/** READY, with one paid order, its own machine and one key; `orders`: how many were made, paid or not. */
export async function assertReady(id, { deadline = 60, orders } = {}) {
  const deployment = await world.api.waitStatus(id, 'READY', { deadline });
  const has = await bought(id);
  assert.equal(has.paid.length, 1, `paid orders: ${JSON.stringify(has.orders)}`);
  assert.equal(has.servers.length, 1, 'servers');
  assert.equal(has.keys.filter((key) => !key.disabled).length, 1, 'live keys');
  assert.equal(has.servers[0].ip, deployment.ipAddress);
  if (orders !== undefined) assert.equal(has.orders.length, orders, `orders: ${JSON.stringify(has.orders)}`);
  await assertNothingSecret(id);
  return deployment;
}

/** ERROR with such a text, which people can read. */
export async function assertFails(id, text, { deadline = 30 } = {}) {
  const deployment = await world.api.waitStatus(id, 'ERROR', { deadline });
  assert.match(deployment.statusMessage, text);
  assertClear(deployment.statusMessage);
  const failure = (await world.api.events(id)).findLast((event) => event.type === 'deployment.failed');
  assert.equal(failure.message, deployment.statusMessage);
  await assertNothingSecret(id);
  return deployment;
}

export async function deploy(n = 1) {
  const made = await Promise.all(Array.from({ length: n }, () => world.api.deploy()));
  return made.map(({ id }) => id);
}

export const destroy = (...ids) => Promise.all(ids.map((id) => world.api.destroy(id)));

/** DESTROYED, and nothing of it costs anything any more. */
export async function assertGone(...ids) {
  for (const id of ids) {
    await world.api.waitStatus(id, 'DESTROYED', { deadline: 60 });
    const has = await bought(id);
    assert.deepEqual(has.keys, []);
    assert.ok(has.paid.length <= 1, 'paid at most once');
    assert.ok(has.servers.every((server) => server.delete_at_expiration), 'released');
    assert.deepEqual(await world.stack.psql(`select name from secrets where deployment_id = '${id}'`), []);
    await assertNothingSecret(id);
  }
}

export async function destroyed(...ids) {
  await destroy(...ids);
  await assertGone(...ids);
}

export const untilMessage = (id, text, { deadline = 20 } = {}) =>
  until(async () => text.test((await world.api.deployment(id)).statusMessage), { deadline, what: `the message of ${id} is ${text}`, every: 0.1 });

export const untilStatus = (id, status, { deadline = 30 } = {}) =>
  until(async () => (await world.stack.psql(`select 1 from deployments where id = '${id}' and status = '${status}'`)).length, { deadline, what: `${id} is ${status}` });

/** A signed call to OVH, by the owner of the account. */
export async function ovh(method, path, json) {
  const { env } = world.stack;
  const url = `${env.OVH_ENDPOINT}${path}`;
  const body = json === undefined ? '' : JSON.stringify(json);
  const time = Math.floor(Date.now() / 1000);
  const signed = `${env.OVH_APP_SECRET}+${env.OVH_CONSUMER_KEY}+${method}+${url}+${body}+${time}`;
  const answer = await fetch(url, {
    method,
    body: body || undefined,
    headers: {
      'x-ovh-application': env.OVH_APP_KEY, 'x-ovh-consumer': env.OVH_CONSUMER_KEY, 'x-ovh-timestamp': String(time),
      'x-ovh-signature': `$1$${createHash('sha1').update(signed).digest('hex')}`,
    },
    signal: AbortSignal.timeout(10000),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said?.message}`);
  return said;
}
