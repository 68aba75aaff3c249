"""Parts of the sandbox's runtime that do not need a sandbox."""

import asyncio
import dataclasses
import datetime
import decimal
import enum
import json
import math
import sys
import uuid
from collections import OrderedDict, deque
from pathlib import Path
from typing import Any

import pytest
from wit_world.imports import log, modules, poll

from bifrost_guest import failures, files, output, results, variables
from bifrost_guest.loop import DeadlockError, GuestLoop
from bifrost_guest.workspace import Workspace

needs_eager_tasks = pytest.mark.skipif(sys.version_info < (3, 13), reason="eager tasks, as in the sandbox")


class Level(enum.Enum):
    LOW = 1


@dataclasses.dataclass
class Point:
    x: int
    at: datetime.date


class Model:
    def model_dump(self, mode: str) -> dict[str, Any]:
        return {"mode": mode}


def test_results_become_json() -> None:
    value = {
        "when": datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC),
        "money": decimal.Decimal("1.10"),
        "id": uuid.UUID(int=1),
        "set": {1},
        "point": Point(1, datetime.date(2026, 1, 2)),
        "model": Model(),
        "level": Level.LOW,
        "path": Path("a/b"),
        "queue": deque([1]),
        "ordered": OrderedDict(a=(1, 2)).values(),
        "text": "é\ud800",
    }
    assert json.loads(results.encode(value)) == {
        "when": "2026-01-02T03:00:00+00:00",
        "money": "1.10",
        "id": "00000000-0000-0000-0000-000000000001",
        "set": [1],
        "point": {"x": 1, "at": "2026-01-02"},
        "model": {"mode": "json"},
        "level": 1,
        "path": "a/b",
        "queue": [1],
        "ordered": [[1, 2]],
        "text": "é?",
    }
    assert results.encode([math.nan, math.inf, {uuid.UUID(int=1): 1, 2: 3}]) == (
        '[null,null,{"00000000-0000-0000-0000-000000000001":1,"2":3}]'
    )


def circular() -> list[Any]:
    value: list[Any] = [1]
    value.append({"self": value})
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"rows": [{"blob": b"x"}]}, r"result\['rows'\]\[0\]\['blob'\] is a value of type bytes"),
        ([object()], r"result\[0\] is a value of type object"),
        (circular(), r"result\[1\]\['self'\] refers back"),
        ({(1, 2): 3}, r"a key of result is a tuple"),
    ],
)
def test_what_json_cannot_hold_is_named(value: Any, message: str) -> None:
    with pytest.raises(results.ResultError, match=message):
        results.encode(value)
    assert results.encode(value, fallback=repr)


def test_variables_are_bounded() -> None:
    copy = variables.snapshot(
        {
            "big": "x" * 50_000,
            "rows": [{"n": n} for n in range(50_000)],
            "loop": circular(),
            "json": json,
            "function": circular,
            "__name__": "x",
            "bytes": b"x",
        }
    )
    assert sorted(copy) == ["big", "bytes", "loop", "rows"]
    assert all(len(results.encode(value)) < 3 * variables.MAX_VARIABLE for value in copy.values())
    assert copy["rows"][-1].endswith("more (truncated)") and copy["bytes"] == "b'x'"


def test_module_names() -> None:
    workspace = Workspace(
        [
            "features/x/a.py",
            "pkg/__init__.py",
            "pkg.py",
            "my-dir/v1.2/b c.py",
            "email.py",
            "http/client.py",
            "__init__.py",
        ],
        reserved=frozenset({"email", "http"}),
    )
    assert workspace.names == {
        "features/x/a.py": "features.x.a",
        "pkg/__init__.py": "pkg",
        "my-dir/v1.2/b c.py": "my-dir.v1%2E2.b c",
        "email.py": "%workspace%email",
        "http/client.py": "%workspace%http.client",
        "__init__.py": "__init__",
    }
    assert workspace.hidden == {"pkg.py": "pkg/__init__.py"}
    assert workspace.folders["my-dir.v1%2E2"] == "my-dir/v1.2"
    assert set(workspace.shadowed) == {"email.py", "http/client.py"}


def test_streams_emit_whole_lines() -> None:
    log.LINES.clear()
    stream = output.LogStream("stdout", log.Level.INFO)
    print("a", "b", file=stream)
    print("one\ntwo", end="", file=stream)
    stream.write("!\nrest")
    stream.buffer.write(b" of it")
    stream.finish()
    stream.write("x" * (output.MAX_PIECE + 1))
    stream.finish()
    texts = [line[2] for line in log.LINES]
    assert texts[:4] == ["a b", "one", "two!", "rest of it"]
    assert [len(text) for text in texts[4:]] == [output.MAX_PIECE, 1]


def test_files_of_the_workspace() -> None:
    modules.FILES.clear()
    modules.FILES.update({"data/a.csv": "é\r\n1\n".encode(), "x.txt": b"x"})
    with files.open_file("/data/../data/a.csv") as file:
        assert file.read() == "é\n1\n"
    assert files.open_file(Path("data/a.csv"), newline="").read() == "é\r\n1\n"
    assert files.open_file("data/a.csv", "rb").read(2) == "é".encode()
    assert files.stat_file("data/a.csv").st_size == 6
    assert files.list_folder() == ["data", "x.txt"]
    assert [entry.is_dir() for entry in files.scan_folder("/")] == [True, False]
    for error, attempt in (
        (FileNotFoundError, lambda: files.open_file("../y")),
        (FileNotFoundError, lambda: files.list_folder("nope")),
        (NotADirectoryError, lambda: files.list_folder("x.txt")),
        (IsADirectoryError, lambda: files.open_file("data")),
        (PermissionError, lambda: files.open_file("x.txt", "a")),
        (PermissionError, lambda: files.open_file("x.txt", "r+")),
        (ValueError, lambda: files.open_file("x.txt", "q")),
        (ValueError, lambda: files.open_file("x.txt", "rb", encoding="utf-8")),
    ):
        with pytest.raises(error):
            attempt()


def test_tracebacks_hide_the_runtime() -> None:
    async def main() -> None:
        raise ValueError("no")

    loop = GuestLoop()
    with pytest.raises(ValueError) as caught:
        loop.run_until_complete(asyncio.wait_for(main(), 1))
    loop.close()
    text = failures.format_traceback(caught.value)
    assert text.endswith("ValueError: no") and "/asyncio/" not in text and "in main" in text
    assert failures.line_in(__file__, caught.value) is not None


async def everything(loop: GuestLoop) -> list[Any]:
    async def late(value: int, delay: float) -> int:
        await asyncio.sleep(delay)
        return value

    gathered = await asyncio.gather(late(1, 0.02), late(2, 0.01), asyncio.to_thread(lambda: 3))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    event = asyncio.Event()
    loop.call_soon_threadsafe(event.set)
    await event.wait()
    ready = poll.Pollable(loop.time() + 0.01)
    never = poll.Pollable(math.inf)
    await loop.wait_for(ready)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await loop.wait_for(never)
    assert not loop._selector.waiting
    return gathered


def test_the_loop_runs_asyncio() -> None:
    loop = GuestLoop()
    try:
        assert loop.run_until_complete(everything(loop)) == [1, 2, 3]
    finally:
        loop.close()


@needs_eager_tasks
def test_run_main() -> None:
    loop = GuestLoop()
    assert loop.run_main(everything(loop)) == [1, 2, 3]

    async def at_once() -> bool:
        return asyncio.current_task() is not None

    assert GuestLoop().run_main(at_once())
    ended: list[str] = []

    async def leaves_a_task() -> None:
        async def forever() -> None:
            try:
                await asyncio.sleep(1000)
            finally:
                ended.append("cancelled")

        asyncio.ensure_future(forever())

    GuestLoop().run_main(leaves_a_task())
    assert ended == ["cancelled"]


@needs_eager_tasks
def test_a_deadlock_is_an_error() -> None:
    async def waits() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError, match="never happen"):
        GuestLoop().run_main(waits())
