# The step for the web server, and its configuration.

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
    folder=$(empty_folder caddy)
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

site() { # NAME LINE...
    printf 'https://%s {\n' "$1"
    issuer "${@:2}"
    printf '\timport openclaw\n}\n'
}

write_caddyfile() {
    put "$CADDYFILE" 0644 <<CADDY
#include Caddyfile
CADDY
}

# As the web server's own user, so that nothing but its folder can be written to. All of them, or none.
restore_certificates() {
    [ -s "$STATE/certificates.tgz" ] || return 0
    if [ ! -e "$CADDY_STORE" ]; then
        # shellcheck disable=SC2016 # the inner shell expands
        (cd "$CADDY_HOME" && runuser -u caddy -- sh -c 'rm -rf .before && mkdir .before && tar -xz --no-same-owner -C .before &&
            mkdir -p "${1%/*}" && mv ".before/$1" "$1"; code=$?; rm -rf .before; exit $code' sh "${CADDY_STORE#"$CADDY_HOME/"}") \
            <"$STATE/certificates.tgz" || say 'the certificates of before could not be used; there will be new ones'
    fi
    shred -u "$STATE/certificates.tgz"
}
