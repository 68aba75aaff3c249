"""Errors of the library, under its names."""


class UnsupportedAlgorithm(Exception):
    """The platform's part of the library does not have it; the message says what it has."""


class InvalidSignature(Exception):
    """A signature does not belong to the message and the key."""


class InvalidTag(Exception):
    """What was encrypted is not what was meant."""


class InvalidKey(Exception):
    """A key is not the one that was derived."""


class AlreadyFinalized(Exception):
    """It was finished before."""


class AlreadyUpdated(Exception):
    """It was begun before."""


class NotYetFinalized(Exception):
    """It is not finished yet."""
