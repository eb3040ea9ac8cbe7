// Money going out: the account's payment method, and paying an order with it.

import { settleOrder, swapWithOlder } from './delivery.js';
import { badRequest, forbidden, noObject } from './refusals.js';

const METHOD = { id: 7001234, type: 'CREDIT_CARD' };

// The money is gone at once; the order shows it by the way it moves from here on.
export function pay(ovh, order) {
  order.paid = true;
  order.paidAt = ovh.clock.now();
  swapWithOlder(ovh, order);
}

export const withOrder = (handler) => (call, ovh) => {
  const order = ovh.orders.get(Number(call.params.order));
  return order ? handler(call, ovh, settleOrder(ovh, order)) : noObject(call.params.order);
};

function payOrder(call, ovh, order) {
  const id = call.body.paymentMethod?.id;
  if (!Number.isInteger(id)) return badRequest('Missing parameter(s): paymentMethod.id');
  if (id !== METHOD.id) return noObject(id);
  if (order.paid) return badRequest('This order has already been paid');
  if (order.state !== 'notPaid') return badRequest(`This order can't be paid, it is ${order.state}`);
  if (ovh.settings.pay_refused) return forbidden("This order can't be paid with 'bankAccount'");
  pay(ovh, order);
  settleOrder(ovh, order);
  return undefined;
}

const availableMethods = (call, ovh, order) => (order.state === 'notPaid' && !ovh.settings.pay_refused ? [METHOD] : []);

const methods = (call) => (call.query.get('default') === 'false' ? [] : [METHOD.id]);

const method = (call) => (call.params.method === String(METHOD.id)
  ? { paymentMethodId: METHOD.id, paymentType: METHOD.type, status: 'VALID', default: true, label: '4970 1000 0000 1234', expirationDate: null }
  : noObject(call.params.method));

export default [
  ['GET', '/me/payment/method', methods],
  ['GET', '/me/payment/method/{method}', method],
  ['GET', '/me/order/{order}/availablePaymentMethod', withOrder(availableMethods)],
  ['POST', '/me/order/{order}/pay', withOrder(payOrder)],
];
