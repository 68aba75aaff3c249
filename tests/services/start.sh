#!/usr/bin/env bash
# Starts the services that the tests talk to, where nothing listens yet, and installs the
# programs that the chaos harness starts on ports of its own: Debian packages when root,
# else containers. Addresses come from the environment: DATABASE_URL, AMQP_URL and
# REDIS_URL, by default on the loopback.
set -euo pipefail

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

has() {
  case $1 in
    postgres) command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ;;
    rabbitmq) command -v rabbitmq-server >/dev/null ;;
    redis) command -v redis-server >/dev/null ;;
  esac
}

wait_for() {
  for _ in $(seq 60); do
    listens "$1" && return 0
    sleep 0.5
  done
  echo "nothing listens on port $1" >&2
  return 1
}

start=()
[ -n "${DATABASE_URL:-}" ] || listens 5432 || start+=(postgres)
[ -n "${AMQP_URL:-}" ] || listens 5672 || start+=(rabbitmq)
[ -n "${REDIS_URL:-}" ] || listens 6379 || start+=(redis)

if [ "$(id -u)" -ne 0 ]; then
  [ ${#start[@]} -eq 0 ] ||
    docker compose --file "$(dirname "$0")/compose.yaml" up --detach --wait "${start[@]}"
  exit 0
fi

declare -A package=([postgres]=postgresql [rabbitmq]=rabbitmq-server [redis]=redis-server)
install=()
for service in postgres rabbitmq redis; do
  has "$service" || install+=("${package[$service]}")
done
if [ ${#install[@]} -gt 0 ]; then
  # A package starts its service by itself, unless this says no.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${install[@]}" >/dev/null
fi

for service in "${start[@]}"; do
  case $service in
    postgres)
      cluster=$(ls /etc/postgresql)
      sed -i 's/scram-sha-256\|md5\|peer/trust/' "/etc/postgresql/$cluster/main/pg_hba.conf"
      listens 5432 || pg_ctlcluster --skip-systemctl-redirect "$cluster" main start
      wait_for 5432
      psql -h 127.0.0.1 -U postgres -tAc "SELECT 1 FROM pg_database WHERE datname = 'test'" | grep -q 1 ||
        psql -h 127.0.0.1 -U postgres -qc 'CREATE DATABASE test'
      ;;
    rabbitmq)
      rabbitmq-server -detached
      wait_for 5672
      ;;
    redis)
      redis-server --daemonize yes --bind 127.0.0.1 --save '' >/dev/null
      wait_for 6379
      ;;
  esac
done
