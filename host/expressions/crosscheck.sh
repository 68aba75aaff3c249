#!/bin/sh
# Compares the evaluator with the browser's module, on expressions and inputs by chance:
#
#     crosscheck.sh [SEED [COUNT]]
#
# The same seed gives the same ones. PROFILE=dev builds without optimizing.
set -eu
cd "$(dirname "$0")"
cargo run --quiet --profile "${PROFILE:-release}" --package bifrost-expressions --example random -- "${1:-1}" "${2:-20000}" |
    node crosscheck.mjs
