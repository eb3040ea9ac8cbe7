// How an order moves by itself: notPaid → cancelled, or paid: (notPaid →) checking → delivering → delivered, and with the delivery the
// VPS appears. No timers: an order knows since when it is where it is, and catches up whenever somebody looks.

import { billFor } from './bills.js';
import { newServer } from './servers.js';

const DONE = new Set(['delivered', 'cancelled']);

// [when the present state ends, the next one]; null while nothing is due to change.
function step(ovh, order) {
  const { settings } = ovh;
  const after = (delay, state) => [order.since + delay * 1000, state];
  switch (order.state) {
    case 'notPaid':
      if (order.paid) return [order.paidAt + settings.payment_shows * 1000, 'checking'];
      return after(settings.order_lifetime, 'cancelled');
    case 'checking': return after(settings.checking, settings.documents_requested ? 'documentsRequested' : 'delivering');
    case 'documentsRequested':
      if (settings.documents_requested === 'refused') return [order.since, 'cancelled'];
      return settings.documents_requested ? null : [ovh.clock.now(), 'delivering'];
    case 'delivering': {
      if (order.after && settleOrder(ovh, order.after) && !DONE.has(order.after.state)) return null;
      return after(settings.delivering, 'delivered');
    }
    default: return null;
  }
}

function enter(ovh, order, state, at) {
  order.state = state;
  order.since = at;
  if (state === 'delivering') {
    billFor(ovh, order, at);
    for (const line of order.lines) line.operation = ovh.next.operation();
  }
  if (state === 'delivered') for (const line of order.lines) line.server = newServer(ovh, order, line, at);
  if (DONE.has(state)) ovh.underway.delete(order);
}

export function settleOrder(ovh, order) {
  for (let due = step(ovh, order); due && due[0] <= ovh.clock.now(); due = step(ovh, order)) enter(ovh, order, due[1], due[0]);
  return order;
}

export function settleOrders(ovh) {
  for (const order of ovh.underway) settleOrder(ovh, order);
}

// With swap_delivery a paid order that meets another one under way goes first: whoever takes "the new machine in the
// list" for theirs gets the other's.
export function swapWithOlder(ovh, order) {
  if (!ovh.settings.swap_delivery) return;
  for (const other of ovh.underway) {
    if (other !== order && other.paid && !other.after && !other.ahead) {
      other.after = order;
      order.ahead = true;
      return;
    }
  }
}
