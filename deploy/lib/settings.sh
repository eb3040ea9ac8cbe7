# shellcheck shell=bash
# shellcheck disable=SC2034  # these variables are what the other files work with
#
# What a run is set to: where it lives, on which ports, with which credentials.
# Credentials are random, made once per RUN_DIR and kept readable by the owner
# only. demo.env is the run's handle for people and scripts; it exists for as
# long as the demo does.

load_settings() {
    RUN_DIR=$(realpath -m -- "${RUN_DIR:-$ROOT/.run}")
    BIN_DIR=$(realpath -m -- "${BIN_DIR:-$ROOT/build/bin}")
    local running_base running_copies
    running_base=$(recorded PORT_BASE) running_copies=$(recorded COPIES)
    SANDBOX_MACHINES=${SANDBOX_MACHINES:-$(recorded SANDBOX_MACHINES)}
    COPIES=${COPIES:-${running_copies:-1}}
    [[ $COPIES =~ ^[1-9]$ ]] || die "COPIES must be a number from 1 to 9, not '$COPIES'"
    PORT_BASE=${PORT_BASE:-${running_base:-$(default_port_base)}}
    if ! [[ $PORT_BASE =~ ^[0-9]{4,5}$ ]] || ((PORT_BASE < 1024 || PORT_BASE > 65400)); then
        die "PORT_BASE must be a port number from 1024 to 65400, not '$PORT_BASE'"
    fi
    if [[ $running_base && $running_base != "$PORT_BASE" ]]; then
        die "the demo in $RUN_DIR has PORT_BASE=$running_base; stop it before you choose PORT_BASE=$PORT_BASE"
    fi
    SANDBOX_NET=127.$((32 + PORT_BASE / 100 % 200))
    MACHINE_SSH_PORT=22 MACHINE_HTTPS_PORT=443
    if ((EUID != 0)); then
        MACHINE_SSH_PORT=2222 MACHINE_HTTPS_PORT=8443
    fi
    API_URL=http://127.0.0.1:$PORT_BASE
    SANDBOX_URL=http://127.0.0.1:$((PORT_BASE + 1))
    KAFKA_BOOTSTRAP=127.0.0.1:$((PORT_BASE + 3))
    OVH_ENDPOINT=$SANDBOX_URL/1.0
    OPENROUTER_URL=$SANDBOX_URL/api/v1
    MACHINE_CA_FILE=$RUN_DIR/sandbox/ca.pem
    # What is set up, and offered to those who have an older one.
    OPENCLAW_VERSION=${OPENCLAW_VERSION:-$(sed -n 's/^OPENCLAW_VERSION=//p' "$ROOT/deploy/vps/pins.sh")}
    SETUP_VALUES=
    [[ $SANDBOX_MACHINES != nspawn ]] || use_booted_machines
}

# Machines that boot have a network of their own, and an installation that must be told of it.
use_booted_machines() {
    ((EUID == 0)) || die "booted machines need root"
    SANDBOX_NET=198.18.$((PORT_BASE / 100 % 250))
    MACHINE_SSH_PORT=22 MACHINE_HTTPS_PORT=443
    SETUP_VALUES=$RUN_DIR/sandbox/setup.values
    DEMO_TEMPO['installer']+=' SETUP_POLL_S=2' # each look is a login, and the machine has better things to do
}

# recorded NAME: what the running demo has, or nothing.
recorded() {
    [[ ! -r $RUN_DIR/demo.env ]] || sed -n "s/^$1=//p" "$RUN_DIR/demo.env"
}

# The lock keeps two calls of `up` and `down` apart; what they start does not inherit it (spawn closes it).
make_run_dir() {
    mkdir -p "$RUN_DIR"/{log,pids,started,settings}
    exec 9>"$RUN_DIR/lock"
    flock -w 120 9 || die "another deploy/demo is at work in $RUN_DIR"
}

load_credentials() {
    local file=$RUN_DIR/credentials.env
    [[ -s $file ]] || private "$file" new_credentials
    # shellcheck source=/dev/null
    source "$file"
    DATABASE_URL=$(database_url openclaw "$OWNER_DB_PASSWORD")
}

# private FILE COMMAND...: FILE becomes what COMMAND prints, whole or not at all, and only for its owner to read.
private() {
    local file=$1
    shift
    rm -f "$file.new"
    (umask 077 && "$@" >"$file.new")
    mv "$file.new" "$file"
}

new_credentials() {
    local role
    say "MASTER_KEYS=demo:$(head -c 32 /dev/urandom | base64)"
    say "DEMO_EMAIL=demo@example.com"
    say "DEMO_PASSWORD=demo-$(random_hex 8)"
    say "OVH_APP_KEY=$(random_hex 8)"
    say "OVH_APP_SECRET=$(random_hex 16)"
    say "OVH_CONSUMER_KEY=$(random_hex 16)"
    say "OPENROUTER_PROVISIONING_KEY=sk-or-v1-$(random_hex 32)"
    for role in OWNER "${DATABASE_ROLES[@]}"; do
        say "${role^^}_DB_PASSWORD=$(random_hex 16)"
    done
}

database_url() {
    say "postgresql://$1:$2@127.0.0.1:$((PORT_BASE + 2))/openclaw"
}

DEMO_ENV_NAMES=(API_URL SANDBOX_URL DATABASE_URL KAFKA_BOOTSTRAP DEMO_EMAIL DEMO_PASSWORD OVH_ENDPOINT
    OVH_APP_KEY OVH_APP_SECRET OVH_CONSUMER_KEY OPENROUTER_PROVISIONING_KEY OPENROUTER_URL
    MACHINE_CA_FILE PORT_BASE RUN_DIR COPIES SANDBOX_MACHINES)

demo_env() {
    local name value
    for name in "${DEMO_ENV_NAMES[@]}"; do
        value=${!name}
        [[ $value =~ ^[A-Za-z0-9_.,:/@=+-]*$ ]] || value="'${value//\'/\'\\\'\'}'"
        say "$name=$value"
    done
}
