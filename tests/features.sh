#!/bin/sh
# Fails when building one crate alone would compile a dependency again with other features
# than the whole workspace does; the cure is a line in host/unify/Cargo.toml.
set -eu

features() {
    cargo tree --locked --target "$(rustc -vV | sed -n 's/^host: //p')" --prefix none --format '{p}|{f}' "$@" |
        sed 's/ (\*)$//' | grep -v '^bifrost' | sort -u
}

all=$(mktemp)
trap 'rm -f "$all"' EXIT
features --workspace --edges all >"$all"
status=0
for manifest in $(grep -l '^bifrost-unify' host/*/Cargo.toml worker/*/Cargo.toml tests/Cargo.toml tests/*/Cargo.toml); do
    package=$(sed -n 's/^name = "\(.*\)"/\1/p' "$manifest" | head -1)
    other=$(features --package "$package" --edges normal,build | comm -13 "$all" -)
    if [ -n "$other" ]; then
        echo "$package compiles again: $other" >&2
        status=1
    fi
done
exit $status
