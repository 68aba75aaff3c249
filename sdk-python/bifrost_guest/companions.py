"""What libraries import at their first use, imported with them.

Each run would import it anew, from source. Loaded with the workspace it is in the snapshot
and costs a run nothing.
"""

from __future__ import annotations

import importlib
import sys

_COMPANIONS = {
    "httpx": ("httpcore",),
    "httpcore": ("anyio", "sniffio", "httpcore._backends.auto", "httpcore._backends.anyio"),
    "anyio": ("anyio._backends._asyncio",),
}
"""Module to what it imports late; in the order in which one brings the next."""


def complete() -> None:
    """Imports what belongs to the modules that are there. What cannot be imported is left out."""
    for name, parts in _COMPANIONS.items():
        if name not in sys.modules:
            continue
        for part in parts:
            try:
                importlib.import_module(part)
            except ModuleNotFoundError as error:
                # Nothing brings it later. httpcore asks for sniffio several times in each request:
                # now without asking the host.
                if error.name == part:
                    sys.modules.setdefault(part, None)  # type: ignore[arg-type]
            except Exception:
                continue  # whoever needs it hears why, when it is needed
