#!/bin/sh
# Run once, by the image of PostgreSQL, when its volume is new: the platform's own role.
# It is no superuser, so that row-level security keeps tenants apart.
set -eu
psql --username "${POSTGRES_USER:-postgres}" --set ON_ERROR_STOP=1 \
  --set password="$(cat /run/secrets/bifrost_password)" <<'SQL'
CREATE ROLE bifrost LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE bifrost OWNER bifrost;
SQL
