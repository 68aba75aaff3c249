"""A compiled codec, so that files which import it have tests at all: those that use it fail."""


def __getattr__(name: str) -> object:
    raise NotImplementedError(f"zstandard.{name} needs compiled code")
