"""See `trustme`."""

default_backend = None
