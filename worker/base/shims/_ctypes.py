"""Stands for the compiled half of `ctypes`, beside a package that only counts with its numbers.

Numbers have the sizes of C and wrap around. There are no libraries to load, no functions to call
and no memory to point at: structures, arrays and pointers can be named, and not made.
"""

from __future__ import annotations

from struct import calcsize, error
from typing import Any, NoReturn

__version__ = "1.1.0"
RTLD_LOCAL, RTLD_GLOBAL = 0, 256
FUNCFLAG_CDECL, FUNCFLAG_PYTHONAPI, FUNCFLAG_USE_ERRNO, FUNCFLAG_USE_LASTERROR = 1, 4, 8, 16
SIZEOF_TIME_T = 8

_pointer_type_cache: dict[Any, Any] = {}
_SIGNED, _UNSIGNED = "bhilq", "BHILQ"
_LIKE = {"O": "P", "z": "P", "Z": "P", "u": "i", "g": "dd", "C": "dd", "E": "ff", "D": "dd", "F": "dd", "G": "dddd"}
"""Codes of `ctypes` that `struct` does not have, and what is as large."""


class ArgumentError(Exception):
    """An argument of a function has the wrong type."""


class _Kind(type):
    """What a type of data is itself: it can be multiplied to an array, which cannot be made."""

    def __mul__(cls, _length: int) -> Any:
        return type(f"{cls.__name__}_Array", (Array,), {})

    def from_param(cls, _value: Any) -> NoReturn:
        """There is no function to hand it to."""
        _absent()


class _SimpleCData(metaclass=_Kind):
    """A single value."""

    _type_ = "P"

    def __init__(self, value: Any = None) -> None:
        self.value = {"c": b"\0", "f": 0.0, "d": 0.0, "?": False}.get(self._type_, 0) if value is None else value

    @property
    def value(self) -> Any:
        """What C would have kept of it."""
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        code = self._type_
        if code in _SIGNED + _UNSIGNED:
            if not isinstance(value, int):
                raise TypeError(f"an integer is required, not {type(value).__name__}")
            bits = 8 * calcsize(code)
            value &= (1 << bits) - 1
            if code in _SIGNED and value >> (bits - 1):
                value -= 1 << bits
        elif code in "fd":
            value = float(value)
        elif code == "?":
            value = bool(value)
        self._value = value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._value!r})"


class _Unmade(metaclass=_Kind):
    """What stands for memory."""

    def __init__(self, *_arguments: Any, **_options: Any) -> NoReturn:
        _absent()


class Structure(_Unmade):
    pass


class Union(_Unmade):
    pass


class Array(_Unmade):
    pass


class _Pointer(_Unmade):
    pass


class CField(_Unmade):
    pass


class CFuncPtr(metaclass=_Kind):
    """A function, which cannot be called."""

    def __init__(self, *_arguments: Any) -> None:
        pass

    def __call__(self, *_arguments: Any) -> NoReturn:
        _absent()


def POINTER(kind: Any) -> Any:
    if kind not in _pointer_type_cache:
        _pointer_type_cache[kind] = type(f"LP_{getattr(kind, '__name__', kind)}", (_Pointer,), {})
    return _pointer_type_cache[kind]


def sizeof(kind: Any) -> int:
    code = getattr(kind, "_type_", None)
    if not isinstance(code, str):
        _absent()
    try:
        return calcsize(code)
    except error:
        return calcsize(_LIKE[code])


alignment = sizeof


def dlopen(name: Any, _mode: int = 0) -> int:
    if name is not None:
        raise OSError(f"there are no libraries in a run: {name}")
    return 0


def get_errno() -> int:
    return 0


def set_errno(_value: int) -> int:
    return 0


def pointer(*_arguments: Any) -> NoReturn:
    _absent()


byref = addressof = resize = pointer


def __getattr__(name: str) -> int:
    if name.endswith("_addr"):
        return 0
    raise AttributeError(f"module '_ctypes' has no attribute {name!r}")


def _absent() -> NoReturn:
    raise NotImplementedError("there are no C libraries and no memory of C in a run")
