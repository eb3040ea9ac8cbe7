-- Roles of the services, users and their sessions.
set lock_timeout = '3s';

-- Each service logs in as its own role. Passwords are the operator's matter (alter role … password).
do $$
declare
    service text;
begin
    foreach service in array array['api_gateway', 'key_provisioner', 'ovh_orderer', 'installer', 'health_monitor'] loop
        if not exists (select from pg_roles where rolname = service) then
            execute format('create role %I login', service);
        end if;
    end loop;
end $$;

-- No service makes tables, and what cannot be made cannot be mistaken for ours.
do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
end $$;

create table users (
    id         uuid primary key,
    email      text not null check (email = lower(email) and length(email) between 3 and 254),
    password   text not null check (length(password) between 20 and 400), -- scrypt$N$r$p$salt$hash
    role       text not null default 'user' check (role in ('user', 'operator')),
    created_at timestamptz not null default now()
);
create unique index users_email on users (email);

create table sessions (
    token_hash bytea primary key check (length(token_hash) = 32), -- SHA-256: a stolen table opens no session
    user_id    uuid not null references users on delete cascade,
    created_at timestamptz not null default now(),
    seen_at    timestamptz not null default now(),
    expires_at timestamptz not null
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

-- Who did what: sign-ins, decisions, operators' acts. Never secrets.
create table audit (
    id      bigint generated always as identity primary key,
    at      timestamptz not null default now(),
    user_id uuid,
    what    text not null check (length(what) <= 100),
    subject text check (length(subject) <= 200),
    address text check (length(address) <= 60)
);
create index audit_user on audit (user_id, at);

grant select, insert on users to api_gateway;
grant select, insert, update, delete on sessions to api_gateway;
grant insert on audit to api_gateway;
