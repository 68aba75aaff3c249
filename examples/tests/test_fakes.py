"""The fakes as programs, and what controls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from fakes.ninjaone import NinjaOne
from support import ninja_client, run, using

NAMES = ("ninjaone", "halopsa", "pax8", "microsoft")


def test_fakes_are_programs() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"}
    with ExitStack() as stack:
        processes = []
        for name in NAMES:
            command = [sys.executable, "-m", f"fakes.{name}", "--port", "0", "--token-lifetime", "60"]
            process = stack.enter_context(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
            stack.callback(process.terminate)
            processes.append(process)
        for name, process in zip(NAMES, processes, strict=True):
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            assert line["name"] == name
            assert ask("GET", line["address"] + "/__calls__") == {"calls": [], "counts": {}}


def ask(method: str, url: str, body: Any = None) -> Any:
    with httpx.Client(verify=False, trust_env=False) as client:
        answer = client.request(method, url, json=body)
    assert answer.is_success
    return answer.json() if answer.content else None


def test_faults_and_calls_by_http(ninja_fake: NinjaOne) -> None:
    def control(method: str, path: str, body: Any = None) -> Any:
        return ask(method, ninja_fake.address + path, body)

    control("POST", "/__faults__", {"kind": "status", "status": 503, "times": 2})
    control("POST", "/__faults__", [{"kind": "slow", "seconds": 0.01}])
    organizations = run(using(ninja_client(ninja_fake), lambda ninja: ninja.organizations()))
    seen = control("GET", "/__calls__")
    assert len(organizations) == 7
    assert seen["counts"] == {"POST /ws/oauth/token": 1, "GET /v2/organizations": 6}
    assert [call["status"] for call in seen["calls"]] == [200, 503, 503, 200, 200, 200, 200]
    assert "secret" not in json.dumps(seen)
    control("DELETE", "/__calls__")
    control("POST", "/__faults__", {"kind": "drop"})
    control("DELETE", "/__faults__")
    assert control("GET", "/__calls__")["calls"] == [] and ninja_fake.faults == []
    ninja_fake.organizations.clear()
    control("PUT", "/__tokens__", {"lifetime": 15})
    assert ninja_fake.token_lifetime == 15
    control("POST", "/__reset__")
    assert len(ninja_fake.organizations) == 7
