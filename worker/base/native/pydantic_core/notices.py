"""Writes the licences of all that is in the library: `notices.py SOURCE CARGO_HOME RUST < crates`.

Each line of the input is a crate, `name version` and a licence expression after a bar, as cargo
prints them. The same text is written once, after the names of all crates that have it.
"""

import sys
from pathlib import Path


def texts(folder: Path) -> list[str]:
    """The licence files of a crate."""
    found = [path for path in folder.iterdir() if path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT", "UNLICENSE"))]
    return [path.read_text(errors="replace").strip() for path in sorted(found) if path.is_file()]


def main(source: Path, cargo: Path, rust: Path) -> None:
    crates: dict[str, tuple[str, Path]] = {"pydantic-core": ("MIT", source)}
    for line in sys.stdin:
        crate, _, licence = line.removesuffix("\n").removesuffix(" (*)").partition("|")
        name, version = crate.split()[:2]
        for folder in cargo.glob(f"registry/src/*/{name}-{version.removeprefix('v')}"):
            crates[f"{name} {version.removeprefix('v')}"] = (licence, folder)
    crates["the standard library of Rust"] = ("MIT OR Apache-2.0", rust)
    users: dict[str, list[str]] = {}
    print("What is in _pydantic_core.cpython-314-wasm32-wasi.so, and under which licences.\n")
    for name, (licence, folder) in sorted(crates.items()):
        found = texts(folder)
        print(f"{name}: {licence}{'' if found else ' (its source has no file with the text)'}")
        for text in found:
            users.setdefault(text, []).append(name)
    for text, names in users.items():
        print(f"\n{'=' * 80}\n{', '.join(names)}\n{'=' * 80}\n\n{text}")


main(*map(Path, sys.argv[1:4]))
