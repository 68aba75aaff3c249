"""The part of the standard library that every run finds imported.

What is imported here is in the memory image of every workspace: a workflow that
imports it pays nothing. Anything else is imported from source, through the host.
"""

from __future__ import annotations

import importlib
import pkgutil

import wit_world.imports

MODULES = """
    __future__ _pylong _strptime abc argparse array ast base64 bifrost.client bifrost.models bifrost.testing
    bifrost.webhooks binascii bisect calendar cmath codecs
    compression.zlib concurrent.futures concurrent.futures.thread configparser contextlib contextvars copy copyreg
    csv dataclasses datetime decimal difflib dis enum errno fnmatch fractions functools gc gettext glob graphlib
    gzip hashlib heapq hmac inspect io ipaddress itertools keyword linecache locale logging.config logging.handlers
    math mimetypes netrc numbers opcode operator os pathlib pickle pkgutil platform pprint queue quopri random reprlib
    sched secrets select selectors shlex shutil signal socket sqlite3 ssl stat statistics string string.templatelib
    stringprep struct subprocess sysconfig tarfile tempfile textwrap threading time timeit token tokenize tomllib
    traceback types typing unicodedata uuid warnings weakref xml.etree.ElementTree xml.dom.minidom xml.sax.saxutils
    zipfile zlib
""".split()  # noqa: SIM905
"""Modules without submodules worth having, and single submodules."""

PACKAGES = """
    asyncio collections email html http importlib json re urllib zoneinfo
""".split()  # noqa: SIM905
"""Packages that are imported with all their submodules."""

LEFT_OUT = frozenset(
    {"asyncio.proactor_events", "asyncio.tools", "asyncio.windows_events", "asyncio.windows_utils", "http.server",
     "importlib.simple", "urllib.robotparser"}
)  # fmt: skip
"""Submodules of those packages that no workflow needs."""

ENCODINGS = """
    aliases ascii base64_codec charmap cp1250 cp1252 cp437 cp850 cp932 gb18030 gbk hex_codec idna iso8859_1
    iso8859_15 iso8859_2 koi8_r latin_1 mac_roman punycode quopri_codec raw_unicode_escape rot_13 shift_jis
    unicode_escape utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le utf_7 utf_8 utf_8_sig zlib_codec
""".split()  # noqa: SIM905


def preload() -> dict[str, str]:
    """Imports everything above; answers why what could not be imported was left out."""
    failed: dict[str, str] = {}
    for name in MODULES:
        _load(name, failed)
    for name in ENCODINGS:
        _load(f"encodings.{name}", failed)
    for name in PACKAGES:
        _load(name, failed)
        package = importlib.import_module(name)
        for info in pkgutil.walk_packages(package.__path__, f"{name}.", onerror=lambda _name: None):
            if info.name not in LEFT_OUT and not info.name.endswith(".__main__"):
                _load(info.name, failed)
    # The bindings are files of the build: what is not imported now never can be.
    for info in pkgutil.iter_modules(wit_world.imports.__path__, "wit_world.imports."):
        _load(info.name, failed)
    return failed


def _load(name: str, failed: dict[str, str]) -> None:
    try:
        importlib.import_module(name)
    except ImportError as error:
        # Some modules need what WebAssembly lacks, for instance processes.
        failed[name] = str(error)
