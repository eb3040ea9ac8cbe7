// What was bought and what is owned, as the outside world would bill it: the tests' judge.

import { settleOrders } from './ovh/delivery.js';
import { settleServer, stateOf } from './ovh/servers.js';
import { settleServices } from './ovh/services.js';

export function ledger({ ovh, router, late }) {
  settleOrders(ovh);
  settleServices(ovh);
  return {
    orders: [...ovh.orders.values()].map((order) => ({
      id: order.id, state: order.state, paid: order.paid, service: order.lines.find((line) => line.server)?.server.name ?? null,
      services: order.lines.map((line) => line.server?.name ?? null), intent: order.intent,
    })),
    servers: [...ovh.servers.values()].map((server) => ({
      name: server.name, ip: server.ip, state: stateOf(settleServer(ovh, server)), delete_at_expiration: server.renew.deleteAtExpiration,
    })),
    keys: [...router.keys.values()].map(({ hash, name, disabled, limit }) => ({ hash, name, disabled, limit })),
    carts: [...ovh.carts.values()].map(({ id, description, assigned, readOnly }) => ({ id, description, assigned, readOnly })),
    bills: [...ovh.bills.values()].map(({ id, orderId, amount }) => ({ id, orderId, amount })),
    late: late.size,
  };
}
