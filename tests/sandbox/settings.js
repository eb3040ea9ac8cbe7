// What can be changed while the sandbox runs (POST /_/settings): delays in seconds and switches, one table. The values
// are plain properties of one object, read at the moment they matter, so a change acts on what is already under way.

import { MACHINE_FAULTS } from './machines/weather.js';

const YEAR = 366 * 86400;

const seconds = (value) => typeof value === 'number' && value >= 0 && value <= YEAR;
const offset = (value) => typeof value === 'number' && Math.abs(value) <= 100 * YEAR;
const count = (value) => Number.isInteger(value) && value >= 0 && value <= 1e6;
const flag = (value) => typeof value === 'boolean';
const names = (value) => Array.isArray(value) && value.length <= 100 && value.every((name) => typeof name === 'string' && name.length <= 100);
const flagOrNames = (value) => flag(value) || names(value);
const oneOf = (...choices) => (value) => choices.includes(value);
const rules = (value) => Array.isArray(value) && value.length <= 100 &&
  value.every((rule) => typeof rule?.method === 'string' && typeof rule?.path === 'string');

const faults = (value) => names(value) && value.every((fault) => MACHINE_FAULTS.includes(fault.split('@', 1)[0]));

const EVERYTHING = ['GET', 'POST', 'PUT', 'DELETE'].map((method) => ({ method, path: '/*' }));

// name, check, default, what it does
export const TABLE = [
  ['api', seconds, 0, 'latency of each call'],
  ['checking', seconds, 1, 'paid order: checking; also how late its status and details show up after the checkout'],
  ['delivering', seconds, 1, 'order: delivering until delivered'],
  ['deliver_task', seconds, 1, 'new VPS: the deliverVm task, during which every action is refused'],
  ['ips', seconds, 0.5, 'new VPS: after deliverVm until the IPv4 is listed (the IPv6 at half of it)'],
  ['rebuild', seconds, 2, 'reinstallVm task before the machine boots'],
  ['boot', seconds, 0.2, 'booting of a machine'],
  ['setup', seconds, 2, 'time the stand-in install steps of a machine take altogether'],
  ['mint', seconds, 0.5, 'time a machine takes to make a link into OpenClaw'],
  ['service_active', seconds, 2, 'after delivery until PUT serviceInfos is accepted'],
  ['service_flip', seconds, 0, 'after PUT serviceInfos until GET shows it'],
  ['order_lifetime', seconds, 86400, 'unpaid order until it is cancelled'],
  ['payment_shows', seconds, 0, 'after the payment was taken until the order is notPaid no more'],
  ['clock_skew_limit', seconds, 180, 'how far a signed timestamp may be off'],
  ['task_list_lag', seconds, 0, 'how far the task list is behind the truth'],
  ['clock_offset', offset, 0, "added to the sandbox's clock"],
  ['late_reads', count, 0, 'the first N reads of an order\'s status answer 404; of its details N times 404, then N times []'],
  ['rate_limit', count, 0, 'requests in rate_window for each consumer key or bearer, then 429; 0 is off'],
  ['rate_window', seconds, 60, 'the window of rate_limit; a short one is a minute in quick motion'],
  ['rate_limit_at', oneOf('both', 'ovh', 'openrouter'), 'both', 'whose calls rate_limit counts'],
  ['rebuild_errors', count, 0, 'the next N rebuild tasks end in error'],
  ['pay_refused', flag, false, 'paying answers 403, autopay leaves the order notPaid'],
  ['documents_requested', oneOf(false, true, 'refused'), false, 'orders stop at documentsRequested while true; "refused" cancels them'],
  ['out_of_stock', flagOrNames, false, 'everything (true), or a list of plan, datacenter or plan/datacenter'],
  ['out_of_stock_at_checkout', flagOrNames, false, 'as out_of_stock, but only the checkout knows'],
  ['not_allowed', names, [], 'plans this account may not order: 403 You are not allowed'],
  ['keep_readonly_carts_listed', flag, true, 'GET /order/cart still lists carts that were checked out'],
  ['checked_out_cart', oneOf('readonly', 'gone'), 'readonly', 'a cart after its checkout: readOnly, or 404'],
  ['details_need_payment', flag, false, 'an order has no details before it is paid'],
  ['region_required', flag, false, 'items also require the label region (one allowed value)'],
  ['swap_delivery', flag, false, 'of two orders under way the newer one is delivered first'],
  ['us_order_query_400', flag, true, 'GET /me/order with a query answers 400'],
  ['machine_faults', faults, [], 'what is wrong with the HTTPS of all machines (kind), or of one (kind@name)'],
  ['rules', rules, EVERYTHING, 'what the consumer key may do'],
];

export const defaults = () => structuredClone(Object.fromEntries(TABLE.map(([name, , value]) => [name, value])));

// Changes all or nothing; returns what is wrong, or null.
export function change(settings, wanted) {
  if (wanted === null || typeof wanted !== 'object' || Array.isArray(wanted)) return 'settings are a JSON object';
  for (const [name, value] of Object.entries(wanted)) {
    const row = TABLE.find(([known]) => known === name);
    if (!row) return `there is no setting ${name}`;
    if (!row[1](value)) return `${name} does not take ${JSON.stringify(value)?.slice(0, 100)}`;
  }
  Object.assign(settings, structuredClone(wanted));
  return null;
}
