-- An operator sets a deployment back to a stage, retries many, or says again what Kafka has lost.
set lock_timeout = '3s';

-- What rows of the time before `said` would have said last.
update llm_key.resource set said = jsonb_build_object('type', 'key.issued', 'topic', 'keys', 'fields', jsonb_build_object(
        'deploymentId', id, 'generation', generation, 'name', notes -> 'name', 'limitMicroUsd', notes -> 'limit_micro'))
    where said is null and state = 'issued' and notes ?& array['name', 'limit_micro'];
update server.resource set said = jsonb_build_object('type', 'server.ready', 'topic', 'servers', 'fields', jsonb_build_object(
        'deploymentId', id, 'generation', generation, 'ip', notes -> 'ip', 'serviceName', notes -> 'service_name'))
    where said is null and state = 'ready' and notes ?& array['ip', 'service_name'];
update installation.resource set said = jsonb_build_object('type', 'instance.installed', 'topic', 'instances', 'fields', jsonb_build_object(
        'deploymentId', id, 'generation', generation, 'ip', notes -> 'ip', 'version', notes -> 'version'))
    where said is null and state = 'installed' and notes ?& array['ip', 'version'];

-- What a replay from `stage` (key, order, rebuild, install, health) would do. Either {refused: why}, or {first: where it really
-- begins, status, rows: [{room, state, parked, notes}], facts: {…}}. Changes nothing.
--
-- An installed key's text is in nobody's hands but the machine's, so what needs the text begins with a new key. Rows after the
-- first wait (`parked`) for the event that starts them; nothing that was or may have been paid is ever set back before the order.
create function replay_plan(deployment uuid, stage text) returns jsonb stable language plpgsql as $$
declare
    d record;
    k record;
    s record;
    i record;
    w record;
    has_text boolean;
    first text := stage;
    paid boolean;
    server_state text;
    rows jsonb := '[]';
begin
    select dep.*, u.email into d from deployments dep join users u on u.id = dep.user_id where dep.id = deployment;
    if not found then
        return jsonb_build_object('refused', 'no deployment has this id');
    elsif d.status in ('DESTROYING', 'DESTROYED') then
        return jsonb_build_object('refused', format('it is %s: nothing of it runs again', d.status));
    end if;
    select * into k from llm_key.resource where id = deployment;
    select * into s from server.resource where id = deployment;
    select * into i from installation.resource where id = deployment;
    select * into w from watch.resource where id = deployment;
    has_text := exists (select from secrets where deployment_id = deployment and name = 'openrouter_key');
    -- One that looks for an order it does not remember may have paid it.
    paid := s.state is not null and (s.state not in ('new', 'carted', 'unsure', 'cancelled') or (s.state = 'unsure' and s.notes ? 'blind'));

    if stage = 'order' and s.state is null then
        return jsonb_build_object('refused', 'nothing was ordered yet');
    elsif stage = 'order' and paid then
        return jsonb_build_object('refused', format('OVH order %s is paid, or can still be: it would buy a second server',
                                                    coalesce(s.notes ->> 'order_id', '(unknown)')));
    elsif stage = 'rebuild' and (not paid or s.notes ->> 'service_name' is null) then
        return jsonb_build_object('refused', 'OVH has not delivered a server yet');
    elsif stage = 'rebuild' and s.state = 'unwanted' then
        return jsonb_build_object('refused', 'its server came too late and is being given back');
    elsif stage = 'install' and s.state is distinct from 'ready' then
        return jsonb_build_object('refused', 'there is no server that is ready to be installed on');
    elsif stage = 'health' and i.state is distinct from 'installed' then
        return jsonb_build_object('refused', 'OpenClaw is not installed yet');
    end if;
    if stage in ('order', 'rebuild', 'install') and not has_text then
        first := 'key';
    end if;
    if (first = 'key' and k.busy and k.state = 'named') or (stage = 'order' and s.busy) then
        return jsonb_build_object('refused', format('%s is at work on it this very moment; try again in a minute',
                                                    case when stage = 'order' and s.busy then 'ovh-orderer' else 'key-provisioner' end));
    end if;

    if first = 'key' and k.state is not null then
        rows := rows || jsonb_build_object('room', 'llm_key', 'parked', false, 'notes', '{}'::jsonb,
                                           'state', case when k.state = 'issued' then 'named' else k.state end);
    end if;
    server_state := case
        when stage = 'rebuild' then 'delivered'
        when stage = 'order' then case when s.state in ('unsure', 'cancelled') then 'cancelled' else 'new' end
        when s.state = 'ready' then 'rebuilt' -- says again that it is ready
        else s.state end;
    -- What is being ordered, or is paid and on its way, goes on by itself: nobody must stop looking for it.
    if stage in ('order', 'rebuild') or (first = 'install' and i.state is null)
       or (first = 'key' and s.state in ('new', 'carted', 'cancelled', 'delivered', 'prepared', 'rebuilding', 'rebuilt', 'ready')
           and not (s.busy and s.state in ('new', 'carted'))) then
        rows := rows || jsonb_build_object('room', 'server', 'state', server_state, 'parked', first = 'key', 'notes',
            case when stage = 'rebuild' then '{"task": null, "rebuild_failures": null, "late_told": null, "late_since": null,
                                               "late_text": null, "papers": null, "marked": null}'::jsonb else '{}' end);
    end if;
    if i.state is not null and stage <> 'health' then
        rows := rows || jsonb_build_object('room', 'installation', 'state', 'new', 'parked', first <> 'install', 'notes',
            jsonb_build_object('run', coalesce((i.notes ->> 'run')::int, 1) + 1, 'run_id', null, 'interruptions', null, 'step', null, 'sentence', null)
            -- A fresh system has a host key of its own, and a log that begins anew.
            || case when stage in ('order', 'rebuild') then '{"host_key": null, "offset": null}'::jsonb else '{}' end);
    end if;
    if w.state is not null then
        rows := rows || jsonb_build_object('room', 'watch', 'state', 'new', 'parked', first <> 'health', 'notes',
            '{"why": null, "bad_looks": null, "good_looks": null}'::jsonb);
    end if;
    return jsonb_build_object('first', first, 'stage', stage, 'rows', rows,
        'status', case first when 'key' then 'PENDING' when 'order' then 'ORDERING' when 'rebuild' then 'PROVISIONING' else 'INSTALLING' end,
        'facts', jsonb_strip_nulls(jsonb_build_object(
            'name', d.name, 'email', d.email, 'status', d.status, 'message', d.status_message, 'generation', d.generation,
            'address', host(d.ip_address), 'paid', paid, 'has_text', has_text, 'key', k.notes ->> 'name', 'key_state', k.state,
            'limit_micro', (k.notes ->> 'limit_micro')::bigint, 'spent_micro', (k.notes ->> 'spent_micro')::bigint,
            'server_state', s.state, 'order', s.notes ->> 'order_id', 'plan', s.notes ->> 'plan', 'datacenter', s.notes ->> 'datacenter',
            'service_name', s.notes ->> 'service_name', 'installed', i.state is not null, 'watched', w.state is not null)));
end $$;

-- A decision of an operator, as the user's own would be: the status, the timeline, the event, the audit. The caller has locked the row.
create function decide_by_operator(deployment uuid, new_status text, message text, piece text, what text, by_whom text) returns void
    language plpgsql as $$
declare
    d record;
    at_seq int;
begin
    update deployments set status = 'ERROR' where id = deployment and status_move_legal(status, new_status) is not true;
    update deployments set status = new_status, status_message = message, failed_piece = null, generation = generation + 1,
        decided_at = now(), updated_at = clock_timestamp() where id = deployment returning generation into d;
    at_seq := timeline_add(deployment, 'deployment.retry-requested', 'clawctl');
    insert into gateway.outbox (topic, key, type, payload, owner, lease_until)
        values ('deployments', deployment::text, 'deployment.retry-requested', jsonb_strip_nulls(jsonb_build_object(
            'deploymentId', deployment, 'generation', d.generation, 'seq', at_seq, 'stage', piece))::text,
            gen_random_uuid(), clock_timestamp());
    insert into audit (what, subject) values (what, left(deployment || ' by ' || by_whom, 200));
end $$;

-- Sets a deployment back to a stage; gives its plan. Rows are locked before the deployment, as settling and applying do. The claim
-- grows, so whatever a worker is doing to a row at this moment comes to nothing.
create function replay(deployment uuid, stage text, by_whom text) returns jsonb language plpgsql as $$
declare
    plan jsonb;
    part jsonb;
    room text;
    new_generation int;
begin
    foreach room in array array['llm_key', 'server', 'installation', 'watch'] loop
        execute format('select from %I.resource where id = $1 for update', room) using deployment;
    end loop;
    select generation + 1 into new_generation from deployments where id = deployment for no key update;
    plan := replay_plan(deployment, stage);
    if plan ? 'refused' then
        return plan;
    end if;
    for part in select * from jsonb_array_elements(plan -> 'rows') loop
        execute format($sql$
            update %I.resource set state = $2, parked = $3, notes = jsonb_strip_nulls(notes || $4), generation = $5, said = null,
                failed = false, busy = false, tries = 0, backoff_s = null, claim = claim + 1, state_since = clock_timestamp(),
                due_at = case when $3 then null else now() end
                where id = $1 $sql$, part ->> 'room')
            using deployment, part ->> 'state', (part ->> 'parked')::boolean, part -> 'notes', new_generation;
    end loop;
    perform decide_by_operator(deployment, plan ->> 'status', 'An operator set it back: ' || case plan ->> 'stage'
            when 'key' then 'it gets its key again'
            when 'order' then 'a server is ordered again'
            when 'rebuild' then 'its system is installed again'
            when 'install' then 'OpenClaw is installed again'
            else 'it is checked from outside again' end,
        case plan ->> 'first' when 'key' then 'llm_key' when 'install' then 'installation' when 'health' then 'watch' else 'server' end,
        'clawctl replay --from ' || stage, by_whom);
    return plan;
end $$;

-- The retry of a user, done by an operator. False: it is not in ERROR any more.
create function retry_by_operator(deployment uuid, by_whom text) returns boolean language plpgsql as $$
declare
    d record;
    was text;
begin
    select status, failed_piece into d from deployments where id = deployment for no key update;
    if not found or d.status <> 'ERROR' then
        return false;
    end if;
    select e.status into was from deployment_events e where e.deployment_id = deployment and e.status <> 'ERROR' order by e.seq desc limit 1;
    perform decide_by_operator(deployment, case when d.failed_piece = 'server' and was = 'PROVISIONING' then was
                                                when d.failed_piece = 'server' then 'ORDERING'
                                                when d.failed_piece in ('installation', 'watch') then 'INSTALLING'
                                                else 'PENDING' end,
        'Trying again', d.failed_piece, 'clawctl replay --status', by_whom);
    return true;
end $$;

-- The events a deployment is owed, as far as its rows can tell: what was decided and not heard, and the last word of each stage.
-- Whoever heard one before does nothing about it.
create function owed_events(deployment uuid) returns table (room text, type text, topic text, payload jsonb) stable language sql as $$
    with d as (select * from deployments where id = deployment and status <> 'DESTROYED'),
         r as (select 'llm_key' as room, state, generation, said from llm_key.resource where id = deployment
               union all select 'server', state, generation, said from server.resource where id = deployment
               union all select 'installation', state, generation, said from installation.resource where id = deployment
               union all select 'watch', state, generation, said from watch.resource where id = deployment),
         owed as (
            select 1 as place, 'gateway' as room, 'deployment.destroy-requested' as type, 'deployments' as topic, '{}'::jsonb as fields
                from d where status = 'DESTROYING'
            union all
            select 1, 'gateway', 'deployment.requested', 'deployments', jsonb_build_object('userId', d.user_id, 'name', d.name,
                    'createdAt', to_char(d.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
                from d where status <> 'DESTROYING' and not exists (select from r where r.room = 'llm_key')
            union all
            select 2, 'gateway', 'deployment.retry-requested', 'deployments', '{}'
                from d where status not in ('DESTROYING', 'ERROR') and exists (select from r where r.generation < d.generation)
            union all
            select 2, 'gateway', 'deployment.restart-requested', 'deployments', '{}'
                from d where status = 'READY' and status_message = 'Restarting OpenClaw'
                         and exists (select from r where r.room = 'installation' and r.state = 'installed')
            union all
            select 3, r.room, r.said ->> 'type', r.said ->> 'topic', r.said -> 'fields'
                from d, r where d.status <> 'DESTROYING' and r.said is not null)
    select owed.room, owed.type, owed.topic, jsonb_build_object('generation', d.generation) || owed.fields
            || jsonb_build_object('deploymentId', d.id, 'seq', d.seq)
        from owed, d order by owed.place
$$;

-- Says them again, each from the outbox of the room that says it; gives their number.
create function say_owed(deployment uuid) returns int language plpgsql as $$
declare
    e record;
    n int := 0;
begin
    for e in select * from owed_events(deployment) loop
        execute format('insert into %I.outbox (topic, key, type, payload, owner, lease_until)
                        values ($1, $2, $3, $4, gen_random_uuid(), clock_timestamp())', e.room)
            using e.topic, deployment::text, e.type, e.payload::text;
        n := n + 1;
    end loop;
    return n;
end $$;
