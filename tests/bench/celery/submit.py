"""Submits tasks: all at once, then one at a time. Prints how long that took, as JSON."""

import json
import sys
import time

from celery.result import ResultSet
from tasks import trivial

REST = 0.01
"""Seconds between two tasks that are timed: this is about latency, not load."""


def run(count: int, timeout: float) -> float:
    """Seconds from the first submit until all results are there."""
    began = time.perf_counter()
    results = [trivial.delay(name=f"caller {i}") for i in range(count)]
    answers = ResultSet(results).join_native(timeout=timeout)
    seconds = time.perf_counter() - began
    assert answers == [{"greeting": f"Hello, caller {i}."} for i in range(count)]
    for result in results:
        result.forget()
    return seconds


def latency(number: int) -> float:
    """Milliseconds from the submit of one task to its result."""
    time.sleep(REST)
    began = time.perf_counter()
    result = trivial.delay(name=f"caller {number}")
    answer = result.get(timeout=60)
    milliseconds = (time.perf_counter() - began) * 1_000
    assert answer == {"greeting": f"Hello, caller {number}."}
    result.forget()
    return milliseconds


if __name__ == "__main__":
    # The first ones wait for the worker to be there.
    run(20, 60)
    many, single = (int(argument) for argument in sys.argv[1:])
    seconds = run(many, 300)
    print(json.dumps({"seconds": seconds, "latencies_ms": [latency(number) for number in range(single)]}))
