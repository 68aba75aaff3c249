"""What the editor of the web UI offers is what the SDK has."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import completions  # noqa: E402

import bifrost  # noqa: E402


def found(name, *members):
    entry = next(one for one in completions.entries() if one["name"] == name)
    for member in members:
        entry = next(one for one in entry["members"] if one["name"] == member)
    return entry


def test_the_file_of_the_web_ui_is_of_this_sdk():
    kept = ROOT.parent / "client/src/screens/editor/sdk.json"
    assert kept.read_text() == completions.text(), f"run: python completions.py > {kept}"


def test_every_public_name_is_there():
    names = {entry["name"] for entry in completions.entries()}
    assert names == {name for name in bifrost.__all__ if not name.startswith("__")}
    for entry in completions.entries():
        for member in entry.get("members", []):
            assert not member["name"].startswith("_")


def test_a_name_says_what_it_takes_and_what_it_is_for():
    query = found("tables", "query")
    assert query["is_async"] and query["signature"].endswith("-> DocumentList")
    assert query["parameters"][:2] == ["table", "where"]
    assert found("workflow")["signature"].startswith("(*, name: str | None=None")
    assert "timeout_seconds" in found("workflow")["parameters"]
    assert found("workflow")["doc"].startswith("Makes a function a workflow.")
    assert found("context", "org_id")["kind"] == "property"
    assert found("files", "read")["is_async"] and not found("param").get("is_async")
    assert found("http", "get")["kind"] == "function"
    assert "not supported" in found("agents")["doc"]
