#!/bin/sh
# Makes the secrets of compose.yaml, each in a file of its own. What exists is kept.
#
#   deploy/secrets.sh [FOLDER]      by default `secrets` beside this script
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
umask 077
mkdir -p "$folder"
cd "$folder"

random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -e "$1" ] || printf '%s' "$2" > "$1"; }

keep postgres_password "$(random 24)"
keep bifrost_password "$(random 24)"
keep rabbitmq_password "$(random 24)"
keep redis_password "$(random 24)"
keep garage_rpc "$(random 32)"
keep s3_access_key_id "GK$(random 12)"
keep s3_secret_access_key "$(random 32)"
[ -e master_key ] || head -c 32 /dev/urandom | base64 > master_key

keep database_url "postgres://bifrost:$(cat bifrost_password)@postgres:5432/bifrost"
keep amqp_url "amqp://bifrost:$(cat rabbitmq_password)@rabbitmq:5672/%2f"
keep redis_url "redis://:$(cat redis_password)@redis:6379/0"
keep rabbitmq.conf "default_user = bifrost
default_pass = $(cat rabbitmq_password)
"
keep redis.conf "requirepass $(cat redis_password)
save \"\"
appendonly no
"
keep garage.env "GARAGE_DEFAULT_BUCKET=bifrost
GARAGE_DEFAULT_ACCESS_KEY=$(cat s3_access_key_id)
GARAGE_DEFAULT_SECRET_KEY=$(cat s3_secret_access_key)
"
# Containers read them as users of their own; the folder keeps others out.
chmod 0644 ./*
echo "the secrets are in $(pwd)"
