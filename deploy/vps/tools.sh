# What several steps need: patience, packages, downloads, OpenClaw's own commands.

# No more than the run has left.
at_most() { # SECONDS
    local -r left=$((run_ends > SECONDS ? run_ends - SECONDS : 1))
    say "$((left < $1 ? left : $1))"
}

# Downloads and package lists fail now and then on a young machine: three attempts, each with a deadline.
patiently() { # SECONDS COMMAND...
    local seconds=$1 attempt code
    shift
    for attempt in 1 2 3; do
        code=0
        timeout "$(at_most "$seconds")" "$@" </dev/null || code=$?
        [ "$code" != 0 ] || return 0
        say "attempt $attempt of 3 did not work: $1"
        if [ "$attempt" = 3 ] || [ "$SECONDS" -ge "$run_ends" ]; then return "$code"; fi
        sleep $((attempt * 5))
    done
}

# Cloud images run their own apt at first boot; wait for its locks instead of failing.
# What was cut off in the middle is finished first.
apt() {
    local sources=()
    [ ! -d /var/lib/dpkg/updates ] || timeout "$(at_most 600)" dpkg --configure -a </dev/null || true
    [ -z "$APT_MIRROR" ] || sources=(-o "Dir::Etc::SourceList=$STATE/apt.list" -o Dir::Etc::SourceParts=/dev/null)
    await_lock /var/lib/apt/lists/lock
    await_lock /var/cache/apt/archives/lock
    patiently 900 apt-get -qq -o DPkg::Lock::Timeout=300 -o APT::Update::Error-Mode=any -o Acquire::Languages=none \
        -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "${sources[@]}" "$@"
}

# apt waits by itself for dpkg's locks alone.
await_lock() { # FILE: of the kind that fcntl makes
    local -r deadline=$((SECONDS + $(at_most 300)))
    local inode
    inode=$(stat -c %i "$1" 2>/dev/null) || return 0
    while [ "$SECONDS" -lt "$deadline" ] && grep -qs "POSIX .*:$inode 0 EOF" /proc/locks; do sleep 0.2; done
}

write_apt_list() {
    local suite main=debian security=debian-security sections=main
    # shellcheck disable=SC1091
    suite=$(. /etc/os-release && say "$VERSION_CODENAME")
    [ "$1" = debian ] || { main=ubuntu security=ubuntu sections='main universe'; }
    {
        say "deb $APT_MIRROR/$main $suite $sections"
        say "deb $APT_MIRROR/$main $suite-updates $sections"
        say "deb $APT_MIRROR/$security $suite-security $sections"
    } | put "$STATE/apt.list" 0644
}

# What a run that was cut off has left there is gone.
empty_folder() { # NAME
    rm -rf "${STATE:?}/$1.download"
    install -d -m 0700 "$STATE/$1.download"
    say "$STATE/$1.download"
}

download() { # URL FILE
    patiently 300 curl -fsSL --connect-timeout 15 --max-time 280 -o "$2" "$1"
}

# Sets ARCH to what Node.js calls this kind of machine, GO_ARCH to what Caddy does.
find_arch() {
    case $(uname -m) in
    x86_64) ARCH=x64 GO_ARCH=amd64 ;;
    aarch64) ARCH=arm64 GO_ARCH=arm64 ;;
    *) fail "there is nothing to install for $(uname -m)" ;;
    esac
}

openclaw_as_user() { # from a folder that user may enter, with the home it will serve from
    (cd "$GATEWAY_HOME" && timeout "$(at_most "${PATIENCE_S:-300}")" runuser -u openclaw -- env HOME="$GATEWAY_HOME" NODE_COMPILE_CACHE="$COMPILED" openclaw "$@")
}

# As npm orders them: 1.2.3-beta.1 comes before 1.2.3.
at_least() { # VERSION OLDEST
    [ "$(printf '%s\n%s\n' "${2/-/\~}" "${1/-/\~}" | sort -V | head -n 1)" = "${2/-/\~}" ]
}
