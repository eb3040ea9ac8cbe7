# The step for Node.js.

step_node() {
    say '== node: Installing Node.js'
    doing='installing Node.js'
    local folder sum archive
    await_node_beside
    node_is_there && return 0
    find_arch
    archive=node-v$NODE_VERSION-linux-$ARCH.tar.gz
    sum=NODE_SHA256_$ARCH
    folder=$(empty_folder node)
    download "$NODE_MIRROR/v$NODE_VERSION/$archive" "$folder/$archive"
    (cd "$folder" && say "${NODE_SHA256:-${!sum}}  $archive" | sha256sum --check --quiet -) ||
        fail 'the download of Node.js has the wrong checksum'
    tar -xzf "$folder/$archive" -C "$folder" --strip-components=1 --no-same-owner
    [ "$("$folder/bin/node" -v)" = "v$NODE_VERSION" ] || fail 'the downloaded Node.js does not run'
    place_node "$folder"
    rm -rf "$folder"
    hash -r
    [ "$(node -v)" = "v$NODE_VERSION" ] || fail 'the installed Node.js does not run'
    say "$NODE_VERSION" | put "$STATE/node" 0644
    say "Node.js v$NODE_VERSION"
}

# These two take longest and need next to nothing of the steps before theirs.
install_node_and_openclaw() {
    step_node
    : >"$STATE/beside.openclaw.node"
    step_openclaw
}

await_node_beside() {
    [ -n "${BESIDE[openclaw]:-}" ] || return 0
    until [ -e "$STATE/beside.openclaw.node" ] || ! kill -0 "${BESIDE[openclaw]}" 2>/dev/null; do sleep 0.1; done
}

# Real files under /usr/local: a link would move the place where npm installs. Whatever cuts it off, there is a node that
# runs, the one of before or the new one.
place_node() { # FOLDER
    local module
    for module in "$1"/lib/node_modules/*; do rm -rf "${MODULES:?}/${module##*/}"; done # nothing of another version stays in it
    mv "$1/bin/node" "$1/node"
    cp -a --remove-destination "$1"/*/ /usr/local/
    install -m 0755 "$1/node" /usr/local/bin/node.new
    mv -f /usr/local/bin/node.new /usr/local/bin/node
}

# It may run while npm, which comes with it, was not unpacked yet.
node_is_there() {
    [ "$(cat "$STATE/node" 2>/dev/null)" = "$NODE_VERSION" ] && [ "$(node -v 2>/dev/null)" = "v$NODE_VERSION" ]
}
