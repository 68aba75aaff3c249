"""CPU work, for benchmarks against native Python."""

from bifrost import workflow


def fibonacci(n: int) -> int:
    """Calls and additions."""
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@workflow
async def fib(n: int = 25) -> int:
    """The n-th Fibonacci number, the slow way."""
    return fibonacci(n)


@workflow
async def loop(n: int = 1_000_000) -> int:
    """A plain loop."""
    total = 0
    for number in range(n):
        total = (total + number * number) & 0xFFFFFFFF
    return total


@workflow
async def noop() -> None:
    """Nothing."""
