// One product whose people install anew: what the tests of it ask, and what must be so afterwards.

import assert from 'node:assert/strict';
import { afterEach, describe } from 'node:test';
import { until } from '../../harness/wait.mjs';
import { assertReady, bought, calm, deploy, row, world } from '../hostile/world.mjs';

const PIECES = ['llm_key', 'server', 'installation', 'watch'];
const DEPLOYMENTS = '/api/openclaw/deployments';

/** A suite with a good day again after each of its tests. */
export const suite = (name, tests) => describe(name, () => {
  afterEach(calm);
  tests();
});
export const settings = (changes) => world.sandbox.settings(changes);
export const click = (id, what) => world.api.request(what === 'destroy' ? 'DELETE' : 'POST', `${DEPLOYMENTS}/${id}${what === 'destroy' ? '' : `/${what}`}`);
export const states = (deployment) => deployment.steps.map(({ state }) => state);
export const log = async (id) => (await world.api.log(id)).lines.map(({ text }) => text);
export const count = async (id, type) => (await world.api.events(id)).filter((event) => event.type === type).length;
export const untilState = (piece, id, state) => until(async () => (await row(piece, id))?.state === state, { what: `the ${piece} is ${state}`, every: 0.01 });

/** Rebuilds that OVH took on. */
export const rebuilds = async (name) => (await world.sandbox.get('/_/journal'))
  .filter(({ method, path, status }) => method === 'POST' && path === `/1.0/vps/${name}/rebuild` && status === 200).length;

/** What of a deployment a reinstall keeps, and what it must not. */
export async function picture(id) {
  const { notes } = await row('server', id);
  const { host_key: hostKey, run_id: runId } = (await row('installation', id)).notes;
  const { ipAddress } = await world.api.deployment(id);
  const [{ sealed }] = await world.stack.psql(`select sealed from secrets where deployment_id = '${id}' and name = 'gateway_token'`);
  const { paid, orders, keys } = await bought(id);
  return {
    kept: { ipAddress, service: notes.service_name, order: paid[0].id, orders: orders.length },
    changed: { hostKey, runId, sshKey: notes.public_key, key: keys[0].hash, token: sealed },
    limit: keys[0].limit,
  };
}

export async function ready() {
  const [id] = await deploy();
  await assertReady(id, { orders: 1 });
  return [id, await picture(id)];
}

/** READY with the same server and nothing of the system before; every row has come to rest for that decision. */
export async function assertAnew(id, was, { limit = was.limit, deadline = 60 } = {}) {
  await assertReady(id, { orders: 1, deadline });
  const is = await picture(id);
  assert.deepEqual(is.kept, was.kept);
  for (const [name, value] of Object.entries(is.changed)) assert.notEqual(value, was.changed[name], name);
  assert.equal(is.limit, limit);
  const [{ anew }] = await world.stack.psql(`select anew from deployments where id = '${id}'`);
  for (const piece of PIECES) {
    const { notes, goal, failed } = await row(piece, id);
    assert.deepEqual([notes.anew, goal, failed], [anew, 'up', false], piece);
  }
  const secrets = await world.stack.psql(`select name from secrets where deployment_id = '${id}' order by name`);
  assert.deepEqual(secrets.map(({ name }) => name), ['gateway_token', 'ssh_private_key']);
  return is;
}
