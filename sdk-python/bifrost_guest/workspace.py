"""Which files a workspace has, and under which module name each one is imported."""

from __future__ import annotations

from collections.abc import Iterable

_PACKAGE = "__init__"


def is_workspace_file(filename: str) -> bool:
    """True for the filename of workspace code: the runtime's own are absolute, the library's in `<>`."""
    return bool(filename) and filename[0] not in "/<"


class Workspace:
    """Module names of a workspace.

    A file is imported under its path, with dots for slashes: `features/x/a.py` is
    `features.x.a`. Two kinds of files cannot have that name and get one that no import
    statement can spell: those with a dot in a folder or name, and those whose first part
    is already taken by a module of the runtime (`reserved`), for instance `email.py`.
    """

    def __init__(self, paths: Iterable[str], reserved: frozenset[str] = frozenset()) -> None:
        self.names: dict[str, str] = {}
        """Path to module name."""
        self.paths: dict[str, str] = {}
        """Module name to path."""
        self.folders: dict[str, str] = {}
        """Dotted name to the path of a folder that holds modules."""
        self.hidden: dict[str, str] = {}
        """Path of a module that a package of the same name hides, to the package's path."""
        self.shadowed: dict[str, str] = {}
        """Path to the reserved name that it would have had."""
        # Packages first: `a/__init__.py` wins over `a.py`, as in Python itself.
        for path in sorted(paths, key=lambda path: (not path.endswith(f"/{_PACKAGE}.py"), path)):
            self._add(path, reserved)

    def _add(self, path: str, reserved: frozenset[str]) -> None:
        parts = path.removesuffix(".py").split("/")
        first = parts[0]
        names = [part.replace("%", "%25").replace(".", "%2E") for part in parts]
        if first in reserved:
            self.shadowed[path] = first
            names[0] = f"%workspace%{names[0]}"
        folders = parts[:-1]
        if len(names) > 1 and names[-1] == _PACKAGE:
            names.pop()
        name = ".".join(names)
        if name in self.paths:
            self.hidden[path] = self.paths[name]
            return
        self.paths[name] = path
        self.names[path] = name
        for depth in range(1, len(folders) + 1):
            self.folders[".".join(names[:depth])] = "/".join(folders[:depth])
