"""Keeps a run's hands off the snapshot's pages, since it pays for every page that it writes to.

What is freed while modules are imported leaves holes all over the heap; filled by a run,
each costs a page of its own. So they are filled before the memory is kept, and what a run
allocates lies side by side. Merely using an object writes to it, to count the reference;
the builder makes the objects of the snapshot immortal, which are not counted. And code
counts how often it is executed; what every run executes is moved together.
"""

from __future__ import annotations

import gc
import sys
from array import array
from types import CodeType, FunctionType
from typing import Any

_ALIGNMENT = 16
"""Of the allocator's blocks."""
_OVERHEAD = 4
"""Bytes of a block that belong to the allocator."""
_SMALL = 512
"""Up to here the allocator keeps a list of free blocks for each size."""
_LARGEST = 16 << 10
"""What is larger touches pages of its own wherever it is."""
_PIECE = 4 << 10
"""Free memory in one piece of this size is no hole."""
_MOST = 48 << 20
"""Bytes in holes at most; bounds the search."""

_fillers: tuple[object, ...] = ()


def fill_holes() -> None:
    """Fills the holes, from the largest to the smallest."""
    global _fillers
    if sys.maxsize > 1 << 32:
        return  # A native test: another allocator, and nothing to keep.
    gc.collect()
    header = b"".__sizeof__() + _OVERHEAD
    filled = 0
    for size in _sizes():
        count = max(4, _PIECE // size)
        while filled < _MOST:
            # Of its length from the start: one that grows would lie between its blocks.
            blocks: list[object] = [None] * count
            for index in range(count):
                blocks[index] = bytes(size - header) if size > header else object()
            apart = [
                block
                for before, block, after in zip([None, *blocks], blocks, [*blocks[1:], None])
                if id(block) - id(before) != size and id(after) - id(block) != size
            ]
            filled += size * len(apart)
            _fillers = (apart, _fillers)
            if 2 * len(apart) < count:
                break


class _Objects(list[Any]):
    """A list too long to be shown."""

    def __repr__(self) -> str:
        return f"<{len(self)} objects>"


_kept = _Objects()
"""Objects that the builder has not made immortal yet. The list keeps them alive, so that
the address of each stays its own."""


def keep() -> bytes:
    """Keeps all objects that are alive now for as long as the interpreter lives.

    Answers the addresses of those that are not immortal, each four bytes.
    """
    if sys.maxsize > 1 << 32:
        return b""
    gc.collect()
    # What was kept before is immortal by now.
    _kept.clear()
    seen: set[int] = {id(_kept)}
    seen.add(id(seen))
    is_immortal = sys._is_immortal  # type: ignore[attr-defined]
    found: list[Any] = gc.get_objects()
    while found:
        fresh: list[Any] = []
        for item in found:
            address = id(item)
            if address not in seen and not is_immortal(item):
                seen.add(address)
                fresh.append(item)
        found = gc.get_referents(*fresh)
        for item in fresh:
            kind = type(item)
            if kind is dict:
                found.extend(item)
            elif kind is CodeType:
                # What the collector does not know of.
                found += (item.co_consts, item.co_names, item.co_name, item.co_qualname, item.co_filename,
                          item.co_linetable, item.co_exceptiontable)  # fmt: skip
        _kept.extend(fresh)
    return array("I", map(id, _kept)).tobytes()


def gather(used: dict[int, CodeType]) -> None:
    """Moves this code, by the address of each, to where memory is free in one piece."""
    fill_holes()
    moved: dict[int, CodeType] = {}

    def move(code: CodeType) -> CodeType:
        address = id(code)
        if address not in used:
            return code
        if address not in moved:
            consts = tuple([move(item) if type(item) is CodeType else item for item in code.co_consts])
            moved[address] = code.replace(co_consts=consts)
        return moved[address]

    for item in gc.get_objects():
        if type(item) is FunctionType:
            item.__code__ = move(item.__code__)


def _sizes() -> list[int]:
    sizes = []
    size = _LARGEST
    while size > _SMALL:
        sizes.append(size)
        size = size * 7 // 8 // _ALIGNMENT * _ALIGNMENT
    return [*sizes, *range(_SMALL, 0, -_ALIGNMENT)]
