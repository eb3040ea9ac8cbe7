# shellcheck shell=bash
#
# The demo's own PostgreSQL cluster in RUN_DIR/postgres, on the loopback address
# only, with passwords and fsync. It refuses to run as root, so root runs it as
# the user postgres, who may not be able to reach the checkout: the data
# directory is then bound to a place that user can reach, in a mount namespace
# that only the server sees and that ends with it.

POSTGRES_PLACE=/var/lib/postgresql

DATABASE_ROLES=(api_gateway key_provisioner ovh_orderer installer health_monitor)

find_postgres() {
    local found
    found=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1) || true
    [[ $found ]] || die "PostgreSQL's server is not installed; run deploy/bootstrap"
    PG_BIN=${found%/initdb}
}

# Sets AS_POSTGRES (stands before a command that works on the data) and PG_DATA (where it finds them).
find_postgres_user() {
    AS_POSTGRES=(env)
    PG_DATA=$RUN_DIR/postgres
    ((EUID == 0)) || return 0
    [[ -d $POSTGRES_PLACE ]] || die "$POSTGRES_PLACE is missing; it comes with Debian's postgresql"
    # shellcheck disable=SC2016  # expanded by the inner shell
    AS_POSTGRES=(unshare --mount --propagation private sh -c
        'mount --bind "$1" "$2" && cd / && shift 2 &&
         exec setpriv --reuid=postgres --regid=postgres --init-groups --inh-caps=-all -- "$@"'
        sh "$PG_DATA" "$POSTGRES_PLACE" env)
    PG_DATA=$POSTGRES_PLACE
}

make_cluster() {
    local data=$RUN_DIR/postgres
    [[ ! -e $RUN_DIR/started/postgres.cluster ]] || return 0
    rm -rf "$data"
    mkdir -m 700 "$data"
    ((EUID != 0)) || chown postgres: "$data"
    # initdb opens /dev/stdin anew, which that user may do only with a pipe of its own: hence the cat.
    # shellcheck disable=SC2016  # expanded by the inner shell
    "${AS_POSTGRES[@]}" LC_ALL=C.UTF-8 sh -c 'cat | "$0" "$@"' "$PG_BIN/initdb" --pgdata="$PG_DATA" \
        --username=openclaw --pwfile=/dev/stdin --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
        <<<"$OWNER_DB_PASSWORD" >>"$RUN_DIR/log/postgres.log" 2>&1 || {
        say "postgres: could not make a database cluster" >&2
        show_log postgres
        return 1
    }
    : >"$RUN_DIR/started/postgres.cluster"
}

start_postgres() {
    local attempt
    find_postgres
    find_postgres_user
    make_cluster || return 1
    # The memory a killed server leaves is freed a moment later, when its last child is gone: until then a start is refused.
    for attempt in 1 2 3; do
        forget_dead_server
        spawn_postgres
        wait_until 30 answers_or_dead postgres postgres_answers || true
        if is_alive postgres || ! tail -n 3 "$RUN_DIR/log/postgres.log" | grep -q 'shared memory block'; then
            break
        fi
        ((attempt == 3)) || sleep 0.5
    done
    wait_for postgres 1 "answer on port $((PORT_BASE + 2))" postgres_answers || return 1
    make_database
}

# A killed server that nobody has waited for yet still counts as running with
# PostgreSQL. Its lock file then gets a pid that cannot be: removing the file
# would also remove the check that its children are gone.
forget_dead_server() {
    # shellcheck disable=SC2034  # only whether there is one counts
    local lock=$RUN_DIR/postgres/postmaster.pid recorded began
    { read -r recorded <"$lock"; } 2>/dev/null || return 0
    start_time_of "$recorded" began || sed -i '1s/.*/4194304/' "$lock"
}

spawn_postgres() {
    spawn postgres "${AS_POSTGRES[@]}" -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 "$PG_BIN/postgres" -D "$PG_DATA" \
        -c "port=$((PORT_BASE + 2))" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
        -c max_connections=300 -c dynamic_shared_memory_type=mmap -c log_line_prefix='%m [%p] %q%u ' -c timezone=UTC
}

postgres_answers() {
    "$PG_BIN/pg_isready" -q -t 2 -h 127.0.0.1 -p "$((PORT_BASE + 2))"
}

# run_sql DATABASE: standard input as the owner.
run_sql() {
    PGPASSWORD=$OWNER_DB_PASSWORD PGCONNECT_TIMEOUT=5 "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$((PORT_BASE + 2))" -U openclaw -d "$1"
}

make_database() {
    [[ $(run_sql postgres <<<"select 1 from pg_database where datname = 'openclaw'") ]] && return
    run_sql postgres <<<'create database openclaw'
}

# The migrations make the services' roles without a way in; here each gets its own password.
set_role_passwords() {
    local role name
    for role in "${DATABASE_ROLES[@]}"; do
        name=${role^^}_DB_PASSWORD
        say "alter role $role password '${!name}';"
    done | run_sql openclaw
}
