"""Attempts to leave through processes, threads and native code. Armed: nothing is reached."""

import os
import sys
from collections.abc import Callable
from typing import Any

from bifrost import workflow

import probe


@workflow
async def spawn(armed: bool = False) -> dict[str, Any]:
    """Every way to start a process. The control calls a function that works."""
    return probe.attempts(_spawns() if armed else {"control": os.getcwd})


@workflow
async def native_code(armed: bool = False) -> dict[str, Any]:
    """ctypes, cffi, extension modules, mmap of executable memory."""
    return probe.attempts(_natives() if armed else {"control": lambda: __import__("math").pi})


@workflow
async def threads(armed: bool = False) -> dict[str, Any]:
    """Threads, pools, signals, interpreters within the interpreter."""
    return probe.attempts(_threads() if armed else {"control": lambda: __import__("threading").current_thread().name})


def _spawns() -> dict[str, Callable[[], Any]]:
    import subprocess

    return {
        "os.system": lambda: os.system("id"),
        "os.popen": lambda: os.popen("id").read(),
        "os.fork": lambda: os.fork(),
        "os.forkpty": lambda: os.forkpty(),
        "os.execv": lambda: os.execv("/bin/sh", ["sh", "-c", "id"]),
        "os.posix_spawn": lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "id"], {}),
        "os.kill": lambda: os.kill(1, 0),
        "subprocess.run": lambda: subprocess.run(["/bin/sh", "-c", "id"], capture_output=True, check=True),
        "subprocess.run python": lambda: subprocess.run([sys.executable or "python3", "-c", "1"], check=True),
        "_posixsubprocess": lambda: __import__("_posixsubprocess").fork_exec,
        "pty.spawn": lambda: __import__("pty").spawn("/bin/sh"),
        "multiprocessing": lambda: __import__("multiprocessing").get_context("spawn").Process(target=print).start(),
        "webbrowser": lambda: __import__("webbrowser").get(),
    }


def _natives() -> dict[str, Callable[[], Any]]:
    def load_extension() -> Any:
        import importlib.machinery
        import importlib.util

        loader = importlib.machinery.ExtensionFileLoader("evil", "data/public.txt")
        spec = importlib.util.spec_from_loader("evil", loader)
        return importlib.util.module_from_spec(spec)

    return {
        "ctypes": lambda: __import__("ctypes").CDLL(None).getpid(),
        "_ctypes": lambda: __import__("_ctypes").dlopen("libc.so.6", 2),
        "_ctypes.PyObj_FromPtr": lambda: __import__("_ctypes").PyObj_FromPtr(1),
        "cffi": lambda: __import__("cffi").FFI().dlopen(None),
        "extension": load_extension,
        "mmap": lambda: __import__("mmap").mmap(-1, 4096, prot=7),
        "_testcapi": lambda: __import__("_testcapi"),
        "_testinternalcapi": lambda: __import__("_testinternalcapi"),
    }


def _threads() -> dict[str, Callable[[], Any]]:
    import threading

    def start_thread() -> str:
        seen: list[int] = []
        thread = threading.Thread(target=seen.append, args=(1,), daemon=True)
        thread.start()
        thread.join(1)
        return f"ran: {bool(seen)}"

    def pool() -> Any:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(1).submit(int, "1").result(1)

    def interpreter() -> Any:
        interpreters = __import__("_interpreters")
        return interpreters.exec(interpreters.create(), "import os; os.getcwd()")

    return {
        "threading": start_thread,
        "ThreadPoolExecutor": pool,
        "interpreters": interpreter,
        "signal.alarm": lambda: __import__("signal").alarm(1),
        "setrlimit": lambda: __import__("resource").setrlimit(0, (1, 1)),
        "os.nice": lambda: os.nice(-1),
        "os.setuid": lambda: os.setuid(0),
    }
