// Many at once: all that failed, at a pace.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clawctl } from '../../harness/clawctl.mjs';
import { until } from '../../harness/wait.mjs';
import { CALM, api, mine, refused, replay, stack } from './world.mjs';

describe('many', () => {
  test('all that failed at a stage since a time, at a pace; Ctrl-C ends it between two', async () => {
    await until(async () => (await stack.psql("select 1 from deployments where status = 'ERROR'")).length === 0, { what: 'no ERROR is left' });
    await stack.sandbox.settings({ out_of_stock: true });
    const ids = [];
    for (let i = 0; i < 6; i++) ids.push((await api.deploy()).id);
    for (const id of ids) await api.waitStatus(id, 'ERROR', { deadline: 60 });
    await stack.sandbox.settings(CALM);

    assert.match(await replay('--status', 'ERROR', '--stage', 'order', '--since', '1h', '--dry-run'), /0 of 6 tried again: this was a dry run/);
    assert.match(await replay('--status', 'ERROR', '--stage', 'install'), /^0 of 0 tried again/);
    assert.match(await replay('--status', 'ERROR', '--since', '2099-01-01'), /^0 of 0 tried again/);

    const interrupt = (child) => child.stdout.once('data', () => child.kill('SIGINT'));
    const said = await clawctl(stack, ['replay', '--status', 'ERROR', '--rate', '30'], { watch: interrupt });
    assert.equal(said.code, 0);
    assert.match(said.stdout, /1 of 1 tried again; stopped, the rest is as it was/);

    assert.match(await replay('--status', 'ERROR', '--rate', '600'), /5 of 5 tried again/);
    for (const id of ids) await api.waitStatus(id, 'READY', { deadline: 60 });
    for (const id of ids) assert.equal((await mine(id)).paid.length, 1);
    assert.match(await replay('--status', 'ERROR'), /^0 of 0/);
  });

  test('wrong use is one line and exit 2', async () => {
    const id = '018f0000-0000-7000-8000-000000000009';
    for (const args of [[], [id], ['--from', 'key'], [id, '--from', 'nowhere'], ['x', '--from', 'key'], ['--status', 'READY'], ['--status', 'ERROR', '--stage', 'x'], ['--status', 'ERROR', '--since', 'x'], ['--status', 'ERROR', '--rate', '0'], ['--from-state', 'x'], ['--from-state', '--from', 'key']]) {
      assert.match(await refused(...args), /^2 clawctl: /, args.join(' '));
    }
  });
});
