"""Recursion without end at import, with Python's own limit taken away."""

import sys

sys.setrecursionlimit(1_000_000_000)


def down(n: int) -> int:
    """Never returns."""
    return down(n + 1) + 1


down(0)
