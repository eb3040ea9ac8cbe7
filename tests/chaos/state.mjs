// What the database says of a run's deployments, in one question.

import { GIVEN_BACK } from './books.mjs';
import { POISON } from './echo.mjs';

const PIECES = ['llm_key', 'server', 'installation', 'watch'];
const ROOMS = ['gateway', ...PIECES];

const row = (piece) => `select '${piece}' as piece, to_jsonb(r) || jsonb_build_object('due_in', extract(epoch from r.due_at - clock_timestamp())) as row
  from ${piece}.resource r where r.id = d.id`;

const deployments = (ids) => `
  select d.id, d.status, d.status_message as message, d.generation, d.seq, d.owed, host(d.ip_address) as ip,
    coalesce((select jsonb_object_agg(piece, row) from (${PIECES.map(row).join(' union all ')}) rows), '{}') as rows,
    (select jsonb_build_object('n', count(*), 'first', min(seq), 'last', max(seq)) from deployment_events e where e.deployment_id = d.id) as timeline,
    (select count(*)::int from deployment_log l where l.deployment_id = d.id and line = '${GIVEN_BACK}') as given_back,
    (select coalesce(jsonb_agg(name), '[]') from secrets s where s.deployment_id = d.id) as secrets,
    (select coalesce(jsonb_agg(jsonb_build_object('line', line, 'n', n)), '[]') from
      (select line, count(*) as n from deployment_log l where l.deployment_id = d.id group by stage, line having count(*) > 1) twice) as repeated
  from deployments d where d.id = any('{${ids.join(',')}}')`;

// All stages hear the topic 'deployments': one that is behind another has messages to read.
const world = `
  select (${ROOMS.map((room) => `(select count(*) from ${room}.outbox)`).join(' + ')}) as outbox,
    (select count(*) from (select 1 from (${PIECES.map((piece) => `select * from ${piece}.offsets`).join(' union all ')}) o
      where topic = 'deployments' group by topic, partition having count(distinct next) > 1) behind) as behind,
    (${PIECES.map((piece) => `(select count(*) from ${piece}.resource where busy and due_at < now() - interval '5 s')`).join(' + ')}) as overdue`;

const letters = `select id, service, topic, key, type, reason from dead_letters where coalesce(payload, '') not like '%${POISON}%' limit 10`;

export const stateOf = async (sql, ids) => ({
  deployments: ids.length ? await sql.rows(deployments(ids)) : [],
  letters: await sql.rows(letters),
  ...(await sql.rows(world))[0],
});

/** Every row there ever was that has something at a provider, also of earlier runs. */
export const rowsOf = (sql) => sql.rows(['server', 'llm_key'].map((piece) => `select '${piece}' as piece, id, state, notes from ${piece}.resource`).join(' union all '));

export const FINAL = ['READY', 'ERROR', 'DESTROYED'];

const KEPT_S = 60;

/**
 * Why this deployment is not at rest yet, or undefined. A ready machine is looked at for ever: that is rest. So is a late one
 * that is held, unless it is given back soon (`impatient`).
 */
export function unrest(deployment, impatient = false) {
  if (!FINAL.includes(deployment.status)) return `it is ${deployment.status}: ${deployment.message}`;
  for (const [piece, r] of Object.entries(deployment.rows)) {
    const watching = piece === 'watch' && r.goal === 'up' && ['ready', 'unhealthy'].includes(r.state);
    if (r.busy) return `${piece} acts in '${r.state}'`;
    // A late machine that is kept for a retry, say: the deployment is in ERROR and says what is awaited.
    const kept = deployment.status === 'ERROR' && r.goal === 'up' && ((r.state === 'held' && !impatient) || r.due_in > KEPT_S);
    if (r.due_at && !r.failed && !watching && !kept) return `${piece} waits in '${r.state}' (goal ${r.goal}, due in ${r.due_in} s)`;
    if (watching && r.state === 'unhealthy') return `${piece} is unhealthy`;
  }
  return undefined;
}

export function worldUnrest({ outbox, behind, late }) {
  if (late > 0) return `${late} calls that OVH or OpenRouter carry out late`;
  if (outbox > 0) return `${outbox} events in the outboxes`;
  return behind > 0 ? `${behind} partitions of deployments are not read by all` : undefined;
}
