// After all of it: nothing that lets anybody in has stayed anywhere but on the machines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../harness/command.mjs';
import { assertNothingSecret } from '../hostile/world.mjs';
import { on } from '../hostile/machine.mjs';
import { told, world } from './world.mjs';

test('no link and no token is in a log, in Kafka, in the database or its files', async () => {
  assert.ok(told.size > 10, `${told.size} secrets were told`);
  await world.stack.psql('checkpoint');
  const places = readdirSync(world.stack.runDir).filter((name) => name !== 'sandbox').map((name) => join(world.stack.runDir, name));
  const args = ['-rlaF', ...[...told].flatMap((secret) => ['-e', secret]), ...places];
  const { stdout } = await run('grep', args, { timeout: 120 }).catch((error) => error);
  assert.equal(stdout.trim(), '');
  await assertNothingSecret(world.id);
  for (const row of await world.stack.psql('select * from audit')) assert.doesNotMatch(JSON.stringify(row), /bootstrap|#|token=/i);
});

test('who was approved or turned away is in no log and not in Kafka', async () => {
  const called = await on(world.id, 'grep -oE "devices (approve|reject) [^ ]+" /var/log/standins.log');
  const ids = [...new Set(called.trim().split('\n').map((line) => line.split(' ')[2]))];
  assert.ok(ids.length > 3, `${ids.length} ids`);
  const places = readdirSync(world.stack.runDir).filter((name) => !['sandbox', 'postgres'].includes(name)).map((name) => join(world.stack.runDir, name));
  const { stdout } = await run('grep', ['-rlaF', ...ids.flatMap((id) => ['-e', id]), ...places], { timeout: 120 }).catch((error) => error);
  assert.equal(stdout.trim(), '');
});

test('the logs tell that it was opened, how long it took and why not', async () => {
  const { stdout } = await run('grep', ['-hE', '"(opened|not opened|opened without a link|browser approved)"', world.stack.logFile('installer.1')]);
  const lines = stdout.trim().split('\n').map((line) => JSON.parse(line));
  assert.ok(lines.some(({ msg, ms, deployment_id: id }) => msg === 'opened' && ms >= 0 && id === world.id));
  assert.ok(lines.some(({ msg, why }) => msg === 'opened without a link' && /no link/.test(why)));
  assert.ok(lines.some(({ msg, deployment_id: id }) => msg === 'browser approved' && id === world.id));
  assert.ok(lines.some(({ msg, told: sentence }) => msg === 'not opened' && /does not run/.test(sentence)));
});
