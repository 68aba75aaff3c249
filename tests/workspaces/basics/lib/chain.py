"""Raises with a cause and a context."""


class RemoteError(Exception):
    """What a caller sees."""


def parse(text: str) -> int:
    """Turns text to a number; `RemoteError` from `ValueError`."""
    try:
        return int(text)
    except ValueError as error:
        raise RemoteError(f"not a number: {text}") from error
