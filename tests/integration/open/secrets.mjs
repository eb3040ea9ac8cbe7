// After all of it: nothing that lets anybody in has stayed anywhere but on the machines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../harness/command.mjs';
import { assertNothingSecret } from '../hostile/world.mjs';
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

test('the logs tell that it was opened, how long it took and why not', async () => {
  const { stdout } = await run('grep', ['-h', '"opened"\\|"not opened"', world.stack.logFile('installer.1')]);
  const lines = stdout.trim().split('\n').map((line) => JSON.parse(line));
  assert.ok(lines.some(({ msg, ms, deployment_id: id }) => msg === 'opened' && ms >= 0 && id === world.id));
  assert.ok(lines.some(({ msg, told: sentence }) => msg === 'not opened' && /does not run/.test(sentence)));
});
