// What must be true whenever things have come to rest. Each check says what is wrong as [deployment id, text] pairs.

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { boughtBy, ownMachine, paidOnce, strays, unknown } from './books.mjs';
import { until } from '../harness/wait.mjs';

const REPEATS_MAX = 12; // the same log line of one deployment; a storm repeats steps, but not for ever
const USABLE_S = 5; // a restart takes a moment, and READY stays meanwhile
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

const rowsHaveTheirs = each((d, has, ledger) => {
  const { llm_key: key, server } = d.rows;
  const order = server?.notes.order_id;
  return [
    key?.state === 'issued' && !ledger.keys.some(({ hash }) => hash === key.notes.hash) && 'the row knows a key that OpenRouter does not',
    order && ['paid', 'delivered', 'prepared', 'rebuilding', 'rebuilt', 'ready'].includes(server.state) &&
      !has.paid.some(({ id }) => String(id) === String(order)) && `the row is ${server.state} with order ${order}, which is not paid in its name`,
  ];
});

export const CHECKS = {
  'at most one paid order': each(paidOnce),
  'at most one live key': each((d, has) => [has.keys.filter((key) => !key.disabled).length > 1 && `${has.keys.length} keys`]),
  'READY has its key, order and machine': only('READY', (d, has) => [
    has.keys.filter((key) => !key.disabled).length !== 1 && `${has.keys.length} live keys`,
    has.current.length !== 1 && `${has.current.length} paid orders that go on`,
    (has.live.length !== 1 || has.awaited > 0) && `${has.live.length} machines, ${has.awaited} to come`,
    has.live[0]?.ip !== d.ip && `its address is ${d.ip}, its machine's is ${has.live[0]?.ip}`,
    has.live[0]?.state !== 'running' && `its machine is ${has.live[0]?.state}`,
  ]),
  'READY is usable': usable,
  'DESTROYED has nothing left': only('DESTROYED', (d, has) => [
    has.keys.length > 0 && `${has.keys.length} keys`,
    d.secrets.length > 0 && `secrets ${d.secrets.join(', ')}`,
    d.owed.length > 0 && `still owed: ${d.owed.join(', ')}`,
    has.live.length > 0 && `not released: ${has.live.map(({ name }) => name).join(', ')}`,
    has.awaited > 0 && 'a paid order is not delivered yet',
    has.carts.some((cart) => cart.assigned && !cart.readOnly) && 'an open cart',
  ]),
  'each has its own machine': each(ownMachine),
  'no resource without a row': unknown,
  'what is billed is in one live row': strays,
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
