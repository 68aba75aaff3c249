import time

from .poll import Pollable


def subscribe_duration(nanoseconds: int) -> Pollable:
    return Pollable(time.monotonic() + nanoseconds / 1e9)
