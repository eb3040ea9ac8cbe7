-- Trouble that does not end a row, retries that heal lost events, rows set back by an operator.
set lock_timeout = '3s';
set local check_function_bodies = off; -- they name tables that only a service's search path finds

-- When the user last decided that it should run: limits count from here.
alter table deployments add column decided_at timestamptz not null default now();

-- For the gateway's look at what takes too long.
create index deployments_unfinished on deployments (decided_at) where status in ('PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING');

do $$
declare
    room text;
begin
    foreach room in array array['llm_key', 'server', 'installation', 'watch'] loop
        execute format('alter table %I.resource
            add column said jsonb,                            -- its last event {type, topic, fields}, to be said again
            add column parked boolean not null default false  -- set back by an operator: waits for the event that starts it
            ', room);
    end loop;
end $$;

-- Settles one outcome. `o` holds: state, goal, generation, delay (seconds; absent = rest), tries, failed, backoff,
-- notes, status, message, event {type, topic, fields}, released, lines, keep, forget, ip, piece, service, owner.
-- Status ERROR without failed: trouble that people must hear of while the row goes on (a late delivery).
-- False: another worker owns the row by now, nothing was done.
create or replace function settle(resource_id uuid, resource_claim bigint, o jsonb) returns boolean language plpgsql as $$
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
        said = case when o -> 'event' ->> 'type' <> 'deployment.failed' then o -> 'event' else said end,
        state_since = case when state = o ->> 'state' and not stale then state_since else clock_timestamp() end,
        -- A retry that came meanwhile does not start what is done: a state without a move rests.
        due_at = case when stale and (r.goal <> o ->> 'goal' or (o ->> 'failed')::boolean or o ? 'delay') then now()
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

    -- Not `for update`: what was written just now refers to the deployment, and so does what another stage has written.
    select status, status_message, generation, owed, failed_piece into d from deployments where id = resource_id for no key update;
    new_status := status_after(d.status, d.generation, o ->> 'status', (o ->> 'generation')::int);
    -- Who said ERROR may say what has become of it.
    new_message := case when d.status = 'ERROR' and o ->> 'status' = 'ERROR' and not stale and d.generation = r.generation
                             and d.failed_piece is not distinct from o ->> 'piece' then o ->> 'message'
                        when d.status in ('ERROR', 'DESTROYED') then d.status_message
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

    if o ? 'event' and not (o -> 'event' ->> 'type' = 'deployment.failed'
                            and (new_status <> 'ERROR' or (d.status = 'ERROR' and new_message = d.status_message))) then
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

-- Applies one message. `m` holds: effect (start, retry, step, nudge, down, none, dead), id, generation, from, to, notes, starts,
-- texts ({"up new": {"status", "message"}, …}), service, owner, and for a dead letter: dead {…}.
-- Says what came of it: 'repeat' (already applied), 'ignored', 'applied', 'dead'.
create or replace function apply_message(message_topic text, message_partition int, message_offset bigint, m jsonb)
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
    select status, generation, status_message, seq into d from deployments where id = id_ for no key update;
    if not found then
        perform dead_letter(message_topic, message_partition, message_offset,
                            jsonb_set(m, '{dead,reason}', '"no such deployment"'));
        return 'dead';
    end if;

    case effect
    when 'start' then
        if d.status = 'DESTROYED' or (known and (not r.parked or generation_ < r.generation)) then
            return 'ignored';
        end if;
        if known then -- an operator set it back: this is what it waited for
            update resource set parked = false, goal = case when d.status = 'DESTROYING' then 'down' else goal end,
                generation = greatest(generation, generation_, d.generation), failed = false, tries = 0, backoff_s = null,
                state_since = clock_timestamp(), due_at = now(), notes = notes || coalesce(m -> 'notes', '{}') where id = id_ returning * into r;
        else
            insert into resource (id, goal, generation, due_at, notes)
                values (id_, case when d.status = 'DESTROYING' then 'down' else 'up' end,
                        greatest(generation_, d.generation), now(), coalesce(m -> 'notes', '{}'))
                returning * into r;
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
