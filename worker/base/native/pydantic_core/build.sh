#!/bin/sh
# Compiles pydantic-core to a dynamic library that componentize-py links into the base:
#
#     build.sh FOLDER
#
# Works in FOLDER, which need not exist, and replaces the library beside this script, packed.
# Only a change of version needs it: an ordinary build takes what is checked in. It runs on
# Debian 12 (amd64) with its security updates, whose compiler for browsers (`rustc-web`) comes
# with the sources of Rust's library, as the target has none compiled. Everything downloaded is
# checked against the hashes beside this script; the bytes do not depend on FOLDER.
set -eu

name=_pydantic_core.cpython-314-wasm32-wasi.so
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)
cd "$work"

mkdir -p packages tools
(cd packages
# shellcheck disable=SC2046 # one word per package
sha256sum --quiet --check "$here/packages.sha256" 2>/dev/null || apt-get -qq download $(
    sed -E 's/^[0-9a-f]+ [ *]//; s/_(amd64|all)\.deb$//; s/_/=/; s/%3a/:/' "$here/packages.sha256")
sha256sum --quiet --check "$here/packages.sha256"
for package in *.deb; do dpkg-deb --extract "$package" ../tools; done)

python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary pydantic-core \
    --require-hashes --dest sdist --requirement "$here/source.txt"
rm -rf source && mkdir source
tar --extract --gzip --file sdist/pydantic_core-*.tar.gz --directory source --strip-components 1

cat > pyo3.cfg <<END
implementation=CPython
version=3.14
shared=true
abi3=false
pointer_width=32
suppress_build_script_link_lines=true
END
(cd source
export LD_LIBRARY_PATH="$work/tools/usr/lib/x86_64-linux-gnu" RUSTC="$work/tools/usr/bin/rustc"
export CARGO_HOME="$work/cargo" CARGO_INCREMENTAL=0 PYO3_CONFIG_FILE="$work/pyo3.cfg"
# The library of Rust is compiled from source, which is an unstable option of cargo.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C relocation-model=pic --remap-path-prefix=$work=/build"
"$work/tools/usr/bin/cargo" rustc --quiet --locked --release --lib --crate-type staticlib \
    --target wasm32-wasip2 -Zbuild-std=std,panic_abort
# Symbols of CPython and libc stay open: componentize-py closes them.
"$work/tools/usr/bin/wasm-ld-22" -shared --experimental-pic --no-entry --gc-sections --strip-all \
    --export=PyInit__pydantic_core --unresolved-symbols=import-dynamic \
    target/wasm32-wasip2/release/lib_pydantic_core.a -o "$work/$name")

(cd source && CARGO_HOME="$work/cargo" RUSTC="$work/tools/usr/bin/rustc" \
    LD_LIBRARY_PATH="$work/tools/usr/lib/x86_64-linux-gnu" "$work/tools/usr/bin/cargo" tree --quiet --locked \
    --offline --target wasm32-wasip2 --edges normal --prefix none --format '{p}|{l}') | sort -u |
    python3 "$here/notices.py" source cargo tools/usr/src/rustc-1.96.0 > "$here/NOTICES.txt"
sha256sum "$name" > "$here/$name.sha256"
# Without name and time, so that the same library is the same file.
gzip --best --no-name < "$name" > "$here/$name.gz"
