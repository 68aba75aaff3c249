"""Results that are too large, or that fight back when they are encoded."""

from collections.abc import Iterator
from typing import Any

from bifrost import context, workflow


@workflow
async def result_giant(armed: bool = False, bytes: int = 64 << 20) -> str:
    """A text of `bytes`; armed ends with `limit_exceeded:result_bytes`."""
    return "r" * (bytes if armed else 1000)


@workflow
async def result_many_items(armed: bool = False) -> list[int]:
    """A list of 5 million numbers; armed ends with `limit_exceeded:result_bytes` or memory_bytes."""
    return list(range(5_000_000 if armed else 100))


@workflow
async def result_grows_encoded(armed: bool = False) -> str:
    """2 MiB of characters that take six bytes each in escaped JSON: the limit is on bytes."""
    return "\x01" * (2 << 20 if armed else 100)


@workflow
async def result_endless_dict(armed: bool = False) -> dict[str, int]:
    """A dict whose `items()` never ends: armed ends by fuel, memory or as not JSON."""

    class Endless(dict):
        def items(self) -> Any:
            n = 0
            while armed or n < 10:
                n += 1
                yield f"k{n}", n

    return Endless(a=1)


@workflow
async def result_endless_list(armed: bool = False) -> list[int]:
    """A list whose iterator never ends."""

    class Endless(list):
        def __iter__(self) -> Iterator[int]:
            n = 0
            while armed or n < 10:
                n += 1
                yield n

    return Endless([1])


@workflow
async def result_lying_string(armed: bool = False) -> str:
    """A `str` subclass that overrides what the runtime may ask of it."""

    class Lying(str):
        def strip(self, *args: Any) -> Any:
            raise SystemExit("strip")

        def startswith(self, *args: Any) -> Any:
            raise SystemExit("startswith")

        def encode(self, *args: Any) -> Any:
            raise SystemExit("encode")

        def lstrip(self, *args: Any) -> Any:
            raise SystemExit("lstrip")

    return Lying("text") if armed else "text"


@workflow
async def result_evil_exception(armed: bool = False) -> dict[str, int]:
    """An exception whose `str`, `repr` and class name fail or do not end. Armed: Failed."""

    class Evil(Exception):
        def __str__(self) -> str:
            raise SystemExit("str")

        def __repr__(self) -> str:
            raise Evil

    Evil.__name__ = "Evil" * 1_000_000
    if armed:
        raise Evil
    return {"raised": 0}


@workflow
async def result_giant_exception(armed: bool = False) -> dict[str, int]:
    """A message of 64 MiB: must be cut. Armed: Failed."""
    if armed:
        raise ValueError("m" * (64 << 20))
    return {"raised": 0}


@workflow
async def result_giant_variables(armed: bool = False) -> dict[str, int]:
    """100,000 elements in each of many locals, and one whose `repr` fails. Succeeds; variables are cut."""

    class Shy:
        def __repr__(self) -> str:
            raise SystemExit("repr")

    shy = Shy() if armed else None
    one = two = three = list(range(100_000 if armed else 10))
    four = {str(n): "v" * 100 for n in range(100_000 if armed else 10)}
    return {"counted": len(one) + len(two) + len(three) + len(four) + (shy is None)}


@workflow
async def result_giant_roi(armed: bool = False) -> dict[str, int]:
    """Values in `context.roi` that are no numbers, or too large."""
    context.roi.time_saved = "t" * (32 << 20) if armed else 5
    context.roi.value = float("nan") if armed else 1.5
    return {"set": 1}


@workflow
async def parameters_huge(armed: bool = False, payload: Any = None) -> dict[str, Any]:
    """The caller submits the payload: beyond `parameters_bytes` the run is refused."""
    return {"armed": armed, "type": type(payload).__name__, "length": len(payload) if hasattr(payload, "__len__") else None,
            "in_context": "payload" in context.parameters}
