// One product whose operator replays: what the tests ask of it, and what must be so after every replay.

import assert from 'node:assert/strict';
import { clawctl, clawctlOk } from '../../harness/clawctl.mjs';
import { startStack } from '../../harness/stack.mjs';

export const CALM = { checking: 0, delivering: 0.1, deliver_task: 0, ips: 0, rebuild: 0.1, boot: 0, setup: 0, out_of_stock: false, documents_requested: false };
const SETTINGS = {
  'ovh-orderer': { STOCK_POLL_S: 0.3, STOCK_LIMIT_S: 1, DELIVERY_POLL_S: 0.3, REBUILD_POLL_S: 0.3, ADDRESS_POLL_S: 0.3, RELEASE_POLL_S: 0.3 },
  installer: { SETUP_POLL_S: 0.2, CONNECT_POLL_S: 0.2 },
  'health-monitor': { PROBE_POLL_S: 0.2, RECHECK_S: 0.3 },
};
export let stack, api;

export async function begin() {
  stack = await startStack({ settings: SETTINGS });
  await stack.sandbox.settings(CALM);
  api = stack.api();
  await api.signUp();
}
export const end = () => stack?.close();

export const replay = (...args) => clawctlOk(stack, ['replay', ...args]);
export const refused = async (...args) => {
  const { code, stderr } = await clawctl(stack, ['replay', ...args]);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  return `${code} ${stderr.trim()}`;
};
export const ready = async () => {
  const { id } = await api.deploy();
  return api.waitStatus(id, 'READY', { deadline: 60 });
};
export const failing = async (settings) => {
  await stack.sandbox.settings(settings);
  const { id } = await api.deploy();
  await api.waitStatus(id, 'ERROR', { deadline: 60 });
  await stack.sandbox.settings(CALM);
  return id;
};
export const ROOMS = ['llm_key', 'server', 'installation', 'watch'];
export const rows = async (id) => {
  const found = {};
  for (const room of ROOMS) [found[room]] = await stack.psql(`select state, goal, generation, failed, parked, due_at is null as rests, notes from ${room}.resource where id = '${id}'`);
  return found;
};
export const mine = async (id) => {
  const { orders, servers, keys } = await stack.sandbox.ledger();
  const { server } = await rows(id);
  return {
    paid: orders.filter((o) => o.paid && o.intent.endsWith(id)),
    servers: servers.filter((s) => s.name === server?.notes.service_name),
    keys: keys.filter((k) => k.name.endsWith(id.slice(-12)) && !k.disabled),
  };
};
/** After a replay of one that was READY: READY again, with what is there once. */
export const readyAgain = async (id) => {
  await api.waitStatus(id, 'READY', { deadline: 60 });
  const is = await mine(id);
  assert.equal(is.paid.length, 1);
  assert.equal(is.servers.length, 1);
  assert.equal(is.keys.length, 1);
  for (const [room, row] of Object.entries(await rows(id))) assert.equal(row.parked || row.failed || row.goal !== 'up', false, `${room}: ${JSON.stringify(row)}`);
  return is;
};
export const counted = async (id, type) => (await api.events(id)).filter((e) => e.type === type).length;
export const rebuilds = async () => (await stack.sandbox.journal()).filter((r) => r.method === 'POST' && /\/rebuild$/.test(r.path)).length;
