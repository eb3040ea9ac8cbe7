-- Openings: somebody waits, this very moment, for a link into their OpenClaw. The gateway asks by a row, an installer makes the
-- link on the machine and answers in the row, the gateway reads it once and deletes it. Nothing of it lasts, so no event tells of it.
set lock_timeout = '3s';

create table openings (
    id              uuid primary key,
    deployment_id   uuid not null references deployments on delete cascade,
    asked_by        uuid not null,               -- the gateway's process: after a restart it waits for nothing it asked for before
    reader          text not null check (length(reader) between 1 and 100), -- public key: only who asked can open the answer
    asked_at        timestamptz not null default clock_timestamp(),
    expires_at      timestamptz not null,        -- nobody waits any longer
    claimed_by      uuid,                        -- the installer's process that is at it
    claimed_until   timestamptz,                 -- renewed while it lives; past it another may take over
    claims          int not null default 0,      -- fences off late answers
    answered_at     timestamptz,
    sealed          text check (length(sealed) between 1 and 8000),
    address         inet,                        -- of the machine that the link is for
    link_expires_at timestamptz,
    failure_status  int check (failure_status in (409, 502, 503, 504)),
    failure         text check (length(failure) between 1 and 300), -- a sentence for a person
    check (num_nonnulls(sealed, failure) = case when answered_at is null then 0 else 1 end),
    check (num_nulls(sealed, address, link_expires_at) in (0, 3)),
    check (num_nulls(failure, failure_status) in (0, 2))
);
create index openings_waiting on openings (asked_at) where answered_at is null;
create index openings_deployment on openings (deployment_id);

grant select, insert, delete on openings to api_gateway;
grant select, delete on openings to installer;
grant update (claimed_by, claimed_until, claims, answered_at, sealed, address, link_expires_at, failure_status, failure)
    on openings to installer;

-- What is no longer READY can not be opened, whoever changed it: links that nobody has read go with it. It runs with its
-- owner's rights, for not every service that moves a deployment on may touch openings.
create function openings_forget() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    delete from public.openings where deployment_id = new.id;
    return null;
end $$;
revoke all on function openings_forget from public;
create trigger openings_forget after update of status on deployments
    for each row when (old.status = 'READY' and new.status <> 'READY') execute function openings_forget();
