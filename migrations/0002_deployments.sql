-- Deployments: what the user sees, the timeline, the log, the secrets.
set lock_timeout = '3s';

create table deployments (
    id              uuid primary key,
    user_id         uuid not null references users,
    name            text not null check (length(name) between 1 and 60),
    status          text not null default 'PENDING' check (status in
                        ('PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING', 'READY', 'ERROR', 'DESTROYING', 'DESTROYED')),
    status_message  text not null default '',
    failed_piece    text,                        -- whose stage gave up, while status = ERROR
    generation      int not null default 1,      -- counts the user's decisions
    seq             int not null default 0,      -- last place in the timeline
    -- What may still exist of it. Each stage takes its piece out when nothing of it is left; the
    -- transaction that takes the last one makes it DESTROYED.
    owed            text[] not null default '{llm_key,server,installation,watch}',
    ip_address      inet,
    idempotency_key text check (length(idempotency_key) <= 200),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    ready_at        timestamptz,
    destroyed_at    timestamptz
);
create index deployments_user on deployments (user_id, created_at desc);
create unique index deployments_idempotency on deployments (user_id, idempotency_key) where idempotency_key is not null;

-- When each status was entered: the four steps people see are made of this.
create table deployment_events (
    deployment_id uuid not null references deployments on delete cascade,
    seq           int not null,
    at            timestamptz not null default clock_timestamp(),
    type          text not null,              -- an event's type, or 'progress'
    stage         text not null,              -- service that wrote it
    status        text not null,
    message       text not null default '',
    generation    int not null,
    primary key (deployment_id, seq)
);

create table deployment_log (
    deployment_id uuid not null references deployments on delete cascade,
    n             int generated always as identity,
    at            timestamptz not null default clock_timestamp(),
    stage         text not null,
    line          text not null check (length(line) <= 2000),
    primary key (deployment_id, n)
);

create table secrets (
    deployment_id uuid not null references deployments on delete cascade,
    name          text not null,
    sealed        text not null check (sealed like 'v1.%'),
    updated_at    timestamptz not null default now(),
    primary key (deployment_id, name)
);

-- The legal moves, design section 5. Anything else is refused here, whoever asks.
create function status_move_legal(was text, becomes text) returns boolean immutable language sql as $$
    select was = becomes
        or (was = 'DESTROYING' and becomes = 'DESTROYED')
        or (was not in ('DESTROYING', 'DESTROYED') and becomes in ('ERROR', 'DESTROYING'))
        or (was = 'ERROR' and becomes in ('PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING'))
        or (array_position(array['PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING', 'READY'], was)
            < array_position(array['PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING', 'READY'], becomes))
$$;

create function deployments_guard() returns trigger language plpgsql as $$
begin
    if status_move_legal(old.status, new.status) is not true then
        raise exception 'illegal move of a deployment: % -> %', old.status, new.status using errcode = '23514';
    end if;
    if new.generation < old.generation or new.seq < old.seq then
        raise exception 'generation and seq only grow' using errcode = '23514';
    end if;
    return new;
end $$;
create trigger deployments_guard before update of status, generation, seq on deployments
    for each row execute function deployments_guard();

grant select, insert, update on deployments to api_gateway;
grant select, insert on deployment_events to api_gateway;
grant select on deployment_log to api_gateway;
grant select on deployments to key_provisioner, ovh_orderer, installer, health_monitor;
grant update (status, status_message, failed_piece, seq, owed, ip_address, updated_at, ready_at, destroyed_at)
    on deployments to key_provisioner, ovh_orderer, installer, health_monitor;
grant insert on deployment_events, deployment_log to key_provisioner, ovh_orderer, installer, health_monitor;
grant select, insert, update, delete on secrets to key_provisioner, ovh_orderer, installer;
