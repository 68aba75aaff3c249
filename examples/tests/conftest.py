"""Makes the starter workspace and the SDK importable: `pytest examples/tests`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "starter"), str(ROOT / "sdk-python")]
