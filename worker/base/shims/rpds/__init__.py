"""The collections of `rpds-py` in Python. A change copies, so that the old one stays as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

__version__ = "0+bifrost"
__all__ = ["HashTrieMap", "HashTrieSet", "List", "Queue"]

K = TypeVar("K")
V = TypeVar("V")


class HashTrieMap(Mapping[K, V]):
    """A mapping that is never changed."""

    __slots__ = ("_items",)
    _items: dict[K, V]

    def __init__(self, value: Mapping[K, V] | Iterable[tuple[K, V]] = (), **more: V) -> None:
        self._items = dict(value, **more)

    @classmethod
    def convert(cls, value: Mapping[K, V] | Iterable[tuple[K, V]]) -> HashTrieMap[K, V]:
        """The value itself when it is one of these."""
        return value if isinstance(value, cls) else cls(value)

    @classmethod
    def fromkeys(cls, keys: Iterable[K], value: Any = None) -> HashTrieMap[K, Any]:
        """The same value for every key."""
        return cls(dict.fromkeys(keys, value))

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"HashTrieMap({self._items!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._items,)

    def get(self, key: K, default: Any = None) -> Any:
        """The value of a key, or the default."""
        return self._items.get(key, default)

    def insert(self, key: K, val: V) -> HashTrieMap[K, V]:
        """One with this key too."""
        return HashTrieMap({**self._items, key: val})

    def remove(self, key: K) -> HashTrieMap[K, V]:
        """One without this key. Raises `KeyError`."""
        self._items[key]
        return self.discard(key)

    def discard(self, key: K) -> HashTrieMap[K, V]:
        """One without this key."""
        return HashTrieMap({known: value for known, value in self._items.items() if known != key})

    def update(self, *others: Mapping[K, V] | Iterable[tuple[K, V]], **more: V) -> HashTrieMap[K, V]:
        """One with all of these too; later ones count."""
        items = dict(self._items)
        for other in others:
            items.update(other)
        return HashTrieMap(items, **more)


class HashTrieSet(frozenset[K]):
    """A set that is never changed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"HashTrieSet({set(self)!r})" if self else "HashTrieSet({})"

    def insert(self, value: K) -> HashTrieSet[K]:
        """One with this value too."""
        return HashTrieSet([*self, value])

    def remove(self, value: K) -> HashTrieSet[K]:
        """One without this value. Raises `KeyError`."""
        if value not in self:
            raise KeyError(value)
        return self.discard(value)

    def discard(self, value: K) -> HashTrieSet[K]:
        """One without this value."""
        return HashTrieSet(known for known in self if known != value)

    def update(self, *others: Iterable[K]) -> HashTrieSet[K]:
        """One with all of these too."""
        return HashTrieSet(self.union(*others))


class _Sequence(Iterable[V]):
    __slots__ = ("_values",)
    _values: tuple[V, ...]

    def __init__(self, value: Any = (), *more: V) -> None:
        self._values = (value, *more) if more else tuple(value)

    def __iter__(self) -> Iterator[V]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._values == other._values

    def __hash__(self) -> int:
        return hash(self._values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self._values)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._values,)


class List(_Sequence[V]):
    """A list that grows and shrinks at its front."""

    __slots__ = ()

    @property
    def first(self) -> V:
        """Raises `IndexError` when there is none."""
        return self._values[0]

    @property
    def rest(self) -> List[V]:
        """All but the first."""
        return List(self._values[1:])

    def push_front(self, value: V) -> List[V]:
        """One that begins with this value."""
        return List((value, *self._values))

    def drop_first(self) -> List[V]:
        """One without the first. Raises `IndexError` when there is none."""
        self._values[0]
        return self.rest

    def __reversed__(self) -> Iterator[V]:
        return reversed(self._values)


class Queue(_Sequence[V]):
    """A queue."""

    __slots__ = ()

    @property
    def is_empty(self) -> bool:
        """True when nothing is in it."""
        return not self._values

    @property
    def peek(self) -> V:
        """The oldest. Raises `IndexError` when there is none."""
        return self._values[0]

    def enqueue(self, value: V) -> Queue[V]:
        """One with this value at its end."""
        return Queue((*self._values, value))

    def dequeue(self) -> Queue[V]:
        """One without the oldest. Raises `IndexError` when there is none."""
        self._values[0]
        return Queue(self._values[1:])
