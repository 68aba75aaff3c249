#!/usr/bin/env bash
# Known advisories in the dependencies: RustSec's database by cargo-deny, PyPI's by pip-audit,
# the npm registry's by npm audit (high and critical ones). Fails on a finding. What cannot be asked here is said; STRICT=1 makes that a failure too.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=0

skip() {
    echo "advisories: $1 not checked: $2" >&2
    missing=1
}

if ! cargo deny --version >/dev/null 2>&1; then
    skip "Rust crates" "cargo-deny is not installed (cargo install cargo-deny)"
elif ! cargo deny fetch db >/dev/null 2>&1; then
    skip "Rust crates" "the advisory database cannot be fetched"
else
    cargo deny --offline check advisories
fi

# Yanked crates are known to the registry itself.
if cargo fetch --locked >/dev/null 2>&1; then
    yanked=$(cargo update --dry-run --workspace 2>&1 | grep -i "yanked" || true)
    if [ -n "$yanked" ]; then
        echo "$yanked" >&2
        exit 1
    fi
else
    skip "yanked crates" "the registry cannot be reached"
fi

audit=target/pip-audit
if [ ! -x "$audit/bin/pip-audit" ]; then
    python3 -m venv "$audit" &&
        "$audit/bin/pip" install --quiet --disable-pip-version-check pip-audit==2.10.1 || true
fi
if [ -x "$audit/bin/pip-audit" ]; then
    pins=target/python-pins.txt
    grep -hoE '[][a-zA-Z0-9_.-]+==[0-9.]+' tests/bench/celery/requirements.txt worker/base/requirements.txt \
        Makefile | sort -u > "$pins"
    code=0
    found=$("$audit/bin/pip-audit" --requirement "$pins" --disable-pip --no-deps --progress-spinner off 2>&1) || code=$?
    # 1 also says that the service did not answer.
    if grep -q "Found [0-9]* known vulnerabilit" <<<"$found"; then
        echo "$found" >&2
        exit 1
    elif [ "$code" -ne 0 ] || grep -q "could not be audited" <<<"$found"; then
        skip "Python packages" "this package index knows no advisories"
    fi
else
    skip "Python packages" "pip-audit cannot be installed"
fi

# An answer has counts by severity; whatever else npm prints is no answer of the database.
counted='import json, sys
counts = json.load(sys.stdin)["metadata"]["vulnerabilities"]
print(counts["high"] + counts["critical"])'
for folder in client tests/oidc; do
    if ! npm --version >/dev/null 2>&1; then
        skip "npm packages of $folder" "npm is not installed"
        continue
    fi
    found=$(npm audit --package-lock-only --audit-level=high --json --fetch-retries=1 --prefix "$folder" 2>/dev/null) || true
    if ! count=$(python3 -c "$counted" 2>/dev/null <<<"$found"); then
        skip "npm packages of $folder" "the registry answers no question about advisories"
    elif [ "$count" -ne 0 ]; then
        npm audit --package-lock-only --audit-level=high --prefix "$folder" >&2 || true
        echo "advisories: $count in the npm packages of $folder" >&2
        exit 1
    fi
done

if [ "$missing" -ne 0 ] && [ -n "${STRICT:-}" ]; then
    exit 1
fi
