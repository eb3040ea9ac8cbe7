# The steps for the system: looking at it, its packages, its firewall.

step_prepare() {
    say '== prepare: Looking at the machine'
    # shellcheck disable=SC1091
    local system && system=$(. /etc/os-release && say "${ID:-}-${VERSION_ID:-}")
    case $system in
    ubuntu-22.04 | ubuntu-24.04 | debian-12 | debian-13) say "this is $system" ;;
    *) fail "this system ($system) is not supported" ;;
    esac
    [ -z "$APT_MIRROR" ] || write_apt_list "${system%%-*}"
    # Without this every sudo waits for a name server that does not know the host name.
    awk -v name="$(hostname)" '!/^#/ { for (i = 2; i <= NF; i++) if ($i == name) found = 1 } END { exit !found }' /etc/hosts ||
        say "127.0.1.1 $(hostname)" >>/etc/hosts
}

step_packages() {
    say '== packages: Installing system packages'
    doing='installing system packages'
    ! command -v curl >/dev/null || begin_beside openclaw install_node_and_openclaw
    # A list that cannot be had is no matter if what is needed can.
    apt update || say 'not all package lists could be fetched; going on with those that are here'
    apt install -y --no-install-recommends ca-certificates curl git ufw libatomic1
}

step_firewall() {
    say '== firewall: Closing all ports but 22, 80 and 443'
    doing='setting up the firewall'
    local port
    for port in 22 80 443; do ufw allow "$port/tcp"; done # before it is enabled: 22 is our own way in
    ufw default deny incoming
    ufw --force enable
}
