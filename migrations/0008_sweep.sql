-- The sweep: what we own by our rows against what the providers say we have.
set lock_timeout = '3s';

-- One row for each piece that is swept: a timer, and the lease of the one process that is at it.
create table sweeps (
    piece        text primary key check (piece in ('llm_key', 'server')),
    due_at       timestamptz,                 -- null: its service has not run yet
    requested_at timestamptz,                 -- an operator asked; a sweep that began earlier is no answer
    number       bigint not null default 0,   -- counts sweeps, fences off late results
    started_at   timestamptz,
    finished_at  timestamptz,
    lease_until  timestamptz,                 -- null: nobody is at it
    owner        uuid,
    looked       int not null default 0,      -- things at the provider the last one saw
    error        text check (length(error) <= 400) -- why the last one did not come to its end
);
insert into sweeps (piece) values ('llm_key'), ('server');

-- Every difference. What was put right stays for a while, what is no longer there goes with the next sweep.
create table findings (
    id            bigint generated always as identity primary key,
    piece         text not null references sweeps,
    kind          text not null check (length(kind) <= 60),
    subject       text not null check (length(subject) <= 200),  -- the provider's name of it
    deployment_id uuid,                                          -- none or not ours, so no reference
    first_seen    timestamptz not null default now(),
    last_seen     timestamptz not null default now(),
    money_cents   bigint,                                        -- null: unknown, or it is not about money
    money_is      text check (money_is in ('month', 'cap', 'once')),
    currency      text not null default 'USD' check (length(currency) <= 8),
    resolved      text check (resolved in ('adopted', 'released', 'revoked', 'dropped')), -- null: a person must look
    words         text not null check (length(words) <= 1000),
    unique (piece, kind, subject)
);

grant select, update on sweeps to key_provisioner, ovh_orderer;
grant select, insert, update, delete on findings to key_provisioner, ovh_orderer;
grant select on sweeps, findings to api_gateway;

-- Names at the providers end in a deployment's last 12 characters.
create index deployments_short on deployments (right(id::text, 12));
create index resource_cart on server.resource ((notes ->> 'cart')) where notes ->> 'cart' is not null;

-- What OVH billed: a bill never changes, so each is read once.
create table server.bills (
    bill     text primary key check (length(bill) <= 60),
    order_id bigint not null,
    cents    bigint,
    currency text not null,
    read_at  timestamptz not null default now()
);
create index bills_order on server.bills (order_id);
grant select, insert, delete on server.bills to ovh_orderer;
