"""SyntaxError on line 6."""

from bifrost import workflow


def broken(:
    return 1
