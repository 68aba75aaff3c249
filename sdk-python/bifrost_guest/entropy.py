"""Randomness that no two runs share.

A snapshot holds the state of every generator that existed when the workspace was
loaded; without a new seed all runs would draw the same numbers. `os.urandom`, and with
it `secrets` and `uuid.uuid4`, asks the host and needs nothing.
"""

from __future__ import annotations

import os
import random
import sys
from _random import Random as _Generator
from collections.abc import Iterable
from typing import Any

_SEED_BYTES = 32

_generators: list[random.Random] = []


def remember(objects: Iterable[Any]) -> None:
    """Notes the generators among `objects`, which `reseed` will seed as well."""
    # By type, never by isinstance: a lazy proxy may do anything when asked for its class.
    _generators.extend(
        item
        for item in objects
        if issubclass(type(item), random.Random) and not issubclass(type(item), random.SystemRandom)
    )


def reseed() -> None:
    """Gives every remembered generator a seed of its own."""
    for generator in _generators:
        # The base class: a subclass may have its own idea of what a seed is.
        _Generator.seed(generator, int.from_bytes(os.urandom(_SEED_BYTES)))
        generator.gauss_next = None  # type: ignore[attr-defined]
    uuid = sys.modules.get("uuid")
    if uuid is not None:
        uuid._node = None  # type: ignore[attr-defined]  # random where there is no network card
