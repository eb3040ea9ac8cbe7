-- Where OpenClaw can not make a link, its owner's browser goes in by the gateway's token and waits at the door until its request is
-- approved. An installer notes beforehand whose requests wait already: approved is only one that came since.
set lock_timeout = '3s';

create table approvals (
    deployment_id uuid primary key references deployments on delete cascade,
    noted         text not null check (length(noted) <= 2000), -- ids of requests and @<when a known browser last came>, separated by blanks
    noted_at      timestamptz not null default clock_timestamp()
);
grant select, insert, update on approvals to installer;

alter table openings
    add column wish text not null default 'link' check (wish in ('link', 'approval')),
    add column approval boolean not null default false, -- the link leads to a page that waits for approval
    drop constraint openings_check,
    add constraint openings_answer check (case
        when answered_at is null then num_nonnulls(sealed, failure) = 0
        when wish = 'link' then num_nonnulls(sealed, failure) = 1
        else sealed is null -- an approval has nothing to tell but that it was given
    end);
grant update (approval) on openings to installer;

-- As openings, so notings: they are about the machine as it was while it was READY.
create or replace function openings_forget() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    delete from public.openings where deployment_id = new.id;
    delete from public.approvals where deployment_id = new.id;
    return null;
end $$;
