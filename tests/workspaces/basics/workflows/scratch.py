"""`/tmp`, temporary files, databases; and what is not there."""

import csv
import glob
import gzip
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bifrost import workflow


@workflow
def scratch_files() -> dict[str, Any]:
    """Everything that is done with files."""
    place = Path(tempfile.mkdtemp())
    (place / "a.txt").write_text("first\n", encoding="utf-8")
    with open(place / "a.txt", "a", encoding="utf-8") as file:
        file.write("ü\n")
    with open(place / "b.bin", "wb+") as file:
        file.write(b"12345")
        file.seek(2)
        middle = file.read(2)
        file.truncate(4)
    table = place / "deep" / "er" / "table.csv"
    table.parent.mkdir(parents=True)
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([[1, "a"], [2, "b"]])
    with zipfile.ZipFile(place / "z.zip", "w") as archive:
        archive.write(table, "table.csv")
        archive.write("data/table.csv", "workspace.csv")
    zipfile.ZipFile(place / "z.zip").extractall(place / "unzipped")
    with tarfile.open(place / "t.tar.gz", "w:gz") as archive:
        archive.add(table, arcname="table.csv")
    shutil.copy("data/settings.json", place / "copied.json")
    shutil.copytree(place / "deep", place / "copy")
    os.replace(place / "b.bin", place / "c.bin")
    with gzip.open(place / "g.gz", "wt") as file:
        file.write("packed")
    before = os.getcwd()
    os.chdir(place)
    relative = Path("a.txt").read_text(encoding="utf-8")
    os.chdir(before)
    names = sorted(str(path.relative_to(place)) for path in place.rglob("*"))
    shutil.rmtree(place)
    return {
        "middle": middle.decode(), "relative": relative, "names": names, "gone": not place.exists(),
        "temporary": _temporary(), "null": open(os.devnull, "w").write("lost"),
        "left": glob.glob("/tmp/*"), "workspace": "tmp" not in os.listdir("/"),
    }


def _temporary() -> list[Any]:
    with tempfile.NamedTemporaryFile("w+", suffix=".txt") as named:
        named.write("x")
        named.flush()
        seen = [Path(named.name).read_text(), os.stat(named.name).st_size]
    with tempfile.TemporaryFile() as nameless:
        nameless.write(b"abc")
        nameless.flush()
        seen.append(os.fstat(nameless.fileno()).st_size)
    with tempfile.SpooledTemporaryFile(max_size=2) as spooled:
        spooled.write(b"longer than two")
        spooled.seek(0)
        seen.append(spooled.read().decode())
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "f").touch()
    number, name = tempfile.mkstemp()
    os.write(number, b"q")
    os.close(number)
    seen += [os.path.exists(named.name), os.path.exists(folder), Path(name).read_text()]
    os.remove(name)
    return seen


@workflow
def scratch_databases() -> dict[str, Any]:
    """SQLite in memory, in `/tmp`, and in a file that was made there."""
    with sqlite3.connect("/tmp/a.db") as one:
        one.execute("create table t (a)")
        one.execute("insert into t values (1)")
    other = sqlite3.connect("/tmp/a.db")
    other.execute("insert into t values (2)")
    other.commit()
    other.close()
    one.close()
    shutil.copy("/tmp/a.db", "/tmp/b.db")
    return {
        "rows": sqlite3.connect("/tmp/a.db").execute("select a from t order by a").fetchall(),
        "copy": sqlite3.connect("/tmp/b.db").execute("select count(*) from t").fetchone(),
        "header": Path("/tmp/a.db").read_bytes()[:15].decode(),
        "refused": [_refusal(action) for action in (
            lambda: sqlite3.connect("none.db"),
            lambda: sqlite3.connect("file:/tmp/none.db?mode=ro", uri=True),
            lambda: sqlite3.connect("/tmp/none/a.db"),
        )],
    }


@workflow
def absent_files() -> dict[str, str]:
    """What there is not says what there is."""
    return {name: _refusal(action) for name, action in {
        "read": lambda: open("/etc/hosts"),
        "folder": lambda: os.listdir("/etc"),
        "write": lambda: open("data/new.csv", "w"),
        "overwrite": lambda: Path("data/table.csv").write_text("x"),
        "make": lambda: os.mkdir("/home"),
        "remove": lambda: os.remove("data/table.csv"),
        "exists": lambda: open("/tmp/a", "x").close() or open("/tmp/a", "x"),
        "no folder": lambda: open("/tmp/none/a", "w"),
        "is folder": lambda: open("/tmp", "r"),
        "closed": lambda: os.read(70_000, 1),
    }.items()}


def _refusal(action: Callable[[], Any]) -> str:
    try:
        action()
    except (OSError, sqlite3.Error) as error:
        return f"{type(error).__name__}: {error}"
    return "done"
