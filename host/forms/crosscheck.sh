#!/bin/sh
# Compares what forms come to with the browser's module, on forms and inputs by chance:
#
#     crosscheck.sh [SEED [COUNT]]
#
# The same seed gives the same ones. PROFILE=dev builds without optimizing.
set -eu
cd "$(dirname "$0")"
cargo run --quiet --profile "${PROFILE:-release}" --package bifrost-forms --example random_forms -- "${1:-1}" "${2:-20000}" |
    node crosscheck.mjs
