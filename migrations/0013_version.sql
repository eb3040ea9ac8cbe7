-- Which version of OpenClaw a deployment runs, and what changes it: an upgrade.
set lock_timeout = '3s';
set local check_function_bodies = off; -- they name tables that only a service's search path finds

alter table deployments add column version text check (length(version) between 1 and 60); -- null before it is installed
grant update (version) on deployments to key_provisioner, ovh_orderer, installer, health_monitor; -- settle() names it
grant select on deployment_events to key_provisioner, ovh_orderer, installer, health_monitor; -- and reads it
update deployments d set version = r.notes ->> 'version' from installation.resource r where r.id = d.id and r.notes ? 'version';

-- Settles one outcome. `o` holds: state, goal, generation, delay (seconds; absent = rest), tries, failed, backoff,
-- notes, status, message, event {type, topic, fields}, released, lines, keep, forget, ip, version, piece, service, owner.
-- Status ERROR without failed: trouble that people must hear of while the row goes on (a late delivery).
-- That OpenClaw works again does not hide what another stage told just now, of an upgrade that was undone for example.
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
    if not (o ? 'status' or o ? 'message' or o ? 'event' or o ? 'released' or o ? 'ip' or o ? 'version') then
        return true;
    end if;

    -- Not `for update`: what was written just now refers to the deployment, and so does what another stage has written.
    select status, status_message, generation, owed, failed_piece into d from deployments where id = resource_id for no key update;
    new_status := status_after(d.status, d.generation, o ->> 'status', (o ->> 'generation')::int);
    -- Who said ERROR may say what has become of it.
    new_message := case when o -> 'event' ->> 'type' = 'instance.recovered' and d.status = 'READY' and exists (
                                 select from (select stage, at from deployment_events where deployment_id = resource_id order by seq desc limit 1) e
                                 where e.stage <> o ->> 'service' and e.at > clock_timestamp() - interval '1 min') then d.status_message
                        when d.status = 'ERROR' and o ->> 'status' = 'ERROR' and not stale and d.generation = r.generation
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
        version = coalesce(o ->> 'version', version),
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

-- Of the functions below a line changes; the rest of them stays what the migrations before this one made it.
create function amend(f regprocedure, was text, becomes text) returns void language plpgsql as $$
declare
    source constant text := pg_get_functiondef(f);
begin
    if length(source) - length(replace(source, was, '')) <> length(was) then
        raise exception '% does not hold once: %', f, was;
    end if;
    execute replace(source, was, becomes);
end $$;

-- A step remembers what its event told: an upgrade its version.
select amend('apply_message(text, int, bigint, jsonb)',
             $q$state = m ->> 'to', tries = 0,$q$,
             $q$state = m ->> 'to', notes = notes || coalesce(m -> 'notes', '{}'), tries = 0,$q$);

-- What a restored database learns of it.
select amend('recall_said(uuid, int, text, text, jsonb)',
             $q$    when 'instance.installed' then$q$,
             $q$    when 'instance.upgraded' then
        update deployments set version = f ->> 'version' where id = deployment;
        return recall_row('installation', deployment, decision, 'installed', true,
                          jsonb_build_object('ip', f -> 'ip', 'version', f -> 'version'), '{upgrade_to,upgrade_begun}', says);
    when 'instance.installed' then
        update deployments set version = f ->> 'version' where id = deployment;$q$);
select amend('recall_text(text, jsonb)',
             $q$        when 'instance.ready' then$q$,
             $q$        when 'instance.upgraded' then jsonb_build_object('message', 'OpenClaw was upgraded to ' || (f ->> 'version'))
        when 'instance.ready' then$q$);
select amend('recall(jsonb)',
             $q$('deployment.requested', 'deployment.restart-requested')$q$,
             $q$('deployment.requested', 'deployment.restart-requested', 'deployment.upgrade-requested')$q$);

-- A wish that nobody heard.
select amend('owed_events(uuid)',
             $q$            select 3, r.room, r.said$q$,
             $q$            select 2, 'gateway', 'deployment.upgrade-requested', 'deployments',
                    jsonb_build_object('version', substr(status_message, length('Upgrading OpenClaw to ') + 1))
                from d where status = 'READY' and status_message like 'Upgrading OpenClaw to %'
                         and exists (select from r where r.room = 'installation' and r.state = 'installed')
            union all
            select 3, r.room, r.said$q$);
drop function amend;
