"""A module whose names are made on demand (PEP 562), as generated SDKs do."""

from typing import Any

made: list[str] = []


class Client:
    """What is made."""

    def __init__(self, name: str) -> None:
        self.name = name


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    made.append(name)
    return Client(name)
