"""Kinds of errors and methods, each without content."""


def __getattr__(name: str) -> type:
    if name.startswith("__"):
        raise AttributeError(name)
    globals()[name] = made = type(name, (), {})
    return made
