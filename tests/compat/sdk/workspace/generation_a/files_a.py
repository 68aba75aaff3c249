"""Files without `await`."""

import json

from bifrost import files, workflow


@workflow(name="files_a", description="Files")
async def files_a(context):
    files.write("a/hello.txt", "hello", location="compat")
    text = files.read("a/hello.txt", location="compat")
    assert text == "hello" and text.upper() == "HELLO" and json.dumps({"text": text}) == '{"text": "hello"}'
    files.write_bytes("a/blob.bin", b"\x00\x01", location="compat")
    assert files.read_bytes("a/blob.bin", location="compat")[1] == 1
    assert sorted(files.list("a", location="compat")) == ["a/blob.bin", "a/hello.txt"]
    if not files.exists("a/blob.bin", location="compat"):
        raise AssertionError("it was written")
    assert files.delete("a/blob.bin", location="compat") and not files.exists("a/blob.bin", location="compat")
    files.delete("a/hello.txt", location="compat")
    return {"text": text, "paths": files.list("a", location="compat")}
