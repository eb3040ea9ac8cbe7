// Backups of a stack's database, as an operator makes and restores them, and all services as one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from '../../harness/command.mjs';
import { ROOT } from '../../harness/stack.mjs';
import { until } from '../../harness/wait.mjs';

export const WORKERS = ['key-provisioner', 'ovh-orderer', 'installer', 'health-monitor'].map((name) => `${name}.1`);
export const SERVICES = ['api-gateway.1', ...WORKERS];
const ROOMS = ['llm_key', 'server', 'installation', 'watch'];

const file = (stack) => join(stack.runDir, 'backup');

/** A consistent picture of now, while everything goes on. */
export const backUp = (stack) => run('pg_dump', ['-Fc', '--create', '-f', file(stack), '-d', stack.env.DATABASE_URL], { timeout: 60 });

/** Puts the database back to what it was; nobody may be connected. */
export function restore(stack) {
  stack.sql.close();
  const maintenance = new URL(stack.env.DATABASE_URL);
  maintenance.pathname = '/postgres';
  return run('pg_restore', ['--clean', '--create', '--exit-on-error', '-d', maintenance.href, file(stack)], { timeout: 60 });
}

export const stopAll = (stack, names = SERVICES) => Promise.all(names.map((name) => stack.stop(name)));
export const killAll = (stack, names = SERVICES) => Promise.all(names.map((name) => stack.kill(name)));
export const startAll = (stack, { ready = true, names = SERVICES } = {}) => Promise.all(names.map((name) => stack.start(name, { ready })));

/** clawctl as the operator runs it: its output; what it refuses is thrown. */
export async function clawctl(stack, ...args) {
  const env = { PATH: process.env.PATH, DATABASE_URL: stack.env.DATABASE_URL, KAFKA_BOOTSTRAP: stack.env.KAFKA_BOOTSTRAP };
  return (await run(resolve(ROOT, process.env.BIN_DIR ?? 'build/bin', 'clawctl'), args, { env, cwd: ROOT, timeout: 60 })).stdout;
}

/** What a service has logged since `from` (a length of its log). */
export const logged = (stack, name, from = 0) => (existsSync(stack.logFile(name)) ? readFileSync(stack.logFile(name), 'utf8').slice(from) : '');
export const logLengths = (stack) => Object.fromEntries(SERVICES.map((name) => [name, logged(stack, name).length]));

/** Everything that recalling may change, but for the stamps. */
export async function fingerprint(stack) {
  const rooms = ROOMS.map((room) => `select '${room}' as what, id::text, to_jsonb(r) as row from ${room}.resource r
    union all select '${room} offsets', topic || partition, to_jsonb(o) from ${room}.offsets o`);
  const rows = await stack.psql(`select what, id, row from (
    select 'deployment' as what, id::text, to_jsonb(d) - 'updated_at' as row from deployments d
    union all select 'event', deployment_id::text || seq, to_jsonb(e) from deployment_events e
    union all select 'secret', deployment_id::text || name, to_jsonb(s) from secrets s
    union all ${rooms.join(' union all ')}) q order by 1, 2`);
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}

/** Every timeline counts 1, 2, 3, … up to its deployment's seq. */
export async function assertNoHoles(stack) {
  const holes = await stack.psql(`select d.id, d.seq, array_agg(e.seq order by e.seq) as lines from deployments d
    join deployment_events e on e.deployment_id = d.id group by d.id, d.seq
    having array_agg(e.seq order by e.seq) <> array(select generate_series(1, d.seq))`);
  assert.deepEqual(holes, []);
}

/** All workers say why they do nothing, and are not ready. */
export async function assertRefuses(stack, lengths) {
  for (const name of WORKERS) {
    await until(() => logged(stack, name, lengths[name]).includes('the database is older than the topics'), { deadline: 30, what: `${name} says that the database is older` });
    const answer = await fetch(`${stack.url(name)}/readyz`);
    assert.equal(answer.status, 503, name);
    assert.match((await answer.json()).why, /older than the topics.*clawctl replay --from-log/, name);
  }
}
