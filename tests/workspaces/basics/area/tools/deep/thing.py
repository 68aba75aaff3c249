"""A module in namespace packages: no `__init__.py` in any of its folders."""

NAME = __name__
