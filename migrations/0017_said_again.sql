-- Events that come twice: a stage says its last one again for another that might have missed it, with the place of the newest
-- line, and Kafka may bring any message once more. And an order of which nobody knows which it is.
set lock_timeout = '3s';
set local check_function_bodies = off; -- they name tables that only a service's search path finds

-- The gateway sets no deadlines while the database is older than the topics.
grant select on reading_positions to api_gateway;

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

-- ---------------------------------------------------------------- recalling

-- Of two with one place the first is the line's own. The later one tells nothing new where one of its type is noted: it would
-- set rows, texts and sums back to what they were when it was said first. A line that is younger than the event was written
-- after the restore, and says nothing about it.
select amend('recall(jsonb)',
             $q$    anew := not exists (select from deployment_events where deployment_id = id_ and coalesce(said_seq, seq) = place and type = type_);$q$,
             $q$    anew := not exists (select from deployment_events where deployment_id = id_ and coalesce(said_seq, seq) = place and type = type_)
        and not ((type_ not like 'deployment.%' or type_ in ('deployment.requested', 'deployment.restart-requested', 'deployment.upgrade-requested'))
                 and exists (select from deployment_events where deployment_id = id_ and seq = place and at <= said_at)
                 and exists (select from deployment_events where deployment_id = id_ and type = type_ and at <= said_at));$q$);

-- A stage has positions in the topics that it hears. Others would never move, and the next recalling would begin at them.
select amend('recall_end(jsonb, text)',
             $q$from jsonb_to_recordset($1) as e(topic text, partition int, next bigint)$q$,
             $q$from jsonb_to_recordset($1) as e(topic text, partition int, next bigint)
                where e.topic in ('deployments', case '%1$s' when 'llm_key' then 'instances' when 'server' then 'keys'
                                                 when 'installation' then 'servers' when 'watch' then 'instances' end)$q$);
delete from llm_key.offsets where topic not in ('deployments', 'instances');
delete from server.offsets where topic not in ('deployments', 'keys');
delete from installation.offsets where topic not in ('deployments', 'servers');
delete from watch.offsets where topic not in ('deployments', 'instances');

-- ---------------------------------------------------------------- orders

-- Which of an order's details becomes the server was noted for good when OVH had shown a part of them: it is read anew.
update server.resource set notes = notes - 'details' where notes ? 'details' and state in ('paid', 'late');

-- ---------------------------------------------------------------- hearing

-- A wish is noted with the deployment before it is said, until it has ended: one that is not noted any more was heard before.
select amend('apply_message(text, int, bigint, jsonb)',
             $q$        if d.change <> m -> 'notes' ->> 'change' then$q$,
             $q$        if m -> 'notes' ? 'change' and d.change is distinct from m -> 'notes' ->> 'change' then$q$);

-- ---------------------------------------------------------------- replaying

-- One that gave up looking saw paid orders of which one may be its own.
select amend('replay_plan(uuid, text)',
             $q$or (s.state = 'unsure' and s.notes ? 'blind'))$q$,
             $q$or (s.state = 'unsure' and (s.failed or s.notes ? 'blind')))$q$);

drop function amend;
