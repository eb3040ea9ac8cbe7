# Where things are on the machine, and where the run is.

readonly STATE=/var/lib/openclaw-setup
readonly VALUES=$STATE/values
readonly PINNED_OPENCLAW=$OPENCLAW_VERSION
readonly CADDY=/usr/local/bin/caddy
readonly CADDY_HOME=/var/lib/caddy
readonly CADDY_STORE=$CADDY_HOME/.local/share/caddy
readonly CADDYFILE=/etc/caddy/Caddyfile
readonly ACME_ROOT_FILE=/etc/caddy/acme-root.pem
readonly MODULES=/usr/local/lib/node_modules # npm's, as Node.js is under /usr/local
readonly GATEWAY_HOME=/var/lib/openclaw
readonly COMPILED=$GATEWAY_HOME/.cache/node-compile # each call takes seconds, most of them to load OpenClaw
readonly GATEWAY_URL=http://127.0.0.1:18789
readonly FOLLOW_BYTES=32768
readonly UPGRADE=$STATE/upgrade
readonly BACKUPS=$STATE/backups
# The installer gives a setup twelve minutes: this is less, so that people read why and not only that.
readonly SETUP_SECONDS=660
readonly STEPS='prepare packages firewall caddy node openclaw config services verify key skills'

step=start
doing='starting'
run_ends=999999999 # by SECONDS; a setup has less
