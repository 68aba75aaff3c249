"""Late imports, module `__getattr__`, namespace packages, the standard library."""

import importlib
import sys
from typing import Any

from bifrost import workflow

STDLIB = ("colorsys", "wave", "sched", "difflib", "fractions", "statistics", "textwrap", "graphlib", "tomllib", "zoneinfo",
          "xml.etree.ElementTree", "html.parser", "email.message", "http.cookies", "zipfile", "gzip", "sqlite3", "ssl",
          "pdb", "smtplib", "unittest.mock", "xml.sax.expatreader", "xmlrpc.client", "doctest", "plistlib", "optparse")


@workflow
async def late_imports() -> dict[str, Any]:
    """Imports inside of a function, of the workspace and of the standard library."""
    import colorsys

    from lib import late
    from lib.late import VALUE

    return {"late": late.VALUE, "same": VALUE is late.VALUE, "hls": colorsys.rgb_to_hls(1.0, 0.5, 0.0)[1]}


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


@workflow
async def import_one(name: str) -> dict[str, Any]:
    """Imports one module; which of the names that it promises are missing, or why it cannot be imported."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        return {"refused": str(error)}
    promised = getattr(module, "__all__", ())
    return {"imported": module.__name__, "missing": [public for public in promised if not hasattr(module, public)]}


@workflow
async def library_at_work() -> dict[str, Any]:
    """Modules that no image holds, imported where they are used, doing what they are for."""
    import inspect
    import io
    import traceback
    import unittest
    import wave

    sound = io.BytesIO()
    with wave.open(sound, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(b"\1\0" * 100)
    sound.seek(0)
    with wave.open(sound) as heard:
        frames = heard.getnframes()

    class Sum(unittest.TestCase):
        def test_right(self) -> None:
            self.assertEqual(1 + 1, 2)

        def test_wrong(self) -> None:
            self.assertEqual(1 + 1, 3)

    tests = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Sum).run(tests)

    import configparser
    import plistlib
    import smtplib
    import sqlite3

    database = sqlite3.connect(":memory:")
    database.execute("create table t (a)")
    database.executemany("insert into t values (?)", [(1,), (2,)])
    try:
        smtplib.SMTP("127.0.0.1", 25, timeout=1)
        mail = "sent"
    except OSError as error:
        mail = type(error).__name__
    try:
        plistlib.loads(b"no list")
        shown = ""
    except plistlib.InvalidFileException:
        shown = traceback.format_exc()
    try:
        configparser.ConfigParser().read_string("nonsense")
    except configparser.Error:
        preloaded = traceback.format_exc()
    return {
        "frames": frames,
        "tests": [tests.testsRun, len(tests.failures)],
        "sum": database.execute("select sum(a) from t").fetchone()[0],
        "mail": mail,
        "traceback": shown,
        "preloaded": preloaded,
        "source": inspect.getsource(wave.Error),
        "file": wave.__file__,
    }


@workflow
async def workspace_first() -> str:
    """A file of the workspace has the name of a module that no image holds."""
    import nturl2path

    return nturl2path.WHOSE
