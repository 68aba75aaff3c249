#!/usr/bin/env bash
# All that takes long: the tests, whole suites of libraries, a hundred packages, ten thousand runs in a storm, the planted
# faults. Names of steps run these alone: tests/full.sh chaos-long chaos-planted
#
# Each step leaves its log and what was seen in target/test-full/. The block for docs/verification.md, also in
# target/test-full.md, has the last result of every step. A step that fails does not keep the others from running; the
# whole has failed then.
set -uo pipefail
cd "$(dirname "$0")/.."
steps=(test compat packages webhooks-long chaos-long chaos-planted)
kept=target/test-full
mkdir -p "$kept"
commit=$(git rev-parse --short HEAD)
[ -z "$(git status --porcelain)" ] || commit="$commit with local changes"

[ $# -gt 0 ] || set -- "${steps[@]}"
for step; do
  case " ${steps[*]} " in
    *" $step "*) ;;
    *) echo "there is no step $step, but ${steps[*]}" >&2; exit 2 ;;
  esac
done

# The SDK's tests, the tests in Rust and those that failed, the web UI's, the suites, the packages, the storms.
seen() {
  sed -nE \
    -e 's/^([0-9]+ (passed|failed).*)/  - pytest: \1/p' \
    -e 's/^ *Summary \[[^]]*\] *(.*)/  - nextest: \1/p' \
    -e 's/^ *(FAIL|TIMEOUT|SIGABRT) \[[^]]*\] *(\([^)]*\) *)?(.*)/  - failed: \3/p' \
    -e 's/^test result: (.*); finished.*/  - cargo test: \1/p' \
    -e 's/^ *Tests +([0-9]+ (passed|failed).*)/  - vitest: \1/p' \
    -e 's/^((requests|httpx|pydantic|pydantic-core): [0-9]+ of .*); details.*/  - \1/p' \
    -e 's/^([0-9]+ of [0-9]+ packages work: .*)/  - \1/p' \
    -e 's/^ +(statuses \{.*)/  - \1/p' \
    -e 's/^([0-9]+ deliveries in .*)/  - \1/p' \
    -e 's/^ +BROKEN (.*)/  - broken: \1/p' \
    -e 's/^(chaos: .*)/  - \1/p' \
    -e 's/^(the planted fault was .*)/  - \1/p' "$1" | awk '!/- failed: / || !known[$0]++'
}

failed=()
for step; do
  began=$SECONDS
  result=passed
  NO_COLOR=1 make --no-print-directory "$step" 2>&1 | tee "$kept/$step.log" || { result=FAILED; failed+=("$step"); }
  {
    echo "- \`make $step\`, $(date -u '+%Y-%m-%d %H:%M UTC'), commit $commit, $(nproc) cores," \
      "$(((SECONDS - began + 59) / 60)) minutes: $result"
    seen "$kept/$step.log"
  } >"$kept/$step.md"
done

{
  echo 'The last of each step of `make test-full`:'
  echo
  for step in "${steps[@]}"; do
    cat "$kept/$step.md" 2>/dev/null || echo "- \`make $step\`: not run yet"
  done
} | tee target/test-full.md
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
