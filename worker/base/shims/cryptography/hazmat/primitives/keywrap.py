"""Wrapping of keys (RFC 3394), which the platform does not have: the names, for code that imports them."""

from typing import Any, NoReturn

from ...exceptions import UnsupportedAlgorithm


class InvalidUnwrap(Exception):
    """What was wrapped is not what was meant."""


def aes_key_wrap(*_arguments: Any) -> NoReturn:
    raise UnsupportedAlgorithm("a run wraps no keys")


aes_key_unwrap = aes_key_wrap_with_padding = aes_key_unwrap_with_padding = aes_key_wrap
