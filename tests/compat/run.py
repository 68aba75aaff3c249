"""Runs the test suites of libraries inside of the sandbox: `run.py [--sample] PROGRAM [SUITE...]`.

The suites come from their source distributions, unmodified. Their servers run outside, on the
loopback. A suite counts the tests that native Python collects of it; a test that is not
passed in the sandbox is a failed one, whatever the reason, and so is one that is not run. Only
the files named in `LEFT_OUT` do not count. Fails below `MUST`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "compat"
PYTHON = WORK / "native" / "bin" / "python"

SUITES = {
    "requests": "requests-2.34.2",
    "httpx": "httpx-0.28.1",
    "pydantic": "pydantic-2.14.3",
    "pydantic-core": "pydantic_core-2.50.4",
}

LEFT_OUT = {"requests": ("tests/test_lowlevel.py", "tests/test_testserver.py")}
"""Whole files about servers that listen in the test's own process: they do not count."""

MOST_LEFT_OUT = 0.15
"""Part of what is collected of a suite that may be left out."""

NOT_RUN = {"pydantic": ("tests/mypy/",), "pydantic-core": ("tests/test_docstrings.py",)}
"""What checks code with mypy, black and ruff, which are compiled: it counts as failed."""

NOT_COLLECTED = {"pydantic": ["tests/test_docs.py"]}
"""Native Python cannot collect it: it reads a folder that the source distribution does not have."""

SAMPLE = {
    "requests": ["tests/test_structures.py", "tests/test_hooks.py", "tests/test_adapters.py", "tests/test_requests.py"],
    "httpx": ["tests/client/test_client.py", "tests/client/test_async_client.py", "tests/client/test_redirects.py",
              "tests/models/test_requests.py", "tests/models/test_responses.py", "tests/models/test_url.py",
              "tests/test_api.py", "tests/test_timeouts.py"],
    "pydantic": ["tests/test_main.py", "tests/test_generics.py", "tests/types/unions/test_discriminated_union.py",
                 "tests/test_validate_call.py"],
    "pydantic-core": ["tests/test_errors.py", "tests/validators/test_union.py", "tests/serializers/test_model.py"],
}

MUST = 0.80
"""Part of a suite that has to pass."""

OPTIONS = ["-p", "no:cacheprovider", "-p", "no:faulthandler", "--capture=sys", "--basetemp=/tmp/pytest", "-q", "-c", "pytest.ini"]


def prepare() -> None:
    """Downloads everything, and lays out the workspace that is run."""
    WORK.mkdir(parents=True, exist_ok=True)
    stamp = WORK / "native.made"
    pinned = (HERE / "native.txt").read_text()
    if not stamp.exists() or stamp.read_text() != pinned:
        subprocess.run([sys.executable, "-m", "venv", "--clear", WORK / "native"], check=True)
        pip(["install", "-r", HERE / "native.txt"], PYTHON)
        stamp.write_text(pinned)
    if any(not (WORK / folder).exists() for folder in SUITES.values()):
        # What reads the metadata of a source distribution may come compiled.
        pip(["download", "--no-deps", "--no-binary", ",".join(SUITES), "--require-hashes", "-d", WORK / "sdists", "-r", HERE / "suites.txt"])
        for folder in SUITES.values():
            with tarfile.open(WORK / "sdists" / f"{folder}.tar.gz") as packed:
                packed.extractall(WORK, filter="data")
    subprocess.run([sys.executable, ROOT / "tests/libraries/unpack.py", WORK / "packages",
                    ROOT / "tests/libraries/requirements.txt", HERE / "guest.txt"], check=True)


def pip(arguments: list[Any], python: Path | str = sys.executable) -> None:
    subprocess.run([python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)


def lay_out(suite: str) -> Path:
    """A workspace: the packages, what runs the tests, and the suite's tests."""
    workspace = WORK / f"workspace-{suite}"
    shutil.rmtree(workspace, ignore_errors=True)
    shutil.copytree(WORK / "packages", workspace)
    shutil.copytree(HERE / "workspace", workspace, dirs_exist_ok=True)
    shutil.copytree(WORK / SUITES[suite] / "tests", workspace / "tests")
    for beside in (WORK / SUITES[suite]).glob("*.txt"):
        shutil.copy(beside, workspace)  # which a test uploads
    # A record of what is no file of the workspace's own: it is imported by pytest, not when loading.
    record = workspace / "suite-0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("".join(f"{name},,\n" for name in ("tests", "trio.py", "uvicorn", "trustme.py", "cryptography", "zstandard.py")))
    return workspace


def collected(suite: str) -> list[str]:
    """The tests that native Python finds."""
    ignored = [f"--ignore={path}" for path in NOT_COLLECTED.get(suite, [])]
    found = subprocess.run([PYTHON, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *ignored],
                           cwd=WORK / SUITES[suite], capture_output=True, text=True, check=True)
    return [comparable(line) for line in found.stdout.splitlines() if "::" in line]


def comparable(test: str) -> str:
    """The id of a test, without addresses of objects."""
    return re.sub(r"\b0x[0-9a-f]{8,}", "0x", test)


def options(paths: list[str]) -> list[str]:
    """Benchmarks run once, without being measured; other files do without their plugin."""
    is_benchmark = any(path.startswith("tests/benchmarks/") for path in paths)
    return [*OPTIONS, *(["--benchmark-disable"] if is_benchmark else ["-p", "no:benchmark"])]


def run(program: Path, workspace: Path, paths: list[str], servers: dict[str, str]) -> dict[str, Any]:
    """Runs these files, in a run of their own."""
    parameters = json.dumps({"paths": paths, "options": options(paths), "servers": servers})
    environment = {**os.environ, "BIFROST_DATA": str(WORK / "data")}
    done = subprocess.run([program.resolve(), "run", "compat.py::run_tests", "--workspace", workspace, "--outcome", "--json", parameters],
                          capture_output=True, text=True, env=environment, check=False)
    try:
        outcome = json.loads(done.stdout)
    except ValueError:
        return {"outcomes": {}, "reasons": {"run": done.stderr[-2000:]}, "said": ""}
    return outcome["result"] or {"outcomes": {}, "reasons": {"run": f"{outcome.get('error_type')}: {outcome.get('error')}"}, "said": ""}


def counted(suite: str) -> tuple[list[str], int]:
    """The tests that count, and how many are left out."""
    found = collected(suite)
    tests = [test for test in found if not test.startswith(LEFT_OUT.get(suite, ()))]
    left_out = len(found) - len(tests)
    if left_out > MOST_LEFT_OUT * len(found):
        raise SystemExit(f"{suite}: {left_out} of {len(found)} tests are left out, more than {MOST_LEFT_OUT:.0%}")
    return tests, left_out


def measure(suite: str, program: Path, servers: dict[str, str], sample: bool) -> float:
    """The part of a suite that passes; prints a line about it."""
    tests, left_out = counted(suite)
    if sample:
        tests = [test for test in tests if test.split("::")[0] in SAMPLE[suite]]
    tried = [test for test in tests if not test.startswith(NOT_RUN.get(suite, ()))]
    files = SAMPLE[suite] if sample else list(dict.fromkeys(test.split("::")[0] for test in tried))
    workspace, outcomes = lay_out(suite), {}
    with (WORK / f"{suite}.txt").open("w") as details:
        for paths in [files] if sample else [[path] for path in files]:
            result = run(program, workspace, paths, servers)
            outcomes.update({comparable(test): outcome for test, outcome in result["outcomes"].items()})
            details.writelines(f"## {test}\n{reason}\n" for test, reason in result["reasons"].items())
            details.write(result["said"])
    passed = sum(outcomes.get(test) in ("passed", "xfailed") for test in tests)
    print(f"{suite}: {passed} of {len(tests)} passed ({passed / len(tests):.1%}), {len(tests) - len(tried)} excluded and counted as"
          f" failed, {left_out} left out with files about servers; {dict(Counter(outcomes.values()))};"
          f" details in target/compat/{suite}.txt", flush=True)
    return passed / len(tests)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("suites", nargs="*", default=list(SUITES), help="all without any")
    parser.add_argument("--sample", action="store_true", help="a part that takes three minutes")
    arguments = parser.parse_args()
    prepare()
    outside = subprocess.Popen([PYTHON, HERE / "servers.py", WORK / SUITES["httpx"]], stdout=subprocess.PIPE, text=True)
    try:
        assert outside.stdout is not None
        servers = json.loads(outside.stdout.readline())
        parts = [measure(suite, arguments.program, servers, arguments.sample) for suite in arguments.suites]
    finally:
        outside.kill()
    return 0 if min(parts) >= MUST else 1


sys.exit(main())
