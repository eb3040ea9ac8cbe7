// Planting differences: things at OVH and OpenRouter that nobody here made, or that our rows think are gone; and the
// operator's audit, as a person runs it.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { run } from '../../harness/command.mjs';
import { ROOT } from '../../harness/stack.mjs';
import { ovh, world } from '../hostile/world.mjs';

const DAY = 86400e3;

/** OpenRouter, with the account's own key. */
export async function openRouter(method, path, json) {
  const { body } = await world.sandbox.request(method, `/api/v1${path}`, {
    json, headers: { authorization: `Bearer ${world.stack.env.OPENROUTER_PROVISIONING_KEY}` },
  });
  return body;
}

/** A key that was made so long ago; its hash. */
export async function plantKey(name, { ageS = 1200, limit = 10 } = {}) {
  await world.sandbox.settings({ clock_offset: -ageS });
  try {
    return (await openRouter('POST', '/keys', { name, limit })).data.hash;
  } finally {
    await world.sandbox.settings({ clock_offset: 0 });
  }
}

export const keyListed = async (hash) => (await world.sandbox.ledger()).keys.some((key) => key.hash === hash);

/** An assigned cart, `ageS` old if it was made to live for 30 days; its id. */
export async function plantCart(description, { ageS = 0 } = {}) {
  const expire = new Date(Date.now() + 30 * DAY - ageS * 1000).toISOString();
  const { cartId } = await ovh('POST', '/order/cart', { ovhSubsidiary: 'US', description, expire });
  await ovh('POST', `/order/cart/${cartId}/assign`);
  return cartId;
}

/** Checks the cart out with one server in it; its order's id. */
export async function checkOut(cart, { pay = true } = {}) {
  const { itemId } = await ovh('POST', `/order/cart/${cart}/vps`, { planCode: 'vps-2025-model1', duration: 'P1M', pricingMode: 'default', quantity: 1 });
  for (const [label, value] of [['vps_datacenter', 'US-EAST-VA'], ['vps_os', 'Debian 12']]) {
    await ovh('POST', `/order/cart/${cart}/item/${itemId}/configuration`, { label, value });
  }
  return (await ovh('POST', `/order/cart/${cart}/checkout`, { autoPayWithPreferredPaymentMethod: pay })).orderId;
}

/** A server somebody else ordered; `displayName` marks it. */
export async function plantServer(displayName) {
  const orderId = await checkOut(await plantCart(`private-${randomUUID()}`));
  const { service } = (await world.sandbox.ledger()).orders.find((order) => order.id === orderId);
  if (displayName) await ovh('PUT', `/vps/${service}`, { displayName });
  return { service, orderId };
}

export const renewAgain = (service) =>
  ovh('PUT', `/vps/${service}/serviceInfos`, { renewalType: 'automaticV2012', renew: { automatic: true, deleteAtExpiration: false } });

export const ends = async (service) => (await ovh('GET', `/vps/${service}/serviceInfos`)).renew.deleteAtExpiration;

/** `clawctl audit`: {code, stdout, stderr}. */
export async function audit(...options) {
  const env = { PATH: process.env.PATH, DATABASE_URL: world.stack.env.DATABASE_URL };
  const bin = process.env.BIN_DIR ?? join(ROOT, 'build/bin');
  try {
    return { code: 0, ...(await run(join(bin, 'clawctl'), ['audit', ...options], { env, timeout: 140 })) };
  } catch (error) {
    if (error.cause) throw error;
    return { code: 1, stdout: error.stdout, stderr: error.stderr };
  }
}

/** `clawctl audit --json`, read; `of(subject)` is the finding about it. */
export async function auditJson() {
  const { code, stdout, stderr } = await audit('--json');
  const said = JSON.parse(stdout);
  return { ...said, code, stderr, of: (subject) => said.findings.find((finding) => finding.subject === subject) };
}
