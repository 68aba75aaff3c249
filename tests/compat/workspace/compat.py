"""Runs test files of a library with pytest, inside of a run."""

import contextlib
import io
import sys
from typing import Any

from bifrost import workflow

import servers as outside


class Record:
    """The outcome of every test, by its id."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A test fails when its set-up, its call or its end does."""
        before = self.outcomes.get(report.nodeid)
        if report.outcome == "skipped":
            self.outcomes[report.nodeid] = "xfailed" if hasattr(report, "wasxfail") else "skipped"
        elif report.failed or before is None:
            self.outcomes[report.nodeid] = report.outcome
        if report.failed:
            self.reasons[report.nodeid] = report.longreprtext[-600:]

    def pytest_collectreport(self, report: Any) -> None:
        """A file that cannot be imported has no tests."""
        if report.failed:
            self.reasons[report.nodeid] = report.longreprtext[-1500:]


@workflow
def run_tests(paths: list, options: list, servers: dict) -> dict[str, Any]:
    """Answers the outcome of each test of these files."""
    import pytest

    outside.SERVERS.update(servers)
    record = Record()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main([*options, *paths], plugins=[record, outside])
    for name in list(sys.modules):
        if name.startswith("tests."):
            del sys.modules[name]
    return {"code": int(code), "outcomes": record.outcomes, "reasons": record.reasons,
            "said": said.getvalue()[-3000:] if not record.outcomes else ""}
