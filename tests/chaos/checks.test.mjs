// The checks on the providers' books can fail: each is shown books that are right, and books that are wrong in one way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHECKS } from './checks.mjs';

const ID = '018f0000-0000-7000-8000-00000000000a';
const OTHER = '018f0000-0000-7000-8000-00000000000b';

const server = (name, more) => ({ name, ip: '127.32.0.2', state: 'running', delete_at_expiration: false, ...more });
const order = (id, services, more) => ({ id, state: 'delivered', paid: true, service: services[0], services, intent: `openclaw-${ID}`, ...more });

/** A deployment that is READY with everything it should have; `change` spoils it. */
function facts(change = () => {}) {
  const all = {
    deployments: [{ id: ID, status: 'READY', ip: '127.32.0.2', given_back: 0, secrets: [], owed: [], rows: {} }],
    ledger: {
      orders: [order(7, ['vps-a'])], servers: [server('vps-a')], carts: [],
      keys: [{ hash: 'h'.repeat(64), name: `openclaw-${ID.slice(-12)}`, disabled: false }],
    },
    rows: [
      { piece: 'server', id: ID, state: 'ready', notes: { order_id: 7, service_name: 'vps-a' } },
      { piece: 'llm_key', id: ID, state: 'issued', notes: { hash: 'h'.repeat(64) } },
    ],
  };
  change(all, all.deployments[0], all.ledger, all.rows[0], all.rows[1]);
  for (const row of all.rows) if (row.id === ID) all.deployments[0].rows[row.piece] = row;
  return all;
}

const said = (name, change) => CHECKS[name](facts(change)).map(([, text]) => text).join('; ');
const BILLED = 'what is billed is in one live row';
const BOOKS = ['at most one paid order', 'at most one live key', 'READY has its key, order and machine', 'DESTROYED has nothing left',
  'each has its own machine', 'no resource without a row', BILLED, 'no row without its resource'];

const destroyed = (all, d, ledger, row, key) => {
  d.status = 'DESTROYED';
  ledger.keys = [];
  for (const one of ledger.servers) one.delete_at_expiration = true;
  row.state = 'released';
  key.state = 'revoked';
};

test('right books are right: READY, DESTROYED, and one order given back before the next', () => {
  const again = (all, d, ledger) => {
    d.given_back = 1;
    ledger.orders.unshift(order(6, ['vps-0']));
    ledger.servers.unshift(server('vps-0', { ip: '127.32.0.9', delete_at_expiration: true }));
  };
  for (const name of BOOKS) for (const change of [undefined, destroyed, again]) assert.equal(said(name, change), '', name);
});

test('a server is in one live row, by its name', () => {
  assert.match(said(BILLED, (all, d, ledger, row) => delete row.notes.service_name), /server vps-a of order 7 is billed on: no live row/);
  assert.match(said(BILLED, (all, d, ledger, row) => (row.state = 'released')), /vps-a .*no live row.*order 7 is paid: no live row/);
  assert.match(said(BILLED, (all) => all.rows.push({ ...all.rows[0], id: OTHER })), /vps-a .*2 rows claim it/);
  assert.match(said(BILLED, (all, d, ledger) => ledger.servers.push(server('vps-z'))), /server vps-z of order undefined .*no live row/);
});

test('the second server of one order counts', () => {
  const two = (all, d, ledger) => {
    ledger.orders = [order(7, ['vps-a', 'vps-b'])];
    ledger.servers.push(server('vps-b', { ip: '127.32.0.3' }));
  };
  assert.match(said(BILLED, two), /server vps-b of order 7 is billed on: no live row/);
  assert.match(said('READY has its key, order and machine', two), /2 machines, 0 to come/);
  const half = (all, d, ledger, row, key) => {
    two(all, d, ledger);
    destroyed(all, d, ledger, row, key);
    ledger.servers[1].delete_at_expiration = false;
  };
  assert.match(said('DESTROYED has nothing left', half), /not released: vps-b/);
  const coming = (all, d, ledger, row, key) => {
    destroyed(all, d, ledger, row, key);
    ledger.orders = [order(7, ['vps-a', null])];
  };
  assert.match(said('DESTROYED has nothing left', coming), /not delivered yet/);
});

test('a paid order is in its row until its machines end', () => {
  assert.match(said(BILLED, (all, d, ledger, row) => (row.notes.order_id = 8)), /order 7 is paid: no live row/);
  const late = (all, d, ledger, row, key) => {
    destroyed(all, d, ledger, row, key);
    ledger.orders = [order(7, [null], { state: 'notPaid' })];
    ledger.servers = [];
  };
  assert.match(said(BILLED, late), /order 7 is paid: no live row/);
});

test('a second paid order only after one was given back and ends', () => {
  const ended = (all, d, ledger) => {
    ledger.orders.unshift(order(6, ['vps-0']));
    ledger.servers.unshift(server('vps-0', { delete_at_expiration: true }));
  };
  assert.match(said('at most one paid order', ended), /paid orders 6, 7, and 0 given back/);
  const running = (all, d, ledger) => {
    ended(all, d, ledger);
    d.given_back = 1;
    ledger.servers[0].delete_at_expiration = false;
  };
  assert.match(said('at most one paid order', running), /paid orders that go on: 6, 7/);
  assert.match(said('at most one paid order', (all, d, ledger) => (ledger.servers[0].delete_at_expiration = true)), /1 of the paid orders 7 ended/);
});

test('a live key is the one its row knows', () => {
  assert.match(said(BILLED, (all, d, ledger, row, key) => (key.notes = {})), /key h+ lives: no live row/);
  assert.match(said(BILLED, (all, d, ledger, row, key) => (key.state = 'revoked')), /key h+ lives: no live row/);
  const twin = (all, d, ledger) => ledger.keys.push({ ...ledger.keys[0], hash: 'x'.repeat(64) });
  assert.match(said(BILLED, twin), /key x+ lives: no live row/);
  assert.match(said('at most one live key', twin), /2 keys/);
});

test("another's order is nobody's own", () => {
  assert.match(said('each has its own machine', (all, d, ledger) => (ledger.orders[0].intent = `openclaw-${OTHER}`)), /names vps-a, which was bought for .*names order 7/);
  assert.match(said('no resource without a row', (all, d, ledger) => (ledger.orders[0].intent = `openclaw-${OTHER}`)), /order 7 belongs to no row/);
});
