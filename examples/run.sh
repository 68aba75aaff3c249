#!/usr/bin/env bash
# Starts the platform with the starter workspace, runs a workflow end to end, and keeps
# serving. With ONCE=1 it stops after the run.
set -euo pipefail
bifrost=$(realpath "$1")
cd "$(dirname "$0")"
export BIFROST_DATA=${BIFROST_DATA:-$(realpath ..)/target/run}
listen=${BIFROST_LISTEN:-127.0.0.1:8400}

"$bifrost" up --workspace starter --listen "$listen" &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true' EXIT

export BIFROST_URL=http://$listen
for _ in $(seq 600); do
  kill -0 $server 2>/dev/null || exit 1
  if [ -s "$BIFROST_DATA/admin.key" ]; then
    BIFROST_KEY=$(cat "$BIFROST_DATA/admin.key")
    export BIFROST_KEY
    if "$bifrost" deploy starter >/dev/null 2>&1; then break; fi
  fi
  sleep 0.2
done

echo
echo "Running License reconciliation:"
"$bifrost" run "License reconciliation" --param format=json
echo
echo "The platform is at $BIFROST_URL; the administrator's key is in $BIFROST_DATA/admin.key"
if [ -z "${ONCE:-}" ]; then
  echo "Stop it with Ctrl-C."
  wait $server
fi
