#!/bin/sh
# Start Redis with Bobbin's own user: durable, never evicting, nobody else let in.
set -eu
case "${BOBBIN_REDIS_PASSWORD:-}" in
  *[!A-Za-z0-9_.~-]* | "")
    echo "BOBBIN_REDIS_PASSWORD must be set, to letters, digits and _ . ~ - only" >&2
    exit 2
    ;;
esac
umask 077
acl=$(mktemp)
sed "s/PASSWORD/$BOBBIN_REDIS_PASSWORD/" "$(dirname "$0")/redis-users.acl" > "$acl"
exec redis-server --dir "${BOBBIN_REDIS_DIR:-/data}" --appendonly yes --appendfsync always \
  --save "" --maxmemory-policy noeviction --aclfile "$acl" "$@"
