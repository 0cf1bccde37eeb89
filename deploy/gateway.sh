#!/bin/sh
# /usr/local/sbin/gateway — `gateway …` for root on a server installed as in deploy/README.md: what the service is, it is too:
# its user (a file that root made in the state folder stops the service), its secrets, its configuration.
set -eu
set -a
. /etc/gateway/secrets.env
set +a
exec setpriv --reuid gateway --regid gateway --init-groups --inh-caps=-all \
    env HOME=/var/lib/gateway /opt/gateway/.venv/bin/gateway --config /etc/gateway/config.yaml "$@"
