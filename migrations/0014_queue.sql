-- The time in the queue at OVH is not the deployment's own: as long as it moves up, the limit does not run.
set lock_timeout = '3s';

comment on column deployments.decided_at is 'limits count from here: when the user last decided that it should run, or it last moved up in a queue';
grant update (decided_at) on deployments to ovh_orderer;

-- Tells people whose rows wait in one of these states for the budget how many are before them, at most every `every_s`
-- whoever asks. In the timeline only the first time; the next real step writes over it. Who moves up is not late: the
-- limit of the deployment counts from there (others may come to stand before it: that is no move). Says how many were told.
create or replace function tell_queue(states text[], line text, service text, every_s double precision, most int) returns int
    language plpgsql as $$
declare
    q record;
    told int := 0;
begin
    update budget set told_at = clock_timestamp()
        where lane = 0 and (told_at is null or told_at < clock_timestamp() - interval '1 s' * every_s);
    if not found then
        return 0;
    end if;
    for q in
        with queue as (
            select id, busy, due_at, row_number() over (order by created_at, id) - 1 as ahead from resource
                where goal = 'up' and state = any (states) and not failed and not parked and due_at is not null)
        select d.id, d.status, d.generation, message, not starts_with(d.status_message, line) as first_time,
                starts_with(d.status_message, line)
                    and ahead < coalesce(substring(d.status_message from '([0-9]+) orders? ahead')::int, 0) as moved_up
            from queue join deployments d on d.id = queue.id,
                 lateral (select line || case ahead when 0 then 'yours is next' when 1 then '1 order ahead of yours'
                                         else ahead || ' orders ahead of yours' end as message) m
            where not busy and due_at < now() - interval '1 s' and d.status in ('PENDING', 'ORDERING')
                and d.status_message <> message
            order by d.updated_at limit most for no key update of d skip locked
    loop
        update deployments set status = status_after(q.status, q.generation, 'ORDERING', q.generation), status_message = q.message,
            updated_at = clock_timestamp(), decided_at = case when q.moved_up then clock_timestamp() else decided_at end where id = q.id;
        if q.first_time then
            perform timeline_add(q.id, 'progress', service);
        end if;
        told := told + 1;
    end loop;
    return told;
end $$;
