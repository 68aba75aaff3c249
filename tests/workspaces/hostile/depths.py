"""Depth of every kind: what is nested a hundred thousand times is freed, printed,
compared, called. Armed: as native Python ends it, with success or an exception. The
controls nest a few times."""

import ast
import collections
import copy
import functools
import itertools
import marshal
import pickle
import re
import types
import weakref
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Generator
from typing import Any

from bifrost import workflow

DEEP = 100_000
SHALLOW = 20


def nest(wrap: Callable[[Any], Any], depth: int, inside: Any = None) -> Any:
    """`wrap(wrap(…(inside)))`."""
    for _ in range(depth):
        inside = wrap(inside)
    return inside


class Slots:
    """Holds one thing in a slot."""

    __slots__ = ("__weakref__", "held")

    def __init__(self, held: Any) -> None:
        self.held = held


class Plain:
    """Holds one thing in its dictionary."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and self.held == other.held

    def __repr__(self) -> str:
        return f"<{self.held!r}>"

    def method(self) -> None:
        """For bound methods."""


class Deleted(Plain):
    """Has a finalizer."""

    def __del__(self) -> None:
        self.method()


class Forwarding:
    """Answers every question by asking itself."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self, name + "x")


class Calling:
    """Is called by being called."""


Calling.__call__ = Calling()  # type: ignore[attr-defined]


def closure(held: Any) -> Callable[[], Any]:
    """A function that keeps something in a cell."""
    return lambda: held


def started(held: Any) -> Generator[Any]:
    """A generator that waits at its first `yield`."""

    def generator() -> Generator[Any]:
        yield held

    made = generator()
    next(made)
    return made


def raised(cause: Any) -> BaseException:
    """An exception with a traceback and a context."""
    try:
        raise ValueError from cause
    except ValueError as error:
        return error


def delegating(depth: int) -> Generator[int]:
    """`yield from` of `yield from` of …"""
    if depth:
        yield from delegating(depth - 1)
    yield depth


@functools.cache
def cached(depth: int) -> int:
    """Recursion through a C wrapper."""
    return cached(depth - 1) + 1 if depth else 0


def element(depth: int) -> ElementTree.Element:
    """An element in an element in an element."""
    root = current = ElementTree.Element("a")
    for _ in range(depth):
        current = ElementTree.SubElement(current, "a")
    return root


def nodes(depth: int) -> ast.Expression:
    """A syntax tree of `not not not …`, made by hand."""
    return ast.fix_missing_locations(ast.Expression(nest(lambda it: ast.UnaryOp(ast.Not(), it), depth, ast.Constant(1))))


def weak(held: Any) -> tuple[Any, ...]:
    """Frees through the callback of a weak reference."""
    target = Slots(held)
    return weakref.ref(target, lambda _gone: None), target


FREE: dict[str, Callable[[Any], Any]] = {
    "tuple": lambda held: (held, None),
    "list": lambda held: [held],
    "dict": lambda held: {"held": held},
    "frozenset": lambda held: frozenset((held,)),
    "deque": lambda held: collections.deque((held,)),
    "slots": Slots,
    "plain": Plain,
    "deleted": Deleted,
    "closure": closure,
    "method": lambda held: Plain(held).method,
    "partial": lambda held: functools.partial(print, held),
    "generator": started,
    "exception": raised,
    "weak": weak,
    "iterator": lambda held: iter([held]),
    "namespace": lambda held: types.SimpleNamespace(held=held),
    "proxy": lambda held: types.MappingProxyType({"held": held}),
    "chain map": lambda held: collections.ChainMap({"held": held}),
}

USE: dict[str, Callable[[int], Any]] = {
    "repr tuple": lambda n: len(repr(nest(lambda held: (held,), n))),
    "repr dict": lambda n: len(repr(nest(lambda held: {1: held}, n))),
    "repr deque": lambda n: len(repr(nest(lambda held: collections.deque((held,)), n))),
    "repr partial": lambda n: len(repr(nest(lambda held: functools.partial(print, held), n))),
    "repr plain": lambda n: len(repr(nest(Plain, n))),
    "repr alias": lambda n: len(repr(nest(lambda held: list[held], n, int))),
    "equal tuple": lambda n: nest(lambda held: (held,), n) == nest(lambda held: (held,), n),
    "equal dict": lambda n: nest(lambda held: {1: held}, n) == nest(lambda held: {1: held}, n),
    "equal plain": lambda n: nest(Plain, n) == nest(Plain, n),
    "less list": lambda n: nest(lambda held: [held], n, 1) < nest(lambda held: [held], n, 2),
    "isinstance": lambda n: isinstance(1, nest(lambda held: (held,), n, str)),
    "deepcopy": lambda n: len(copy.deepcopy(nest(lambda held: [held], n, 1))),
    "marshal": lambda n: len(marshal.dumps(nest(lambda held: [held], n, 1))),
    "unpickle": lambda n: len(pickle.loads(b"(" * n + b"t" * n + b".")),
    "pickle python": lambda n: len(pickle._dumps(nest(lambda held: [held], n, 1))),  # type: ignore[attr-defined]
    "regex": lambda n: re.compile("(?:" * n + "a" + ")" * n).pattern[-1],
    "literal": lambda n: ast.literal_eval("[" * n + "]" * n) is not None,
    "compile": lambda n: compile(nodes(n), "<probe>", "eval").co_stacksize,
    "unparse": lambda n: len(ast.unparse(nodes(n))),
    "dump": lambda n: len(ast.dump(nodes(n))),
    "element": lambda n: len(ElementTree.tostring(element(n))),
    "element parse": lambda n: len(ElementTree.fromstring("<a>" * n + "</a>" * n)),
    "delegation": lambda n: len(list(delegating(n))),
    "cached": lambda n: cached(n),
    "attribute": lambda n: getattr(Forwarding(), "x" * n) if n > SHALLOW else 1,
    "call": lambda n: Calling()() if n > SHALLOW else 1,  # type: ignore[operator]
    "partial call": lambda n: nest(lambda held: functools.partial(held), n, Plain(1).method)(),
    "partial chain": lambda n: nest(lambda held: functools.partial(lambda call: call(), held), n, int)(),
    "union": lambda n: len(repr(nest(lambda held: list[held] | None, n, int))),
    "format": lambda n: len("{:{}}".format(1, 2)) + len(("{0:" * min(n, 2) + "}" * min(n, 2)).format(1)),
    "sort": lambda n: sorted([nest(lambda held: [held], n, 1), nest(lambda held: [held], n, 2)])[0] is not None,
    "group": lambda n: len(str(nest(lambda held: ExceptionGroup("g", [held]), n, ValueError()))),
    "handled": lambda n: handled(n),
}

UNGUARDED: dict[str, Callable[[int], Any]] = {
    "map": lambda n: len(list(nest(lambda held: map(int, held), n, [1]))),
    "filter": lambda n: len(list(nest(lambda held: filter(None, held), n, [1]))),
    "chain": lambda n: len(list(nest(lambda held: itertools.chain(held), n, [1]))),
    "islice": lambda n: len(list(nest(lambda held: itertools.islice(held, 1), n, [1]))),
    "hash tuple": lambda n: hash(nest(lambda held: (held,), n)) and 1,
    "element copy": lambda n: len(copy.deepcopy(element(n))),
}
"""CPython does not count how deep these go; natively the process's stack is what ends them."""


def handled(depth: int) -> int:
    """Goes through C again in the handler of every RecursionError."""
    if depth <= SHALLOW:
        return 1

    class Node:
        def __repr__(self) -> str:
            try:
                return repr([self])
            except RecursionError:
                return repr([[[[1]]]])

    return len(repr(Node()))


@workflow
async def free(kind: str, armed: bool = False) -> dict[str, str]:
    """Frees a chain of one kind of object; succeeds armed too."""
    chain = nest(FREE[kind], DEEP if armed else SHALLOW)
    del chain
    return {"freed": kind}


@workflow
async def use(kind: str, armed: bool = False) -> dict[str, Any]:
    """Prints, compares, calls what is nested."""
    return {"result": USE[kind](DEEP if armed else SHALLOW)}


@workflow
async def unguarded(kind: str, armed: bool = False) -> dict[str, Any]:
    """Iterates over an iterator over an iterator, hashes, copies."""
    return {"result": UNGUARDED[kind](DEEP if armed else SHALLOW)}


@workflow
async def kinds() -> dict[str, list[str]]:
    """The names of all."""
    return {"free": list(FREE), "use": list(USE), "unguarded": list(UNGUARDED)}
