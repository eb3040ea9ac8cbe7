-- What is being done to a READY deployment that stays READY: a restart, an upgrade. One at a time; whoever ends it says how.
set lock_timeout = '3s';
set local check_function_bodies = off; -- they name tables that only a service's search path finds

alter table deployments
    add column change text check (change in ('restart', 'upgrade')), -- the last one asked for, until it has ended
    add column change_asked_at timestamptz,
    add column change_version text check (length(change_version) between 1 and 60), -- of an upgrade: to which
    add constraint deployments_change check (change is null or (status = 'READY' and change_asked_at is not null));
grant update (change) on deployments to key_provisioner, ovh_orderer, installer, health_monitor; -- settle() names it

-- What counts as under way: whatever became of one that is older than the longest can take, it is over.
create function change_under_way(change text, asked_at timestamptz) returns text stable language sql as $$
    select case when asked_at > now() - case change when 'upgrade' then interval '150 min' else interval '30 min' end then change end
$$;

-- Of the functions below some lines change; the rest of them stays what the migrations before this one made it.
create function amend(f regprocedure, was text, becomes text) returns void language plpgsql as $$
declare
    source constant text := pg_get_functiondef(f);
begin
    if length(source) - length(replace(source, was, '')) <> length(was) then
        raise exception '% does not hold once: %', f, was;
    end if;
    execute replace(source, was, becomes);
end $$;

-- It is about the system that runs: no other status, and no later decision, knows of it.
select amend('deployments_guard()',
             $q$    return new;$q$,
             $q$    if new.status <> 'READY' or new.generation > old.generation then
        new.change := null;
    end if;
    return new;$q$);

-- An outcome that ends one says so in its `change`: {"ended": which, "failed": did it fail}, or, from an installer that was
-- started before this migration, by its event alone. One that was asked for later goes on.
-- Nobody says an event of a failure; the timeline names it all the same.
select amend('settle(uuid, bigint, jsonb)',
             $q$or o ? 'ip' or o ? 'version')$q$,
             $q$or o ? 'ip' or o ? 'version' or o ? 'change')$q$);
select amend('settle(uuid, bigint, jsonb)',
             $q$        version = coalesce(o ->> 'version', version),$q$,
             $q$        version = coalesce(o ->> 'version', version),
        change = case when change = coalesce(o -> 'change' ->> 'ended', case o -> 'event' ->> 'type' when 'instance.restarted' then 'restart'
                                                                            when 'instance.upgraded' then 'upgrade' end)
                      then null else change end,$q$);
select amend('settle(uuid, bigint, jsonb)',
             $q$timeline_add(resource_id, 'progress', o ->> 'service')$q$,
             $q$timeline_add(resource_id, case when (o -> 'change' ->> 'failed')::boolean then 'instance.change-failed' else 'progress' end,
                             o ->> 'service')$q$);

-- The note "change" of an event's step is the change that it asks for, and that of a row the one that it is at. A wish that
-- another one has replaced since was over by then. One that comes while the row is at something else is never begun, and that
-- is told; the gateway refuses such a wish, but it does not know of a change that counts as over and goes on nevertheless.
select amend('apply_message(text, int, bigint, jsonb)',
             $q$select status, generation, anew, status_message, seq into d$q$,
             $q$select status, generation, anew, status_message, seq, change into d$q$);
select amend('apply_message(text, int, bigint, jsonb)',
             $q$        if not known or r.goal = 'down' or r.failed or r.busy or r.state <> m ->> 'from' then
            return 'ignored';
        end if;$q$,
             $q$        if d.change <> m -> 'notes' ->> 'change' then
            return 'ignored';
        elsif not known or r.goal = 'down' or r.failed or r.busy or r.state <> m ->> 'from' then
            if d.change = m -> 'notes' ->> 'change' and r.notes ->> 'change' is distinct from d.change then
                update deployments set change = null, status_message = format(
                    'The %s was not begun: something else was being done to OpenClaw. Please ask for it again', d.change) where id = id_;
                perform timeline_add(id_, 'instance.change-failed', m ->> 'service');
            end if;
            return 'ignored';
        end if;$q$);

-- A wish that nobody heard: it is said again as it was, however old, and is under way from then on.
select amend('owed_events(uuid)',
             $q$where status = 'READY' and status_message = 'Restarting OpenClaw'$q$,
             $q$where change = 'restart'$q$);
select amend('owed_events(uuid)',
             $q$substr(status_message, length('Upgrading OpenClaw to ') + 1)$q$,
             $q$change_version$q$);
select amend('owed_events(uuid)',
             $q$where status = 'READY' and status_message like 'Upgrading OpenClaw to %'$q$,
             $q$where change = 'upgrade'$q$);
select amend('say_owed(uuid)',
             $q$        n := n + 1;$q$,
             $q$        if e.type in ('deployment.restart-requested', 'deployment.upgrade-requested') then
            update deployments set change_asked_at = clock_timestamp() where id = deployment;
        end if;
        n := n + 1;$q$);

-- One that was under way in the backup may have ended since. A success was said; a failure was not, and neither was anything
-- of one that the installer had yet to hear of.
select amend('recall_status(uuid, int, text, jsonb, timestamptz)',
             $q$        failed_piece = case when becomes <> 'ERROR' then null$q$,
             $q$        change = case when change = case type when 'instance.restarted' then 'restart' when 'instance.upgraded' then 'upgrade' end
                      then null else change end,
        failed_piece = case when becomes <> 'ERROR' then null$q$);
select amend('recall_said(uuid, int, text, text, jsonb)',
             $q$'{upgrade_to,upgrade_begun}'$q$,
             $q$'{upgrade_to,upgrade_begun,change}'$q$);
select amend('recall_said(uuid, int, text, text, jsonb)',
             $q$true, jsonb_build_object('ip', f -> 'ip'), '{}', says);
    when 'instance.ready', 'instance.recovered' then$q$,
             $q$true, jsonb_build_object('ip', f -> 'ip'), '{change}', says);
    when 'instance.ready', 'instance.recovered' then$q$);
select amend('recall_finish(uuid)',
             $q$select status, owed, generation, deployments.anew into d$q$,
             $q$select status, owed, generation, deployments.anew, change into d$q$);
select amend('recall_finish(uuid)',
             $q$    -- A stage that is done may have said so in an event that is lost, too: the next one begins all the same.$q$,
             $q$    if d.change is not null and installation_state = 'installed'
       and not exists (select from gateway.outbox where key = deployment::text and type = format('deployment.%s-requested', d.change)) then
        update deployments set change = null, status_message = format(
            'What became of the %s was lost with the database. Please ask for it again if it is needed', d.change) where id = deployment;
        perform timeline_add(deployment, 'instance.change-failed', 'clawctl');
    end if;

    -- A stage that is done may have said so in an event that is lost, too: the next one begins all the same.$q$);
drop function amend;

-- What is under way at this moment, and what nobody has heard of yet.
update installation.resource set notes = notes || jsonb_build_object('change', case when state in ('upgrading', 'upgrade_runs') then 'upgrade' else 'restart' end)
    where goal = 'up' and state in ('restarting', 'coming_back', 'upgrading', 'upgrade_runs');
update deployments d set change = r.notes ->> 'change', change_asked_at = r.state_since, change_version = r.notes ->> 'upgrade_to'
    from installation.resource r where r.id = d.id and d.status = 'READY' and r.notes ? 'change';
update deployments d set change = 'restart', change_asked_at = d.updated_at
    from installation.resource r where r.id = d.id and d.status = 'READY' and r.state = 'installed' and d.status_message = 'Restarting OpenClaw';
update deployments d set change = 'upgrade', change_asked_at = d.updated_at, change_version = substr(d.status_message, length('Upgrading OpenClaw to ') + 1)
    from installation.resource r where r.id = d.id and d.status = 'READY' and r.state = 'installed' and d.status_message like 'Upgrading OpenClaw to %';
