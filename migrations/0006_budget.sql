-- What a provider bears: calls are rationed in the claim, for all copies of a service together. One lane for each of the
-- provider's credentials, each a bucket of calls that fills at its pace; a refusal (429) halves the pace, and it recovers
-- by a tenth of its best in a window. Like settle(), the functions run with the caller's rights and search path.
set lock_timeout = '3s';
set local check_function_bodies = off; -- they name tables that only a service's search path finds

create table server.budget (
    lane          int primary key,
    tokens        double precision not null,  -- calls it may make now; below zero: made more than it had
    pace          double precision not null check (pace > 0),       -- calls a minute now
    full_pace     double precision not null check (full_pace > 0),  -- and at its best
    burst         double precision not null check (burst > 0),      -- most that it saves up
    window_s      double precision not null check (window_s > 0),   -- in which the provider counts: a minute
    refilled_at   timestamptz not null default clock_timestamp(),
    hushed_until  timestamptz,  -- the provider asked for silence
    halved_at     timestamptz,
    awaited_until timestamptz,  -- the first in the queue can not go before; null: nobody waits
    told_at       timestamptz   -- when the waiting were last told their places
);
grant select, insert, update on server.budget to ovh_orderer;

-- Makes the lanes 0, 1, … of a starting process, or gives them its settings. A process with more lanes has rows of its own.
create function budget_open(lanes int, new_pace double precision, new_burst double precision, new_window_s double precision)
    returns void language sql as $$
    insert into budget as b (lane, tokens, pace, full_pace, burst, window_s)
        select i, new_burst, new_pace, new_pace, new_burst, new_window_s from generate_series(0, lanes - 1) i order by i
        on conflict (lane) do update set full_pace = new_pace, burst = new_burst, window_s = new_window_s,
            tokens = least(b.tokens, new_burst), pace = case when b.full_pace = new_pace then b.pace else new_pace end
            where b.full_pace <> new_pace or b.burst <> new_burst or b.window_s <> new_window_s
$$;

-- As the runner's claim of due rows, but only what the lanes can pay for. `costs` is {"up new": [rank, calls], …}; rank 0 goes
-- first (money), 1 is a person waiting, 2 is asking again, as is any look that is not the first in its state and does not follow
-- a failure: sixty machines that OVH does not let go yet must not keep everybody from ordering. Within a rank the oldest deployment goes first, so what is begun gets finished; what has been due for
-- longer than the patience counts as rank 1, so nothing starves. The first that no lane can pay for ends it: cheaper ones
-- behind it wait, too. What costs more than a full bucket goes from a full one, on credit.
create function claim_within_budget(most int, leases jsonb, costs jsonb, claimer uuid, lanes int, patience_s double precision)
    returns table (id uuid, claim bigint, state text, goal text, generation int, tries int, backoff real, notes jsonb,
                   again boolean, age double precision, lag double precision, lane int, reserved int)
    language plpgsql as $$
#variable_conflict use_column
declare
    q record;
    which int;
begin
    if most <= 0 or not exists (select from resource where due_at <= now()) then
        return;
    end if;
    perform from budget b where b.lane < lanes order by b.lane for update;
    if not found then
        raise exception 'the budget has no lanes';
    end if;
    update budget b set
        tokens = least(b.burst, b.tokens + b.pace / 60 * waited),
        pace = least(b.full_pace, b.pace + b.full_pace / 10 / b.window_s * waited),
        refilled_at = greatest(b.refilled_at, at),
        awaited_until = null
        from (select l.lane as its_lane, clock_timestamp() as at,
                     greatest(0, extract(epoch from clock_timestamp() - l.refilled_at))::double precision as waited
              from budget l where l.lane < lanes) t
        where b.lane = its_lane;

    for q in
        select r.id as its_id, r.due_at as was_due, r.busy as was_busy, its_rank, calls
            from resource r,
                 lateral (select coalesce(costs -> (r.goal || ' ' || r.state), '[1, 1]') as cost) c,
                 lateral (select (cost ->> 0)::int as its_rank, (cost ->> 1)::int as calls) n
            where r.due_at <= now()
            order by least(case when r.busy or r.backoff_s > 0 or r.due_at <= r.state_since + interval '1 s' then its_rank else 2 end,
                           case when r.due_at < now() - interval '1 s' * patience_s then 1 else 2 end),
                     r.created_at, r.id
            limit most for update of r skip locked
    loop
        select b.lane into which from budget b
            where b.lane < lanes and (b.hushed_until is null or b.hushed_until <= clock_timestamp() or q.calls = 0)
                and (b.tokens >= least(q.calls, b.burst) - 1e-6 or q.calls = 0)
            order by b.tokens desc, b.lane limit 1;
        if not found then
            update budget b set awaited_until = first_at
                from (select min(greatest(w.hushed_until,
                                          clock_timestamp() + interval '1 s' * (least(q.calls, w.burst) - w.tokens) * 60 / w.pace)) as first_at
                      from budget w where w.lane < lanes) t
                where b.lane < lanes;
            return;
        end if;
        update budget b set tokens = b.tokens - q.calls where b.lane = which;
        -- Time spent in the queue is not time that the provider took: limits on a state do not count it.
        return query
            update resource r set busy = true, claim = r.claim + 1, claimed_by = claimer,
                state_since = case when q.its_rank < 2 and not q.was_busy and now() - q.was_due > interval '1 s'
                                   then least(r.state_since + (now() - q.was_due), now()) else r.state_since end,
                due_at = now() + interval '1 s' * coalesce((leases ->> (r.goal || ' ' || r.state))::double precision, 30)
            where r.id = q.its_id
            returning r.id, r.claim, r.state, r.goal, r.generation, r.tries, coalesce(r.backoff_s, 0), r.notes, q.was_busy,
                extract(epoch from clock_timestamp() - r.state_since)::double precision,
                extract(epoch from clock_timestamp() - q.was_due)::double precision, which, q.calls;
    end loop;
end $$;

-- What a claim reserved and did not use comes back (less than zero: it used more). Refused: the provider said 429.
-- Locks all lanes in the order in which a claim does, which follows in the same transaction.
create function budget_return(of_lane int, unused double precision, refused boolean, retry_after_s double precision) returns void
    language sql as $$
    select from budget order by lane for update;
    update budget set
        tokens = least(case when refused then 0 else burst end, tokens + unused),
        pace = case when refused and (halved_at is null or halved_at < clock_timestamp() - interval '1 s' * window_s / 12)
                    then greatest(full_pace / 16, pace / 2) else pace end,
        halved_at = case when refused and (halved_at is null or halved_at < clock_timestamp() - interval '1 s' * window_s / 12)
                         then clock_timestamp() else halved_at end,
        hushed_until = case when refused and retry_after_s > 0
                            then greatest(hushed_until, clock_timestamp() + interval '1 s' * least(retry_after_s, 600)) else hushed_until end,
        refilled_at = case when refused
                           then greatest(refilled_at, clock_timestamp() + interval '1 s' * least(retry_after_s, 600)) else refilled_at end
        where lane = of_lane
$$;

-- Tells people whose rows wait in one of these states for the budget how many are before them, at most every `every_s`
-- whoever asks. In the timeline only the first time; the next real step writes over it. Says how many were told.
create function tell_queue(states text[], line text, service text, every_s double precision, most int) returns int
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
        select d.id, d.status, d.generation, message, not starts_with(d.status_message, line) as first_time
            from queue join deployments d on d.id = queue.id,
                 lateral (select line || case ahead when 0 then 'yours is next' when 1 then '1 order ahead of yours'
                                         else ahead || ' orders ahead of yours' end as message) m
            where not busy and due_at < now() - interval '1 s' and d.status in ('PENDING', 'ORDERING')
                and d.status_message <> message
            order by d.updated_at limit most for no key update of d skip locked
    loop
        update deployments set status = status_after(q.status, q.generation, 'ORDERING', q.generation), status_message = q.message,
            updated_at = clock_timestamp() where id = q.id;
        if q.first_time then
            perform timeline_add(q.id, 'progress', service);
        end if;
        told := told + 1;
    end loop;
    return told;
end $$;
