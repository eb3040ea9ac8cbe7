// Reading orders: the list, the bare status string, the six details of each VPS with their extension, and the operations
// in which, at the very end, the name of the VPS appears. Much of it is missing at first.

import { iso } from '../clock.js';
import { totalOf } from './bills.js';
import { price } from './catalog.js';
import { settleOrders } from './delivery.js';
import { withOrder } from './payment.js';
import { badRequest, noObject, notFound } from './refusals.js';

// What an order's six details are: the plan's set-up fee, its month (the one with operations), and the free options.
const DETAILS = [
  ['INSTALLATION', null], ['INSTALLATION', 'option-linux'], ['DURATION', null], ['DURATION', 'option-linux'],
  ['INSTALLATION', 'option-auto-backup'], ['DURATION', 'option-auto-backup'],
];
const MONTH = 2;
const OPTION_PRODUCTS = { 'option-linux': 'vpsOptionOs', 'option-auto-backup': 'vpsOptionBackup' };

function list(call, ovh) {
  if (ovh.settings.us_order_query_400 && [...call.query.keys()].length) {
    return badRequest(`Unknown parameter(s): ${[...call.query.keys()].join(', ')}`);
  }
  settleOrders(ovh);
  return [...ovh.orders.keys()];
}

const show = (call, ovh, order) => ({
  orderId: order.id, date: iso(order.created), expirationDate: iso(order.created + ovh.settings.order_lifetime * 1000), retractionDate: null,
  password: order.password, url: order.url, pdfUrl: order.url.replace('displayOrder.cgi', 'order.pdf'),
  priceWithTax: price(totalOf(order)), priceWithoutTax: price(totalOf(order)), tax: price(0),
});

const age = (ovh, order) => (ovh.clock.now() - order.created) / 1000;

// Eventual consistency: for a while after the checkout the order's parts do not exist yet.
function status(call, ovh, order) {
  if (++order.statusReads <= ovh.settings.late_reads || age(ovh, order) < ovh.settings.checking / 4) return noObject(order.id);
  return order.state;
}

function details(call, ovh, order) {
  const reads = ++order.detailReads;
  const { late_reads: late, checking, details_need_payment: needPayment } = ovh.settings;
  if (reads <= late || age(ovh, order) < checking / 4) return noObject(order.id);
  if (reads <= 2 * late || age(ovh, order) < checking / 2 || (needPayment && !order.paid)) return [];
  return order.lines.flatMap((line) => DETAILS.map((_, i) => line.firstDetail + i));
}

const withDetail = (handler) => withOrder((call, ovh, order) => {
  const id = Number(call.params.detail);
  const line = order.lines.find(({ firstDetail }) => id >= firstDetail && id < firstDetail + DETAILS.length);
  if (!line || (ovh.settings.details_need_payment && !order.paid)) return noObject(call.params.detail);
  return handler({ order, line, id, kind: id - line.firstDetail, wanted: call.params.operation });
});

// The domain is "*" for a VPS, before and after delivery.
function detail({ order, line, id, kind }) {
  const [detailType, option] = DETAILS[kind];
  const cost = kind === MONTH ? line.plan.price : 0;
  return {
    orderDetailId: id, description: option ?? line.plan.name, detailType, domain: '*', quantity: '1', cancelled: order.state === 'cancelled',
    unitPrice: price(cost), totalPrice: price(cost),
  };
}

function extension({ line, kind }) {
  const option = DETAILS[kind][1];
  return {
    order: {
      action: 'installation', type: 'plan',
      plan: {
        code: option ?? line.plan.code, duration: 'P1M', pricingMode: 'default', quantity: 1,
        product: { name: option ? OPTION_PRODUCTS[option] : 'virtualPrivateServer' },
      },
      configurations: option ? [] : line.configurations,
    },
  };
}

const hasOperation = (line, kind) => kind === MONTH && line.operation !== null;

const operations = ({ line, kind }) => (hasOperation(line, kind) ? [line.operation] : []);

// There from the start of the delivery; the name comes with its end.
function operation({ line, kind, wanted }) {
  if (!hasOperation(line, kind) || String(line.operation) !== wanted) return noObject(wanted);
  const name = line.server?.name ?? null;
  return {
    id: line.operation, status: name ? 'done' : 'doing', type: 'installation', quantity: 1,
    resource: { name, displayName: name, state: name ? 'ok' : 'toOpen' },
  };
}

const FOLLOW = ['VALIDATING', 'VALIDATED', 'DELIVERING', 'AVAILABLE'];
const PROGRESS = { notPaid: 0, checking: 0, documentsRequested: 0, cancelled: 0, delivering: 2, delivered: 4 };
const HISTORY = {
  notPaid: [], checking: ['ORDER_ACCEPTED', 'FRAUD_CHECK'], documentsRequested: ['ORDER_ACCEPTED', 'FRAUD_DOCS_REQUESTED'],
  cancelled: ['FRAUD_REFUSED'], delivering: ['PAYMENT_CONFIRMED'], delivered: ['PAYMENT_CONFIRMED'],
};

function followUp(call, ovh, order) {
  const current = PROGRESS[order.state];
  const entry = (label) => ({ date: iso(order.since), label, description: label.toLowerCase().replaceAll('_', ' ') });
  return FOLLOW.map((name, i) => {
    const doing = order.state === 'cancelled' ? 'ERROR' : 'DOING';
    const labels = i === 0 ? HISTORY[order.state] : i === 2 && current >= 2 ? ['DELIVERY'] : [];
    return { step: name, status: i < current ? 'DONE' : i === current ? doing : 'TODO', history: labels.map(entry) };
  });
}

function associatedObject(call, ovh, order) {
  const bill = [...ovh.bills.values()].find((one) => one.orderId === order.id);
  return bill ? { id: bill.id, type: 'Bill' } : notFound('No associated object');
}

const ORDER = '/me/order/{order}';
const DETAIL = `${ORDER}/details/{detail}`;

export default [
  ['GET', '/me/order', list],
  ['GET', ORDER, withOrder(show)],
  ['GET', `${ORDER}/status`, withOrder(status)],
  ['GET', `${ORDER}/followUp`, withOrder(followUp)],
  ['GET', `${ORDER}/associatedObject`, withOrder(associatedObject)],
  ['GET', `${ORDER}/details`, withOrder(details)],
  ['GET', DETAIL, withDetail(detail)],
  ['GET', `${DETAIL}/extension`, withDetail(extension)],
  ['GET', `${DETAIL}/operations`, withDetail(operations)],
  ['GET', `${DETAIL}/operations/{operation}`, withDetail(operation)],
];
