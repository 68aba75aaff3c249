"""What packages bring beside their code."""

import importlib
import importlib.metadata
import importlib.resources
import sys
from typing import Any

import httpx
import requests

from bifrost import workflow


@workflow
async def packaged() -> dict[str, Any]:
    """Metadata, data files, late imports."""
    before = set(sys.modules)
    async with httpx.AsyncClient() as client:
        try:
            await client.get("http://127.0.0.1:1/")
        except httpx.ConnectError:
            pass
    late = sorted(set(sys.modules) - before)
    from modules.vendor import helper

    assert importlib.import_module("modules.vendor.helper") is helper
    return {
        "requests": importlib.metadata.version("requests"),
        "requests_module": requests.__version__,
        "certificates": "BEGIN CERTIFICATE" in importlib.resources.files("certifi").joinpath("cacert.pem").read_text(),
        "vendored": helper.NAME,
        "late": late,
    }
