# The values of a run: text from elsewhere, checked before anything is made of it.

# setup.env is text from elsewhere: only NAME='value' lines, where nothing can be executed, are let in.
check_values_file() {
    local line
    local -r quoted="^[A-Z_][A-Z_0-9]*=('[^']*'|\\\\')*\$"
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in '' | '#'*) continue ;; esac
        [[ $line =~ $quoted ]] || return 1
        case ${line%%=*} in
        OPENROUTER_API_KEY | GATEWAY_TOKEN | VPS_IP | VPS_HOSTNAME | OPENCLAW_VERSION | OPENCLAW_MODEL | DASHBOARD_ORIGIN | SKILLS | RUN_ID) ;;
        NODE_VERSION | NODE_MIRROR | NODE_SHA256 | CADDY_VERSION | CADDY_MIRROR | CADDY_SHA512 | NPM_REGISTRY | CLAWHUB_URL | APT_MIRROR) ;;
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

check_values() { # KIND: setup, or upgrade, which needs no more than versions and a way to get them
    local -r host='[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?'
    local -r origin="https?://$host(:[0-9]{1,5})?"
    local -r version='[0-9]+\.[0-9]+\.[0-9]+(-[A-Za-z0-9.]+)?'
    local -r address="$origin(/[A-Za-z0-9._~%/-]*)?"
    check OPENCLAW_VERSION 5 60 "$version"
    check RUN_ID 1 64 '[A-Za-z0-9._-]+'
    check NPM_REGISTRY 0 500 "($address)?"
    check NODE_VERSION 5 60 "$version"
    check NODE_MIRROR 8 500 "$address"
    check NODE_SHA256 0 64 '([0-9a-f]{64})?'
    [ "$1" = setup ] || return 0
    check OPENROUTER_API_KEY 8 512 '[A-Za-z0-9_-]+'
    check GATEWAY_TOKEN 32 256 '[A-Za-z0-9_-]+'
    check VPS_IP 7 15 '[0-9]{1,3}(\.[0-9]{1,3}){3}'
    check VPS_HOSTNAME 0 253 "($host)?"
    check OPENCLAW_MODEL 1 200 '[A-Za-z0-9._:/-]+'
    check DASHBOARD_ORIGIN 8 2000 "$origin( $origin)*"
    check SKILLS 0 2000 '[A-Za-z0-9@._/ -]*'
    check CLAWHUB_URL 0 500 "($address)?"
    check APT_MIRROR 0 500 "($address)?"
    check CADDY_VERSION 5 60 "$version"
    check CADDY_MIRROR 8 500 "$address"
    check CADDY_SHA512 0 128 '([0-9a-f]{128})?'
    check ACME_DIRECTORY 0 500 "($address)?"
    check ACME_ROOT 0 8000 '[A-Za-z0-9+/=]*'
    check OPENROUTER_BASE_URL 0 500 "($address)?"
}
