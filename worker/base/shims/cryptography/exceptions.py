"""Errors of the library, under its names."""


class UnsupportedAlgorithm(Exception):
    """The platform's part of the library does not have it; the message says what it has."""


class InvalidSignature(Exception):
    """A signature does not belong to the message and the key."""
