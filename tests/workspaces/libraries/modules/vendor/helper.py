"""Below two folders without `__init__.py`."""

NAME = "vendored"
