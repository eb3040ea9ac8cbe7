// What must be true whenever things have come to rest. Each check says what is wrong as [deployment id, text] pairs.

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { until } from '../harness/wait.mjs';

const MARK = 'openclaw-';
const REPEATS_MAX = 12; // the same log line of one deployment; a storm repeats steps, but not for ever
const USABLE_S = 5; // a restart takes a moment, and READY stays meanwhile
const shortOf = (id) => id.slice(-12);

/** The books by deployment. `paid`: money is gone for it. */
function boughtBy(ledger, id) {
  const orders = ledger.orders.filter((order) => order.intent === MARK + id);
  const paid = orders.filter((order) => order.paid && order.state !== 'cancelled');
  return {
    orders, paid,
    servers: ledger.servers.filter((server) => paid.some((order) => order.service === server.name)),
    keys: ledger.keys.filter((key) => key.name === MARK + shortOf(id)),
    carts: ledger.carts.filter((cart) => cart.description === MARK + id),
  };
}

const each = (judge) => ({ deployments, ledger }) =>
  deployments.flatMap((d) => judge(d, boughtBy(ledger, d.id), ledger).filter(Boolean).map((text) => [d.id, text]));

const only = (status, judge) => each((d, has, ledger) => (d.status === status ? judge(d, has, ledger) : []));

const page = (url, ca) => new Promise((resolve) => {
  const asked = request(url, { ca, timeout: 5000, agent: false }, (answer) => resolve(answer.resume().statusCode));
  asked.on('timeout', () => asked.destroy(new Error('no answer within 5 s')));
  asked.on('error', (error) => resolve(error.message)).end();
});

async function usable({ deployments, world }) {
  const ca = readFileSync(world.stack.env.MACHINE_CA_FILE);
  const wrong = [];
  for (const { id, status } of deployments) {
    if (status !== 'READY') continue;
    const { url } = await world.api.deployment(id);
    let answer;
    await until(async () => (answer = await page(url, ca)) === 200, { deadline: USABLE_S, what: url, every: 0.1 })
      .catch(() => wrong.push([id, `${url} answers ${answer}`]));
  }
  return wrong;
}

/** What stands in the providers' books under our mark and in no row of ours. */
async function nothingUnknown({ ledger, world }) {
  const known = async (piece) => new Set((await world.sql.rows(`select id from ${piece}.resource`)).map(({ id }) => id));
  const [servers, keys] = [await known('server'), new Set([...await known('llm_key')].map(shortOf))];
  const ours = (text) => text?.startsWith(MARK);
  return [
    ...ledger.orders.filter((order) => ours(order.intent) && !servers.has(order.intent.slice(MARK.length))).map((order) => `order ${order.id}`),
    ...ledger.carts.filter((cart) => ours(cart.description) && !servers.has(cart.description.slice(MARK.length))).map((cart) => `cart ${cart.id}`),
    ...ledger.keys.filter((key) => ours(key.name) && !keys.has(key.name.slice(MARK.length))).map((key) => `key ${key.hash}`),
  ].map((what) => [undefined, `${what} belongs to no row`]);
}

const rowsHaveTheirs = each((d, has, ledger) => {
  const { llm_key: key, server } = d.rows;
  const order = server?.notes.order_id;
  return [
    key?.state === 'issued' && !ledger.keys.some(({ hash }) => hash === key.notes.hash) && 'the row knows a key that OpenRouter does not',
    order && ['paid', 'delivered', 'prepared', 'rebuilding', 'rebuilt', 'ready'].includes(server.state) &&
      !has.paid.some(({ id }) => String(id) === String(order)) && `the row is ${server.state} with order ${order}, which is not paid in its name`,
  ];
});

const ownMachine = each((d, has, ledger) => {
  const name = d.rows.server?.notes.service_name;
  const order = name && ledger.orders.find(({ service }) => service === name);
  return [order && order.intent !== MARK + d.id && `its row names ${name}, which was bought for ${order.intent}`];
});

export const CHECKS = {
  'at most one paid order': each((d, has) => [has.paid.length > 1 && `paid orders ${has.paid.map(({ id }) => id).join(', ')}`]),
  'at most one live key': each((d, has) => [has.keys.filter((key) => !key.disabled).length > 1 && `${has.keys.length} keys`]),
  'READY has its key, order and machine': only('READY', (d, has) => [
    has.keys.filter((key) => !key.disabled).length !== 1 && `${has.keys.length} live keys`,
    has.paid.length !== 1 && `${has.paid.length} paid orders`,
    has.servers[0]?.ip !== d.ip && `its address is ${d.ip}, its machine's is ${has.servers[0]?.ip}`,
    has.servers[0]?.state !== 'running' && `its machine is ${has.servers[0]?.state}`,
    has.servers[0]?.delete_at_expiration && 'its machine is being released',
  ]),
  'READY is usable': usable,
  'DESTROYED has nothing left': only('DESTROYED', (d, has) => [
    has.keys.length > 0 && `${has.keys.length} keys`,
    d.secrets.length > 0 && `secrets ${d.secrets.join(', ')}`,
    d.owed.length > 0 && `still owed: ${d.owed.join(', ')}`,
    has.servers.some((server) => !server.delete_at_expiration) && 'its machine is not released',
    has.servers.length < has.paid.length && 'a paid order is not delivered yet',
    has.carts.some((cart) => cart.assigned && !cart.readOnly) && 'an open cart',
  ]),
  'each has its own machine': ownMachine,
  'no resource without a row': nothingUnknown,
  'no row without its resource': rowsHaveTheirs,
  'the timeline has no hole': each(({ timeline: { n, first, last }, seq }) => [
    (Number(n) !== seq || first !== 1 || last !== seq) && `${n} events from ${first} to ${last}, and seq is ${seq}`,
  ]),
  'ERROR says why': only('ERROR', (d) => [!/^[A-Z].{15,}/.test(d.message) && `it says '${d.message}'`]),
  'the log does not repeat itself': each((d) => d.repeated.filter(({ n }) => n > REPEATS_MAX).map(({ line, n }) => `${n} times '${line}'`)),
  'outboxes are empty': ({ outbox }) => (outbox > 0 ? [[undefined, `${outbox} events`]] : []),
  'nothing is busy for ever': ({ overdue }) => (overdue > 0 ? [[undefined, `${overdue} rows past their lease`]] : []),
  'no dead letters but poison': ({ letters }) => letters.map((letter) => [undefined, JSON.stringify(letter)]),
  'no process breaks': ({ said, world }) => [...said, ...world.parts.died.splice(0).map((name) => `${name} ended by itself`)].map((line) => [undefined, line]),
};

/** Checks that others make as a run goes on. */
export const OTHER_CHECKS = ['one click, one deployment', 'the gateway answers', 'everything comes to rest', 'a retry in good weather ends READY'];
