"""The vendors' APIs on this machine, for tests. Each runs in a thread, or as a program:

    PYTHONPATH=examples/tests python -m fakes.ninjaone --port 0

prints one line of JSON with its address and the credentials that it takes, and serves until
it is ended. `fakes.base` says how to make it fail, and how to see what it was asked.
"""
