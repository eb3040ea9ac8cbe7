// Ports for a product of a test's own: a PORT_BASE that no other test takes meanwhile.

import { connect, createServer } from 'node:net';

const BASES = { first: 14000, step: 100, count: 60 }; // below the range that checkouts derive theirs from
const PARTS = [0, 1, 2, 3, 4, 11, 21, 31, 41];
const KEPT = 99; // no part listens on it: who does, keeps the base while its product starts, and as long as it is there

const listens = (port) =>
  new Promise((answer) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1000 });
    const done = (yes) => answer(yes, socket.destroy());
    socket.on('connect', () => done(true)).on('error', () => done(false)).on('timeout', () => done(true));
  });

/** Listens on the port, which keeps no process alive; undefined when somebody else does. */
const keep = (port) =>
  new Promise((answer, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? answer(undefined) : fail(error)));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => answer(server));
    server.unref();
  });

/**
 * A base none of whose ports is in use and that nobody else is given before `release` (which may be called twice) or the end
 * of this process. `draw`: which base is looked at first, from 0 up to 1.
 */
export async function reservePorts(draw = Math.random()) {
  const first = Math.floor(draw * BASES.count);
  for (let i = 0; i < BASES.count; i++) {
    const base = BASES.first + BASES.step * ((first + i) % BASES.count);
    const kept = await keep(base + KEPT);
    if (!kept) continue;
    const used = await Promise.all(PARTS.map((n) => listens(base + n)));
    if (!used.includes(true)) return { base, release: () => void kept.close() };
    kept.close();
  }
  throw new Error('no free PORT_BASE was found');
}
