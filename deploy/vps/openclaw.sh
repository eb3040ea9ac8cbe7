# The steps for OpenClaw: its package, its configuration, its key, its skills.

step_openclaw() {
    say "== openclaw: Installing OpenClaw $OPENCLAW_VERSION"
    doing='installing OpenClaw'
    local before
    await_beside openclaw || true # what it did not finish is done here
    hash -r
    before=$(installed_version)
    # It would not start: what the newer one wrote is refused by an older one.
    if [ -n "$before" ] && [ "$before" != "$OPENCLAW_VERSION" ] && at_least "$before" "$OPENCLAW_VERSION"; then
        fail "OpenClaw $before is installed, and there is no way back to $OPENCLAW_VERSION"
    fi
    if [ "$before" != "$OPENCLAW_VERSION" ] || ! wholly_installed "$before"; then
        clear_half_installed "$before"
        npm_install "$OPENCLAW_VERSION" 300
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
    rm -rf "$MODULES"/.openclaw-*
    wholly_installed "$1" || rm -rf "$MODULES/openclaw"
}

installed_version() {
    { timeout 60 openclaw --version 2>/dev/null </dev/null || true; } | awk 'NR == 1 { print $2 }'
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
#include openclaw.json5
PATCH
}

step_key() {
    say '== key: Storing the key for the language model'
    doing='storing the key'
    begin_beside skills install_skills # most of its time is waiting
    printf %s "$OPENROUTER_API_KEY" |
        openclaw_as_user models auth paste-api-key --provider openrouter --profile-id openrouter:default
    # By this the caller knows that its own copy can go.
    printf %s "$OPENROUTER_API_KEY" | sha256sum | head -c 64 | put "$STATE/key_hash" 0600
}

step_skills() {
    [ -z "$SKILLS" ] || say '== skills: Installing skills'
    await_beside skills || install_skills
}

# OpenClaw refuses to install what is there already, whole, since an earlier run.
skill_is_there() { # SKILL
    [ -d "$GATEWAY_HOME/.openclaw/workspace/skills/${1##*/}" ]
}

# An extra: what cannot be installed today must not cost the user the machine.
install_skills() {
    rm -f "$STATE/skills_missing"
    [ -n "$SKILLS" ] || return 0
    local skill failed=()
    for skill in $SKILLS; do
        ! skill_is_there "$skill" || continue
        OPENCLAW_CLAWHUB_URL=$CLAWHUB_URL PATIENCE_S=120 openclaw_as_user skills install "$skill" </dev/null || {
            say "The skill $skill could not be installed; OpenClaw works without it"
            failed+=("$skill")
        }
    done
    say "${failed[*]}" | put "$STATE/skills_missing" 0644
}
