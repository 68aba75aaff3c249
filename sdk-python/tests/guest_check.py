"""Checks of the base component in a real sandbox. Needs the `wasmtime` package and a built base:

python tests/guest_check.py base.wasm [name...]
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import guest_http
from guest_host import CONTEXT, Base, Guest, body, error_type, failure, loaded, result, value

CHECKS: list[Callable[[Base], None]] = []


def check(function: Callable[[Base], None]) -> Callable[[Base], None]:
    CHECKS.append(function)
    return function


@check
def asyncio_works(base: Base) -> None:
    assert result(
        base,
        """
order = []
async def step(name, delay):
    async with limit:
        await asyncio.sleep(delay)
        order.append(name)
        return name
limit = asyncio.Semaphore(3)
gathered = await asyncio.gather(step("c", 0.03), step("a", 0.01), step("b", 0.02))
try:
    await asyncio.wait_for(asyncio.sleep(10), 0.01)
except TimeoutError:
    order.append("timeout")
try:
    async with asyncio.timeout(0.01):
        await asyncio.Event().wait()
except TimeoutError:
    order.append("timeout2")
async with asyncio.TaskGroup() as group:
    one = group.create_task(step("d", 0))
queue = asyncio.Queue()
async def produce():
    for number in range(3):
        await queue.put(number)
        await asyncio.sleep(0)
    await queue.put(None)
task = asyncio.create_task(produce())
got = []
while (item := await queue.get()) is not None:
    got.append(item)
threaded = await asyncio.to_thread(lambda x: x + 1, 41)
loop = asyncio.get_running_loop()
event = asyncio.Event()
loop.call_soon_threadsafe(event.set)
await event.wait()
named = asyncio.current_task() is not None
return [gathered, order, one.result(), got, threaded, named]
""",
    ) == [["c", "a", "b"], ["a", "b", "c", "timeout", "timeout2", "d"], "d", [0, 1, 2], 42, True]


@check
def sleeping_is_concurrent(base: Base) -> None:
    guest = loaded(base, body("await asyncio.gather(*(asyncio.sleep(0.1) for _ in range(1000)))\nreturn 1"))
    start = time.monotonic()
    assert value(guest, "a.py::f") == 1
    assert 0.09 < time.monotonic() - start < 1.5


@check
def blocking_sleep_and_sync_functions(base: Base) -> None:
    code = """
import asyncio, time
from bifrost import workflow
async def inner():
    await asyncio.sleep(0.01)
    return 7
@workflow
def f():
    time.sleep(0.02)
    return asyncio.run(inner())
"""
    assert value(loaded(base, {"a.py": code}), "a.py::f") == 7
    failed = failure(base, "async def g(): pass\nc = g()\ntry:\n    asyncio.run(c)\nfinally:\n    c.close()")
    assert error_type(failed) == "RuntimeError" and "running event loop" in failed.message, failed.message


@check
def deadlock_is_named(base: Base) -> None:
    failed = failure(base, "async def inner():\n    await asyncio.Event().wait()\nawait inner()")
    assert error_type(failed) == "DeadlockError"
    assert "a.py, line 7, in inner" in failed.message, failed.message


@check
def leftover_tasks_are_cancelled(base: Base) -> None:
    guest = loaded(
        base,
        body(
            """
async def forever():
    try:
        await asyncio.sleep(1000)
    finally:
        print("cancelled")
async def numbers():
    try:
        yield 1
    finally:
        print("closed")
asyncio.create_task(forever())
async def not_started():
    print("ran once")
    await asyncio.sleep(1000)
asyncio.create_task(not_started())
await asyncio.sleep(0)
generator = numbers()
await anext(generator)
globals()["keep"] = generator
return 1
"""
        ),
    )
    assert value(guest, "a.py::f") == 1
    assert [line[2] for line in guest.lines] == ["ran once", "cancelled", "closed"], guest.lines


@check
def exceptions_are_formatted(base: Base) -> None:
    failed = failure(base, "await asyncio.gather(g())", 'async def g():\n    raise UserError("no")')
    assert getattr(failed, "for-user") is True and error_type(failed) == "UserError"
    assert failed.traceback.splitlines()[1:5:2] == ['  File "a.py", line 7, in f', '  File "a.py", line 4, in g'], (
        failed.traceback
    )
    group = failure(
        base,
        "async with asyncio.TaskGroup() as group:\n    group.create_task(g())",
        'async def g():\n    raise ValueError("in group")',
    )
    assert error_type(group) == "ExceptionGroup" and "ValueError: in group" in group.traceback
    assert "/asyncio/" not in group.traceback and "bifrost_guest" not in group.traceback, group.traceback
    chained = failure(base, 'try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise WorkflowError("x") from e')
    assert "direct cause" in chained.traceback and "1 / 0" in chained.traceback
    for code, name in (
        ("import sys\nsys.exit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("await asyncio.sleep(0)\nraise SystemExit(1)", "SystemExit"),
        ("def g(): g()\ng()", "RecursionError"),
        ("x = [0] * (1 << 29)", "MemoryError"),
        ("raise asyncio.CancelledError", "CancelledError"),
        ("raise type('E', (Exception,), {'__str__': lambda s: 1 / 0})()", "E"),
        ("raise ValueError('\\ud800')", "ValueError"),
        ("return {'a': [1, b'x']}", "ResultError"),
    ):
        failed = failure(base, code)
        assert error_type(failed) == name, (code, error_type(failed), failed.message, failed.traceback[-500:])
    assert failed.message == "result['a'][1] is a value of type bytes, which JSON cannot hold", failed.message
    assert failed.traceback == ""


@check
def results_are_typed(base: Base) -> None:
    for code, status, kind, text in (
        ("return None", "success", "json", "null"),
        ("return 'plain'", "success", "text", '"plain"'),
        ("return ' <b>é</b>'", "success", "html", '" <b>é</b>"'),
        ("return {'success': False}", "completed-with-errors", "json", '{"success":false}'),
        ("return float('nan'), {1, }, '\\ud800'", "success", "json", '[null,[1],"?"]'),
    ):
        outcome = loaded(base, body(code)).run("a.py::f", {}, CONTEXT)
        assert (outcome.status, getattr(outcome, "result-type"), outcome.value) == (status, kind, text), (
            outcome.__dict__
        )
    outcome = loaded(base, body("context.roi.time_saved = 5")).run("a.py::f", {}, CONTEXT)
    assert outcome.roi == '{"time_saved":5,"value":0.0}'


@check
def output_is_streamed(base: Base) -> None:
    guest = loaded(
        base,
        body(
            """
import logging, sys, warnings
log = logging.getLogger(__name__)
log.debug("debug %d", 1)
logging.getLogger("httpx").info("dropped")
logging.getLogger("httpx").warning("kept")
logging.info("two\\nlines")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
logging.log(45, "trace")
log.critical("critical")
print("a", 1, "\\ud800é")
sys.stderr.write("err\\npart")
sys.stdout.buffer.write("bytes\\n".encode())
print("x" * 70000, end="")
"""
        ),
    )
    assert value(guest, "a.py::f") is None
    lines = guest.lines
    assert lines[:5] == [
        ("debug", "a", "debug 1"),
        ("warning", "httpx", "kept"),
        ("info", "root", "two"),
        ("info", "root", "lines"),
        ("error", "a", "failed"),
    ], lines[:5]
    assert lines[5] == ("traceback", "a", "Traceback (most recent call last):")
    rest = lines[lines.index(("traceback", "root", "trace")) + 1 :]
    assert rest[:4] == [
        ("critical", "a", "critical"),
        ("info", "stdout", "a 1 \\ud800é"),
        ("warning", "stderr", "err"),
        ("info", "stdout", "bytes"),
    ], rest[:4]
    assert [(level, name, len(text)) for level, name, text in rest[4:]] == [
        ("info", "stdout", 65536),
        ("info", "stdout", 70000 - 65536),
        ("warning", "stderr", 4),
    ], [(line[0], len(line[2])) for line in rest[4:]]


@check
def data_files_are_readable(base: Base) -> None:
    assert result(
        base,
        """
import csv, json, os, glob
from pathlib import Path
here = Path(__file__).parent
rows = list(csv.DictReader(open("data/rows.csv", newline="")))
text = (here / "data" / "rows.csv").read_text()
denied = []
for attempt in (lambda: open("out.txt", "w"), lambda: open("/etc/passwd"), lambda: os.listdir("nope"), lambda: open("data")):
    try:
        attempt()
    except OSError as error:
        denied.append(type(error).__name__)
return [
    rows, len(text), open("data/rows.csv", "rb").read(3).decode(), os.path.exists("data/rows.csv"), os.path.isfile("data"),
    os.path.isdir("data"), sorted(os.listdir("data")), Path("nope").exists(), os.path.getsize("data/rows.csv"),
    [str(p) for p in sorted(Path("data").glob("**/*.csv"))], glob.glob("data/*.csv"), denied,
    [root for root, _, _ in os.walk("data")], Path(os.path.abspath(__file__)).resolve().name,
]
""",
        **{"data/rows.csv": "a,b\n1,2\n", "data/sub/x.csv": "é"},
    ) == [
        [{"a": "1", "b": "2"}], 8, "a,b", True, False, True, ["rows.csv", "sub"], False, 8,
        ["data/rows.csv", "data/sub/x.csv"], ["data/rows.csv"],
        ["PermissionError", "FileNotFoundError", "FileNotFoundError", "IsADirectoryError"],
        ["data", "data/sub"], "a.py",
    ]  # fmt: skip


@check
def imports_work(base: Base) -> None:
    guest = loaded(
        base,
        {
            **body(
                """
import importlib, inspect
lazy = importlib.import_module("modules.lazy")
return [deep, value, lazy.X, vendor.client, pkg.Y, inspect.getsource(lazy), __name__, sibling]
""",
                "from modules.extensions.deep import deep\nfrom modules import vendor\nimport pkg\nfrom pkg.sub import value, sibling",
            ),
            "modules/extensions/deep.py": "from __future__ import annotations\ndeep = 1\n",
            "modules/vendor.py": "def __getattr__(name):\n    return 'lazy ' + name\n",
            "modules/lazy.py": "X = 3\n",
            "pkg/__init__.py": "from .sub import value as Y\n",
            "pkg/sub.py": "value = 2\nfrom . import sibling as _s\nsibling = _s.Z\n",
            "pkg/sibling.py": "Z = 9\n",
            "my-folder/v1.2/odd name.py": "from . import other\nfrom bifrost import workflow\n@workflow\nasync def odd(): return other.V\n",
            "my-folder/v1.2/other.py": "V = 4\n",
            "email.py": "from bifrost import workflow\n@workflow\nasync def shadow():\n    import email.message\n    return email.__name__\n",
        },
    )
    assert value(guest, "a.py::f") == [1, 2, 3, "lazy client", 2, "X = 3\n", "a", 9]
    assert value(guest, "my-folder/v1.2/odd name.py::odd") == 4
    assert value(guest, "email.py::shadow") == "email"
    report = json.loads(guest._call("describe"))
    assert [warning["path"] for warning in report["warnings"]] == ["email.py"], report["warnings"]
    assert len(report["modules"]) == len([path for path in guest.files if path.endswith(".py")])
    late = loaded(base, body("import this_is_late\nreturn this_is_late.X"))
    late.files["this_is_late.py"] = b"X = 1\n"
    assert value(late, "a.py::f") == 1
    library = loaded(base, body("import sched, xmlrpc.server, pdb\nreturn pdb.__file__"))
    assert value(library, "a.py::f") == "<stdlib>/pdb.py"


@check
def load_errors_are_attributed(base: Base) -> None:
    guest = Guest(
        base,
        {
            "ok.py": "from bifrost import workflow\n@workflow\nasync def ok(): return 1\n",
            "one.py": "import two\nX = 1\n",
            "two.py": "from one import X\n",
            "z_fail.py": "\n\nraise ValueError('why')\n",
            "a_dep.py": "import os\nimport z_fail\n",
            "b_dep.py": "\nimport z_fail\n",
            "c_dep.py": "import skipped\n",
            "net.py": "from bifrost.http import blocking\nblocking.get('http://localhost')\n",
            "conf.py": "import asyncio\nfrom bifrost import config\nasyncio.run(config.get('k'))\n",
            "loop.py": "import asyncio\nkeep = asyncio.new_event_loop()\n",
            "dup1.py": "from bifrost import workflow\n@workflow(name='same')\nasync def x(): pass\n",
            "dup2.py": "from bifrost import workflow\n@workflow(name='same')\nasync def y(): pass\n",
            "skipped.py": "",
            "warn.py": "import warnings\nwarnings.warn('careful')\n",
            "thing/__init__.py": "",
            "thing.py": "",
            "unresolved.py": "from bifrost import workflow\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from x import Y\n"
            "@workflow\nasync def unresolved(a: Y, b: 'list[Y]', c: int): pass\n",
        },
    )
    report = guest.load({"skipped.py": "took longer than 10 s"})
    errors = {error["path"]: error for error in report["errors"]}
    assert sorted(errors) == [
        "a_dep.py", "b_dep.py", "c_dep.py", "conf.py", "dup2.py", "loop.py", "net.py", "skipped.py", "thing.py",
        "z_fail.py",
    ], sorted(errors)  # fmt: skip
    assert (errors["z_fail.py"]["line"], errors["z_fail.py"]["message"]) == (3, "why")
    for path, line in (("a_dep.py", 2), ("b_dep.py", 2)):
        assert (errors[path]["line"], errors[path]["type"]) == (line, "ValueError"), errors[path]
        assert errors[path]["message"] == "why (from z_fail.py, line 3)"
        assert errors[path]["traceback"].count("File") == 2, errors[path]["traceback"]
    assert guest.loading.count("z_fail.py") == 1
    assert guest.loading[:3] == ["a_dep.py", "z_fail.py", "a_dep.py"], guest.loading
    assert errors["c_dep.py"]["message"] == "took longer than 10 s"
    assert "Move this into the workflow function" in errors["net.py"]["message"]
    assert errors["net.py"]["line"] == 2
    assert "Move this into the workflow function" in errors["conf.py"]["message"]
    assert errors["loop.py"]["type"] == "LeftoverError" and "event loop" in errors["loop.py"]["message"]
    assert "dup1.py (line 2) and dup2.py (line 2)" in errors["dup2.py"]["message"]
    assert report["warnings"] == [{"path": "warn.py", "line": 2, "message": "careful"}], report["warnings"]
    types = {w["id"]: [p["type"] for p in w["parameters"]] for w in report["workflows"]}
    assert types["unresolved.py::unresolved"] == ["json", "list", "int"], types
    assert value(guest, "ok.py::ok") == 1
    assert not guest.run("ok.py::nope").failure.traceback


@check
def variables_are_captured(base: Base) -> None:
    code = """
import os
number, text, big = 1, "é", "x" * 20000
loop = [1]
loop.append(loop)
thing = object()
mapping = {(1, 2): {"deep": b"bytes"}}
await asyncio.sleep(0)
%s
"""
    guest = loaded(base, body(code % "return 1"))
    outcome = guest.run("a.py::f", {}, CONTEXT, capture=True)
    variables = json.loads(outcome.variables)
    assert sorted(variables) == ["big", "loop", "mapping", "number", "text", "thing"], sorted(variables)
    assert variables["loop"] == [1, "<circular reference>"] and len(variables["big"]) < 11000
    assert variables["mapping"] == {"(1, 2)": {"deep": "b'bytes'"}}
    outcome = loaded(base, body(code % "1 / 0")).run("a.py::f", {}, CONTEXT, capture=True)
    assert json.loads(outcome.variables)["number"] == 1 and error_type(outcome.failure) == "ZeroDivisionError"
    assert guest.run("a.py::f", {}, CONTEXT).variables is None


@check
def binding_and_config(base: Base) -> None:
    code = """
from bifrost import workflow, config, secrets
from typing import Optional
@workflow
async def f(context, a: int, b: Optional[float] = None, c: bool = False, **rest):
    await config.set("new", {"x": 1})
    return [a, b, c, rest, context.org_id, await config.get("k"), await config.get("none", 5), await config.get("new"),
            (await config.list()).k, await config.delete("new"), await config.get("k", scope="forbidden"), context.parameters["a"]]
"""
    guest = loaded(base, {"a.py": code}, {"k": "v"})
    assert value(guest, "a.py::f", {"a": "5", "b": "1.5", "c": "on", "d": 1}) == [
        5, 1.5, True, {"d": 1}, "o1", "v", 5, {"x": 1}, "v", True, None, "5",
    ]  # fmt: skip
    failed = guest.run("a.py::f", {"b": 1}, CONTEXT).failure
    assert (error_type(failed), failed.message) == ("ValidationError", "missing required parameter `a`")


@check
def randomness_is_fresh(base: Base) -> None:
    head = "import random, uuid, tempfile, secrets\nrng = random.Random()\nfirst = random.random()"
    guest = loaded(base, body("return [random.random(), rng.random(), str(uuid.uuid1()), str(uuid.uuid4())]", head))
    first, second = value(guest, "a.py::f"), value(guest, "a.py::f")
    assert all(a != b for a, b in zip(first, second, strict=True))


check(guest_http.http_works)


def main() -> int:
    base = Base(sys.argv[1])
    failed = 0
    for function in CHECKS:
        if len(sys.argv) > 2 and function.__name__ not in sys.argv[2:]:
            continue
        start = time.monotonic()
        try:
            function(base)
            print(f"ok    {function.__name__} ({time.monotonic() - start:.2f} s)")
        except Exception:
            failed += 1
            print(f"FAIL  {function.__name__}")
            traceback.print_exc()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
