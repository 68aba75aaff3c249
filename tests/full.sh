#!/usr/bin/env bash
# All tests, the suites of requests and httpx, ten thousand runs in a storm, and the planted faults; ends with a block for
# docs/verification.md, which is also kept in target/test-full.md.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p target
log=target/test-full.log
commit=$(git rev-parse --short HEAD)
[ -z "$(git status --porcelain)" ] || commit="$commit with local changes"
began=$SECONDS

for step in test compat chaos-long chaos-planted; do
  NO_COLOR=1 make --no-print-directory "$step"
done 2>&1 | tee "$log"

{
  echo "\`make test-full\` on $(date -u '+%Y-%m-%d %H:%M UTC'), commit $commit," \
    "$(nproc) cores, $(((SECONDS - began) / 60)) minutes:"
  echo
  # The SDK's tests, the tests in Rust, and each verdict of the chaos harness.
  sed -nE \
    -e 's/^([0-9]+ passed.*)/- pytest: \1/p' \
    -e 's/^ *Summary \[[^]]*\] *(.*)/- nextest: \1/p' \
    -e 's/^test result: (ok\..*); finished.*/- cargo test: \1/p' \
    -e 's/^((requests|httpx): [0-9]+ of .*); details.*/- \1/p' \
    -e 's/^(chaos: .*)/- \1/p' \
    -e 's/^(the planted fault was .*)/  (\1)/p' "$log"
} | tee target/test-full.md
