"""Submits tasks, waits for all results, and prints the seconds that took."""

import sys
import time

from celery.result import ResultSet
from tasks import trivial


def run(count: int, timeout: float) -> float:
    began = time.perf_counter()
    results = [trivial.delay(name=f"caller {i}") for i in range(count)]
    answers = ResultSet(results).join_native(timeout=timeout)
    seconds = time.perf_counter() - began
    assert answers == [{"greeting": f"Hello, caller {i}."} for i in range(count)]
    for result in results:
        result.forget()
    return seconds


if __name__ == "__main__":
    # The first ones wait for the worker to be there.
    run(20, 60)
    print(run(int(sys.argv[1]), 300))
