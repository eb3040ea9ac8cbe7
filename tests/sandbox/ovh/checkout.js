// The moment a cart becomes an order: the dry run says what it would cost and whether it is complete, the checkout does it.

import { randomBytes } from 'node:crypto';
import { LIMITS } from './account.js';
import { labelsOf, withCart, withOpenCart } from './carts.js';
import { price, soldOut } from './catalog.js';
import { settleOrder } from './delivery.js';
import { pay } from './payment.js';
import { badRequest, forbidden, tooMany, wrongField } from './refusals.js';

const valueOf = (item, label) => item.configurations.find((one) => one.label === label)?.value;

function incomplete(ovh, cart) {
  if (cart.items.length === 0) return badRequest('Cart is empty');
  for (const item of cart.items) {
    if (ovh.settings.not_allowed.includes(item.plan.code)) return forbidden('You are not allowed');
    const missing = labelsOf(ovh, item.plan).filter((one) => one.required && !valueOf(item, one.label));
    if (missing.length) {
      return badRequest(missing.map((one) => `Custom field ${one.label} is mandatory for product ${item.plan.code}`).join('\n'));
    }
  }
  return null;
}

function summary(cart, order) {
  const total = cart.items.reduce((sum, item) => sum + item.plan.price, 0);
  return {
    orderId: order?.id ?? null, url: order?.url ?? null,
    prices: { originalWithoutTax: price(total), reduction: price(0), tax: price(0), withTax: price(total), withoutTax: price(total) },
    details: cart.items.map((item, i) => ({
      cartItemID: item.id, description: `${item.plan.name} - monthly`, detailType: 'DURATION', domain: `*00${i + 1}`, quantity: 1,
      unitPrice: price(item.plan.price), totalPrice: price(item.plan.price), originalTotalPrice: price(item.plan.price),
      reductionTotalPrice: price(0), reductions: [],
    })),
    contracts: [{ name: 'VPS terms', url: 'https://us.ovhcloud.com/contracts/vps.pdf', content: 'Terms of the virtual private server.' }],
  };
}

const dryRun = (call, ovh, cart) => incomplete(ovh, cart) ?? summary(cart, null);

function newOrder(ovh, cart) {
  const now = ovh.clock.now();
  const id = ovh.next.order();
  const password = randomBytes(3).toString('base64url');
  return {
    id, password, intent: cart.description, url: `https://us.ovhcloud.com/cgi-bin/order/displayOrder.cgi?orderId=${id}&orderPassword=${password}`,
    created: now, state: 'notPaid', since: now, paid: false, paidAt: null, statusReads: 0, detailReads: 0, after: null,
    lines: cart.items.map((item) => ({
      plan: item.plan, configurations: item.configurations.map(({ label, value }) => ({ label, value })),
      firstDetail: ovh.next.detail(6), operation: null, server: null,
    })),
  };
}

function checkout(call, ovh, cart) {
  const wrong = wrongField(call.body, { autoPayWithPreferredPaymentMethod: 'boolean', waiveRetractationPeriod: 'boolean' }) ?? incomplete(ovh, cart);
  if (wrong) return wrong;
  if (!cart.assigned) return badRequest('This cart is not assigned to an account');
  if (ovh.orders.size >= LIMITS.orders || ovh.servers.size >= LIMITS.servers) return tooMany();
  for (const item of cart.items) {
    const datacenter = valueOf(item, 'vps_datacenter');
    const { out_of_stock: known, out_of_stock_at_checkout: hidden } = ovh.settings;
    if (soldOut(known, item.plan.code, datacenter) || soldOut(hidden, item.plan.code, datacenter)) {
      return badRequest(`Product ${item.plan.code} is out of stock in ${datacenter}`);
    }
  }
  const order = newOrder(ovh, cart);
  cart.readOnly = true;
  ovh.orders.set(order.id, order);
  ovh.underway.add(order);
  if (call.body.autoPayWithPreferredPaymentMethod && !ovh.settings.pay_refused) pay(ovh, order);
  settleOrder(ovh, order);
  return summary(cart, order);
}

export default [
  ['GET', '/order/cart/{cart}/checkout', withCart(dryRun)],
  ['POST', '/order/cart/{cart}/checkout', withOpenCart(checkout)],
];
