"""Late imports, module `__getattr__`, namespace packages, the standard library."""

import importlib
import sys
from typing import Any

from bifrost import workflow

STDLIB = ("sched", "difflib", "fractions", "statistics", "textwrap", "graphlib", "tomllib", "zoneinfo",
          "xml.etree.ElementTree", "html.parser", "email.message", "http.cookies", "zipfile", "gzip", "sqlite3", "ssl")


@workflow
async def late_imports() -> dict[str, Any]:
    """Imports inside of a function, of the workspace and of the standard library."""
    import fractions

    from lib import late
    from lib.late import VALUE

    return {"late": late.VALUE, "same": VALUE is late.VALUE, "hls": float(fractions.Fraction(1, 2))}


@workflow
async def module_getattr() -> dict[str, Any]:
    """Names that a module makes on demand."""
    from lib import lazy

    before = len(lazy.made)
    from lib.lazy import widgets

    return {"name": widgets.name, "other": lazy.gadgets.name, "made": len(lazy.made) - before, "missing": hasattr(lazy, "_no")}


@workflow
async def namespace_packages() -> dict[str, Any]:
    """Folders without `__init__.py`."""
    import area.tools.other as other

    return {"names": list(other.NAMES), "file": sys.modules["area"].__file__, "other": other.__file__}


@workflow
async def missing_module(name: str = "there_is_no_such_module") -> str:
    """ModuleNotFoundError, as native Python words it."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        return str(error)
    return "found"


@workflow
async def standard_library() -> dict[str, str]:
    """Which modules of the standard library there are."""
    found = {}
    for name in STDLIB:
        try:
            importlib.import_module(name)
            found[name] = "ok"
        except ImportError as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found
