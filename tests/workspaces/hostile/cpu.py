"""Work without end, in bytecode and inside of C functions that never look up.

Armed, each must end with `limit_exceeded:fuel` (or at the wall limit, or on
cancellation, whichever comes first) without holding up other runs.
"""

import collections
import itertools
import re

from bifrost import workflow


@workflow
async def endless_loop(armed: bool = False) -> dict[str, int]:
    """`while True` in bytecode."""
    n = 0
    while armed or n < 1000:
        n += 1
    return {"turns": n}


@workflow
async def endless_loop_swallowing(armed: bool = False) -> dict[str, int]:
    """A loop that swallows every exception, so only the host can end it."""
    n = 0
    while armed or n < 1000:
        try:
            while armed or n < 1000:
                n += 1
        except BaseException:
            continue
    return {"turns": n}


@workflow
async def endless_power(armed: bool = False) -> dict[str, int]:
    """One multiplication chain in C."""
    exponent = 100_000_000 if armed else 1000
    return {"bits": (3**exponent).bit_length()}


@workflow
async def endless_regex(armed: bool = False) -> dict[str, bool]:
    """Catastrophic backtracking in C."""
    text = "a" * (64 if armed else 12) + "b"
    return {"matched": re.match(r"(a+)+$", text) is not None}


@workflow
async def endless_comprehension(armed: bool = False) -> dict[str, int]:
    """A comprehension over an endless iterator that keeps nothing."""
    numbers = itertools.count() if armed else range(1000)
    return {"kept": len([n for n in numbers if n < 0])}


@workflow
async def endless_sum(armed: bool = False) -> dict[str, int]:
    """`sum` of a huge range, all in C."""
    return {"sum": sum(range(10**18 if armed else 1000))}


@workflow
async def endless_consume(armed: bool = False) -> dict[str, int]:
    """A C loop over a C iterator: no bytecode runs and no memory is taken."""
    collections.deque(itertools.repeat(0) if armed else itertools.repeat(0, 1000), maxlen=0)
    return {"done": 1}


@workflow
async def endless_sort(armed: bool = False) -> dict[str, int]:
    """A comparison that never decides within a sort."""

    class Key:
        def __lt__(self, other: object) -> bool:
            while armed:
                pass
            return False

    return {"sorted": len(sorted(Key() for _ in range(10)))}


@workflow
async def endless_decimal(armed: bool = False) -> dict[str, int]:
    """A huge number turned to digits, with Python's own guard taken away."""
    import sys

    sys.set_int_max_str_digits(0)
    return {"digits": len(str(7 ** (30_000_000 if armed else 1000)))}


@workflow
async def endless_finalizer(armed: bool = False) -> dict[str, int]:
    """An object that makes itself again whenever it is deleted. Armed: ends by itself, at
    Python's recursion limit."""
    made = 0

    class Phoenix:
        def __del__(self) -> None:
            nonlocal made
            made += 1
            if armed or made < 100:
                Phoenix()

    Phoenix()
    return {"made": made}
