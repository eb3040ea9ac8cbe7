# An upgrade: forward, or back to what was.
#
# Whatever happens on the way, it ends with a version that works. Until the outcome is written, the folder $UPGRADE holds
# what going on, or back, needs:
#   run      whose upgrade this is             starts   how often it was begun
#   from     the version before                backup   OpenClaw's own archive was made
#   touched  the gateway was stopped           undo     the way back is taken, and why
#   shown    the version before showed its page through the web server
#   replaced  the package of before is no longer in its place, so a newer one may have written
#   state.tar  what OpenClaw had written until then; state.restored once it was put back
#   outcome  "upgraded", or "undone" and why
# The package of before is set aside whole, so that the way back needs no network.

readonly UPGRADE_STARTS=3

find_package() {
    PACKAGE=$MODULES/openclaw
    PACKAGE_BEFORE=${MODULES%/*}/openclaw-before
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
        # Its setup ended well, but did not note this yet.
        [ -e "$STATE/openclaw" ] || [ "$before" != "$(result_field openclawVersion)" ] || say "$before" | put "$STATE/openclaw" 0644
        wholly_installed "$before" || fail 'the OpenClaw of before is not installed completely'
    fi
    before=$(cat "$UPGRADE/from")
    [ -e "$UPGRADE/touched" ] || note_shown
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

# A newer one, if the new version needs it; the old version runs with it too.
upgrade_node() {
    node_is_there || step_node
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
    : >"$UPGRADE/replaced"
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
    [ ! -e "$UPGRADE/shown" ] || await_shown 30 || fail "OpenClaw $OPENCLAW_VERSION $trouble"
}

# Until it answers. One that dies again and again is not waited for.
start_openclaw() { # VERSION
    local -r deadline=$((SECONDS + 300))
    doing="starting OpenClaw $1"
    systemctl reset-failed openclaw-gateway 2>/dev/null || true
    systemctl start openclaw-gateway || fail "OpenClaw $1 does not start"
    until curl -fsS --max-time 5 -o /dev/null "$GATEWAY_URL/readyz" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || fail "OpenClaw $1 did not become ready within five minutes"
        ! systemctl is-failed --quiet openclaw-gateway || fail "OpenClaw $1 does not start"
        [ "0$(systemctl show -p NRestarts --value openclaw-gateway)" -lt 3 ] || fail "OpenClaw $1 does not start"
        sleep 0.2
    done
    say "OpenClaw $1 is ready"
}

# What could not be seen of the version before is no fault of the new one.
note_shown() {
    rm -f "$UPGRADE/shown"
    if await_shown 15; then : >"$UPGRADE/shown"; else say "OpenClaw is not asked for its page: the one before $trouble"; fi
}

await_shown() { # SECONDS
    local -r deadline=$((SECONDS + $1))
    until shown; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.5
    done
}

# As a browser meets it: ready is not enough, the dashboard has to be let frame its page, and the page to connect. Sets
# trouble.
shown() {
    local site framing answer policy
    site=https://$(sed -n 's/^[[:blank:]]*default_sni //p' "$CADDYFILE")/
    framing=$(sed -n 's/.*"\(frame-ancestors [^["]*\)"$/\1/p' "$CADDYFILE")
    trouble='does not show its page in the dashboard'
    answer=$(trap - ERR; through_caddy -D - -o /dev/null "$site" | tr -d '\r')
    [[ $answer =~ ^HTTP/[0-9.]+\ 200 ]] || return 1
    ! grep -qi '^x-frame-options:' <<<"$answer" || return 1
    policy=$(trap - ERR; grep -i '^content-security-policy:' <<<"$answer" | grep -oi 'frame-ancestors [^;,]*' | sort -u) || return 1
    [ "$policy" = "$framing" ] || return 1
    trouble='refuses the WebSocket of its page'
    # curl stays until its time is over, and is not waited for; as a writer of the log it would be.
    read -r answer < <(trap - ERR; exec 2>/dev/null; through_caddy -iN -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
        -H "Origin: ${site%/}" -H "Sec-WebSocket-Key: $(head -c 16 /dev/urandom | base64)" "$site") || true
    [[ $answer =~ ^HTTP/1.1\ 101 ]]
}

# By an address of the machine's own: OpenClaw refuses what comes through its proxy from 127.0.0.1, as from nobody. Whether
# the certificate can be trusted is the web server's business, and looked at from outside.
through_caddy() { # WORD...
    local address
    address=$(trap - ERR; hostname -I | grep -oE '[0-9]+(\.[0-9]+){3}' | head -n 1) || true
    curl -ksS --http1.1 --max-time 10 --connect-to "::$address:" "$@" 2>/dev/null
}

upgrade_steps() {
    trap on_error ERR
    local steps='backup node stop install doctor launch' began
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

# Once, however often it is cut off: after its last move OpenClaw may have been at work already.
restore_state() { # RUN
    # shellcheck disable=SC2016 # the inner shell expands
    as_openclaw sh -ec '[ ! -e ".openclaw/.restored-$1" ] || exit 0
        rm -rf .openclaw-undo
        mkdir -m 0700 .openclaw-undo
        tar -xpf - -C .openclaw-undo
        : >".openclaw-undo/.openclaw/.restored-$1"
        for old in .openclaw-undone-*; do [ "$old" = ".openclaw-undone-$1" ] || rm -rf "$old"; done
        if [ -e ".openclaw-undone-$1" ]; then rm -rf .openclaw; elif [ -e .openclaw ]; then mv .openclaw ".openclaw-undone-$1"; fi
        mv .openclaw-undo/.openclaw .
        rmdir .openclaw-undo' sh "$1" <"$UPGRADE/state.tar"
    mv -f "$UPGRADE/state.tar" "$UPGRADE/state.restored"
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
    # What was written meanwhile is set aside, never deleted. If the package was never replaced, it is the old version's own.
    if [ -e "$UPGRADE/state.tar" ] && [ -e "$UPGRADE/replaced" ]; then
        restore_state "$(cat "$UPGRADE/run")"
    fi
    as_openclaw sh -c 'rm -f .openclaw/.restored-*'
    start_openclaw "$from"
}

# Does a version that is wholly there answer? Not more is asked: a web server that is away for a moment must not cost what
# was done since.
works() {
    wholly_installed "$(installed_version)" && curl -fsS --max-time 5 -o /dev/null "$GATEWAY_URL/readyz" 2>/dev/null
}

upgrade_or_undo() {
    local code starts
    find_package
    if [ "$(cat "$UPGRADE/run" 2>/dev/null)" != "$RUN_ID" ]; then
        # What an earlier one left unfinished comes first. If a whole version works, somebody may have worked with it since.
        if [ -e "$UPGRADE/from" ] && [ ! -e "$UPGRADE/outcome" ] && ! works; then undo_steps; fi
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
    if [ "$outcome" = upgraded ]; then as_openclaw sh -c 'rm -rf .openclaw-undone-*'; else version=$(cat "$UPGRADE/from"); fi
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
