"""Text that leaves the interpreter must have a UTF-8 form; Python's own may not."""

from __future__ import annotations

from typing import Any

_SHOWN = 60
"""Characters of a refused text that its message shows."""


def is_well_formed(text: str) -> bool:
    """True for text without lone surrogates."""
    if str.isascii(text):
        return True
    try:
        str.encode(text, "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def checked(value: Any, what: str) -> str:
    """`value`, which is called `what`, when it is text that can leave the interpreter.

    Raises `TypeError` for what is no text, and `ValueError` for lone surrogates, with
    the first of them and its position (in characters, from 0).
    """
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a str, not {type(value).__name__}")
    if str.isascii(value):
        return value
    try:
        str.encode(value, "utf-8")
    except UnicodeEncodeError as error:
        shown = ascii(str.__getitem__(value, slice(_SHOWN)))
        surrogate = ord(str.__getitem__(value, error.start))
        raise ValueError(
            f"{what} {shown} has a lone surrogate, U+{surrogate:04X} at position {error.start}, and so is no valid text"
        ) from None
    return value
