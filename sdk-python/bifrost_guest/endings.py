"""Ways for a process to end itself, which here is the run.

Natively they end in a signal. There is none to be sent, and what the C library does in
its place cannot be told from a crash of the interpreter; so the run ends as a process
that left with the code that a shell would show.
"""

from __future__ import annotations

import os
import signal
from typing import NoReturn

_IGNORED = {
    signal.Signals[name] for name in ("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH") if name in signal.Signals.__members__
}
"""What signals without a handler do not end a process."""

_raise_signal = signal.raise_signal


def abort() -> NoReturn:
    """`os.abort`."""
    os._exit(128 + signal.SIGABRT)


def raise_signal(signalnum: int) -> None:
    """`signal.raise_signal`."""
    if signal.getsignal(signalnum) is not signal.SIG_DFL:
        _raise_signal(signalnum)
    elif signalnum not in _IGNORED:
        os._exit(128 + signalnum)


def install() -> None:
    """Replaces what would end in a signal."""
    os.abort = abort
    signal.raise_signal = raise_signal
