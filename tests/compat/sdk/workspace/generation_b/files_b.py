"""Files with `await`, side by side and as tasks."""

import asyncio

from bifrost import files, workflow


@workflow(name="files_b")
async def files_b() -> None:
    await asyncio.gather(*(files.write(f"b/{n}.txt", f"n{n}", location="compat") for n in range(3)))
    task = asyncio.create_task(files.read("b/1.txt", location="compat"))
    assert await task == "n1"
    assert type(await files.read("b/0.txt", "compat")) is str
    assert await files.exists("b/2.txt", location="compat") is True
    assert await files.list("b", location="compat") == ["b/0.txt", "b/1.txt", "b/2.txt"]
    assert [await files.delete(f"b/{n}.txt", location="compat") for n in range(3)] == [True] * 3
