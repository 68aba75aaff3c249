"""Data files of the workspace and what is no data file."""

import csv
import json
import os
from pathlib import Path
from typing import Any

from bifrost import workflow


@workflow
async def data_files() -> dict[str, Any]:
    """Reads by relative path: text, JSON, bytes, pathlib."""
    with open("data/table.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with open("data/settings.json", encoding="utf-8") as file:
        settings = json.load(file)
    with open("data/nested/bytes.bin", "rb") as file:
        raw = file.read()
    return {
        "rows": rows,
        "settings": settings,
        "bytes": list(raw),
        "pathlib": Path("data/table.csv").read_text(encoding="utf-8").count("\n"),
        "exists": [os.path.exists("data/table.csv"), os.path.exists("data/none.csv")],
        "listdir": sorted(os.listdir("data")),
        "beside_me": (Path(__file__).resolve().parent.parent / "data" / "settings.json").read_text(encoding="utf-8")[:1],
    }


@workflow
async def data_file_missing() -> str:
    """FileNotFoundError."""
    try:
        open("data/none.csv", encoding="utf-8")
    except FileNotFoundError as error:
        return f"{type(error).__name__} {error.filename}"
    return "found"


@workflow
async def data_files_read_only() -> str:
    """The workspace cannot be written to."""
    try:
        with open("data/table.csv", "w", encoding="utf-8") as file:
            file.write("changed")
    except OSError as error:
        return type(error).__name__
    return "written"


@workflow
async def scratch() -> dict[str, Any]:
    """`/tmp` is the run's own and empty at its start."""
    path = Path("/tmp/note.txt")
    try:
        before = sorted(os.listdir("/tmp"))
        path.write_text("written", encoding="utf-8")
    except OSError as error:
        return {"available": False, "type": type(error).__name__}
    return {"available": True, "before": before, "text": path.read_text(encoding="utf-8"), "after": sorted(os.listdir("/tmp"))}


@workflow
async def home() -> list[str]:
    """Where code keeps its own files is `/tmp`."""
    return [os.environ["HOME"], str(Path.home()), os.path.expanduser("~/.config/x")]


@workflow
async def other_compressions() -> dict[str, Any]:
    """`bz2` and `lzma` can be imported, and say that they do nothing."""
    import bz2
    import io
    import lzma
    import tarfile

    actions = {
        "bz2": lambda: bz2.compress(b"x"),
        "lzma": lambda: lzma.compress(b"x"),
        "tar": lambda: tarfile.open(fileobj=io.BytesIO(b"x" * 600)),
    }
    said = {}
    for name, action in actions.items():
        try:
            said[name] = f"not refused: {action()!r}"
        except Exception as error:
            said[name] = f"{type(error).__name__}: {error}"
    return said
