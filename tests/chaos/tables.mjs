// What a plan is drawn from: calls that may go wrong and how, moods of the outside world, crash points of each service.

const QUERY_TIME_OUT = { kind: 'status', status: 400, body: { errorCode: 'QUERY_TIME_OUT', httpCode: '400 Bad Request', message: 'Query out of time' } };

/** [weight, fault]: how a call goes wrong. Those that pretend a failure after the work was done weigh most. */
export const FAULT_KINDS = [
  [6, { kind: 'drop-reply' }],
  [2, { kind: 'status', status: 500, execute: true }],
  [2, { kind: 'html', status: 503, execute: true }],
  [2, { kind: 'slow', seconds: 0.7 }],
  [1, { kind: 'status', status: 500 }],
  [1, { kind: 'html', status: 502 }],
  [1, { kind: 'reset' }],
  [1, { kind: 'empty' }],
  [1, QUERY_TIME_OUT],
  [1, { kind: 'status', status: 429, retryAfter: 1 }],
];

/** [weight, method, path]: which call. */
export const FAULT_CALLS = [
  [2, 'POST', '/1.0/order/cart'],
  [1, 'POST', '/1.0/order/cart/*/assign'],
  [1, 'POST', '/1.0/order/cart/*/vps'],
  [1, 'POST', '/1.0/order/cart/*/item/*/configuration'],
  [1, 'GET', '/1.0/order/cart/*/checkout'],
  [5, 'POST', '/1.0/order/cart/*/checkout'],
  [1, 'DELETE', '/1.0/order/cart/*'],
  [5, 'POST', '/1.0/me/order/*/pay'],
  [1, 'GET', '/1.0/me/order/*/status'],
  [1, 'GET', '/1.0/me/order'],
  [2, 'GET', '/1.0/me/order/*'],
  [3, 'POST', '/1.0/vps/*/rebuild'],
  [1, 'GET', '/1.0/vps/*/tasks'],
  [2, 'GET', '/1.0/vps/*'],
  [1, 'PUT', '/1.0/vps/*'],
  [3, 'PUT', '/1.0/vps/*/serviceInfos'],
  [1, 'GET', '/1.0/vps/*/serviceInfos'],
  [1, '*', '/1.0/*'],
  [5, 'POST', '/api/v1/keys'],
  [3, 'DELETE', '/api/v1/keys/*'],
  [2, 'GET', '/api/v1/keys'],
];

/** OVH_UNKNOWN_WAIT_S: what an order may take longer than that is not looked for any more. */
export const UNKNOWN_WAIT_S = 1;
/** An order that nobody pays is cancelled so soon that a run can wait for it. */
export const ORDER_LIFETIME_S = 5;
const IN_TIME_S = 0.9 * UNKNOWN_WAIT_S;

/** [weight, method, path, seconds]: calls that fail and are carried out all the same, at most so much later. A payment is waited for as long as its order lives. */
export const LATE_CALLS = [
  [4, 'POST', '/1.0/order/cart/*/checkout', IN_TIME_S],
  [4, 'POST', '/1.0/me/order/*/pay', ORDER_LIFETIME_S / 2],
  [2, 'POST', '/1.0/order/cart/*/vps', IN_TIME_S],
  [2, 'POST', '/1.0/vps/*/rebuild', IN_TIME_S],
  [3, 'POST', '/api/v1/keys', IN_TIME_S],
];

/** A world where everything happens at once and nothing is odd. */
export const CALM = {
  checking: 0, delivering: 0, deliver_task: 0, ips: 0, rebuild: 0, boot: 0, setup: 0, service_active: 0, service_flip: 0,
  task_list_lag: 0, late_reads: 0, rebuild_errors: 0, out_of_stock: false, out_of_stock_at_checkout: false, pay_refused: false,
  documents_requested: false, keep_readonly_carts_listed: true, checked_out_cart: 'readonly', details_need_payment: false,
  region_required: false, swap_delivery: false, order_lifetime: ORDER_LIFETIME_S, payment_shows: 0, not_allowed: [],
};

/** [weight, settings]: a mood that lasts until the storm is over. */
export const MOODS = [
  [3, { checked_out_cart: 'gone' }],
  [3, { keep_readonly_carts_listed: false }],
  [2, { checked_out_cart: 'gone', keep_readonly_carts_listed: false }],
  [3, { swap_delivery: true, delivering: 0.3 }],
  [3, { late_reads: 2 }],
  [2, { details_need_payment: true }],
  [2, { task_list_lag: 0.4, rebuild: 0.2 }],
  [2, { rebuild_errors: 1 }],
  [1, { rebuild_errors: 3 }],
  [2, { checking: 0.3, delivering: 0.4, deliver_task: 0.2, ips: 0.2 }],
  [2, { service_active: 0.7 }],
  [2, { service_flip: 0.4 }],
  [2, { delivering: 30 }],
  [1, { out_of_stock: true }],
  [1, { out_of_stock_at_checkout: true }],
  [1, { pay_refused: true }],
  [1, { documents_requested: true }],
  [1, { region_required: true }],
  [1, { order_lifetime: 0.3, pay_refused: true }],
  [2, { payment_shows: UNKNOWN_WAIT_S / 5 }],
  [2, { payment_shows: 4 * UNKNOWN_WAIT_S }],
  [1, { api: 0.03 }],
];

const RUNNER = ['runner.claimed', 'runner.acting', 'runner.acted', 'runner.settling', 'runner.settled', 'inbox.read', 'inbox.applied'];
const RELAY = ['relay.read', 'relay.sent', 'relay.delivered'];
const CHANGES = ['http.changing', 'http.changed', 'http.changed'];
const CALLS = ['http.sending', 'http.answered'];

export const WORKERS = ['key-provisioner', 'ovh-orderer', 'installer', 'health-monitor'];

/** Which points a service passes. */
export const POINTS = {
  'api-gateway': ['gateway.committed', 'gateway.committed', ...RELAY],
  'key-provisioner': [...RUNNER, ...RELAY, ...CALLS, ...CHANGES],
  'ovh-orderer': [...RUNNER, ...RELAY, ...CALLS, ...CHANGES, ...CHANGES, ...CHANGES],
  installer: [...RUNNER, ...RELAY, 'ssh.sending', 'ssh.answered', 'opener.claimed', 'opener.made'],
  'health-monitor': [...RUNNER, ...RELAY, ...CALLS],
};

/** How often a point is passed in the life of one deployment, about. */
export const PASSAGES = { 'http.sending': 30, 'http.answered': 30, 'http.changing': 9, 'http.changed': 9, 'ssh.sending': 12, 'ssh.answered': 12, 'gateway.committed': 3, 'opener.claimed': 2, 'opener.made': 2 };
export const PASSAGES_ELSE = 8;

export const STATUSES = ['PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING', 'READY'];
export const TOPICS = ['deployments', 'keys', 'servers', 'instances'];
