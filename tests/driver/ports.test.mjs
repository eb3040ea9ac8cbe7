// Products that start in the same moment never share a port.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { reservePorts } from '../harness/ports.mjs';

const DRAW = 0.5;
const PORTS = new URL('../harness/ports.mjs', import.meta.url);

/** Another test's process, which reserves with the same draw, says what it got and stays until it is told to end. */
function another() {
  const code = `const { base } = await (await import(${JSON.stringify(PORTS.href)})).reservePorts(${DRAW}); console.log(base); for await (const _ of process.stdin);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = once(createInterface(child.stdout), 'line').then(([line]) => Number(line));
  const end = async () => {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  };
  return { said, end };
}

test('processes that look at the same moment get different bases, and one that ended keeps none', async (t) => {
  const others = Array.from({ length: 4 }, another);
  const bases = await Promise.all(others.map((other) => other.said));
  const mine = await reservePorts(DRAW);
  t.after(mine.release);
  assert.equal(new Set([...bases, mine.base]).size, 5, `${bases} and ${mine.base}`);

  await Promise.all(others.map((other) => other.end()));
  const next = await reservePorts(DRAW);
  t.after(next.release);
  assert.ok(bases.includes(next.base), `${next.base} was not one of ${bases}`);
});

test('products of one process get different bases, at once or one after the other', async (t) => {
  const all = await Promise.all([reservePorts(DRAW), reservePorts(DRAW), reservePorts(DRAW)]);
  all.push(await reservePorts(DRAW));
  for (const one of all) t.after(one.release);
  assert.equal(new Set(all.map((one) => one.base)).size, 4);
});

test('a base with a port that a stranger holds is passed over', async (t) => {
  const free = await reservePorts(DRAW);
  free.release();
  free.release(); // twice does no harm
  const stranger = createServer().listen(free.base + 3, '127.0.0.1');
  t.after(() => stranger.close());
  await once(stranger, 'listening');
  const other = await reservePorts(DRAW);
  t.after(other.release);
  assert.notEqual(other.base, free.base);
});
