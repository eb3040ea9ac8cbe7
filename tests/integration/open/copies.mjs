// Two gateways and two installers: each wakes those who wait for it, and one takes over what the other left.

import assert from 'node:assert/strict';
import { afterEach, before, describe, test } from 'node:test';
import { Api } from '../../harness/api.mjs';
import { ask, assertOpens, calm, untilClaimed, world } from './world.mjs';

describe('two of each', () => {
  let second;

  afterEach(calm);
  before(async () => {
    await Promise.all(['api-gateway.2', 'installer.2'].map((name) => world.stack.start(name)));
    second = new Api(world.stack.url('api-gateway.2'));
    second.cookie = world.api.cookie;
  });

  test('both gateways and both installers serve', async () => {
    await world.sandbox.settings({ mint: 0.5 });
    for (let i = 0; i < 3; i++) {
      const answers = await Promise.all([ask(), ask({ api: second })]);
      for (const answer of answers) {
        await assertOpens(answer);
        assert.ok(answer.seconds < 5, `${answer.seconds} s`);
      }
    }
  });

  test('kill -9 of one installer: the other one makes the link', async () => {
    await world.stack.stop('installer.2');
    await world.sandbox.settings({ mint: 3600 });
    const waiting = ask({ api: second });
    await untilClaimed();
    await world.stack.start('installer.2');
    await world.stack.kill('installer.1');
    await world.sandbox.settings({ mint: 0 });
    const answer = await waiting;
    await assertOpens(answer);
    assert.ok(answer.seconds < 20, `${answer.seconds} s`);
    await world.stack.start('installer.1');
  });
});
