# The steps that start what was installed, and wait until it answers.

write_unit() {
    put /etc/systemd/system/openclaw-gateway.service 0644 <<UNIT
#include openclaw-gateway.service
UNIT
}

write_caddy_unit() {
    put /etc/systemd/system/caddy.service 0644 <<UNIT
#include caddy.service
UNIT
}

step_services() {
    say '== services: Starting OpenClaw and the web server'
    doing='starting the services'
    install -d -m 0755 /etc/caddy
    restore_certificates
    write_unit
    write_caddy_unit
    write_acme_root
    write_caddyfile
    local said
    said=$(cd "$CADDY_HOME" && runuser -u caddy -- env HOME="$CADDY_HOME" "$CADDY" validate --adapter caddyfile --config "$CADDYFILE" 2>&1 </dev/null) ||
        { say "$said"; fail 'the configuration of the web server is not valid'; }
    systemctl daemon-reload
    systemctl reset-failed openclaw-gateway caddy 2>/dev/null || true
    systemctl enable --quiet openclaw-gateway caddy
    systemctl restart openclaw-gateway caddy
}

step_verify() {
    say '== verify: Waiting for OpenClaw to answer'
    doing='waiting for OpenClaw'
    local -r deadline=$((SECONDS + $(at_most 600))) # ten seconds, on a machine that is not in trouble
    until curl -fsS --max-time 5 -o /dev/null "$GATEWAY_URL/readyz" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || fail 'OpenClaw did not become ready in time'
        systemctl is-failed --quiet openclaw-gateway && fail 'OpenClaw does not start'
        sleep 0.2
    done
    systemctl is-active --quiet caddy || fail 'the web server does not run'
    say 'OpenClaw is ready'
}
