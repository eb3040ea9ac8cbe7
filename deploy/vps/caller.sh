# What the caller runs: start, follow.

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

# Nobody needs it: what it holds is known already.
forget_upload() { # FOLDER ENVFILE
    local file
    for file in "$1/certificates.tgz" "$2"; do [ ! -e "$file" ] || shred -u "$file"; done
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
        forget_upload "$here" "$envfile"
        say 'already running'
        return 0
    fi
    if [ "$(cat "$STATE/status" 2>/dev/null)" = 'done' ] && same_run "$envfile"; then
        forget_upload "$here" "$envfile"
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
