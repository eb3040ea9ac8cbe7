-- A database restored from a backup is older than the world: the topics know what it missed. What the services
-- need to notice it, and what brings the rows up to date, event by event (clawctl replay --from-log).
set lock_timeout = '3s';

-- Kafka's id beside each reading position: positions of one cluster mean nothing in another.
do $$
declare
    room text;
begin
    foreach room in array array['llm_key', 'server', 'installation', 'watch'] loop
        execute format('alter table %I.offsets add column cluster text check (length(cluster) <= 100)', room);
    end loop;
end $$;

-- Where each stage goes on reading. Any service may look: an event that one stage has not yet read may tell
-- another one that its rows are old.
create view reading_positions as
    select 'llm_key' as room, topic, partition, next, cluster from llm_key.offsets
    union all select 'server', topic, partition, next, cluster from server.offsets
    union all select 'installation', topic, partition, next, cluster from installation.offsets
    union all select 'watch', topic, partition, next, cluster from watch.offsets;
grant select on reading_positions to key_provisioner, ovh_orderer, installer, health_monitor;

-- A line that was recalled, and whose place was taken by a decision made after the restore: the place its event names.
alter table deployment_events add column said_seq int;

-- A stage begins, as apply_message 'start' does. True when that changed something. `anew`: the event is news to
-- this database, so it also wakes a row that an operator has parked.
create function recall_start(room text, deployment uuid, decision int, remembers jsonb, anew boolean) returns boolean
    language plpgsql as $$
declare
    changed int;
    down boolean := (select status = 'DESTROYING' from deployments where id = deployment);
begin
    if (select status = 'DESTROYED' from deployments where id = deployment) then
        return false;
    end if;
    execute format($sql$
        insert into %I.resource as q (id, goal, generation, due_at, notes, claim) values ($1, $2, $3, now(), $4, 1)
        on conflict (id) do update set parked = false, goal = excluded.goal, generation = greatest(q.generation, excluded.generation),
            failed = false, tries = 0, backoff_s = null, state_since = clock_timestamp(), due_at = now(),
            notes = q.notes || excluded.notes, claim = q.claim + 1 where q.parked and $5 and excluded.generation >= q.generation $sql$, room)
        using deployment, case when down then 'down' else 'up' end, decision, remembers, anew;
    get diagnostics changed = row_count;
    return changed > 0;
end $$;

-- A row is where its event says it was. True when it was not. Its claim counter grows: what was under way before
-- the backup was made is fenced off.
create function recall_row(room text, deployment uuid, decision int, becomes text, rests boolean, remembers jsonb, forgets text[],
                           says jsonb) returns boolean language plpgsql as $$
declare
    changed int;
begin
    execute format($sql$
        insert into %I.resource as q (id, state, generation, due_at, notes, said, claim)
            values ($1, $2, $3, case when not $4 then now() end, $5, $7, 1)
        on conflict (id) do update set state = excluded.state, generation = greatest(q.generation, excluded.generation),
            due_at = case when q.goal = 'down' then now() else excluded.due_at end,
            notes = (q.notes - $6) || excluded.notes, said = excluded.said, claim = q.claim + 1, busy = false, failed = false,
            parked = false, tries = 0, backoff_s = null, state_since = clock_timestamp()
            where (q.state <> excluded.state or not q.notes @> excluded.notes) and q.state not in ('revoked', 'released', 'gone') $sql$, room)
        using deployment, becomes, decision, rests, remembers, forgets, says;
    get diagnostics changed = row_count;
    return changed > 0;
end $$;

-- Nothing is left of a stage.
create function recall_gone(room text, deployment uuid, decision int, becomes text) returns boolean language plpgsql as $$
declare
    changed int;
begin
    execute format($sql$
        insert into %I.resource as q (id, state, goal, generation, claim) values ($1, $2, 'down', $3, 1)
        on conflict (id) do update set state = excluded.state, goal = 'down', generation = greatest(q.generation, excluded.generation),
            due_at = null, notes = q.notes - 'hash', claim = q.claim + 1, busy = false, failed = false, parked = false, tries = 0,
            state_since = clock_timestamp()
            where q.state <> excluded.state or q.due_at is not null $sql$, room)
        using deployment, becomes, decision;
    get diagnostics changed = row_count;
    if changed > 0 then
        update deployments set owed = array_remove(owed, room) where id = deployment;
    end if;
    return changed > 0;
end $$;

-- A decision of the user reaches every stage: 'retry' or 'down', as apply_message has them.
create function recall_decision(deployment uuid, decision int, effect text) returns boolean language plpgsql as $$
declare
    room text;
    n int;
    changed boolean := false;
begin
    foreach room in array array['llm_key', 'server', 'installation', 'watch'] loop
        if effect = 'retry' then
            execute format($sql$
                update %I.resource set generation = $2, failed = false, tries = 0, backoff_s = null, claim = claim + 1, busy = false,
                    state_since = case when failed then clock_timestamp() else state_since end,
                    due_at = case when failed or due_at is not null then now() end
                    where id = $1 and goal = 'up' and generation < $2 $sql$, room) using deployment, decision;
        else
            execute format($sql$
                insert into %I.resource as q (id, goal, generation, due_at, claim) values ($1, 'down', $2, now(), 1)
                on conflict (id) do update set goal = 'down', parked = false, generation = greatest(q.generation, excluded.generation),
                    failed = false, tries = 0, backoff_s = null, busy = false, claim = q.claim + 1,
                    state_since = clock_timestamp(), due_at = now() where q.goal = 'up' $sql$, room) using deployment, decision;
        end if;
        get diagnostics n = row_count;
        changed := changed or n > 0;
    end loop;
    return changed;
end $$;

-- What the stages that hear the event make of it. It may be old news to this database and yet unheard.
create function recall_heard(deployment uuid, decision int, type text, f jsonb, anew boolean) returns boolean language plpgsql as $$
begin
    return case type
        when 'deployment.requested' then recall_start('llm_key', deployment, decision, '{}', anew)
        when 'key.issued' then recall_start('server', deployment, decision, '{}', anew)
        when 'server.ready' then recall_start('installation', deployment, decision,
                                              jsonb_build_object('ip', f -> 'ip', 'service_name', f -> 'serviceName'), anew)
        when 'instance.installed' then recall_start('watch', deployment, decision, jsonb_build_object('ip', f -> 'ip'), anew)
        when 'deployment.retry-requested' then
            recall_decision(deployment, decision, 'retry')
            or (not exists (select from llm_key.resource where id = deployment)
                and recall_start('llm_key', deployment, decision, '{}', anew))
        when 'deployment.destroy-requested' then recall_decision(deployment, decision, 'down')
        else false
    end;
end $$;

-- A server that is paid for, or may be, while its deployment is in ERROR: it is watched, held for a retry, or given back. That
-- only looks at first; whatever it finds goes its way.
create function recall_late(deployment uuid) returns void language sql as $$
    update server.resource set state = 'late', notes = notes || jsonb_build_object('late_told', generation,
            'late_since', extract(epoch from now())::bigint), parked = false, failed = false, busy = false, claim = claim + 1, tries = 0,
            backoff_s = null, due_at = now(), state_since = clock_timestamp()
        where id = deployment and goal = 'up' and state in ('ordered', 'paid')
$$;

-- A stage gave up. A server that is paid for goes on being waited for: only the one who said it knows whether it rested,
-- and looking again changes nothing, while a machine that nobody looks for is money lost.
create function recall_failed(deployment uuid, decision int, room text) returns boolean language plpgsql as $$
declare
    changed int;
begin
    if room is null then
        return false;
    end if;
    execute format($sql$
        update %I.resource set failed = not goes_on, claim = claim + 1, busy = false, tries = 0, due_at = case when goes_on then now() end,
            notes = case when goes_on then notes || '{"recalled_late": 1}' else notes end -- whether it was given back, OVH must say
            from (select id as its_id, $2 = 'server' and state in ('ordered', 'paid', 'late', 'held', 'unwanted') as goes_on
                  from %1$I.resource where id = $1) s
            where id = its_id and goal = 'up' and generation <= $3 and not failed $sql$, room) using deployment, room, decision;
    get diagnostics changed = row_count;
    if changed > 0 and room = 'server' then
        perform recall_late(deployment);
    end if;
    return changed > 0;
end $$;

-- What the stage that says an event had made of its row. Only for events that are news to this database.
create function recall_said(deployment uuid, decision int, type text, topic text, f jsonb) returns boolean language plpgsql as $$
declare
    says jsonb := jsonb_build_object('type', type, 'topic', topic, 'fields', f - 'seq');
    server record;
begin
    case type
    when 'key.issued' then
        return recall_row('llm_key', deployment, decision, 'issued', true,
                          jsonb_build_object('name', f -> 'name', 'limit_micro', f -> 'limitMicroUsd'), '{hash}', says);
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
        return recall_row('server', deployment, decision, 'ready', true,
                          jsonb_build_object('ip', f -> 'ip', 'service_name', f -> 'serviceName'), '{}', says);
    when 'server.released' then
        return recall_gone('server', deployment, decision, 'released');
    when 'instance.installed' then
        delete from secrets where deployment_id = deployment and name = 'openrouter_key';
        return recall_row('installation', deployment, decision, 'installed', true,
                          jsonb_build_object('ip', f -> 'ip', 'version', f -> 'version'), '{}', says);
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

-- What people read while it is so: {status, message}; either may be missing.
create function recall_text(type text, f jsonb) returns jsonb immutable language sql as $$
    select case type
        when 'key.issued' then '{"status": "ORDERING", "message": "Choosing the server"}'
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

-- Status, text and the like of the deployment. True when people see a difference.
create function recall_status(deployment uuid, decision int, type text, f jsonb, said_at timestamptz) returns boolean language plpgsql as $$
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
    select status, status_message, generation into d from deployments where id = deployment;
    becomes := case when wanted is null then d.status
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
        failed_piece = case when becomes <> 'ERROR' then null
                            when d.status <> 'ERROR' then case f ->> 'stage' when 'key-provisioner' then 'llm_key' when 'ovh-orderer' then 'server'
                                                               when 'installer' then 'installation' when 'health-monitor' then 'watch' end
                            else failed_piece end,
        decided_at = case when type = 'deployment.retry-requested' then clock_timestamp() else decided_at end,
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

-- The line of the event in the timeline, at its own place; the places before it that no event tells of held lines
-- of progress. A place that was taken since the restore is kept: the line goes to the end and names its own.
create function recall_line(deployment uuid, place int, line_type text, line_stage text, said_at timestamptz) returns void language plpgsql as $$
declare
    d record;
begin
    select seq, status, status_message, generation into d from deployments where id = deployment;
    insert into deployment_events (deployment_id, seq, at, type, stage, status, message, generation)
        select deployment, lost, said_at, 'progress', 'clawctl', d.status, 'What was noted here was lost with the database', d.generation
        from generate_series(d.seq + 1, place - 1) lost;
    insert into deployment_events (deployment_id, seq, said_seq, at, type, stage, status, message, generation)
        values (deployment, greatest(place, d.seq + 1), case when place <= d.seq then place end, said_at, line_type, line_stage,
                d.status, d.status_message, d.generation);
    update deployments set seq = greatest(place, d.seq + 1) where id = deployment;
end $$;

-- Brings the rows up to date by one event: {type, topic, service, at, fields}; fields is the event as it was said. In the
-- order of seq, each deployment by itself. Twice changes nothing. Says what came of it: 'known', 'heard' (known, but a
-- stage had not read it yet), 'repeat' (an event said again for a stage that might have missed it), 'recalled', or what
-- makes it impossible: 'no user', 'no deployment', 'too far'.
create function recall(event jsonb) returns text language plpgsql as $$
declare
    f jsonb := event -> 'fields';
    id_ uuid := (f ->> 'deploymentId')::uuid;
    decision int := (f ->> 'generation')::int;
    place int := (f ->> 'seq')::int;
    type_ text := event ->> 'type';
    said_at timestamptz := (event ->> 'at')::timestamptz;
    last int;
    anew boolean;
    changed boolean;
begin
    select seq into last from deployments where id = id_ for no key update;
    if not found and type_ <> 'deployment.requested' then
        return 'no deployment';
    elsif not found then
        if not exists (select from users where id = (f ->> 'userId')::uuid) then
            return 'no user';
        end if;
        last := 0;
        insert into deployments (id, user_id, name, status_message, created_at)
            values (id_, (f ->> 'userId')::uuid, f ->> 'name', 'Getting started', (f ->> 'createdAt')::timestamptz);
    end if;
    if place > last + 10000 then
        return 'too far';
    end if;
    anew := not exists (select from deployment_events where deployment_id = id_ and coalesce(said_seq, seq) = place and type = type_);
    if not anew then
        return case when recall_heard(id_, decision, type_, f, false) then 'heard' else 'known' end;
    end if;
    changed := recall_said(id_, decision, type_, event ->> 'topic', f);
    changed := recall_status(id_, decision, type_, f, said_at) or changed;
    changed := recall_heard(id_, decision, type_, f, true) or changed;
    if not changed and type_ not in ('deployment.requested', 'deployment.restart-requested') then
        return 'repeat';
    end if;
    perform recall_line(id_, place, type_, event ->> 'service', said_at);
    return 'recalled';
end $$;

-- A row is set back to a state from which it does its work again; parked: when the event that starts it comes.
create function recall_again(room text, deployment uuid, becomes text, parks boolean, rests boolean, forgets text[]) returns void
    language plpgsql as $$
begin
    execute format($sql$
        update %I.resource set state = $2, parked = $3, failed = $4 and not $3, due_at = case when not $3 and not $4 then now() end,
            notes = notes - $5, generation = greatest(generation, $6), busy = false, claim = claim + 1, tries = 0, backoff_s = null, state_since = clock_timestamp()
            where id = $1 and goal = 'up' $sql$, room) using deployment, becomes, parks, rests, forgets, (select generation from deployments where id = deployment);
end $$;

-- After the last event of a deployment. Secrets are in no event: what needs a lost one is done again, where nothing
-- works with it yet. Says what, or ''.
create function recall_finish(deployment uuid) returns text language plpgsql as $$
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
    select status, owed, generation into d from deployments where id = deployment for no key update;
    if d.status = 'DESTROYING' and d.owed = '{}' then -- only its last event is missing
        update deployments set status = 'DESTROYED', status_message = 'Destroyed', destroyed_at = clock_timestamp() where id = deployment;
        perform forget_secrets(deployment), timeline_add(deployment, 'deployment.destroyed', 'clawctl');
        return 'destroyed';
    end if;
    if d.status in ('DESTROYING', 'DESTROYED') then
        return '';
    end if;

    -- A stage that is done may have said so in an event that is lost, too: the next one begins all the same.
    if key_state = 'issued' then
        perform recall_start('server', deployment, d.generation, '{}', false);
    end if;
    if server_state = 'ready' then
        perform recall_start('installation', deployment, d.generation,
                             (select jsonb_build_object('ip', notes -> 'ip', 'service_name', notes -> 'service_name')
                              from server.resource where id = deployment), false);
    end if;
    if installation_state = 'installed' then
        perform recall_start('watch', deployment, d.generation, (select jsonb_build_object('ip', notes -> 'ip')
                                                                 from installation.resource where id = deployment), false);
    end if;

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

-- All is read: every stage goes on behind it. `ends`: [{topic, partition, next}]. A move that was not done when the
-- backup was made may have been done since: each row with work left is told that an earlier run was cut off (busy, due),
-- so that it looks before it acts. True when anything was behind.
create function recall_end(ends jsonb, kafka_cluster text) returns boolean language plpgsql as $$
declare
    room text;
    n int;
    behind boolean := false;
begin
    foreach room in array array['llm_key', 'server', 'installation', 'watch'] loop
        execute format($sql$
            insert into %I.offsets as q (topic, partition, next, cluster)
                select e.topic, e.partition, e.next, $2 from jsonb_to_recordset($1) as e(topic text, partition int, next bigint)
            on conflict (topic, partition) do update set next = excluded.next, cluster = excluded.cluster
                where q.next <> excluded.next or q.cluster is distinct from excluded.cluster $sql$, room) using ends, kafka_cluster;
        get diagnostics n = row_count;
        behind := behind or n > 0;
    end loop;
    if behind then
        foreach room in array array['llm_key', 'server', 'installation', 'watch'] loop
            execute format($sql$
                update %I.resource set busy = true, claim = claim + 1, claimed_by = null, due_at = now(), state_since = clock_timestamp()
                    where due_at is not null and not parked $sql$, room);
        end loop;
        update deployments set decided_at = clock_timestamp() -- the time of the outage does not count
            where status in ('PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING');
    end if;
    return behind;
end $$;

do $$
declare
    f regprocedure;
begin
    for f in select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace and proname like 'recall%' loop
        execute format('revoke all on function %s from public', f);
    end loop;
end $$;
