-- Installing anew: a machine is wiped and set up again, with its address and a fresh key. Each stage works again on what it had
-- done; the note "anew" of its row is the last decision (a generation) it has done so for.
set lock_timeout = '3s';
set local check_function_bodies = off; -- they name tables that only a service's search path finds

-- The generation of the last decision to install anew; 0: never.
alter table deployments add column anew int not null default 0;

-- Back to PROVISIONING is legal as that decision makes it, and not otherwise. Until a stage has heard of it (its row is of an
-- older decision), whatever comes of its work moves the deployment nowhere: what it tells of is about to be wiped.
create or replace function deployments_guard() returns trigger language plpgsql as $$
declare
    decided constant boolean := new.anew > old.anew and new.anew = new.generation;
    heard int;
begin
    if status_move_legal(old.status, new.status) is not true
       and not (decided and new.status = 'PROVISIONING' and old.status not in ('DESTROYING', 'DESTROYED')) then
        raise exception 'illegal move of a deployment: % -> %', old.status, new.status using errcode = '23514';
    end if;
    if new.generation < old.generation or new.seq < old.seq or new.anew < old.anew then
        raise exception 'generation, seq and anew only grow' using errcode = '23514';
    end if;
    if old.anew > 0 and new.status <> old.status and new.status not in ('DESTROYING', 'DESTROYED') and to_regclass('resource') is not null then
        select generation into heard from resource where id = old.id; -- the stage's own
        if heard < old.anew then
            new.status := old.status;
            new.ready_at := old.ready_at;
        end if;
    end if;
    return new;
end $$;

-- Applies one message. `m` holds: effect (start, leave, retry, step, nudge, down, none, dead), id, generation, from, to, waits,
-- forgets, rests, notes, starts, texts ({"up new": {"status", "message"}, …}), service, owner, and for a dead letter: dead {…}.
-- Says what came of it: 'repeat' (already applied), 'ignored', 'applied', 'dead'.
create or replace function apply_message(message_topic text, message_partition int, message_offset bigint, m jsonb)
    returns text language plpgsql as $$
declare
    r record;
    d record;
    known boolean;
    begins boolean;
    text_now jsonb;
    new_status text;
    new_message text;
    id_ uuid := (m ->> 'id')::uuid;
    generation_ int := (m ->> 'generation')::int;
    effect text := m ->> 'effect';
    news jsonb := coalesce(m -> 'notes', '{}');
    anew_ int := coalesce((m -> 'notes' ->> 'anew')::int, 0); -- the decision to install anew that the event comes of
    knows int;                                                -- the last one that the row knows of
begin
    update offsets set next = message_offset + 1
        where topic = message_topic and partition = message_partition and next <= message_offset;
    if not found then
        return 'repeat';
    end if;
    if effect = 'none' then
        return 'ignored';
    end if;
    if effect = 'dead' then
        perform dead_letter(message_topic, message_partition, message_offset, m);
        return 'dead';
    end if;

    select * into r from resource where id = id_ for update;
    known := found;
    select status, generation, anew, status_message, seq into d from deployments where id = id_ for no key update;
    if not found then
        perform dead_letter(message_topic, message_partition, message_offset,
                            jsonb_set(m, '{dead,reason}', '"no such deployment"'));
        return 'dead';
    end if;
    if known then
        knows := coalesce((r.notes ->> 'anew')::int, 0);
    end if;

    case effect
    when 'start' then
        if known and r.goal = 'up' and d.status not in ('DESTROYING', 'DESTROYED')
           and (anew_ > knows or (anew_ = knows and anew_ > 0 and r.state = m ->> 'waits')) then
            -- It begins again. Whoever is at the row keeps it until the lease ends, so that nobody else acts meanwhile, but what
            -- comes of that counts no more. In a state from which it can't begin again it goes on, as after a retry.
            begins := not m ? 'from' or m -> 'from' ? r.state;
            update resource set
                state = case when begins then m ->> 'to' else state end,
                claim = claim + begins::int,
                said = case when begins then null else said end,
                notes = case when begins then notes - array(select jsonb_array_elements_text(coalesce(m -> 'forgets', '[]'))) else notes end || news,
                generation = greatest(generation, generation_, d.generation), parked = false, failed = false, tries = 0, backoff_s = null,
                state_since = case when begins or failed then clock_timestamp() else state_since end,
                due_at = case when busy then due_at when begins or failed or due_at is not null then now() end
                where id = id_ returning * into r;
        elsif d.status = 'DESTROYED' or (known and (not r.parked or generation_ < r.generation)) then
            return 'ignored';
        elsif known then -- an operator set it back: this is what it waited for
            update resource set parked = false, goal = case when d.status = 'DESTROYING' then 'down' else goal end,
                generation = greatest(generation, generation_, d.generation), failed = false, tries = 0, backoff_s = null,
                state_since = clock_timestamp(), due_at = now(), notes = notes || news where id = id_ returning * into r;
        else -- of the life before a decision to install anew it tells nothing new: that one is still to be heard of
            insert into resource (id, goal, generation, due_at, notes)
                values (id_, case when d.status = 'DESTROYING' then 'down' else 'up' end,
                        case when anew_ < d.anew then generation_ else greatest(generation_, d.generation) end, now(), news)
                returning * into r;
        end if;
    when 'leave' then
        if d.status in ('DESTROYING', 'DESTROYED') or (known and (r.goal = 'down' or anew_ <= knows)) then
            return 'ignored';
        end if;
        if known then
            update resource set state = m ->> 'to', generation = greatest(generation, generation_), claim = claim + 1, busy = false,
                parked = false, failed = false, tries = 0, backoff_s = null, said = null, state_since = clock_timestamp(),
                due_at = case when m ? 'rests' then null else now() end, notes = notes || news where id = id_ returning * into r;
        else
            insert into resource (id, state, generation, due_at, notes)
                values (id_, m ->> 'to', generation_, case when m ? 'rests' then null else now() end, news) returning * into r;
        end if;
    when 'retry' then
        -- The event that should have made the row may be lost; where no other stage would say it again, the retry starts it.
        if not known and (m ->> 'starts')::boolean and d.status not in ('DESTROYING', 'DESTROYED') then
            insert into resource (id, generation, due_at, notes)
                values (id_, greatest(generation_, d.generation), now(), coalesce(m -> 'notes', '{}'));
            return 'applied';
        end if;
        -- What an operator set back goes on waiting, for an event of the decision that did so: the stage before it may be
        -- in the middle of what will say it.
        if not known or generation_ <= r.generation or r.goal = 'down' or r.parked then
            return 'ignored';
        end if;
        -- Done: the next stage may never have heard of it. Hearing it twice changes nothing.
        if r.due_at is null and not r.failed and r.said is not null then
            perform say(id_, d.seq, r.said ->> 'type', r.said ->> 'topic',
                        r.said -> 'fields' || jsonb_build_object('generation', generation_), (m ->> 'owner')::uuid);
        end if;
        update resource set generation = generation_, failed = false, tries = 0, backoff_s = null,
            state_since = case when r.failed then clock_timestamp() else state_since end,
            due_at = case when busy then due_at when r.failed or due_at is not null then now() end
            where id = id_ returning * into r;
        if r.due_at is null then
            return 'applied';
        end if;
    when 'step' then
        if not known or r.goal = 'down' or r.failed or r.busy or r.state <> m ->> 'from' then
            return 'ignored';
        end if;
        update resource set generation = greatest(generation, generation_), state = m ->> 'to', tries = 0,
            state_since = clock_timestamp(), due_at = now() where id = id_ returning * into r;
    when 'nudge' then
        update resource set due_at = now() where id = id_ and due_at is not null and not busy and not failed;
        return 'applied';
    when 'down' then
        if known and r.goal = 'down' then
            return 'ignored';
        end if;
        if not known then
            insert into resource (id, goal, generation, due_at) values (id_, 'down', generation_, now())
                returning * into r;
        else
            update resource set goal = 'down', parked = false, generation = greatest(generation, generation_), failed = false, tries = 0,
                backoff_s = null, state_since = clock_timestamp(),
                due_at = case when busy then due_at else now() end where id = id_ returning * into r;
        end if;
    end case;

    if r.generation < d.anew then -- people read of what came after it
        return 'applied';
    end if;
    text_now := m -> 'texts' -> (r.goal || ' ' || r.state);
    new_status := status_after(d.status, d.generation, text_now ->> 'status', r.generation);
    new_message := case when d.status in ('ERROR', 'DESTROYED') then d.status_message
                        else coalesce(text_now ->> 'message', d.status_message) end;
    if new_status <> d.status or new_message <> d.status_message then
        update deployments set status = new_status, status_message = new_message,
            ready_at = case when new_status = 'READY' then coalesce(ready_at, clock_timestamp()) else ready_at end
            where id = id_;
        perform timeline_add(id_, 'progress', m ->> 'service');
    end if;
    return 'applied';
end $$;

-- ---------------------------------------------------------------- the operator's tools

-- As before; one that is being installed anew is left alone until its server works on that, and then goes on from the stage as any other.
create or replace function replay_plan(deployment uuid, stage text) returns jsonb stable language plpgsql as $$
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
    has_text := k.state is distinct from 'renewing' and exists (select from secrets where deployment_id = deployment and name = 'openrouter_key');
    -- One that looks for an order it does not remember may have paid it.
    paid := s.state is not null and (s.state not in ('new', 'carted', 'unsure', 'cancelled') or (s.state = 'unsure' and s.notes ? 'blind'));

    if d.anew > coalesce((s.notes ->> 'anew')::int, 0) then -- what is on its way to the server would set it back once more
        return jsonb_build_object('refused', 'it is being reinstalled, and that has not come to its server yet: '
                                             || case when d.status = 'ERROR' then 'a retry goes on with it' else 'let it go on' end);
    elsif stage = 'order' and s.state is null then
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
    if (first = 'key' and k.busy and k.state in ('named', 'renewing')) or (stage = 'order' and s.busy) then
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

-- The retry of a user, done by an operator: as the user's own, one with a delivered machine goes on as such.
create or replace function retry_by_operator(deployment uuid, by_whom text) returns boolean language plpgsql as $$
declare
    d record;
    was text;
begin
    select status, failed_piece into d from deployments where id = deployment for no key update;
    if not found or d.status <> 'ERROR' then
        return false;
    end if;
    select e.status into was from deployment_events e where e.deployment_id = deployment and e.status <> 'ERROR' order by e.seq desc limit 1;
    perform decide_by_operator(deployment, case when was = 'PROVISIONING' then was
                                                when d.failed_piece = 'server' then 'ORDERING'
                                                when d.failed_piece in ('installation', 'watch') then 'INSTALLING'
                                                else 'PENDING' end,
        'Trying again', d.failed_piece, 'clawctl replay --status', by_whom);
    return true;
end $$;

-- As before, and the decision to install anew, of which a stage may not have heard.
create or replace function owed_events(deployment uuid) returns table (room text, type text, topic text, payload jsonb) stable language sql as $$
    with d as (select * from deployments where id = deployment and status <> 'DESTROYED'),
         r as (select 'llm_key' as room, state, generation, said, notes from llm_key.resource where id = deployment
               union all select 'server', state, generation, said, notes from server.resource where id = deployment
               union all select 'installation', state, generation, said, notes from installation.resource where id = deployment
               union all select 'watch', state, generation, said, notes from watch.resource where id = deployment),
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
            union all -- it says which decision it is
            select 1, 'gateway', 'deployment.reinstall-requested', 'deployments', jsonb_build_object('generation', d.anew)
                from d where status <> 'DESTROYING' and exists (select from unnest(array['installation', 'watch']) heard
                    where d.anew > coalesce((select (r.notes ->> 'anew')::int from r where r.room = heard), 0))
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

-- ---------------------------------------------------------------- recalling it from the topics

-- A row begins again (or leaves its machine) for a decision to install anew, as apply_message has it: `which` is the decision, and
-- `within` the states from which it can (null: any; in others it goes on). True when that changed something.
create function recall_anew(room text, deployment uuid, decision int, which int, becomes text, within text[], waits text, rests boolean,
                            remembers jsonb, forgets text[]) returns boolean language plpgsql as $$
declare
    changed int;
begin
    if which = 0 or (select status in ('DESTROYING', 'DESTROYED') from deployments where id = deployment) then
        return false;
    end if;
    execute format($sql$
        update %I.resource set state = case when begins then $4 else state end, said = case when begins then null else said end,
            notes = case when begins then notes - $9 else notes end || $8 || jsonb_build_object('anew', $3),
            generation = greatest(generation, $2), parked = false, failed = false, busy = false, tries = 0, backoff_s = null, claim = claim + 1,
            state_since = clock_timestamp(), due_at = case when begins and $7 then null when begins or failed or due_at is not null then now() end
            from (select id as its_id, $5 is null or state = any ($5) as begins from %1$I.resource where id = $1) s
            where id = its_id and goal = 'up'
                and ($3 > coalesce((notes ->> 'anew')::int, 0) or ($3 = (notes ->> 'anew')::int and state = $6)) $sql$, room)
        using deployment, decision, which, becomes, within, waits, rests, remembers, forgets;
    get diagnostics changed = row_count;
    return changed > 0;
end $$;

-- How each stage begins again.
create function recall_key_anew(deployment uuid, decision int, which int) returns boolean language sql as $$
    select recall_anew('llm_key', deployment, decision, which, 'renewing', '{named,renewing,issued}', null, false, '{}', '{}')
$$;

create function recall_server_anew(deployment uuid, decision int, which int) returns boolean language sql as $$
    select recall_anew('server', deployment, decision, which, 'delivered', '{delivered,prepared,rebuilding,rebuilt,ready}', null, false, '{}',
                       '{public_key,rebuild_failures}')
$$;

create function recall_installation_anew(deployment uuid, decision int, which int, ip jsonb, service_name jsonb) returns boolean language sql as $$
    select recall_anew('installation', deployment, decision, which, 'new', null, 'left', false,
                       jsonb_build_object('ip', ip, 'service_name', service_name), '{host_key,offset,run_id,step,sentence,interruptions,key_runs,upgrade_to,upgrade_begun,upgrade_told}')
$$;

create function recall_watch_anew(deployment uuid, decision int, which int, ip jsonb) returns boolean language sql as $$
    select recall_anew('watch', deployment, decision, which, 'new', null, 'away', false, jsonb_build_object('ip', ip), '{why,bad_looks,good_looks}')
$$;

-- Nothing works on the machine any more, and nobody looks at it: as apply_message 'leave' has it.
create function recall_leave(deployment uuid, decision int) returns boolean language plpgsql as $$
declare
    changed boolean;
begin
    if (select status in ('DESTROYING', 'DESTROYED') from deployments where id = deployment) then
        return false;
    end if;
    insert into installation.resource (id, state, generation) values (deployment, 'leaving', decision) on conflict do nothing;
    insert into watch.resource (id, state, generation) values (deployment, 'away', decision) on conflict do nothing;
    changed := recall_anew('watch', deployment, decision, decision, 'away', null, null, true, '{}', '{}');
    return recall_anew('installation', deployment, decision, decision, 'leaving', null, null, false, '{}', '{}') or changed;
end $$;

-- The last decision to install anew that a row knows of.
create function recall_knows(room text, deployment uuid) returns int stable language plpgsql as $$
declare
    knows int;
begin
    execute format($sql$select (notes ->> 'anew')::int from %I.resource where id = $1$sql$, room) into knows using deployment;
    return coalesce(knows, 0);
end $$;

-- As before, and what a decision to install anew makes of the rows.
create or replace function recall_heard(deployment uuid, decision int, type text, f jsonb, anew boolean) returns boolean language plpgsql as $$
declare
    which int := coalesce((f ->> 'anew')::int, 0); -- 0: it comes of no decision to install anew
    remembers jsonb := jsonb_strip_nulls(jsonb_build_object('anew', f -> 'anew'));
begin
    return case type
        when 'deployment.requested' then recall_start('llm_key', deployment, decision, '{}', anew)
        when 'key.issued' then recall_start('server', deployment, decision, remembers, anew) or recall_server_anew(deployment, decision, which)
        when 'server.ready' then
            recall_start('installation', deployment, decision,
                         remembers || jsonb_build_object('ip', f -> 'ip', 'service_name', f -> 'serviceName'), anew)
            or recall_installation_anew(deployment, decision, which, f -> 'ip', f -> 'serviceName')
        when 'instance.installed' then
            recall_start('watch', deployment, decision, remembers || jsonb_build_object('ip', f -> 'ip'), anew)
            or recall_watch_anew(deployment, decision, which, f -> 'ip')
        when 'deployment.reinstall-requested' then recall_leave(deployment, decision)
        when 'instance.vacated' then recall_key_anew(deployment, decision, which)
        when 'deployment.retry-requested' then
            recall_decision(deployment, decision, 'retry')
            or (not exists (select from llm_key.resource where id = deployment)
                and recall_start('llm_key', deployment, decision, '{}', anew))
        when 'deployment.destroy-requested' then recall_decision(deployment, decision, 'down')
        else false
    end;
end $$;

create or replace function recall_said(deployment uuid, decision int, type text, topic text, f jsonb) returns boolean language plpgsql as $$
declare
    says jsonb := jsonb_build_object('type', type, 'topic', topic, 'fields', f - 'seq');
    server record;
    which int := coalesce((f ->> 'anew')::int, 0);
    remembers jsonb := jsonb_strip_nulls(jsonb_build_object('anew', f -> 'anew'));
    knows int := recall_knows(case when type like 'key.%' then 'llm_key' when type like 'server.%' then 'server'
                                   when type in ('instance.ready', 'instance.recovered', 'instance.unhealthy') then 'watch'
                                   else 'installation' end, deployment);
begin
    -- Of the system before the one that the row is about.
    if (type in ('key.issued', 'server.ready', 'instance.vacated', 'instance.installed') and which < knows)
       or (type in ('instance.restarted', 'instance.ready', 'instance.recovered', 'instance.unhealthy') and decision < knows) then
        return false;
    end if;
    case type
    when 'key.issued' then
        if which > knows or exists (select from llm_key.resource where id = deployment and state = 'renewing') then
            delete from secrets where deployment_id = deployment and name = 'openrouter_key'; -- the text of a key of before
        end if;
        return recall_row('llm_key', deployment, decision, 'issued', true,
                          remembers || jsonb_build_object('name', f -> 'name', 'limit_micro', (f ->> 'limitMicroUsd')::bigint
                              + coalesce((select (notes ->> 'spent_micro')::bigint from llm_key.resource where id = deployment), 0)),
                          '{hash}', says);
    when 'key.revoked' then
        delete from secrets where deployment_id = deployment and name = 'openrouter_key';
        return recall_gone('llm_key', deployment, decision, 'revoked');
    when 'server.ordered' then
        select state, notes -> 'order_id' as order_id into server from server.resource where id = deployment;
        if server.order_id = f -> 'orderId' and server.state not in ('new', 'carted', 'unsure', 'ordered', 'refused', 'cancelled') then
            return false;
        end if;
        return recall_row('server', deployment, decision, 'paid', false,
                          jsonb_build_object('order_id', f -> 'orderId', 'plan', f -> 'plan', 'datacenter', f -> 'datacenter'),
                          '{details,payments,service_name,ip}', says);
    when 'server.ready' then
        update deployments set ip_address = (f ->> 'ip')::inet where id = deployment;
        -- Rebuilt with a key that was made after the backup: the one that is here opens the system before.
        if not exists (select from server.resource where id = deployment and notes ? 'public_key') then
            delete from secrets where deployment_id = deployment and name = 'ssh_private_key';
        end if;
        return recall_row('server', deployment, decision, 'ready', true,
                          remembers || jsonb_build_object('ip', f -> 'ip', 'service_name', f -> 'serviceName'), '{}', says);
    when 'server.released' then
        return recall_gone('server', deployment, decision, 'released');
    when 'instance.vacated' then
        if which = knows and not exists (select from installation.resource where id = deployment and state = 'leaving') then
            return false; -- said again, or left since
        end if;
        delete from secrets where deployment_id = deployment and name = 'gateway_token';
        return recall_row('installation', deployment, decision, 'left', true, remembers,
                          '{host_key,offset,run_id,step,sentence,interruptions,key_runs,upgrade_to,upgrade_begun,upgrade_told}', says);
    when 'instance.installed' then
        delete from secrets where deployment_id = deployment and name in ('openrouter_key', 'certificates');
        return recall_row('installation', deployment, decision, 'installed', true,
                          remembers || jsonb_build_object('ip', f -> 'ip', 'version', f -> 'version'), '{}', says);
    when 'instance.restarted' then
        return recall_row('installation', deployment, decision, 'installed', true, jsonb_build_object('ip', f -> 'ip'), '{}', says);
    when 'instance.ready', 'instance.recovered' then
        return recall_row('watch', deployment, decision, 'ready', false, '{}', '{why,bad_looks,good_looks}', says);
    when 'instance.unhealthy' then
        return recall_row('watch', deployment, decision, 'unhealthy', false, '{}', '{bad_looks,good_looks}', says);
    when 'deployment.failed' then
        return recall_failed(deployment, decision, case f ->> 'stage' when 'key-provisioner' then 'llm_key' when 'ovh-orderer' then 'server'
                                                   when 'installer' then 'installation' when 'health-monitor' then 'watch' end);
    when 'deployment.destroyed' then
        perform recall_gone('llm_key', deployment, decision, 'revoked'), recall_gone('server', deployment, decision, 'released'),
                recall_gone('installation', deployment, decision, 'gone'), recall_gone('watch', deployment, decision, 'gone');
        return true;
    else
        return false;
    end case;
end $$;

create or replace function recall_text(type text, f jsonb) returns jsonb immutable language sql as $$
    select case type
        when 'deployment.reinstall-requested' then '{"status": "PROVISIONING", "message": "Preparing to install anew"}'
        when 'instance.vacated' then '{"status": "PROVISIONING", "message": "Renewing your OpenRouter key"}'
        when 'key.issued' then case when f ? 'anew' then '{"status": "PROVISIONING", "message": "Preparing the server"}'::jsonb else '{"status": "ORDERING", "message": "Choosing the server"}' end
        when 'server.ordered' then '{"status": "ORDERING", "message": "Waiting for OVH to deliver the server"}'
        when 'server.ready' then '{"status": "PROVISIONING", "message": "Connecting to the server"}'
        when 'instance.installed' then '{"status": "INSTALLING", "message": "Checking OpenClaw from outside"}'
        when 'instance.restarted' then '{"message": "OpenClaw was restarted"}'
        when 'instance.ready' then '{"status": "READY", "message": "OpenClaw is ready"}'
        when 'instance.recovered' then '{"status": "READY", "message": "OpenClaw is ready"}'
        when 'instance.unhealthy' then jsonb_build_object('message', 'OpenClaw does not work at the moment: ' || (f ->> 'reason'))
        when 'deployment.failed' then jsonb_build_object('status', 'ERROR', 'message', f ->> 'reason')
        when 'deployment.retry-requested' then
            jsonb_build_object('message', 'Trying again', 'status', case f ->> 'stage' when 'server' then 'ORDERING'
                when 'installation' then 'INSTALLING' when 'watch' then 'INSTALLING' else 'PENDING' end)
        when 'deployment.destroy-requested' then '{"status": "DESTROYING", "message": "Releasing everything"}'
        when 'deployment.destroyed' then '{"status": "DESTROYED", "message": "Destroyed"}'
        else '{}'::jsonb
    end
$$;

create or replace function recall_status(deployment uuid, decision int, type text, f jsonb, said_at timestamptz) returns boolean language plpgsql as $$
declare
    d record;
    text_now jsonb := recall_text(type, f);
    wanted text := text_now ->> 'status';
    becomes text;
    words text;
begin
    if type = 'deployment.destroyed' then -- the wish to destroy it may be lost
        update deployments set status = 'DESTROYING' where id = deployment and status <> 'DESTROYED';
    end if;
    select status, status_message, generation, anew into d from deployments where id = deployment;
    becomes := case when wanted is null or (decision < d.anew and type not like 'deployment.%') then d.status
                    when type = 'deployment.reinstall-requested' then
                        case when d.status in ('DESTROYING', 'DESTROYED') or decision <= d.anew then d.status else wanted end
                    when type like 'deployment.%' and type <> 'deployment.failed' then
                        case when status_move_legal(d.status, wanted) then wanted else d.status end
                    else status_after(d.status, d.generation, wanted, decision) end;
    words := case when becomes <> d.status then text_now ->> 'message'
                  when d.status = 'ERROR' and type = 'deployment.failed' and decision >= d.generation then text_now ->> 'message'
                  when d.status in ('ERROR', 'DESTROYED') or decision < d.generation then null
                  else text_now ->> 'message' end;
    update deployments set
        status = becomes,
        status_message = coalesce(words, status_message),
        generation = greatest(generation, decision),
        anew = case when type = 'deployment.reinstall-requested' then greatest(anew, decision) else anew end,
        failed_piece = case when becomes <> 'ERROR' then null
                            when d.status <> 'ERROR' then case f ->> 'stage' when 'key-provisioner' then 'llm_key' when 'ovh-orderer' then 'server'
                                                               when 'installer' then 'installation' when 'health-monitor' then 'watch' end
                            else failed_piece end,
        decided_at = case when type in ('deployment.retry-requested', 'deployment.reinstall-requested') then clock_timestamp() else decided_at end,
        ready_at = case when becomes = 'READY' then coalesce(ready_at, said_at) else ready_at end,
        destroyed_at = case when becomes = 'DESTROYED' then coalesce(destroyed_at, said_at) else destroyed_at end,
        owed = case when becomes = 'DESTROYED' then '{}' else owed end,
        updated_at = clock_timestamp()
        where id = deployment;
    if becomes = 'DESTROYED' then
        perform forget_secrets(deployment);
    end if;
    return becomes <> d.status or coalesce(words, d.status_message) <> d.status_message;
end $$;

-- As before; a row that is to begin again needs nothing of what was lost.
create or replace function recall_finish(deployment uuid) returns text language plpgsql as $$
declare
    d record;
    has text[] := array(select name from secrets where deployment_id = deployment);
    key_state text := (select state from llm_key.resource where id = deployment);
    server_state text := (select state from server.resource where id = deployment);
    installation_state text := (select state from installation.resource where id = deployment);
    installed boolean := coalesce(installation_state in ('installed', 'set_up', 'restarting', 'coming_back'), false);
    anew constant text[] := '{task,rebuild_failures,late_told,late_since,late_text,papers,marked}'; -- of a server's rebuilds
    done text := '';
    words text;
begin
    select status, owed, generation, deployments.anew into d from deployments where id = deployment for no key update;
    if d.status = 'DESTROYING' and d.owed = '{}' then -- only its last event is missing
        update deployments set status = 'DESTROYED', status_message = 'Destroyed', destroyed_at = clock_timestamp() where id = deployment;
        perform forget_secrets(deployment), timeline_add(deployment, 'deployment.destroyed', 'clawctl');
        return 'destroyed';
    end if;
    if d.status in ('DESTROYING', 'DESTROYED') then
        return '';
    end if;

    -- A stage that is done may have said so in an event that is lost, too: the next one begins all the same.
    if installation_state = 'left' then
        perform recall_key_anew(deployment, d.generation, recall_knows('installation', deployment));
    end if;
    if key_state = 'issued' then
        perform recall_start('server', deployment, d.generation, '{}', false),
                recall_server_anew(deployment, d.generation, recall_knows('llm_key', deployment));
    end if;
    if server_state = 'ready' then
        perform recall_start('installation', deployment, d.generation, jsonb_build_object('ip', notes -> 'ip', 'service_name', notes -> 'service_name'), false),
                recall_installation_anew(deployment, d.generation, recall_knows('server', deployment), notes -> 'ip', notes -> 'service_name')
            from server.resource where id = deployment;
    end if;
    if installation_state = 'installed' then
        perform recall_start('watch', deployment, d.generation, jsonb_build_object('ip', notes -> 'ip'), false),
                recall_watch_anew(deployment, d.generation, recall_knows('installation', deployment), notes -> 'ip')
            from installation.resource where id = deployment;
    end if;
    if d.anew > recall_knows('server', deployment) then
        return ''; -- to be installed anew: what is lost is made again by that
    end if;
    key_state := (select state from llm_key.resource where id = deployment);
    server_state := (select state from server.resource where id = deployment);

    if key_state = 'issued' and not installed and 'openrouter_key' <> all (has) then
        -- What follows waits for the new key: key.issued starts it. What is being ordered or on its way goes on.
        perform recall_again('llm_key', deployment, 'named', false, d.status = 'ERROR', '{hash}');
        if server_state in ('delivered', 'prepared', 'rebuilding', 'rebuilt', 'ready') then
            perform recall_again('server', deployment, 'delivered', true, false, anew);
        elsif d.status = 'ERROR' and server_state = 'paid' then
            perform recall_late(deployment); -- set up only when a retry has made the key, too
        end if;
        perform recall_again('installation', deployment, 'new', true, false, '{}');
        update deployments set failed_piece = 'llm_key' where id = deployment and status = 'ERROR';
        done := 'the key is made again';
        words := 'Its key was lost with the database and is made again';
    elsif server_state = 'ready' and not installed and 'ssh_private_key' <> all (has) then
        perform recall_again('server', deployment, 'delivered', false, d.status = 'ERROR', anew);
        perform recall_again('installation', deployment, 'new', true, false, '{}');
        update deployments set failed_piece = 'server' where id = deployment and status = 'ERROR';
        done := 'the server is set up again';
        words := 'The way in was lost with the database; the server is set up again';
    elsif installed and 'ssh_private_key' <> all (has) then
        done := 'the SSH key of its machine is lost';
    elsif installation_state = 'installed' and 'gateway_token' <> all (has) then
        perform recall_again('installation', deployment, 'set_up', false, false, '{}'); -- the machine knows it
        done := 'its token is read from the machine again';
    end if;
    if d.status in ('PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING') then
        if exists (select from watch.resource where id = deployment and state = 'ready' and goal = 'up') then
            update deployments set status = 'READY', status_message = 'OpenClaw is ready', ready_at = coalesce(ready_at, clock_timestamp())
                where id = deployment; -- a retry found that it works: no event says so
            perform timeline_add(deployment, 'progress', 'clawctl');
            return done;
        end if;
        if words is not null then
            update deployments set status_message = words where id = deployment;
            perform timeline_add(deployment, 'progress', 'clawctl');
        end if;
    end if;
    return done;
end $$;

do $$
declare
    f regprocedure;
begin
    for f in select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace and proname like 'recall%' loop
        execute format('revoke all on function %s from public', f);
    end loop;
end $$;
