// One OVH account: everything it has, in memory, and where new ids come from. The noun files work on this.

import { randomUUID } from 'node:crypto';
import { Rate } from '../rate.js';

const EPOCH = Date.UTC(2026, 0, 1);

// Ids grow with time, also over a restart or reset of the sandbox: a product that still knows old ids must not meet them again.
function counter(base, perSecond = 1) {
  let last = base + Math.floor((Date.now() - EPOCH) / 1000) * perSecond;
  return (step = 1) => {
    const id = last + 1;
    last += step;
    return id;
  };
}

const next = {
  credential: counter(5512345), item: counter(88120451), configuration: counter(69663774), order: counter(7974206),
  detail: counter(105339985, 6), operation: counter(173487777), task: counter(41200017), service: counter(1234567), bill: counter(1234567),
};

export const OWNER = 'ab1234-ovh';
export const LIMITS = { carts: 20000, orders: 50000, servers: 20000, consumers: 1000, mails: 1000, sshKeys: 100, items: 20, tags: 50, gone: 20000 };

export function openAccount({ settings, clock, credentials, machines, addresses }) {
  return {
    settings, clock, credentials, machines, addresses, next,
    rate: new Rate(),
    consumers: new Map([[credentials.consumerKey, {
      id: next.credential(), state: 'validated', rules: null, since: clock.now(), lastUse: null,
    }]]),
    carts: new Map(), // uuid → cart
    orders: new Map(), // id → order
    underway: new Set(), // orders that still change by themselves
    servers: new Map(), // service name → VPS
    services: new Map(), // service id → VPS
    gone: new Set(), // names of services that ended
    nextExpiration: Infinity, // no service ends before this
    bills: new Map(), // id → {id, orderId, at, price}
    mails: [], // what OVH sent to the admin contact
    sshKeys: new Map(),
  };
}

// Ends what the account owns in the real world; its machines are nobody's from here on.
export async function closeAccount(ovh) {
  ovh.closed = true;
  const servers = [...ovh.servers.values()];
  await Promise.allSettled(servers.map((server) => server.work.then(() => ovh.machines.remove(server.name))));
  for (const server of servers) ovh.addresses.free(server.ip);
}

export const uuid = randomUUID;
