// A machine of its own: its doors, what a restart, a reboot and a rebuild keep.

import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { get, makeKey, ssh, until } from '../client.js';
import { answers, command, dir, follow, installed, machines, rebuilt, refused } from './world.js';

test('a machine lets its key in, gives it root, and has no other door', async () => {
  const machine = await rebuilt();
  assert.match(await command(machine, 'id'), /^uid=1000\(debian\)/);
  assert.match(await command(machine, 'sudo -n id'), /^uid=0\(root\)/);
  assert.equal(await command(machine, 'hostname'), `${machine.name}.example\n`);
  assert.equal((await ssh(machine.ssh, 'systemctl restart caddy')).status, 1, 'without sudo');
  const stranger = await makeKey(await mkdtemp(join(dir, 'keys-')), 'stranger');
  assert.equal((await ssh({ ...machine.ssh, key: stranger }, 'id')).status, 255);
  assert.ok(await refused(machine), 'nothing serves HTTPS yet');
  assert.equal((await follow(machine).catch(() => ({ status: 'none' }))).status, 'none');
});

test('restart makes a new process; a stopped gateway is a 502, a dead web server refuses', async () => {
  const machine = await installed();
  const pid = () => command(machine, 'systemctl show -p MainPID --value openclaw-gateway');
  const before = await pid();
  await command(machine, 'sudo -n systemctl restart openclaw-gateway');
  assert.equal(await command(machine, 'systemctl is-active openclaw-gateway'), 'active\n');
  assert.notEqual(await pid(), before);
  await until('the gateway is back', () => answers(machine));
  await command(machine, 'sudo -n systemctl stop openclaw-gateway');
  assert.equal((await get(machine.https)).status, 502);
  await command(machine, 'kill -9 $(systemctl show -p MainPID --value caddy)');
  await until('HTTPS is gone', () => refused(machine));
  await command(machine, 'sudo -n systemctl start openclaw-gateway caddy');
  await until('both are back', () => answers(machine));
});

test('a reboot keeps the disk and brings the services back; power off ends both doors', async () => {
  const machine = await installed();
  await command(machine, 'echo kept >kept');
  await machines.reboot(machine.name);
  assert.equal(await command(machine, 'cat kept'), 'kept\n');
  await until('HTTPS is back', () => answers(machine));
  await machines.power(machine.name, false);
  assert.equal((await ssh(machine.ssh, 'id')).status, 255);
  assert.ok(await refused(machine));
  await machines.power(machine.name, true);
  await until('HTTPS is back', () => answers(machine));
});

test('a rebuild wipes everything and refuses the old key', async () => {
  const machine = await installed();
  const hostKey = await command(machine, 'cat /etc/ssh/host_key.pub');
  const fresh = await makeKey(await mkdtemp(join(dir, 'keys-')), 'fresh');
  await rebuilt(machine.name, fresh.publicKey);
  assert.equal((await ssh(machine.ssh, 'id')).status, 255);
  const again = { ...machine, ssh: { ...machine.ssh, key: fresh } };
  assert.notEqual(await command(again, 'cat /etc/ssh/host_key.pub'), hostKey);
  assert.equal(await command(again, 'ls /var/lib/openclaw-setup 2>&1 || true; ls'), "ls: cannot access '/var/lib/openclaw-setup': No such file or directory\n");
  assert.ok(await refused(machine));
});
