"""Text at the border: the host takes what has a UTF-8 form, and Python's text may not.

A lone surrogate handed to a binding ends the interpreter, so text is checked or made
well-formed before. What names something (a key, a path) is refused with an error; what
only tells something (a log line, a message) shows the surrogate escaped.
"""

from __future__ import annotations

from bifrost._text import is_well_formed


def well_formed(text: str) -> str:
    """The text with every lone surrogate as `\\udXXX`, and no subclass of `str`."""
    if type(text) is str and is_well_formed(text):
        return text
    return str.encode(text, "utf-8", "backslashreplace").decode("utf-8")


def shortened(text: str, longest: int) -> str:
    """Well-formed text of some `longest` characters: beyond that the middle is left out, and said so."""
    length = str.__len__(text)
    if length <= longest:
        return well_formed(text)
    half = longest // 2
    head, tail = str.__getitem__(text, slice(half)), str.__getitem__(text, slice(length - half, None))
    return well_formed(f"{head}… [{length - 2 * half} characters left out] …{tail}")
