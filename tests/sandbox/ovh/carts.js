// Carts: made by anybody who knows their uuid, listed only once assigned to the account, read-only once checked out.

import { iso } from '../clock.js';
import { LIMITS, uuid } from './account.js';
import { PLANS, price, ucents } from './catalog.js';
import { badRequest, forbidden, noObject, tooMany, wrongField } from './refusals.js';

const DAY = 86400e3;

export function findCart(ovh, id) {
  const cart = ovh.carts.get(id);
  if (!cart) return null;
  if (cart.expire <= ovh.clock.now()) {
    ovh.carts.delete(id);
    return null;
  }
  if (cart.readOnly && ovh.settings.checked_out_cart === 'gone') return null;
  return cart;
}

export const withCart = (handler) => (call, ovh) => {
  const cart = findCart(ovh, call.params.cart);
  return cart ? handler(call, ovh, cart) : noObject(call.params.cart);
};

export const withOpenCart = (handler) => withCart((call, ovh, cart) =>
  (cart.readOnly ? badRequest('This cart has already been validated, it is read only') : handler(call, ovh, cart)));

const withItem = (keeper, handler) => keeper((call, ovh, cart) => {
  const item = cart.items.find((one) => String(one.id) === call.params.item);
  return item ? handler(call, ovh, cart, item) : noObject(call.params.item);
});

const show = (cart) => ({
  cartId: cart.id, description: cart.description, expire: iso(cart.expire), items: cart.items.map((item) => item.id), readOnly: cart.readOnly,
});

function expiry(text, now) {
  if (text === undefined || text === null) return now + DAY;
  const at = Date.parse(text);
  return at > now ? at : null;
}

function create(call, ovh) {
  const wrong = wrongField(call.body, { ovhSubsidiary: 'string!', description: 'string', expire: 'string' });
  if (wrong) return wrong;
  const now = ovh.clock.now();
  for (const [id, cart] of ovh.carts) if (cart.expire <= now) ovh.carts.delete(id);
  if (ovh.carts.size >= LIMITS.carts) return tooMany();
  const expire = expiry(call.body.expire, now);
  if (!expire) return badRequest('[expire] must be a date in the future');
  const cart = {
    id: uuid(), description: (call.body.description ?? '').slice(0, 255), expire, subsidiary: call.body.ovhSubsidiary,
    items: [], readOnly: false, assigned: false,
  };
  ovh.carts.set(cart.id, cart);
  return show(cart);
}

function list(call, ovh) {
  const wanted = call.query.get('description');
  return [...ovh.carts.keys()]
    .map((id) => findCart(ovh, id))
    .filter((cart) => cart?.assigned && (!cart.readOnly || ovh.settings.keep_readonly_carts_listed))
    .filter((cart) => wanted === null || cart.description === wanted)
    .map((cart) => cart.id);
}

function update(call, ovh, cart) {
  const wrong = wrongField(call.body, { description: 'string', expire: 'string' });
  if (wrong) return wrong;
  if (call.body.expire) {
    const expire = expiry(call.body.expire, ovh.clock.now());
    if (!expire) return badRequest('[expire] must be a date in the future');
    cart.expire = expire;
  }
  if (call.body.description !== undefined) cart.description = call.body.description.slice(0, 255);
  return show(cart);
}

// A checked-out cart is an order; there is nothing left to delete.
function remove(call, ovh, cart) {
  if (cart.readOnly) return noObject(cart.id);
  ovh.carts.delete(cart.id);
  return undefined;
}

function assign(call, ovh, cart) {
  cart.assigned = true;
  return undefined;
}

const offers = () => [...PLANS.values()].map((plan) => ({
  planCode: plan.code, productName: plan.name, productType: 'delivery',
  prices: [{
    capacities: ['renew'], description: 'Monthly fees', duration: 'P1M', interval: 1, maximumQuantity: null, maximumRepeat: null,
    minimumQuantity: 1, minimumRepeat: 1, price: { ...price(plan.price), priceInUcents: ucents(plan.price) },
    priceInUcents: ucents(plan.price), pricingMode: 'default', pricingType: 'rental',
  }],
}));

const showItem = (cart, item) => ({
  cartId: cart.id, itemId: item.id, configurations: item.configurations.length ? item.configurations.map((one) => one.id) : null,
  duration: item.duration, offerId: null, options: [], parentItemId: null,
  prices: [['TOTAL', item.plan.price], ['FEE', 0], ['RENEW', item.plan.price]].map(([label, value]) => ({ label, price: price(value) })),
  productId: 'vps', settings: { planCode: item.plan.code, pricingMode: 'default', quantity: item.quantity },
});

function addItem(call, ovh, cart) {
  const { body } = call;
  const wrong = wrongField(body, { planCode: 'string!', duration: 'string!', pricingMode: 'string!', quantity: 'number!' });
  if (wrong) return wrong;
  const plan = PLANS.get(body.planCode);
  if (!plan) return badRequest(`Offer ${body.planCode} not found`);
  if (ovh.settings.not_allowed.includes(plan.code)) return forbidden('You are not allowed');
  if (body.duration !== 'P1M' || body.pricingMode !== 'default') return badRequest('Service is temporarily unavailable');
  if (!Number.isInteger(body.quantity) || body.quantity !== 1) return badRequest('[quantity] this offer is sold one at a time');
  if (cart.items.length >= LIMITS.items) return badRequest('This cart is full');
  const item = { id: ovh.next.item(), plan, duration: body.duration, quantity: body.quantity, configurations: [] };
  cart.items.push(item);
  return showItem(cart, item);
}

function removeItem(call, ovh, cart, item) {
  cart.items = cart.items.filter((one) => one !== item);
  return undefined;
}

export function labelsOf(ovh, plan) {
  const label = (name, required, allowedValues) => ({ label: name, type: 'String', fields: [], required, allowedValues });
  return [
    label('vps_datacenter', true, plan.datacenters),
    label('vps_os', true, plan.systems),
    ...(ovh.settings.region_required ? [label('region', true, [plan.region])] : []),
    label('vps_install_rtm', false, ['if_available', 'no']),
  ];
}

function configure(call, ovh, cart, item) {
  const wrong = wrongField(call.body, { label: 'string!', value: 'string!' });
  if (wrong) return wrong;
  const { label, value } = call.body;
  const known = labelsOf(ovh, item.plan).find((one) => one.label === label);
  if (!known) return badRequest(`Custom field ${label} is not valid for product ${item.plan.code}`);
  if (!known.allowedValues.includes(value)) return badRequest(`Value ${value} is not valid for custom field ${label}`);
  if (item.configurations.some((one) => one.label === label)) return badRequest(`Custom field ${label} is already set`);
  const configuration = { id: ovh.next.configuration(), label, value };
  item.configurations.push(configuration);
  return configuration;
}

const configurations = (call, ovh, cart, item) => item.configurations
  .filter((one) => !call.query.has('label') || one.label === call.query.get('label')).map((one) => one.id);

const showConfiguration = (call, ovh, cart, item) =>
  item.configurations.find((one) => String(one.id) === call.params.configuration) ?? noObject(call.params.configuration);

function removeConfiguration(call, ovh, cart, item) {
  const kept = item.configurations.filter((one) => String(one.id) !== call.params.configuration);
  if (kept.length === item.configurations.length) return noObject(call.params.configuration);
  item.configurations = kept;
  return undefined;
}

const open = { open: true };
const CART = '/order/cart/{cart}';
const ITEM = `${CART}/item/{item}`;

export default [
  ['POST', '/order/cart', create, open],
  ['GET', '/order/cart', list],
  ['GET', CART, withCart((call, ovh, cart) => show(cart)), open],
  ['PUT', CART, withOpenCart(update), open],
  ['DELETE', CART, withCart(remove)],
  ['POST', `${CART}/assign`, withOpenCart(assign)],
  ['GET', `${CART}/vps`, withCart(offers), open],
  ['POST', `${CART}/vps`, withOpenCart(addItem), open],
  ['GET', `${CART}/item`, withCart((call, ovh, cart) => cart.items.map((item) => item.id)), open],
  ['GET', ITEM, withItem(withCart, (call, ovh, cart, item) => showItem(cart, item)), open],
  ['DELETE', ITEM, withItem(withOpenCart, removeItem), open],
  ['GET', `${ITEM}/requiredConfiguration`, withItem(withCart, (call, ovh, cart, item) => labelsOf(ovh, item.plan)), open],
  ['GET', `${ITEM}/configuration`, withItem(withCart, configurations), open],
  ['POST', `${ITEM}/configuration`, withItem(withOpenCart, configure), open],
  ['GET', `${ITEM}/configuration/{configuration}`, withItem(withCart, showConfiguration), open],
  ['DELETE', `${ITEM}/configuration/{configuration}`, withItem(withOpenCart, removeConfiguration), open],
];
