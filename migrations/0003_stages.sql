-- The rooms of the services: one resource table, outbox and offsets each, alike but for the owner.
set lock_timeout = '3s';

create function make_outbox(room text, owner_role text) returns void language plpgsql as $$
begin
    execute format($sql$
        create schema %1$I;
        grant usage on schema %1$I to %2$I;
        -- Events said and not yet delivered. Deleted on the delivery report.
        create table %1$I.outbox (
            id          bigint generated always as identity primary key,
            event_id    uuid not null default gen_random_uuid(),
            at          timestamptz not null default clock_timestamp(),
            topic       text not null,
            key         text not null,
            type        text not null,
            payload     text not null,
            owner       uuid not null,        -- the process that publishes it
            lease_until timestamptz not null  -- then any other may
        );
        create index outbox_key on %1$I.outbox (topic, key, id);
        create index outbox_lease on %1$I.outbox (lease_until);
        grant select, insert, update, delete on %1$I.outbox to %2$I;
    $sql$, room, owner_role);
end $$;

create function make_stage(room text, owner_role text) returns void language plpgsql as $$
begin
    perform make_outbox(room, owner_role);
    execute format($sql$
        create table %1$I.resource (
            id          uuid primary key references deployments,
            state       text not null default 'new',
            goal        text not null default 'up' check (goal in ('up', 'down')),
            generation  int not null,
            due_at      timestamptz,                     -- timer and lease in one; null = rests
            claim       bigint not null default 0,       -- fences off late results
            busy        boolean not null default false,  -- a worker has it, until due_at
            claimed_by  uuid,                            -- the process that had it last
            failed      boolean not null default false,  -- gave up; waits for a retry
            tries       int not null default 0,          -- failures in a row
            backoff_s   real,                            -- last pause, for the next one's jitter
            state_since timestamptz not null default now(),
            notes       jsonb not null default '{}',     -- what its moves remember
            created_at  timestamptz not null default now()
        ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
        create index resource_due on %1$I.resource (due_at) where due_at is not null;
        grant select, insert, update on %1$I.resource to %2$I;

        create table %1$I.offsets (
            topic     text not null,
            partition int not null,
            next      bigint not null,
            primary key (topic, partition)
        );
        grant select, insert, update on %1$I.offsets to %2$I;
    $sql$, room, owner_role);
end $$;

select make_outbox('gateway', 'api_gateway');
select make_stage('llm_key', 'key_provisioner');
select make_stage('server', 'ovh_orderer');
select make_stage('installation', 'installer');
select make_stage('watch', 'health_monitor');

-- One order and one machine belong to one deployment, whatever the code believes.
create unique index resource_order on server.resource ((notes ->> 'order_id')) where notes ->> 'order_id' is not null;
create unique index resource_service on server.resource ((notes ->> 'service_name')) where notes ->> 'service_name' is not null;
create unique index resource_hash on llm_key.resource ((notes ->> 'hash')) where notes ->> 'hash' is not null;
