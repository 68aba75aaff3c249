"""Makes the workspaces, the modules for APIs and the SDK importable: `pytest examples/tests`."""

import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
sys.path[:0] = [str(EXAMPLES / "starter"), str(EXAMPLES / "msp"), str(EXAMPLES), str(ROOT / "sdk-python")]

HAS_PACKAGES = find_spec("httpx") is not None and find_spec("xlsxwriter") is not None
if HAS_PACKAGES:
    from support import (  # noqa: F401  (fixtures)
        fakes,
        halo_fake,
        halopsa_server,
        microsoft_fake,
        microsoft_server,
        ninja_fake,
        ninjaone_server,
        pax8_fake,
        pax8_server,
        vendor,
    )
else:
    collect_ignore = ["test_fakes.py", "test_rest.py", "test_ninjaone.py", "test_halopsa.py", "test_pax8.py",
                      "test_microsoft_csp.py", "test_msp.py", "test_adapters.py"]  # fmt: skip


def pytest_report_header() -> str | None:
    """Says what is left out."""
    return None if HAS_PACKAGES else "without httpx and XlsxWriter: the tests of examples/modules and examples/msp are left out"
