"""Pollables that become ready at a time, on the real clock."""

import time


class Pollable:
    def __init__(self, when: float) -> None:
        self.when = when
        self.dropped = False

    def __enter__(self) -> "Pollable":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.dropped = True


def poll(pollables: list[Pollable]) -> list[int]:
    time.sleep(max(min(pollable.when for pollable in pollables) - time.monotonic(), 0))
    now = time.monotonic()
    return [index for index, pollable in enumerate(pollables) if pollable.when <= now]
