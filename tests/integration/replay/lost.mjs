// Kafka lost what was said: the rows say it again, and where nothing was lost nothing moves.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { clawctlOk } from '../../harness/clawctl.mjs';
import { until } from '../../harness/wait.mjs';
import { CALM, ROOMS, api, mine, ready, replay, rows, stack } from './world.mjs';

describe('from the state', () => {
  const everything = async () => ({
    rows: Object.fromEntries(await Promise.all(ROOMS.map(async (room) => [room, await stack.psql(`select id, state, goal, generation, failed, parked, notes - 'why' - 'bad_looks' - 'good_looks' as notes from ${room}.resource order by id`)]))),
    deployments: await stack.psql('select id, status, status_message, generation, seq from deployments order by id'),
    events: await stack.psql('select deployment_id, seq, type from deployment_events order by 1, 2'),
    ledger: await stack.sandbox.ledger(),
  });
  const quiet = () => until(async () => (await stack.psql(`select ${['gateway', ...ROOMS].map((r) => `(select count(*) from ${r}.outbox)`).join(' + ')} as n`))[0].n === 0, { what: 'the outboxes are empty' });
  const ignored = async () => Number(/inbox_ignored\S* (\d+)/.exec(await (await fetch(`${stack.url('ovh-orderer.1')}/metrics`)).text())?.[1]);

  test('where nothing was lost nothing moves, however often', async () => {
    for (let i = 0; i < 6; i++) await ready();
    await quiet();
    const before = await everything();
    const n = before.deployments.filter((d) => d.status !== 'DESTROYED').length;
    assert.match(await replay('--from-state', '--dry-run'), new RegExp(`events for ${n} deployments would be said again`));
    const were = await ignored();
    for (let i = 0; i < 2; i++) assert.match(await replay('--from-state'), new RegExp(`events for ${n} deployments said again`));
    await quiet();
    await until(async () => (await ignored()) >= were + 2 * n, { what: 'the orderer heard key.issued of all, twice' });
    assert.deepEqual(await everything(), before);
  });

  test('Kafka loses its disk with deployments in every stage: all READY, each bought once; the destroyed one goes', async () => {
    const going = (await ready()).id;
    const lost = [];
    const when = async (status) => {
      const { id } = await api.deploy();
      await until(async () => (await stack.psql(`select 1 from deployments where id = '${id}' and status = '${status}'`)).length, { what: status, every: 0.01, deadline: 30 });
      lost.push(id);
      return id;
    };
    await stack.sandbox.settings({ setup: 600 });
    await when('INSTALLING');
    await stack.sandbox.settings({ rebuild: 600 });
    await when('PROVISIONING');
    await stack.sandbox.settings({ delivering: 600 });
    await when('ORDERING');
    // Events that are said while their reader is away are in Kafka alone.
    for (const service of ['health-monitor.1', 'installer.1', 'ovh-orderer.1', 'key-provisioner.1']) await stack.stop(service);
    lost.push((await api.deploy()).id);
    await stack.start('key-provisioner.1');
    await until(async () => (await rows(lost[3])).llm_key?.state === 'issued', { what: 'its key' });
    await quiet();
    await stack.stop('key-provisioner.1');
    lost.push((await api.deploy()).id);
    await api.destroy(going);
    await quiet();
    const { servers } = await stack.sandbox.ledger();
    await stack.kill('kafka');
    rmSync(join(stack.runDir, 'started/kafka.formatted'));
    lost.push((await api.deploy()).id);
    await stack.start('kafka');
    await clawctlOk(stack, ['topics']);
    await stack.sandbox.settings(CALM);
    for (const service of ['key-provisioner.1', 'ovh-orderer.1', 'installer.1', 'health-monitor.1']) await stack.start(service);
    await stack.ready('api-gateway.1');
    await replay('--from-state');
    for (const id of lost) {
      await api.waitStatus(id, 'READY', { deadline: 90 });
      const is = await mine(id);
      assert.deepEqual([is.paid.length, is.servers.length, is.keys.length], [1, 1, 1]);
    }
    await api.waitStatus(going, 'DESTROYED', { deadline: 60 });
    assert.ok((await stack.sandbox.ledger()).servers.length >= servers.length);
    const holes = await stack.psql('select deployment_id from deployment_events group by 1 having max(seq) <> count(*)');
    assert.deepEqual(holes, []);
  });
});
