"""Files with `scope`."""

from bifrost import ValidationError, context, files, workflow


@workflow
async def files_c(organization: str) -> None:
    await files.write("c/x.txt", "ä", location="compat", mode="cloud", scope=organization)
    assert await files.read("c/x.txt", "compat", "cloud", organization) == "ä"
    assert not await files.exists("c/x.txt", location="compat", scope=context.org_id)
    await files.write_bytes("c/y.bin", b"y", "compat", "cloud", organization)
    assert await files.read_bytes("c/y.bin", location="compat", scope=organization) == b"y"
    assert await files.list("c", location="compat", scope=organization) == ["c/x.txt", "c/y.bin"]
    assert await files.delete("c/y.bin", location="compat", scope=organization)
    url = await files.get_signed_url("c/up.csv", "PUT", "text/csv", "uploads", context.org_id)
    assert url["url"].startswith("http") and url["path"] and url["expires_in"] > 0, url
    found = await files.search("a line of this file", case_sensitive=True, include_pattern="generation_c/files_c.py")
    assert {one.path for one in found} == {"generation_c/files_c.py"} and found[0].line > 1
    assert len(await files.search(r"^async def \w+_c", is_regex=True, max_results=2)) == 2
    for path in ("../x", "/x"):
        try:
            await files.write(path, "x", location="compat")
        except (ValidationError, ValueError):
            continue
        raise AssertionError(f"{path} was written")
