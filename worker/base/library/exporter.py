"""Writes out the standard library that the base's interpreter comes with, and bundled packages.

Runs once, in that very interpreter, while componentize-py imports this module; the
component that it makes is thrown away. Every module written in Python becomes a record
of the archive that `build/library.rs` reads:

    u32 length, name        dotted, UTF-8
    u8                      1 for a package
    u8                      1 for a module that is not of the standard library
    u32 length, source      as it is in the file
    u32 length, code        marshalled code object, for this interpreter alone

Numbers are little-endian. A module whose source does not compile fails the build.
"""

from __future__ import annotations

import marshal
import os
import struct
import sys
from collections.abc import Iterator

import wit_world

LIBRARY = "/python"
"""Where componentize-py shows the library to the interpreter that it starts."""

PACKAGES = "packages"
"""The folder of the bundled packages, beside the archive."""

LEFT_OUT = frozenset(
    {
        "__hello__",  # jokes and examples
        "__phello__",
        "_sysconfigdata__wasi_wasm32-wasi",  # how the interpreter was built
        "antigravity",
        "ensurepip",  # install or start other programs
        "idlelib",
        "this",
        "tkinter",  # windows
        "turtle",
        "turtledemo",
        "venv",
    }
)
"""Modules and packages of the top level that no workflow can use."""


class WitWorld(wit_world.WitWorld):
    """Exports nothing of use."""

    def nothing(self) -> None:
        """Nothing."""


def modules(folder: str, prefix: str = "") -> Iterator[tuple[str, bool, str]]:
    """Every module below a folder: dotted name, whether it is a package, path of its file."""
    for entry in sorted(os.listdir(folder)):
        path = f"{folder}/{entry}"
        name = f"{prefix}{entry.removesuffix('.py')}"
        if name in LEFT_OUT or name.endswith("__main__"):
            continue
        if entry.endswith(".py") and entry != "__init__.py":
            yield name, False, path
        elif os.path.isfile(f"{path}/__init__.py"):
            yield name, True, f"{path}/__init__.py"
            yield from modules(path, f"{name}.")


def record(root: str, name: str, package: bool, path: str) -> bytes:
    """One module of the archive."""
    with open(path, "rb") as file:
        source = file.read()
    shown = f"{'<stdlib>' if root == LIBRARY else '<packages>'}{path.removeprefix(root)}"
    code = marshal.dumps(compile(source, shown, "exec", dont_inherit=True, optimize=0))
    written = name.encode()
    parts = [struct.pack("<I", len(written)), written, struct.pack("<BB", package, root != LIBRARY)]
    for content in (source, code):
        parts += [struct.pack("<I", len(content)), content]
    return b"".join(parts)


def export() -> None:
    """Writes the archive into the one folder of the path that is marked for it."""
    (folder,) = (place for place in sys.path if os.path.isfile(f"{place}/archive.here"))
    with open(f"{folder}/archive.bin", "wb") as archive:
        for root in (LIBRARY, f"{folder}/{PACKAGES}"):
            for found in modules(root):
                archive.write(record(root, *found))


export()
