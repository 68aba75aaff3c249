"""Packages that every workspace can import: their compiled modules, and what they say of themselves.

Their modules in Python come from the host when they are imported, as the standard library does.
The compiled ones are part of the code that all runs share; imported, they are only initialized.
"""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Iterator
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.metadata import Distribution, DistributionFinder
from pathlib import PurePosixPath
from typing import Any

from componentize_py_types import Err
from wit_world.imports import modules

ROOT = "<packages>"
"""Where their files are for the host, and in tracebacks."""

_SUFFIX = ".cpython-314-wasm32-wasi.so"


def _compiled_modules() -> dict[str, str]:
    """Dotted names to the paths by which componentize-py linked the libraries. While there are files."""
    found = {}
    for root in sys.path:
        for path in glob.glob(f"{root}/*/*{_SUFFIX}"):
            found[path.removeprefix(f"{root}/").removesuffix(_SUFFIX).replace("/", ".")] = path
    return found


_COMPILED = _compiled_modules()


def compiled_spec(fullname: str) -> ModuleSpec | None:
    """How a compiled module is imported."""
    path = _COMPILED.get(fullname)
    return ModuleSpec(fullname, ExtensionFileLoader(fullname, path), origin=path) if path is not None else None


class Bundled(Distribution):
    """One of the packages; see `importlib.metadata`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def read_text(self, filename: Any) -> str | None:
        try:
            return modules.read(f"{ROOT}/{self._folder}/{filename}").decode()
        except Err:
            return None

    def locate_file(self, path: Any) -> Any:
        return PurePosixPath(ROOT, path)


def distributions(context: DistributionFinder.Context) -> Iterator[Distribution]:
    """The packages that are asked for: of one name, or all."""
    if "/" not in context.path:
        return
    wanted = None if context.name is None else _normalized(context.name)
    for entry in modules.list(ROOT):
        folder = entry.removesuffix("/")
        if wanted in (None, _normalized(folder.partition("-")[0])):
            yield Bundled(folder)


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
