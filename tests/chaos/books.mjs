// The providers' books against our rows, exactly: what is billed belongs to one row that knows it by name.

const MARK = 'openclaw-';
/** What a row's log says when it gave back a machine that came late: each time one more order may be paid. */
export const GIVEN_BACK = 'The server that came late was released';

const shortOf = (id) => id.slice(-12);
const quiet = (state) => ['released', 'revoked'].includes(state);
const same = (a, b) => a !== undefined && String(a) === String(b);
const idOf = (order) => (order?.intent.startsWith(MARK) ? order.intent.slice(MARK.length) : undefined);

const isPaid = (order) => order.paid && order.state !== 'cancelled';
const isLive = (server) => !server.delete_at_expiration;

/** Of a paid order: its machines that will be billed again, and how many are still to come. */
function machinesOf(ledger, order) {
  const servers = ledger.servers.filter(({ name }) => order.services.includes(name));
  return { servers, live: servers.filter(isLive), awaited: order.services.filter((name) => name === null).length };
}

/** Every machine of it came and ends: nothing more is billed for it. */
function isEnded(ledger, order) {
  const { live, awaited } = machinesOf(ledger, order);
  return live.length === 0 && awaited === 0;
}

/** The books by deployment. `paid`: money is gone for it. */
export function boughtBy(ledger, id) {
  const orders = ledger.orders.filter((order) => idOf(order) === id);
  const paid = orders.filter(isPaid);
  const machines = paid.map((order) => machinesOf(ledger, order));
  return {
    orders, paid,
    current: paid.filter((order) => !isEnded(ledger, order)),
    servers: machines.flatMap(({ servers }) => servers),
    live: machines.flatMap(({ live }) => live),
    awaited: machines.reduce((sum, { awaited }) => sum + awaited, 0),
    keys: ledger.keys.filter((key) => key.name === MARK + shortOf(id)),
    carts: ledger.carts.filter((cart) => cart.description === MARK + id),
  };
}

/**
 * One paid order, besides those that the row itself gave back, whose machines all end. While it is wanted, every ended one
 * was given back.
 */
export function paidOnce(d, has) {
  const ended = has.paid.length - has.current.length;
  const wanted = !['DESTROYING', 'DESTROYED'].includes(d.status);
  const names = has.paid.map(({ id }) => id).join(', ');
  return [
    has.current.length > 1 && `paid orders that go on: ${has.current.map(({ id }) => id).join(', ')}`,
    has.paid.length > 1 + d.given_back && `paid orders ${names}, and ${d.given_back} given back`,
    wanted && ended > d.given_back && `${ended} of the paid orders ${names} ended, and ${d.given_back} were given back`,
  ];
}

const owners = (rows, piece, fits) => rows.filter((row) => row.piece === piece && !quiet(row.state) && fits(row.notes));
const howMany = (found) => (found.length ? `${found.length} rows claim it` : 'no live row knows it');

/** What is billed, and is not exactly one live row's own. */
export function strays({ ledger, rows }) {
  const found = [];
  const judge = (id, what, who) => who.length === 1 || found.push([id, `${what}: ${howMany(who)}`]);
  for (const server of ledger.servers.filter(isLive)) {
    const order = ledger.orders.find(({ services }) => services.includes(server.name));
    judge(idOf(order), `server ${server.name} of order ${order?.id} is billed on`, owners(rows, 'server', (notes) => notes.service_name === server.name));
  }
  for (const order of ledger.orders.filter((one) => isPaid(one) && !isEnded(ledger, one))) {
    judge(idOf(order), `order ${order.id} is paid`, owners(rows, 'server', (notes) => same(notes.order_id, order.id)));
  }
  for (const key of ledger.keys.filter(({ disabled }) => !disabled)) {
    const row = rows.find(({ id }) => key.name === MARK + shortOf(id));
    judge(row?.id, `key ${key.hash.slice(0, 12)} lives`, owners(rows, 'llm_key', (notes) => notes.hash === key.hash));
  }
  return found;
}

/** What stands in the books under our mark, and no row of ours was ever there for it. */
export function unknown({ ledger, rows }) {
  const ids = (piece) => rows.filter((row) => row.piece === piece).map(({ id }) => id);
  const servers = new Set(ids('server').map((id) => MARK + id));
  const keys = new Set(ids('llm_key').map((id) => MARK + shortOf(id)));
  const ours = (text) => text?.startsWith(MARK);
  return [
    ...ledger.orders.filter(({ intent }) => ours(intent) && !servers.has(intent)).map(({ id }) => `order ${id}`),
    ...ledger.carts.filter(({ description }) => ours(description) && !servers.has(description)).map(({ id }) => `cart ${id}`),
    ...ledger.keys.filter(({ name }) => ours(name) && !keys.has(name)).map(({ hash }) => `key ${hash}`),
  ].map((what) => [undefined, `${what} belongs to no row`]);
}

/** A row's own machine and order were bought in its name. */
export function ownMachine(d, has, ledger) {
  const { service_name: name, order_id: id } = d.rows.server?.notes ?? {};
  const buyer = (order) => order && idOf(order) !== d.id && order.intent;
  const machine = name && buyer(ledger.orders.find(({ services }) => services.includes(name)));
  const order = id && buyer(ledger.orders.find((one) => same(id, one.id)));
  return [machine && `its row names ${name}, which was bought for ${machine}`, order && `its row names order ${id}, which is ${order}'s`];
}
