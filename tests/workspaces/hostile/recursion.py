"""Deep recursion, in Python and in C. Armed: RecursionError, MemoryError or a failed
run; never a crash of the process around the sandbox."""

import ast
import json
import pickle
import sys
from typing import Any

from bifrost import workflow

DEEP = 200_000
SHALLOW = 20


def nested(depth: int) -> list[Any]:
    """A list in a list in a list."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@workflow
async def recursion_python(armed: bool = False) -> dict[str, int]:
    """A function that calls itself; natively a RecursionError."""

    def down(n: int) -> int:
        return n if not armed and n >= SHALLOW else down(n + 1)

    return {"depth": down(0)}


@workflow
async def recursion_unlimited(armed: bool = False) -> dict[str, int]:
    """The same with Python's limit taken away."""
    sys.setrecursionlimit(2**31 - 1)

    def down(n: int) -> int:
        return n if not armed and n >= SHALLOW else down(n + 1)

    return {"depth": down(0)}


@workflow
async def recursion_through_c(armed: bool = False) -> dict[str, int]:
    """Every level goes through a C function, which takes native stack."""
    sys.setrecursionlimit(2**31 - 1)
    depth = 0

    class Node:
        def __repr__(self) -> str:
            nonlocal depth
            depth += 1
            return repr([self]) if armed or depth < SHALLOW else "end"

    return {"length": len(repr(Node())), "depth": depth}


@workflow
async def recursion_repr(armed: bool = False) -> dict[str, int]:
    """`repr` of a deeply nested list."""
    return {"length": len(repr(nested(DEEP if armed else SHALLOW)))}


@workflow
async def recursion_json_dump(armed: bool = False) -> dict[str, int]:
    """`json.dumps` of a deeply nested list."""
    return {"length": len(json.dumps(nested(DEEP if armed else SHALLOW)))}


@workflow
async def recursion_json_load(armed: bool = False) -> dict[str, int]:
    """`json.loads` of deeply nested text."""
    depth = DEEP if armed else SHALLOW
    return {"items": len(json.loads("[" * depth + "]" * depth))}


@workflow
async def recursion_compile(armed: bool = False) -> dict[str, str]:
    """Deeply nested source for the parser and the compiler."""
    depth = DEEP if armed else SHALLOW
    compile("-" * depth + "1", "<probe>", "eval")
    return {"parsed": type(ast.parse("(" * depth + "1" + ")" * depth)).__name__}


@workflow
async def recursion_pickle(armed: bool = False) -> dict[str, int]:
    """Pickling a deeply nested list."""
    return {"length": len(pickle.dumps(nested(DEEP if armed else SHALLOW)))}


@workflow
async def recursion_compare(armed: bool = False) -> dict[str, bool]:
    """Comparing two deeply nested lists."""
    depth = DEEP if armed else SHALLOW
    return {"equal": nested(depth) == nested(depth)}


@workflow
async def recursion_free(armed: bool = False) -> dict[str, str]:
    """Freeing a chain of objects; this one succeeds armed too."""

    class Link:
        def __init__(self, following: object) -> None:
            self.following = following

    chain = None
    for _ in range(DEEP if armed else SHALLOW):
        chain = Link(chain)
    del chain
    return {"freed": "ok"}


@workflow
async def recursion_result(armed: bool = False) -> list[Any]:
    """A deeply nested result: the runtime's own encoder and the host's parser meet it."""
    return nested(DEEP if armed else SHALLOW)


@workflow
async def recursion_variables(armed: bool = False) -> dict[str, str]:
    """A deeply nested local variable, for the capture of variables."""
    value = nested(DEEP if armed else SHALLOW)
    return {"made": type(value).__name__}


@workflow
async def recursion_traceback(armed: bool = False) -> dict[str, str]:
    """An exception with a chain of many causes, for the formatting of tracebacks."""
    error: Exception = ValueError("0")
    for number in range(1, DEEP if armed else SHALLOW):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    if armed:
        raise error
    return {"made": str(error)}


@workflow
async def recursion_group(armed: bool = False) -> dict[str, str]:
    """An exception group in a group in a group."""
    error: Exception = ValueError("inside")
    for _ in range(DEEP if armed else SHALLOW):
        error = ExceptionGroup("group", [error])
    if armed:
        raise error
    return {"made": type(error).__name__}
