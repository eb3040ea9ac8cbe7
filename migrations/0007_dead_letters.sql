-- Messages that could not be applied: kept in a table an operator can read, replay and drop; Kafka hears of them too.
set lock_timeout = '3s';
set local check_function_bodies = off; -- dead_letter() names a table that only a service's search path finds

create table dead_letters (
    id        bigint generated always as identity primary key,
    at        timestamptz not null default clock_timestamp(),
    service   text not null,               -- who could not apply it
    topic     text not null,
    partition int not null,
    "offset"  bigint not null,
    key       text,
    type      text,
    reason    text not null,
    tries     int not null default 1,      -- how often it died, replays included
    payload   text,
    whole     boolean not null,            -- key, type and payload are here byte by byte: nothing cut, nothing scrubbed
    digest    text not null generated always as (md5(coalesce(key, '') || ' ' || coalesce(type, '') || ' ' || coalesce(payload, ''))) stored,
    state     text not null default 'waiting' check (state in ('waiting', 'replayed', 'dropped')),
    done_at   timestamptz,
    done_by   text check (length(done_by) <= 100)
);
-- The digest is part of it because a topic that is made anew counts from zero again.
create unique index dead_letters_place on dead_letters (service, topic, partition, "offset", digest);
create index dead_letters_waiting on dead_letters (id) where state = 'waiting';
create index dead_letters_done on dead_letters (done_at) where state <> 'waiting';
create index dead_letters_same on dead_letters (digest, service) where state = 'replayed';

-- Keeps one and says how often it has died. Runs with its owner's rights, so that no service reads another's letters.
-- Each one that comes takes some with it that were done with long ago: the table stays as large as what waits.
create function keep_dead_letter(from_service text, from_topic text, from_partition int, from_offset bigint, dead jsonb) returns int
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    before int;
    died int;
begin
    delete from public.dead_letters where id in
        (select id from public.dead_letters where state <> 'waiting' and done_at < now() - interval '30 days' limit 10 for update skip locked);
    select max(tries) into before from public.dead_letters
        where state = 'replayed' and service = from_service
          and digest = md5(coalesce(dead ->> 'key', '') || ' ' || coalesce(dead ->> 'type', '') || ' ' || coalesce(dead ->> 'payload', ''));
    died := coalesce(before, 0) + 1;
    insert into public.dead_letters (service, topic, partition, "offset", key, type, reason, tries, payload, whole)
        values (from_service, from_topic, from_partition, from_offset, dead ->> 'key', dead ->> 'type',
                coalesce(dead ->> 'reason', ''), died, dead ->> 'payload', coalesce((dead ->> 'whole')::boolean, false))
        on conflict (service, topic, partition, "offset", digest) do nothing;
    return died;
end $$;
revoke all on function keep_dead_letter from public;
grant execute on function keep_dead_letter to key_provisioner, ovh_orderer, installer, health_monitor;

create or replace function dead_letter(message_topic text, message_partition int, message_offset bigint, m jsonb) returns void
    language sql as $$
    insert into outbox (topic, key, type, payload, owner, lease_until)
        values ('dead-letters', coalesce(nullif(m -> 'dead' ->> 'key', ''), gen_random_uuid()::text), 'dead-letter',
                (m -> 'dead' || jsonb_build_object('topic', message_topic, 'partition', message_partition,
                                                   'offset', message_offset, 'service', m ->> 'service',
                                                   'tries', keep_dead_letter(m ->> 'service', message_topic, message_partition,
                                                                             message_offset, m -> 'dead')))::text,
                (m ->> 'owner')::uuid, clock_timestamp() + interval '10 s')
$$;

-- Says a letter's message again on its own topic, and notes it on every service's letter of that message: all who listen hear
-- it again. Gives the outbox row of the gateway's room, which any running gateway takes over; null when the letter is not waiting.
create function replay_dead_letter(letter bigint, by_whom text) returns bigint language plpgsql as $$
declare
    l record;
    row_id bigint;
begin
    select * into l from dead_letters where id = letter and state = 'waiting' and whole and key <> '' and type <> '' for update;
    if not found then
        return null;
    end if;
    update dead_letters set state = 'replayed', done_at = clock_timestamp(), done_by = by_whom
        where state = 'waiting' and topic = l.topic and partition = l.partition and "offset" = l."offset" and digest = l.digest;
    insert into gateway.outbox (topic, key, type, payload, owner, lease_until)
        values (l.topic, l.key, l.type, l.payload, gen_random_uuid(), clock_timestamp())
        returning id into row_id;
    insert into audit (what, subject) values ('clawctl dead-letters replay', letter || ' by ' || by_whom);
    return row_id;
end $$;
