"""Memory without end. Armed: ends with `limit_exceeded:memory_bytes` or `MemoryError`;
the process around the sandbox does not grow beyond the limit."""

import os

from bifrost import workflow

CHUNK = 1 << 20


@workflow
async def memory_list(armed: bool = False) -> dict[str, int]:
    """Many small objects."""
    hoard: list[list[int]] = []
    while armed or len(hoard) < 1000:
        hoard.append([len(hoard)])
    return {"items": len(hoard)}


@workflow
async def memory_bytes(armed: bool = False) -> dict[str, int]:
    """One block of 1 GiB; the control takes 1 MiB."""
    return {"bytes": len(bytearray(1024 * CHUNK if armed else CHUNK))}


@workflow
async def memory_chunks(armed: bool = False) -> dict[str, int]:
    """Blocks of 1 MiB, kept and touched."""
    hoard = []
    while armed or len(hoard) < 8:
        hoard.append(b"x" * CHUNK)
    return {"chunks": len(hoard)}


@workflow
async def memory_string(armed: bool = False) -> dict[str, int]:
    """A string that doubles."""
    text = "ü"
    for _ in range(64 if armed else 10):
        text += text
    return {"length": len(text)}


@workflow
async def memory_swallowing(armed: bool = False) -> dict[str, int]:
    """Catches every MemoryError and goes on: must end by fuel or time at the latest."""
    hoard, caught = [], 0
    while armed or len(hoard) < 8:
        try:
            hoard.append(bytearray(CHUNK))
        except MemoryError:
            caught += 1
    return {"chunks": len(hoard), "caught": caught}


@workflow
async def memory_recovers(armed: bool = False) -> dict[str, int]:
    """One block too large is refused; the run can go on after MemoryError."""
    caught = 0
    try:
        bytearray(1 << 30 if armed else CHUNK)
    except MemoryError:
        caught = 1
    return {"caught": caught, "after": len(bytearray(CHUNK))}


@workflow
async def memory_scratch(armed: bool = False) -> dict[str, int | str]:
    """Fills `/tmp`: it counts as the run's memory."""
    written = 0
    try:
        with open("/tmp/full", "wb") as file:
            while armed or written < 8 * CHUNK:
                written += file.write(b"x" * CHUNK)
    except OSError as error:
        return {"refused": type(error).__name__, "written": written}
    return {"written": written}


@workflow
async def memory_scratch_files(armed: bool = False) -> dict[str, int | str]:
    """Many empty files in `/tmp`: names count too."""
    made = 0
    try:
        while armed or made < 100:
            with open(f"/tmp/{made:0200}", "wb"):
                made += 1
    except OSError as error:
        return {"refused": type(error).__name__, "files": made}
    return {"files": made}


@workflow
async def memory_zip_bomb(armed: bool = False) -> dict[str, int]:
    """Data that is small until it is unpacked."""
    import zlib

    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(bytes(CHUNK)) for _ in range(160 if armed else 4)) + packer.flush()
    return {"packed": len(packed), "unpacked": len(zlib.decompress(packed))}


@workflow
async def memory_random(armed: bool = False) -> dict[str, int]:
    """Random bytes: as many as fit into the memory are given, more raise MemoryError."""
    given, caught = len(os.urandom(70 * CHUNK)), 0
    try:
        os.urandom(1 << 30 if armed else CHUNK)
    except MemoryError:
        caught = 1
    return {"given": given, "caught": caught}
