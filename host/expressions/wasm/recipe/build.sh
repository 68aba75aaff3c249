#!/bin/sh
# Compiles the evaluator of expressions and forms for browsers:
#
#     build.sh FOLDER
#
# Works in FOLDER, which need not exist, and replaces client/src/expressions/expressions.wasm and
# SHA256SUMS beside this script, which names the sources that the module was made of. Only a change of
# them needs it: an ordinary build takes what is checked in. It runs on Debian 12 (amd64) with its
# security updates and with Node; Debian's compiler for browsers (`rustc-web`) comes with the sources
# of Rust's library, as the target has none compiled. Everything downloaded is checked against the
# hashes beside this script; the bytes do not depend on FOLDER.
set -eu

module=expressions.wasm
here=$(cd "$(dirname "$0")" && pwd)
crate=$(cd "$here/../.." && pwd)
client=$(cd "$crate/../../client/src/expressions" && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)
cd "$work"

mkdir -p packages tools
(cd packages
# shellcheck disable=SC2046 # one word per package
sha256sum --status --check "$here/packages.sha256" 2>/dev/null || apt-get -qq download $(
    sed -E 's/^[0-9a-f]+ [ *]//; s/_(amd64|all)\.deb$//; s/_/=/; s/%3a/:/' "$here/packages.sha256")
sha256sum --quiet --check "$here/packages.sha256"
for package in *.deb; do dpkg-deb --extract "$package" ../tools; done)
cp "$here/package.json" "$here/package-lock.json" .
npm ci --no-fund --no-audit --silent

rm -rf expressions forms && mkdir -p expressions/wasm forms
cp -r "$crate/src" expressions
cp -r "$crate/../forms/src" forms
# What only the server needs is left out.
for name in expressions forms; do
    sed -e '/^\[dev-dependencies\]/,$d' -e '/optional = true/d' -e 's/^server = .*/server = []/' \
        "$crate/../$name/Cargo.toml" > $name/Cargo.toml
done
cp -r "$crate/wasm/Cargo.toml" "$crate/wasm/src" expressions/wasm
cp "$here/workspace.toml" Cargo.toml
cp "$here/workspace.lock" Cargo.lock
export LD_LIBRARY_PATH="$work/tools/usr/lib/x86_64-linux-gnu" RUSTC="$work/tools/usr/bin/rustc"
export CARGO_HOME="$work/cargo" CARGO_TARGET_DIR="$work/target" CARGO_INCREMENTAL=0
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$work/tools/usr/bin/wasm-ld-22"
# The library of Rust is compiled from source, and without its messages of panics: unstable options.
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zunstable-options -Cpanic=immediate-abort --remap-path-prefix=$work=/build"
"$work/tools/usr/bin/cargo" build --quiet --locked --release --package bifrost-expressions-wasm \
    --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size

node_modules/.bin/wasm-opt -Oz --enable-bulk-memory --enable-bulk-memory-opt --enable-multivalue \
    --enable-mutable-globals --enable-nontrapping-float-to-int --enable-reference-types --enable-sign-ext \
    --strip-producers --strip-target-features --remove-unused-module-elements \
    target/wasm32-unknown-unknown/release/bifrost_expressions_wasm.wasm -o "$client/$module"

cd "$crate"
find Cargo.toml src ../forms/Cargo.toml ../forms/src wasm/Cargo.toml wasm/src wasm/recipe -type f ! -name SHA256SUMS ! -name tests.rs ! -path '*/__fuzz__/*' | LC_ALL=C sort |
    xargs sha256sum ../../client/src/expressions/$module > "$here/SHA256SUMS"
