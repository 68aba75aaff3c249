"""Stand-ins for compiled modules, natively: each in a process of its own, because it takes their place."""

import subprocess
import sys
from pathlib import Path

SHIMS = Path(__file__).parent.parent.parent / "worker/base/shims"

NUMBERS = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("_ctypes", {path!r})
sys.modules["_ctypes"] = shim = importlib.util.module_from_spec(spec)
spec.loader.exec_module(shim)
import ctypes
from ctypes import wintypes

assert ctypes.c_int32(0xFFFFFFFF).value == -1 and ctypes.c_uint8(257).value == 1
assert ctypes.c_int16(40_000).value == 40_000 - (1 << 16) and ctypes.c_bool(3).value is True
assert ctypes.c_int().value == 0 and ctypes.c_double(1).value == 1.0
number = ctypes.c_uint32(1)
number.value -= 2
assert number.value == 0xFFFFFFFF and ctypes.sizeof(number) == 4


class Pair(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.POINTER(ctypes.c_char))]


for make in (Pair, lambda: (ctypes.c_int * 3)(), lambda: ctypes.create_string_buffer(3),
             lambda: ctypes.byref(number), lambda: ctypes.string_at(1), lambda: ctypes.pythonapi.Py_GetVersion()):
    try:
        make()
    except NotImplementedError as error:
        assert "no memory of C" in str(error)
    else:
        raise AssertionError(make)
for load in (lambda: ctypes.CDLL("libc.so.6"), lambda: ctypes.cdll.LoadLibrary("x")):
    try:
        load()
    except OSError as error:
        assert "no libraries" in str(error)
    else:
        raise AssertionError(load)
try:
    ctypes.c_int("x")
except TypeError:
    pass
else:
    raise AssertionError("a text is no number")
"""

IMAGES = """
import sys
sys.path.append({path!r})
from PIL import Image

for make in (lambda: Image.open("a.png"), lambda: Image.new("RGB", (1, 1)), Image.Image):
    try:
        make()
    except NotImplementedError as error:
        assert "images are not available" in str(error)
    else:
        raise AssertionError(make)
assert not isinstance(1, Image.Image)
"""


def run(code: str, path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code.format(path=str(path))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_numbers_of_c_wrap_around_and_its_memory_is_refused() -> None:
    run(NUMBERS, SHIMS / "_ctypes.py")


def test_images_can_be_named_and_not_opened() -> None:
    run(IMAGES, SHIMS)
