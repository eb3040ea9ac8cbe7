# The run in the background, and what it leaves.

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
        sync -f "$STATE" # a step is done when a loss of power can not undo it
        now=${EPOCHREALTIME/[.,]/}
        say "$step took $(((now - began) / 1000000)).$(((now - began) / 100000 % 10)) s" | tee "$STATE/steps/$step"
    done
}

forget_values() {
    local file
    for file in "$VALUES" "$STATE/redact"; do [ ! -e "$file" ] || shred -u "$file"; done
}

# Whoever has read the result will not start again, and a finish may have been cut off.
finish_forgetting() {
    exec 8>"$STATE/start-lock"
    flock -n 8 || return 0 # a start has values of its own
    [ "$(cat "$STATE/status")" != 'done' ] || running || forget_values
}

write_result() { # VERSION MORE
    printf '{"gatewayToken":"%s","openclawVersion":"%s","keyHash":"%s"%s}\n' \
        "$GATEWAY_TOKEN" "$1" "$(cat "$STATE/key_hash" 2>/dev/null || true)" "$2" | put "$STATE/result.json" 0600
}

result_field() { # NAME: of the result that is there
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$STATE/result.json"
}

finish_setup() {
    local -r missing=$(cat "$STATE/skills_missing" 2>/dev/null || true)
    write_result "$OPENCLAW_VERSION" "${missing:+,\"skillsMissing\":\"$missing\"}"
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
    case $1 in
    setup) run_ends=$((SECONDS + SETUP_SECONDS)) ;;
    upgrade) work=upgrade_or_undo GATEWAY_TOKEN=$(result_field gatewayToken) ;; # it has to end with a version that works
    esac
    rm -f "$STATE/failure" "$STATE"/beside.*
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
