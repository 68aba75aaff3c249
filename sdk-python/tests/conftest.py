"""Lets the runtime be imported outside of the sandbox, over bindings made for tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "fake"))
