#!/bin/sh
# Start Redis with Bobbin's own user: durable, never evicting, nobody else let in.
set -eu
acl=/tmp/users.acl
umask 077
# A sharp sign and a space would end the password in an ACL line.
case "$BOBBIN_REDIS_PASSWORD" in
  *[!A-Za-z0-9_.~-]* | "")
    echo "BOBBIN_REDIS_PASSWORD may hold letters, digits and _ . ~ - only" >&2
    exit 2
    ;;
esac
sed "s/PASSWORD/$BOBBIN_REDIS_PASSWORD/" /etc/bobbin/redis-users.acl > "$acl"
if [ "$(id -u)" = 0 ]; then
  chown -R redis:redis /data "$acl"
fi
set -- redis-server --dir /data --appendonly yes --appendfsync everysec --save "" \
  --maxmemory-policy noeviction --aclfile "$acl"
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null; then
  exec setpriv --reuid=redis --regid=redis --clear-groups "$@"
fi
exec "$@"
