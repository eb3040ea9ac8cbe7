// Many machines at once, and none when the sandbox is closed. Comes last.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

import { ssh, until } from '../client.js';
import { command, machines, rebuilt } from './world.js';

test('twenty machines at once', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => rebuilt()));
  const ids = await Promise.all(all.map((machine) => command(machine, 'hostname')));
  assert.deepEqual(ids, all.map(({ name }) => `${name}.example\n`));
  await Promise.all(all.map(async (machine) => {
    await machines.remove(machine.name);
    assert.equal((await ssh(machine.ssh, 'id')).status, 255);
  }));
});

test('close leaves no process and no disk', async () => {
  await machines.close();
  await until('all machines are gone', async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
    return !lines.some((line) => /bwrap|inetd|openclaw/.test(line) && !line.includes('inside.js'));
  });
  assert.deepEqual(await readdir(process.env.SANDBOX_STATE), ['rt']);
});
