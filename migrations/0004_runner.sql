-- What the runner and the inbox do in one transaction. Both run with the caller's rights and search path, so
-- `resource`, `outbox` and `offsets` are the calling service's own.
set lock_timeout = '3s';
set local check_function_bodies = off; -- they name tables that only a service's search path finds

-- The status a deployment takes when a stage that works on `generation` wants it to be `wanted`.
-- A stage only ever moves it forward, never out of ERROR (a retry does) nor out of DESTROYING (the last release does).
create function status_after(current text, current_generation int, wanted text, wanted_generation int) returns text
    immutable language sql as $$
    select case
        when wanted is null or current in ('DESTROYING', 'DESTROYED', 'ERROR') then current
        when wanted = 'ERROR' and wanted_generation < current_generation then current
        when status_move_legal(current, wanted) then wanted
        else current
    end
$$;

-- One more line in the timeline of a deployment whose row the caller has locked.
create function timeline_add(deployment uuid, line_type text, line_stage text) returns int language plpgsql as $$
declare
    d record;
begin
    update deployments set seq = seq + 1, updated_at = clock_timestamp() where id = deployment
        returning seq, status, status_message, generation into d;
    insert into deployment_events (deployment_id, seq, type, stage, status, message, generation)
        values (deployment, d.seq, line_type, line_stage, d.status, d.status_message, d.generation);
    return d.seq;
end $$;

-- Puts an event into the caller's outbox, numbered as the timeline is.
create function say(deployment uuid, at_seq int, event_type text, event_topic text, fields jsonb, owner uuid)
    returns void language sql as $$
    insert into outbox (topic, key, type, payload, owner, lease_until)
        values (event_topic, deployment::text, event_type,
                (fields || jsonb_build_object('deploymentId', deployment, 'seq', at_seq))::text,
                owner, clock_timestamp() + interval '10 s')
$$;

-- The last secrets of a destroyed deployment, whoever released last: also a service that may not read secrets.
-- It runs with its owner's rights, so nothing a caller can make (a temporary table least of all) may be found first.
create function forget_secrets(deployment uuid) returns void language sql security definer
    set search_path = pg_catalog, public, pg_temp as $$
    delete from public.secrets s using public.deployments d
        where s.deployment_id = deployment and d.id = deployment and d.status = 'DESTROYED'
$$;
revoke all on function forget_secrets from public;
grant execute on function forget_secrets to key_provisioner, ovh_orderer, installer, health_monitor;

-- Settles one outcome. `o` holds: state, goal, generation, delay (seconds; absent = rest), tries, failed, backoff,
-- notes, status, message, event {type, topic, fields}, released, lines, keep, forget, ip, piece, service, owner.
-- False: another worker owns the row by now, nothing was done.
create function settle(resource_id uuid, resource_claim bigint, o jsonb) returns boolean language plpgsql as $$
declare
    r record;
    d record;
    stale boolean;
    new_status text;
    new_message text;
    at_seq int;
begin
    select generation, goal, state into r from resource where id = resource_id and claim = resource_claim and busy for update;
    if not found then
        return false;
    end if;
    stale := r.generation <> (o ->> 'generation')::int or r.goal <> o ->> 'goal';

    update resource set
        state = o ->> 'state',
        busy = false,
        failed = (o ->> 'failed')::boolean and not stale,
        tries = case when stale then 0 else (o ->> 'tries')::int end,
        backoff_s = (o ->> 'backoff')::real,
        notes = jsonb_strip_nulls(notes || coalesce(o -> 'notes', '{}')),
        state_since = case when state = o ->> 'state' and not stale then state_since else clock_timestamp() end,
        due_at = case when stale then now()
                      else now() + (o ->> 'delay')::double precision * interval '1 s' end
        where id = resource_id;

    if o ? 'keep' then
        insert into secrets (deployment_id, name, sealed)
            select resource_id, key, value from jsonb_each_text(o -> 'keep')
            on conflict (deployment_id, name) do update set sealed = excluded.sealed, updated_at = now();
    end if;
    if o ? 'forget' then
        delete from secrets where deployment_id = resource_id and name in (select jsonb_array_elements_text(o -> 'forget'));
    end if;
    if o ? 'lines' then
        insert into deployment_log (deployment_id, stage, line)
            select resource_id, o ->> 'service', line from jsonb_array_elements_text(o -> 'lines') line;
    end if;
    if not (o ? 'status' or o ? 'message' or o ? 'event' or o ? 'released' or o ? 'ip') then
        return true;
    end if;

    select status, status_message, generation, owed into d from deployments where id = resource_id for update;
    new_status := status_after(d.status, d.generation, o ->> 'status', (o ->> 'generation')::int);
    new_message := case when d.status = 'ERROR' or d.status = 'DESTROYED' then d.status_message
                        when (stale or d.generation <> r.generation) and o ->> 'goal' = 'up' then d.status_message
                        else coalesce(o ->> 'message', d.status_message) end;
    if o ? 'released' then
        d.owed := array_remove(d.owed, o ->> 'piece');
    end if;
    update deployments set
        status = new_status,
        status_message = new_message,
        failed_piece = case when new_status = 'ERROR' and d.status <> 'ERROR' then o ->> 'piece' else failed_piece end,
        ready_at = case when new_status = 'READY' then coalesce(ready_at, clock_timestamp()) else ready_at end,
        owed = d.owed,
        ip_address = coalesce((o ->> 'ip')::inet, ip_address),
        updated_at = clock_timestamp()
        where id = resource_id;

    if o ? 'event' and not ((o -> 'event' ->> 'type') = 'deployment.failed' and new_status <> 'ERROR') then
        at_seq := timeline_add(resource_id, o -> 'event' ->> 'type', o ->> 'service');
        perform say(resource_id, at_seq, o -> 'event' ->> 'type', o -> 'event' ->> 'topic', o -> 'event' -> 'fields', (o ->> 'owner')::uuid);
    elsif new_status <> d.status or new_message <> d.status_message then
        perform timeline_add(resource_id, 'progress', o ->> 'service');
    end if;

    if d.status = 'DESTROYING' and d.owed = '{}' then
        update deployments set status = 'DESTROYED', status_message = 'Destroyed', destroyed_at = clock_timestamp(),
            updated_at = clock_timestamp() where id = resource_id;
        perform forget_secrets(resource_id);
        at_seq := timeline_add(resource_id, 'deployment.destroyed', o ->> 'service');
        perform say(resource_id, at_seq, 'deployment.destroyed', 'deployments',
                    jsonb_build_object('generation', r.generation), (o ->> 'owner')::uuid);
    end if;
    return true;
end $$;

-- Applies one message. `m` holds: effect (start, retry, step, nudge, down, none, dead), id, generation, from, to, notes,
-- texts ({"up new": {"status", "message"}, …}), service, owner, and for a dead letter: dead {…}.
-- Says what came of it: 'repeat' (already applied), 'ignored', 'applied', 'dead'.
create function apply_message(message_topic text, message_partition int, message_offset bigint, m jsonb)
    returns text language plpgsql as $$
declare
    r record;
    d record;
    known boolean;
    text_now jsonb;
    new_status text;
    new_message text;
    id_ uuid := (m ->> 'id')::uuid;
    generation_ int := (m ->> 'generation')::int;
    effect text := m ->> 'effect';
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
    select status, generation, status_message into d from deployments where id = id_ for update;
    if not found then
        perform dead_letter(message_topic, message_partition, message_offset,
                            jsonb_set(m, '{dead,reason}', '"no such deployment"'));
        return 'dead';
    end if;

    case effect
    when 'start' then
        if known or d.status = 'DESTROYED' then
            return 'ignored';
        end if;
        insert into resource (id, goal, generation, due_at, notes)
            values (id_, case when d.status = 'DESTROYING' then 'down' else 'up' end,
                    greatest(generation_, d.generation), now(), coalesce(m -> 'notes', '{}'))
            returning * into r;
    when 'retry' then
        if not known or generation_ <= r.generation or r.goal = 'down' then
            return 'ignored';
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
        update resource set due_at = now() where id = id_ and due_at is not null and not busy and not r.failed;
        return 'applied';
    when 'down' then
        if known and r.goal = 'down' then
            return 'ignored';
        end if;
        if not known then
            insert into resource (id, goal, generation, due_at) values (id_, 'down', generation_, now())
                returning * into r;
        else
            update resource set goal = 'down', generation = greatest(generation, generation_), failed = false, tries = 0,
                backoff_s = null, state_since = clock_timestamp(),
                due_at = case when busy then due_at else now() end where id = id_ returning * into r;
        end if;
    end case;

    text_now := m -> 'texts' -> (r.goal || ' ' || r.state);
    new_status := status_after(d.status, d.generation, text_now ->> 'status', r.generation);
    new_message := case when d.status in ('ERROR', 'DESTROYED') then d.status_message
                        else coalesce(text_now ->> 'message', d.status_message) end;
    if new_status <> d.status or new_message <> d.status_message then
        update deployments set status = new_status, status_message = new_message where id = id_;
        perform timeline_add(id_, 'progress', m ->> 'service');
    end if;
    return 'applied';
end $$;

create function dead_letter(message_topic text, message_partition int, message_offset bigint, m jsonb) returns void
    language sql as $$
    insert into outbox (topic, key, type, payload, owner, lease_until)
        values ('dead-letters', coalesce(nullif(m -> 'dead' ->> 'key', ''), gen_random_uuid()::text), 'dead-letter',
                (m -> 'dead' || jsonb_build_object('topic', message_topic, 'partition', message_partition,
                                                   'offset', message_offset, 'service', m ->> 'service'))::text,
                (m ->> 'owner')::uuid, clock_timestamp() + interval '10 s')
$$;
