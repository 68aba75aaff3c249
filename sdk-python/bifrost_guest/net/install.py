"""Puts `ssl` in its place. Imported before whatever imports `ssl`; only when the base is built."""

from __future__ import annotations

import importlib.util
import os
import sys

spec = importlib.util.spec_from_file_location("ssl", os.path.join(os.path.dirname(__file__), "tls.py"))
assert spec is not None and spec.loader is not None
_module = importlib.util.module_from_spec(spec)
sys.modules["ssl"] = _module
spec.loader.exec_module(_module)
