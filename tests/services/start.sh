#!/usr/bin/env bash
# Starts the services that the tests talk to, where they do not listen yet:
# Debian packages when root, else containers. Addresses come from the environment:
# DATABASE_URL, AMQP_URL and REDIS_URL, by default on the loopback.
set -euo pipefail

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

wait_for() {
  for _ in $(seq 60); do
    listens "$1" && return 0
    sleep 0.5
  done
  echo "nothing listens on port $1" >&2
  return 1
}

missing=()
[ -n "${DATABASE_URL:-}" ] || listens 5432 || missing+=(postgresql)
[ -n "${AMQP_URL:-}" ] || listens 5672 || missing+=(rabbitmq-server)
[ -n "${REDIS_URL:-}" ] || listens 6379 || missing+=(redis-server)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  docker compose --file "$(dirname "$0")/compose.yaml" up --detach --wait
  exit 0
fi

apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${missing[@]}" >/dev/null
for service in "${missing[@]}"; do
  case $service in
    postgresql)
      cluster=$(ls /etc/postgresql)
      sed -i 's/scram-sha-256\|md5\|peer/trust/' "/etc/postgresql/$cluster/main/pg_hba.conf"
      pg_ctlcluster --skip-systemctl-redirect "$cluster" main start || true
      wait_for 5432
      psql -h 127.0.0.1 -U postgres -tAc "SELECT 1 FROM pg_database WHERE datname = 'test'" | grep -q 1 ||
        psql -h 127.0.0.1 -U postgres -qc 'CREATE DATABASE test'
      ;;
    rabbitmq-server)
      rabbitmq-server -detached
      wait_for 5672
      ;;
    redis-server)
      redis-server --daemonize yes --bind 127.0.0.1 --save '' >/dev/null
      wait_for 6379
      ;;
  esac
done
