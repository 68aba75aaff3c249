"""Plain computing, timed in the sandbox and by native CPython alike."""

import time


def fib(n: int) -> int:
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def loop(n: int) -> int:
    total = 0
    for i in range(n):
        total = (total + i * 3) % 1_000_003
    return total


def timed(name: str, n: int) -> float:
    """Seconds that one call takes, after a short one that warms up."""
    function = {"fib": fib, "loop": loop}[name]
    function(n // 4)
    began = time.perf_counter()
    function(n)
    return time.perf_counter() - began
