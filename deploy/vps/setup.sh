#!/bin/bash
# Turns a fresh VPS (Ubuntu 22.04 or 24.04, Debian 12 or 13) into a running OpenClaw behind Caddy.
#
#   setup.sh start           reads setup.env beside this file, then works on in the background; safe to repeat
#   setup.sh follow OFFSET   prints the status, "offset N", an empty line, and the log from OFFSET on
#   setup.sh result          prints what the caller must know when all is done, as JSON
#   setup.sh upgrade         reads upgrade.env beside this file, then brings OpenClaw to that version in the background, or
#                            back to the one before; followed and safe to repeat as the setup is
#   setup.sh certificates    prints what the web server was given (a tar archive): uploaded as certificates.tgz before the
#                            start on a reinstalled machine, it is used again, because authorities give few at a time
#
# Every step may run again and a finished step is skipped, so after a lost connection, a failure or a reboot the answer
# is always the same: start again. No secret is ever an argument of a command or a line of the log.
# shellcheck disable=SC2317 # steps are called by name
set -Eeuo pipefail
umask 022
export HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a
PATH=${PATH:-/usr/sbin:/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# What is installed, and from where: the one table. A line of setup.env may say something else for each of these names.
# A mirror needs no other checksum unless it has another file: then NODE_SHA256 or CADDY_SHA512 says which.
# shellcheck disable=SC2034 # the checksums are used by their composed names
{
OPENCLAW_VERSION=2026.9.6
NODE_VERSION=24.21.0
NODE_SHA256_x64=6e1db87ef58b8819e5d5402eff1536491b18edd8eb7bee5ef7897876e88dc5ff
NODE_SHA256_arm64=724282c3b43aec998aa9527380465b45d229e021b58035f5f4f63095eabfe5d5
NODE_MIRROR=https://nodejs.org/dist
NODE_SHA256=''
CADDY_VERSION=2.11.4 # older than 2.11.3 have trouble with certificates for bare addresses
CADDY_SHA512_amd64=8220d1f013b6f27510247b2360c9e0ca9f018feebd82515f07635318b34ff9777ccc8fd0b6e6f2486ce3a33fe389fbb7db12d05baa474f4587509fb4f5ebf1c9
CADDY_SHA512_arm64=d5a7c423853c24a799765e0e8210d5c7c22a8f56ed37a3cae2fb9f58be138853c02b4efd6b59d576e6d8c7c0d30b9c1592deeaa6a536ff69bcca23b8c1ea709c
CADDY_MIRROR=https://github.com/caddyserver/caddy/releases/download
CADDY_SHA512=''
NPM_REGISTRY=''        # npm's own
ACME_DIRECTORY=''      # Let's Encrypt
ACME_ROOT=''           # whom to trust there: a certificate in base64, on one line
OPENROUTER_BASE_URL='' # OpenRouter's own
}

readonly STATE=/var/lib/openclaw-setup
readonly VALUES=$STATE/values
readonly PINNED_OPENCLAW=$OPENCLAW_VERSION
readonly CADDY=/usr/local/bin/caddy
readonly CADDY_HOME=/var/lib/caddy
readonly CADDY_STORE=$CADDY_HOME/.local/share/caddy
readonly ACME_ROOT_FILE=/etc/caddy/acme-root.pem
readonly GATEWAY_HOME=/var/lib/openclaw
readonly COMPILED=$GATEWAY_HOME/.cache/node-compile # each call takes seconds, most of them to load OpenClaw
readonly GATEWAY_URL=http://127.0.0.1:18789
readonly FOLLOW_BYTES=32768
readonly UPGRADE=$STATE/upgrade
readonly BACKUPS=$STATE/backups
readonly STEPS='prepare packages firewall caddy node openclaw config key services verify skills'

step=start
doing='starting'
AHEAD='' # the process that installs Node.js and OpenClaw beside other steps

# ---------------------------------------------------------------- status, log, values

say() { printf '%s\n' "$*"; }

put() { # FILE MODE: standard input becomes the file, all or nothing
    local new=$1.new
    (umask 077 && cat >"$new")
    chmod "$2" "$new"
    mv -f "$new" "$1"
}

set_status() { say "$*" | put "$STATE/status" 0644; }

fail() { # SENTENCE: for a person
    say "failed: $*"
    say "$step ${*//$'\n'/ }" >"$STATE/failure"
    exit 1
}

on_error() {
    local code=$?
    [ -s "$STATE/failure" ] || say "$step $doing did not work (exit status $code)" >"$STATE/failure"
}

need_root() {
    [ "$(id -u)" = 0 ] || { say 'setup.sh must run as root' >&2; exit 1; }
}

running() { # does a run hold the lock?
    [ -e "$STATE/lock" ] && ! flock -sn "$STATE/lock" true
}

# setup.env is text from elsewhere: only NAME='value' lines, where nothing can be executed, are let in.
check_values_file() {
    local line
    local -r quoted="^[A-Z_][A-Z_0-9]*=('[^']*'|\\\\')*\$"
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in '' | '#'*) continue ;; esac
        [[ $line =~ $quoted ]] || return 1
        case ${line%%=*} in
        OPENROUTER_API_KEY | GATEWAY_TOKEN | VPS_IP | VPS_HOSTNAME | OPENCLAW_VERSION | OPENCLAW_MODEL | DASHBOARD_ORIGIN | SKILLS | RUN_ID) ;;
        NODE_VERSION | NODE_MIRROR | NODE_SHA256 | CADDY_VERSION | CADDY_MIRROR | CADDY_SHA512 | NPM_REGISTRY) ;;
        ACME_DIRECTORY | ACME_ROOT | OPENROUTER_BASE_URL) ;;
        *) return 1 ;;
        esac
    done <"$1"
}

load_values() {
    OPENROUTER_API_KEY='' GATEWAY_TOKEN='' VPS_IP='' VPS_HOSTNAME='' OPENCLAW_MODEL='' DASHBOARD_ORIGIN='' SKILLS='' RUN_ID=''
    # shellcheck disable=SC1090 # checked above
    . "$1"
    OPENCLAW_VERSION=${OPENCLAW_VERSION:-$PINNED_OPENCLAW}
    # In the environment the key would make OpenClaw install plugins and would outlive its replacement.
    export -n OPENROUTER_API_KEY GATEWAY_TOKEN
}

# Lengths are counted, not matched: bash spells {0,251} out, and nested ones cost hundreds of megabytes.
check() { # NAME LEAST MOST PATTERN
    local -r value=${!1}
    if ((${#value} < $2 || ${#value} > $3)) || ! [[ $value =~ ^($4)$ ]]; then
        fail "the value of $1 is missing or malformed"
    fi
}

check_values() { # KIND: setup, or upgrade, which needs no more than a version and a way to get it
    local -r host='[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?'
    local -r origin="https?://$host(:[0-9]{1,5})?"
    local -r version='[0-9]+\.[0-9]+\.[0-9]+(-[A-Za-z0-9.]+)?'
    local -r address="$origin(/[A-Za-z0-9._~%/-]*)?"
    check OPENCLAW_VERSION 5 60 "$version"
    check RUN_ID 1 64 '[A-Za-z0-9._-]+'
    check NPM_REGISTRY 0 500 "($address)?"
    [ "$1" = setup ] || return 0
    check OPENROUTER_API_KEY 8 512 '[A-Za-z0-9_-]+'
    check GATEWAY_TOKEN 32 256 '[A-Za-z0-9_-]+'
    check VPS_IP 7 15 '[0-9]{1,3}(\.[0-9]{1,3}){3}'
    check VPS_HOSTNAME 0 253 "($host)?"
    check OPENCLAW_MODEL 1 200 '[A-Za-z0-9._:/-]+'
    check DASHBOARD_ORIGIN 8 2000 "$origin( $origin)*"
    check SKILLS 0 2000 '[A-Za-z0-9@._/ -]*'
    check NODE_VERSION 5 60 "$version"
    check NODE_MIRROR 8 500 "$address"
    check NODE_SHA256 0 64 '([0-9a-f]{64})?'
    check CADDY_VERSION 5 60 "$version"
    check CADDY_MIRROR 8 500 "$address"
    check CADDY_SHA512 0 128 '([0-9a-f]{128})?'
    check ACME_DIRECTORY 0 500 "($address)?"
    check ACME_ROOT 0 8000 '[A-Za-z0-9+/=]*'
    check OPENROUTER_BASE_URL 0 500 "($address)?"
}

# ---------------------------------------------------------------- helpers of the steps

# Downloads and package lists fail now and then on a young machine: three attempts, each with a deadline.
patiently() { # SECONDS COMMAND...
    local seconds=$1 attempt
    shift
    for attempt in 1 2 3; do
        timeout "$seconds" "$@" </dev/null && return 0
        say "attempt $attempt of 3 did not work: $1"
        [ "$attempt" = 3 ] || sleep $((attempt * 5))
    done
    return 1
}

# Cloud images run their own apt at first boot; wait for its lock instead of failing.
# What was cut off in the middle is finished first.
apt() {
    [ ! -d /var/lib/dpkg/updates ] || timeout 600 dpkg --configure -a </dev/null || true
    patiently 900 apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Languages=none -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@"
}

download() { # URL FILE
    patiently 300 curl -fsSL --connect-timeout 15 --max-time 280 -o "$2" "$1"
}

openclaw_as_user() { # from a folder that user may enter, with the home it will serve from
    (cd "$GATEWAY_HOME" && timeout "${PATIENCE_S:-300}" runuser -u openclaw -- env HOME="$GATEWAY_HOME" NODE_COMPILE_CACHE="$COMPILED" openclaw "$@")
}

at_least() { # VERSION OLDEST
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# Node.js and OpenClaw take longest and need next to nothing of the steps before theirs, so they are begun beside them.
# Their own steps wait for that, and then do what is left: all of it, if it went wrong here.
begin_ahead() {
    command -v curl >/dev/null || return 0
    rm -f "$STATE"/ahead.*
    (
        trap - ERR
        fail() { say "failed: $*"; exit 1; }
        step_node
        : >"$STATE/ahead.node"
        step_openclaw
    ) </dev/null >"$STATE/ahead.log" 2>&1 &
    AHEAD=$!
    trap 'kill_tree "$AHEAD"' EXIT
}

await_ahead() { # node, or openclaw, which is the end of it
    [ -n "$AHEAD" ] || return 0
    if [ "$1" = node ]; then
        until [ -e "$STATE/ahead.node" ] || ! kill -0 "$AHEAD" 2>/dev/null; do sleep 0.1; done
        return 0
    fi
    wait "$AHEAD" || true
    AHEAD=''
    trap - EXIT
    hash -r
    grep -vE '^(== |failed: )' "$STATE/ahead.log" || true # those the step itself says
    rm -f "$STATE"/ahead.*
}

kill_tree() { # PID
    local children child
    children=$(cat "/proc/$1/task/$1/children" 2>/dev/null) || true
    kill -KILL "$1" 2>/dev/null || true
    for child in $children; do kill_tree "$child"; done
}

# ---------------------------------------------------------------- the steps

step_prepare() {
    say '== prepare: Looking at the machine'
    # shellcheck disable=SC1091
    local system && system=$(. /etc/os-release && say "${ID:-}-${VERSION_ID:-}")
    case $system in
    ubuntu-22.04 | ubuntu-24.04 | debian-12 | debian-13) say "this is $system" ;;
    *) fail "this system ($system) is not supported" ;;
    esac
    # Without this every sudo waits for a name server that does not know the host name.
    grep -qwF "$(hostname)" /etc/hosts || say "127.0.1.1 $(hostname)" >>/etc/hosts
}

step_packages() {
    say '== packages: Installing system packages'
    doing='installing system packages'
    begin_ahead
    apt update
    apt install -y --no-install-recommends ca-certificates curl git ufw libatomic1
}

step_firewall() {
    say '== firewall: Closing all ports but 22, 80 and 443'
    doing='setting up the firewall'
    local port
    for port in 22 80 443; do ufw allow "$port/tcp"; done # before it is enabled: 22 is our own way in
    ufw default deny incoming
    ufw --force enable
}

# Sets ARCH to what Node.js calls this kind of machine, GO_ARCH to what Caddy does.
find_arch() {
    case $(uname -m) in
    x86_64) ARCH=x64 GO_ARCH=amd64 ;;
    aarch64) ARCH=arm64 GO_ARCH=arm64 ;;
    *) fail "there is nothing to install for $(uname -m)" ;;
    esac
}

step_node() {
    say '== node: Installing Node.js'
    doing='installing Node.js'
    local folder sum archive
    await_ahead node
    [ "$(node -v 2>/dev/null)" = "v$NODE_VERSION" ] && return 0
    find_arch
    archive=node-v$NODE_VERSION-linux-$ARCH.tar.gz
    sum=NODE_SHA256_$ARCH
    folder=$(mktemp -d)
    download "$NODE_MIRROR/v$NODE_VERSION/$archive" "$folder/$archive"
    (cd "$folder" && say "${NODE_SHA256:-${!sum}}  $archive" | sha256sum --check --quiet -) ||
        fail 'the download of Node.js has the wrong checksum'
    # Real files under /usr/local: a link would move the place where npm installs.
    tar -xzf "$folder/$archive" -C /usr/local --strip-components=1 --no-same-owner \
        --exclude=CHANGELOG.md --exclude=LICENSE --exclude=README.md
    rm -rf "$folder"
    hash -r
    [ "$(node -v)" = "v$NODE_VERSION" ] || fail 'the installed Node.js does not run'
    say "Node.js v$NODE_VERSION"
}

step_openclaw() {
    say "== openclaw: Installing OpenClaw $OPENCLAW_VERSION"
    doing='installing OpenClaw'
    local before
    await_ahead openclaw
    before=$(installed_version)
    # It would not start: what the newer one wrote is refused by an older one.
    if [ -n "$before" ] && [ "$before" != "$OPENCLAW_VERSION" ] && at_least "$before" "$OPENCLAW_VERSION"; then
        fail "OpenClaw $before is installed, and there is no way back to $OPENCLAW_VERSION"
    fi
    if [ "$before" != "$OPENCLAW_VERSION" ] || ! wholly_installed "$before"; then
        clear_half_installed "$before"
        npm_install "$OPENCLAW_VERSION" 900
    fi
}

npm_install() { # VERSION SECONDS
    local scripts=() registry=()
    at_least "$(npm --version)" 11.16.0 && scripts=(--allow-scripts=openclaw)
    [ -z "$NPM_REGISTRY" ] || registry=("--registry=$NPM_REGISTRY")
    patiently "$2" npm install -g "openclaw@$1" "${scripts[@]}" "${registry[@]}" --no-fund --no-audit --loglevel=error
    hash -r
    [ "$(installed_version)" = "$1" ] || fail 'the installed OpenClaw does not run'
    say "$1" | put "$STATE/openclaw" 0644
}

# It may tell its version while half of what it needs is missing, so only npm's success counts.
wholly_installed() { # VERSION
    [ -n "$1" ] && [ "$(cat "$STATE/openclaw" 2>/dev/null)" = "$1" ]
}

# npm refuses to go on where it was cut off: what it had moved aside is in its way, and what it had begun does not run.
clear_half_installed() { # VERSION: what runs now, or nothing
    local modules
    modules=$(npm root -g </dev/null)
    [ -d "${modules:-/nowhere}" ] || return 0
    rm -rf "$modules"/.openclaw-*
    wholly_installed "$1" || rm -rf "$modules/openclaw"
}

installed_version() {
    { timeout 60 openclaw --version 2>/dev/null </dev/null || true; } | awk 'NR == 1 { print $2 }'
}

caddy_version() {
    local version
    version=$("$CADDY" version 2>/dev/null | head -n 1)
    say "${version%% *}"
}

step_caddy() {
    say '== caddy: Installing the web server'
    doing='installing Caddy'
    local folder sum archive
    id caddy >/dev/null 2>&1 ||
        useradd --system --user-group --no-create-home --home-dir "$CADDY_HOME" --shell /usr/sbin/nologin caddy
    install -d -m 0700 -o caddy -g caddy "$CADDY_HOME"
    [ "$(caddy_version)" = "v$CADDY_VERSION" ] && return 0
    find_arch
    archive=caddy_${CADDY_VERSION}_linux_$GO_ARCH.tar.gz
    sum=CADDY_SHA512_$GO_ARCH
    folder=$(mktemp -d)
    download "$CADDY_MIRROR/v$CADDY_VERSION/$archive" "$folder/$archive"
    (cd "$folder" && say "${CADDY_SHA512:-${!sum}}  $archive" | sha512sum --check --quiet -) ||
        fail 'the download of Caddy has the wrong checksum'
    tar -xzf "$folder/$archive" -C "$folder" --no-same-owner caddy
    install -m 0755 "$folder/caddy" "$CADDY.new"
    mv -f "$CADDY.new" "$CADDY"
    rm -rf "$folder"
    [ "$(caddy_version)" = "v$CADDY_VERSION" ] || fail 'the installed Caddy does not run'
    say "Caddy v$CADDY_VERSION"
}

step_config() {
    say '== config: Configuring OpenClaw'
    doing='configuring OpenClaw'
    id openclaw >/dev/null 2>&1 ||
        useradd --system --user-group --no-create-home --home-dir "$GATEWAY_HOME" --shell /usr/sbin/nologin openclaw
    install -d -m 0700 -o openclaw -g openclaw "$GATEWAY_HOME"
    local origins="\"https://$VPS_IP\"" models=''
    [ -z "$VPS_HOSTNAME" ] || origins="$origins, \"https://$VPS_HOSTNAME\""
    [ -z "$OPENROUTER_BASE_URL" ] ||
        models="models: { providers: { openrouter: { baseUrl: \"$OPENROUTER_BASE_URL\", models: [] } } },"
    # One call, because each takes seconds; it refuses what this version of OpenClaw does not know.
    openclaw_as_user config patch --stdin <<PATCH
{
  gateway: {
    mode: "local", bind: "loopback", port: 18789,
    auth: { mode: "token", token: "$GATEWAY_TOKEN" },
    publicOrigin: "https://$VPS_IP",
    // Caddy is the only way in; without these two every request through it is refused.
    trustedProxies: ["127.0.0.1/32", "::1/128"],
    controlUi: { allowedOrigins: [$origins], communityInvite: false },
  },
  update: { checkOnStart: false },
  tools: { profile: "full" },
  agents: { defaults: { model: { primary: "$OPENCLAW_MODEL" } } },
  $models
}
PATCH
}

step_key() {
    say '== key: Storing the key for the language model'
    doing='storing the key'
    printf %s "$OPENROUTER_API_KEY" |
        openclaw_as_user models auth paste-api-key --provider openrouter --profile-id openrouter:default
    # By this the caller knows that its own copy can go.
    printf %s "$OPENROUTER_API_KEY" | sha256sum | head -c 64 | put "$STATE/key_hash" 0600
}

write_unit() {
    put /etc/systemd/system/openclaw-gateway.service 0644 <<UNIT
[Unit]
Description=OpenClaw gateway
After=network-online.target
Wants=network-online.target

[Service]
User=openclaw
WorkingDirectory=$GATEWAY_HOME
Environment=HOME=$GATEWAY_HOME
Environment=NODE_ENV=production
Environment=NODE_COMPILE_CACHE=$COMPILED
Environment=OPENCLAW_NO_RESPAWN=1
Environment=OPENCLAW_DISABLE_BONJOUR=1
Environment=OPENCLAW_NO_AUTO_UPDATE=1
Environment=OPENCLAW_SERVICE_REPAIR_POLICY=external
ExecStart=$(command -v openclaw) gateway run
Restart=always
RestartSec=5
# 78: the configuration is invalid, and will be the next time too.
RestartPreventExitStatus=78
SuccessExitStatus=0 143
TimeoutStopSec=330
KillMode=mixed
OOMPolicy=continue
UMask=0077
NoNewPrivileges=true
CapabilityBoundingSet=
ProtectSystem=strict
ReadWritePaths=$GATEWAY_HOME /tmp
ProtectHome=true
PrivateTmp=true
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectKernelLogs=true
ProtectControlGroups=true
ProtectClock=true
ProtectHostname=true
LockPersonality=true
RestrictRealtime=true
SystemCallArchitectures=native
# Not RestrictSUIDSGID, nor MemoryDenyWriteExecute: Node.js and OpenClaw do not run with them.

[Install]
WantedBy=multi-user.target
UNIT
}

write_caddy_unit() {
    put /etc/systemd/system/caddy.service 0644 <<UNIT
[Unit]
Description=Caddy web server
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
User=caddy
Environment=HOME=$CADDY_HOME
ExecStart=$CADDY run --config /etc/caddy/Caddyfile
Restart=always
RestartSec=2
TimeoutStopSec=5
LimitNOFILE=65536
UMask=0077
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=true
ProtectSystem=strict
ReadWritePaths=$CADDY_HOME
ProtectHome=true
PrivateTmp=true
PrivateDevices=true
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectKernelLogs=true
ProtectControlGroups=true
ProtectClock=true
ProtectHostname=true
LockPersonality=true
MemoryDenyWriteExecute=true
RestrictRealtime=true
RestrictSUIDSGID=true
RestrictNamespaces=true
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
UNIT
}

write_acme_root() {
    [ -n "$ACME_ROOT" ] || { rm -f "$ACME_ROOT_FILE"; return 0; }
    { say '-----BEGIN CERTIFICATE-----'; fold -w 64 <<<"$ACME_ROOT"; say '-----END CERTIFICATE-----'; } | put "$ACME_ROOT_FILE" 0644
}

# The issuer is named in the site itself: a bare address without one gets a certificate nobody trusts. Only short-lived
# ones are given for addresses.
issuer() { # LINE...
    [ -z "$ACME_DIRECTORY" ] || set -- "$@" "dir $ACME_DIRECTORY"
    [ -z "$ACME_ROOT" ] || set -- "$@" "trusted_roots $ACME_ROOT_FILE"
    [ $# -gt 0 ] || return 0
    printf '\ttls {\n\t\tissuer acme {\n'
    printf '\t\t\t%s\n' "$@"
    printf '\t\t}\n\t}\n'
}

write_caddyfile() {
    {
        cat <<CADDY
{
	admin off
	default_sni $VPS_IP
	servers {
		protocols h1 h2
	}
}

(openclaw) {
	# The gateway's HTTP API accepts its token without pairing; nothing outside needs it.
	@api path /tools/* /v1/* /api/v1/* /hooks/*
	respond @api 404
	header -Server
	# Nothing of what OpenClaw says is changed but who may frame it.
	reverse_proxy 127.0.0.1:18789 {
		header_down -X-Frame-Options
		header_down Content-Security-Policy "frame-ancestors [^;]+" "frame-ancestors $DASHBOARD_ORIGIN"
	}
}

CADDY
        # The host name is a second way in with a certificate of its own; each keeps working if the other fails.
        printf '\nhttps://%s {\n%s\n\timport openclaw\n}\n' "$VPS_IP" "$(issuer 'profile shortlived')"
        [ -z "$VPS_HOSTNAME" ] || printf '\nhttps://%s {\n%s\n\timport openclaw\n}\n' "$VPS_HOSTNAME" "$(issuer)"
    } | put /etc/caddy/Caddyfile 0644
}

step_services() {
    say '== services: Starting OpenClaw and the web server'
    doing='starting the services'
    install -d -m 0755 /etc/caddy
    restore_certificates
    write_unit
    write_caddy_unit
    write_acme_root
    write_caddyfile
    local said
    said=$(cd "$CADDY_HOME" && runuser -u caddy -- env HOME="$CADDY_HOME" "$CADDY" validate --adapter caddyfile --config /etc/caddy/Caddyfile 2>&1 </dev/null) ||
        { say "$said"; fail 'the configuration of the web server is not valid'; }
    systemctl daemon-reload
    systemctl reset-failed openclaw-gateway caddy 2>/dev/null || true
    systemctl enable --quiet openclaw-gateway caddy
    systemctl restart openclaw-gateway caddy
}

# As the web server's own user, so that nothing but its folder can be written to.
restore_certificates() {
    [ -s "$STATE/certificates.tgz" ] || return 0
    if [ ! -e "$CADDY_STORE/certificates" ]; then
        (cd "$CADDY_HOME" && runuser -u caddy -- tar -xz --no-same-owner) <"$STATE/certificates.tgz" ||
            say 'the certificates of before could not be used; there will be new ones'
    fi
    shred -u "$STATE/certificates.tgz"
}

step_verify() {
    say '== verify: Waiting for OpenClaw to answer'
    doing='waiting for OpenClaw'
    local deadline=$((SECONDS + 600)) # ten seconds, on a machine that is not in trouble
    until curl -fsS --max-time 5 -o /dev/null "$GATEWAY_URL/readyz" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || fail 'OpenClaw did not become ready within ten minutes'
        systemctl is-failed --quiet openclaw-gateway && fail 'OpenClaw does not start'
        sleep 0.2
    done
    systemctl is-active --quiet caddy || fail 'the web server does not run'
    say 'OpenClaw is ready'
}

# An extra: what cannot be installed today must not cost the user the machine.
step_skills() {
    [ -n "$SKILLS" ] || return 0
    say '== skills: Installing skills'
    local skill
    for skill in $SKILLS; do
        PATIENCE_S=90 openclaw_as_user skills install "$skill" </dev/null || say "The skill $skill could not be installed; OpenClaw works without it"
    done
}

# ---------------------------------------------------------------- an upgrade: forward, or back to what was

# Whatever happens on the way, it ends with a version that works. Until the outcome is written, the folder $UPGRADE holds
# what going on, or back, needs:
#   run      whose upgrade this is             starts   how often it was begun
#   from     the version before                backup   OpenClaw's own archive was made
#   touched  the gateway was stopped           undo     the way back is taken, and why
#   state.tar  what OpenClaw had written until then; state.restored once it was put back
#   outcome  "upgraded", or "undone" and why
# The package of before is set aside whole, so that the way back needs no network.
readonly UPGRADE_STARTS=3

find_package() {
    PACKAGE=$(npm root -g </dev/null)/openclaw
    PACKAGE_BEFORE=${PACKAGE%/*/*}/openclaw-before
}

# Its home is the service user's own: what is done there is done with no more rights than that user has.
as_openclaw() {
    (cd "$GATEWAY_HOME" && exec runuser -u openclaw -- "$@")
}

upgrade_check() {
    say "== check: Looking for OpenClaw $OPENCLAW_VERSION"
    doing='looking for the new version'
    local before registry=()
    if [ ! -e "$UPGRADE/from" ]; then
        before=$(installed_version)
        say "${before:-$(result_field openclawVersion)}" | put "$UPGRADE/from" 0600
        wholly_installed "$before" || fail 'the OpenClaw of before is not installed completely'
    fi
    before=$(cat "$UPGRADE/from")
    at_least "$OPENCLAW_VERSION" "$before" || fail "OpenClaw $before is newer, and there is no way back to $OPENCLAW_VERSION"
    [ -z "$NPM_REGISTRY" ] || registry=("--registry=$NPM_REGISTRY")
    [ -e "$UPGRADE/touched" ] || [ "$before" = "$OPENCLAW_VERSION" ] ||
        patiently 60 npm view "openclaw@$OPENCLAW_VERSION" version "${registry[@]}" --loglevel=error ||
        fail "OpenClaw $OPENCLAW_VERSION can not be downloaded"
}

# The archive of OpenClaw's own making is for people; the way back has a copy made at rest.
upgrade_backup() {
    local -r fresh=$GATEWAY_HOME/upgrade-backup.tar.gz
    local backup
    [ ! -e "$UPGRADE/backup" ] || return 0
    say '== backup: Backing up OpenClaw'
    doing='making a backup'
    as_openclaw rm -f "$fresh"
    openclaw_as_user backup create --output "$fresh" --verify --json </dev/null >/dev/null || fail 'a backup could not be made'
    install -d -m 0700 "$BACKUPS"
    backup=$BACKUPS/openclaw-$(cat "$UPGRADE/from")-$(date -u +%Y%m%dT%H%M%SZ).tar.gz
    as_openclaw cat "$fresh" | put "$backup" 0600
    [ -s "$backup" ] || fail 'the backup is empty'
    as_openclaw rm -f "$fresh"
    (cd "$BACKUPS" && find . -name '*.tar.gz' -printf '%T@ %f\n' | sort -rn | awk 'NR > 2 { print $2 }' | xargs -r rm -f)
    : >"$UPGRADE/backup"
}

upgrade_stop() {
    say '== stop: Stopping OpenClaw'
    doing='stopping OpenClaw'
    : >"$UPGRADE/touched"
    systemctl stop openclaw-gateway
    # After a reboot the old one may have gone on working for a while; not so once its package is out of the way.
    [ ! -e "$PACKAGE_BEFORE" ] || return 0
    (umask 077 && as_openclaw tar -cf - .openclaw >"$UPGRADE/state.tar.new")
    mv -f "$UPGRADE/state.tar.new" "$UPGRADE/state.tar"
}

upgrade_install() {
    say "== install: Installing OpenClaw $OPENCLAW_VERSION"
    doing="installing OpenClaw $OPENCLAW_VERSION"
    wholly_installed "$OPENCLAW_VERSION" && [ "$(installed_version)" = "$OPENCLAW_VERSION" ] && return 0
    [ -e "$PACKAGE_BEFORE" ] || mv "$PACKAGE" "$PACKAGE_BEFORE"
    clear_half_installed ''
    npm_install "$OPENCLAW_VERSION" 300
}

upgrade_doctor() {
    say '== doctor: Adapting the configuration'
    OPENCLAW_SERVICE_REPAIR_POLICY=external OPENCLAW_NO_AUTO_UPDATE=1 PATIENCE_S=300 \
        openclaw_as_user doctor --fix --yes --non-interactive </dev/null ||
        say 'OpenClaw could not look after its configuration by itself; what counts is whether it starts'
}

upgrade_launch() {
    say "== launch: Starting OpenClaw $OPENCLAW_VERSION"
    start_openclaw "$OPENCLAW_VERSION"
}

# Until it answers. One that dies again and again is not waited for.
start_openclaw() { # VERSION
    local -r deadline=$((SECONDS + 300))
    doing="starting OpenClaw $1"
    systemctl reset-failed openclaw-gateway 2>/dev/null || true
    systemctl start openclaw-gateway
    until curl -fsS --max-time 5 -o /dev/null "$GATEWAY_URL/readyz" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || fail "OpenClaw $1 did not become ready within five minutes"
        ! systemctl is-failed --quiet openclaw-gateway || fail "OpenClaw $1 does not start"
        [ "0$(systemctl show -p NRestarts --value openclaw-gateway)" -lt 3 ] || fail "OpenClaw $1 does not start"
        sleep 0.2
    done
    say "OpenClaw $1 is ready"
}

upgrade_steps() {
    trap on_error ERR
    local steps='backup stop install doctor launch' began
    step=check
    set_status "running $step"
    upgrade_check
    [ "$(cat "$UPGRADE/from")" != "$OPENCLAW_VERSION" ] || steps=launch # somebody did it already
    for step in $steps; do
        set_status "running $step"
        doing="the step $step"
        began=$SECONDS
        "upgrade_$step"
        say "$step took $((SECONDS - began)) s"
    done
}

# Each part may be cut off and done again. Between the package and the state nothing can be lost: the old version does not
# start on what a newer one wrote.
undo_steps() {
    trap on_error ERR
    local from
    step=undo
    set_status "running $step"
    [ -e "$UPGRADE/touched" ] || return 0 # it went on working all the time
    from=$(cat "$UPGRADE/from")
    say "== undo: Going back to OpenClaw $from"
    doing="going back to OpenClaw $from"
    systemctl stop openclaw-gateway
    if [ -e "$PACKAGE_BEFORE" ]; then
        clear_half_installed ''
        mv "$PACKAGE_BEFORE" "$PACKAGE"
    fi
    hash -r
    [ "$(installed_version)" = "$from" ] || npm_install "$from" 300
    say "$from" | put "$STATE/openclaw" 0644
    if [ -e "$UPGRADE/state.tar" ]; then
        as_openclaw sh -c 'rm -rf .openclaw-undo && mkdir -m 0700 .openclaw-undo && tar -xpf - -C .openclaw-undo &&
            rm -rf .openclaw && mv .openclaw-undo/.openclaw . && rmdir .openclaw-undo' <"$UPGRADE/state.tar"
        mv -f "$UPGRADE/state.tar" "$UPGRADE/state.restored"
    fi
    start_openclaw "$from"
}

upgrade_or_undo() {
    local code starts
    find_package
    if [ "$(cat "$UPGRADE/run" 2>/dev/null)" != "$RUN_ID" ]; then
        # What an earlier one left unfinished comes first.
        if [ -e "$UPGRADE/from" ] && [ ! -e "$UPGRADE/outcome" ]; then undo_steps; fi
        clear_upgrade
        install -d -m 0700 "$UPGRADE"
        say "$RUN_ID" | put "$UPGRADE/run" 0600
    fi
    [ ! -e "$UPGRADE/outcome" ] || return 0 # only the word about it is missing
    if [ ! -e "$UPGRADE/undo" ]; then
        starts=$(($(cat "$UPGRADE/starts" 2>/dev/null || say 0) + 1))
        say "$starts" | put "$UPGRADE/starts" 0600
        code=1
        if [ "$starts" -le "$UPGRADE_STARTS" ]; then
            set +e
            (set -e; upgrade_steps)
            code=$?
            set -e
        fi
        if [ "$code" = 0 ]; then
            say upgraded | put "$UPGRADE/outcome" 0600
            return 0
        fi
        { if [ -s "$STATE/failure" ]; then cut -d' ' -f2- "$STATE/failure"; else say 'it was interrupted again and again'; fi; } |
            put "$UPGRADE/undo" 0600
        rm -f "$STATE/failure"
    fi
    undo_steps
    say "undone $(cat "$UPGRADE/undo")" | put "$UPGRADE/outcome" 0600
}

finish_upgrade() {
    local outcome why version
    read -r outcome why <"$UPGRADE/outcome"
    why=$(say "$why" | sed -f "$STATE/redact" | tr -cd 'A-Za-z0-9 .,:;()@/_-' | head -c 160)
    version=$OPENCLAW_VERSION
    [ "$outcome" = upgraded ] || version=$(cat "$UPGRADE/from")
    write_result "$version" ",\"upgrade\":{\"run\":\"$RUN_ID\",\"outcome\":\"$outcome\",\"reason\":\"$why\"}"
    set_status 'done'
    forget_values
    clear_upgrade
}

# The outcome must not be the first to go.
clear_upgrade() {
    [ -e "$UPGRADE" ] || return 0
    find_package
    rm -rf "$PACKAGE_BEFORE" "$UPGRADE.over"
    mv "$UPGRADE" "$UPGRADE.over"
    rm -rf "$UPGRADE.over"
}

# ---------------------------------------------------------------- the run in the background

# The log is for the machine's owner: no secrets even by accident, no terminal codes.
write_redactor() {
    local secret
    for secret in "$OPENROUTER_API_KEY" "$GATEWAY_TOKEN"; do
        [ -z "$secret" ] || say "s/${secret}/[redacted]/g"
    done | cat - <(say 's/sk-or-[A-Za-z0-9_-]\{8,\}/[redacted]/g; s/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r/\n/g') | put "$STATE/redact" 0600
}

run_steps() {
    trap on_error ERR
    local began now
    for step in $STEPS; do
        [ -e "$STATE/steps/$step" ] && continue
        set_status "running $step"
        doing="the step $step"
        began=${EPOCHREALTIME/[.,]/}
        "step_$step"
        now=${EPOCHREALTIME/[.,]/}
        say "$step took $(((now - began) / 1000000)).$(((now - began) / 100000 % 10)) s" | tee "$STATE/steps/$step"
    done
}

forget_values() {
    local file
    for file in "$VALUES" "$STATE/redact"; do [ ! -e "$file" ] || shred -u "$file"; done
}

write_result() { # VERSION MORE
    printf '{"gatewayToken":"%s","openclawVersion":"%s","keyHash":"%s"%s}\n' \
        "$GATEWAY_TOKEN" "$1" "$(cat "$STATE/key_hash" 2>/dev/null || true)" "$2" | put "$STATE/result.json" 0600
}

result_field() { # NAME: of the result that is there
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$STATE/result.json"
}

finish_setup() {
    write_result "$OPENCLAW_VERSION" ''
    set_status 'done'
    forget_values
    clear_upgrade # whatever was left of one, this is newer
}

run() { # KIND: setup or upgrade
    local work=run_steps
    exec 9>"$STATE/lock"
    # Waiting, because whoever only looks whether a run is at work holds the lock for a moment too.
    flock -w 30 9 || exit 0
    [ "$(cat "$STATE/status")" = 'running start' ] || exit 0
    load_values "$VALUES"
    [ "$1" = setup ] || { work=upgrade_or_undo && GATEWAY_TOKEN=$(result_field gatewayToken); }
    rm -f "$STATE/failure" "$STATE"/ahead.*
    write_redactor
    # The pipe ends when the last writer does, so the log is complete before the status says so. Neither the lock nor
    # the pipe may be inherited by something that stays.
    set +e
    (set -e; "$work") 2>&1 9>&- | sed -u -f "$STATE/redact" >>"$STATE/log" 9>&-
    local code=${PIPESTATUS[0]}
    set -e
    if [ "$code" = 0 ]; then
        "finish_$1"
    else
        [ -s "$STATE/failure" ] || say "$(cut -d' ' -f2 "$STATE/status") it was interrupted" >"$STATE/failure"
        set_status "failed $(head -c 300 "$STATE/failure" | sed -f "$STATE/redact")"
    fi
}

# ---------------------------------------------------------------- what the caller runs

take_values() { # ENVFILE KIND: the upload becomes the values of this run; the upload is destroyed either way
    local fresh=$STATE/values.new previous=''
    (umask 077 && cat "$1" >"$fresh")
    shred -u "$1"
    step=values
    : >"$STATE/failure"
    if ! (check_values_file "$fresh" && load_values "$fresh" && check_values "$2") >/dev/null; then
        shred -u "$fresh"
        [ -s "$STATE/failure" ] || say "values ${1##*/} is malformed" >"$STATE/failure"
        set_status "failed $(cat "$STATE/failure")"
        say 'the values are malformed' >&2
        exit 1
    fi
    load_values "$fresh"
    [ ! -e "$STATE/run_id" ] || previous=$(cat "$STATE/run_id")
    # New values: every step looks again, which is quick where nothing changed.
    [ "$previous" = "$RUN_ID" ] || rm -rf "$STATE/steps"
    mv -f "$fresh" "$VALUES"
    say "$RUN_ID" | put "$STATE/run_id" 0644
}

detach() { # KIND
    if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
        systemd-run --quiet --collect --unit=openclaw-setup -p "StandardOutput=append:$STATE/console" \
            -p "StandardError=append:$STATE/console" /bin/bash "$STATE/setup.sh" run "$1"
    else
        setsid -f /bin/bash "$STATE/setup.sh" run "$1" </dev/null >>"$STATE/console" 2>&1
    fi
}

# Is the same run, or no other, asked for? Values of another run wait for their turn.
same_run() { # ENVFILE
    [ ! -e "$1" ] || { [ -e "$STATE/run_id" ] && grep -qxF "RUN_ID='$(cat "$STATE/run_id")'" "$1"; }
}

start() { # KIND
    local here envfile tries=0
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    envfile=$here/$1.env
    install -d -m 0755 "$STATE"
    # Two starts at the same moment take turns here.
    exec 8>"$STATE/start-lock"
    flock -w 30 8 || { say 'another start is under way' >&2; exit 75; }
    if running; then
        same_run "$envfile" || { say 'another run is under way' >&2; exit 75; }
        [ ! -e "$envfile" ] || shred -u "$envfile"
        say 'already running'
        return 0
    fi
    if [ "$(cat "$STATE/status" 2>/dev/null)" = 'done' ] && same_run "$envfile"; then
        [ ! -e "$envfile" ] || shred -u "$envfile"
        forget_values # a finish may have been cut off
        [ ! -e "$UPGRADE/outcome" ] || clear_upgrade
        say 'already done'
        return 0
    fi
    [ ! -e "$here/certificates.tgz" ] || { (umask 077 && cat "$here/certificates.tgz" >"$STATE/certificates.tgz"); shred -u "$here/certificates.tgz"; }
    [ ! -e "$envfile" ] || take_values "$envfile" "$1"
    [ -e "$VALUES" ] || { say "there is no $1.env" >&2; exit 1; }
    install -d -m 0755 "$STATE/steps"
    [ -e "$STATE/log" ] || : >"$STATE/log"
    install -m 0700 "${BASH_SOURCE[0]}" "$STATE/setup.sh"
    set_status 'running start'
    detach "$1" 8>&- || { set_status 'failed start the background run could not be started'; exit 1; }
    # Once this returns, "running" without a lock held means interrupted.
    until running || [ "$(cat "$STATE/status")" != 'running start' ]; do
        [ $((tries += 1)) -le 1000 ] || { set_status 'failed start the background run did not begin'; exit 1; }
        sleep 0.01
    done
    say 'started'
}

follow() { # OFFSET
    local offset=${1:-0} status=none chunk
    [[ $offset =~ ^[0-9]{1,15}$ ]] || { say 'usage: setup.sh follow OFFSET' >&2; exit 2; }
    [ ! -e "$STATE/status" ] || status=$(cat "$STATE/status")
    # Running, but nobody holds a lock: it was cut off. It may also have ended between the two looks, so look again.
    if [[ $status == running* ]] && ! running && flock -sn "$STATE/start-lock" true; then
        status=$(cat "$STATE/status")
        [[ $status != running* ]] || status="failed ${status#running } interrupted"
    fi
    chunk=$(mktemp)
    # Whole lines only; a single line longer than the limit is cut, so that following always goes on.
    if [ -e "$STATE/log" ]; then
        tail -c +"$((offset + 1))" "$STATE/log" | head -c "$FOLLOW_BYTES" >"$chunk" || true
        if [ -n "$(tail -c 1 "$chunk")" ]; then
            if [ "$(wc -l <"$chunk")" -gt 0 ]; then
                sed -i '$d' "$chunk"
            elif [ "$(wc -c <"$chunk")" -lt "$FOLLOW_BYTES" ] && [[ $status == running* ]]; then
                : >"$chunk"
            fi
        fi
    fi
    say "$status"
    say "offset $((offset + $(wc -c <"$chunk")))"
    say
    cat "$chunk"
    rm -f "$chunk"
}

main() {
    need_root
    case ${1:-} in
    start) start setup ;;
    upgrade)
        [ -s "$STATE/result.json" ] || { say 'nothing is set up here' >&2; exit 1; }
        start upgrade ;;
    run) run "${2:-setup}" ;;
    follow) follow "${2:-0}" ;;
    result) cat "$STATE/result.json" ;;
    certificates) [ ! -d "$CADDY_STORE" ] || tar -czf - -C "$CADDY_HOME" "${CADDY_STORE#"$CADDY_HOME/"}" ;;
    *) say 'usage: setup.sh start|upgrade|follow OFFSET|result|certificates' >&2; exit 2 ;;
    esac
}

main "$@"
exit
