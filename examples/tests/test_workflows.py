"""The starter's workflows, run by `bifrost.testing` against the PSA of the end-to-end tests."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from bifrost import UserError
from bifrost.testing import run_workflow

from modules.psa import PsaNotConfigured
from providers.companies import companies
from workflows.hello import hello
from workflows.license_reconciliation import license_reconciliation
from workflows.tickets import open_tickets

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def in_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths are relative to the workspace."""
    monkeypatch.chdir(ROOT / "examples" / "starter")


@pytest.fixture(scope="module")
def psa_url() -> Iterator[str]:
    """A PSA that answers every fifth request with 429."""
    command = [sys.executable, str(ROOT / "tests" / "workspaces" / "fakes" / "psa.py"), "--key", "right", "--limit-every", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


def test_hello() -> None:
    result = run_workflow(hello, {"name": "Ada", "excited": "yes"})
    assert result["greeting"] == "Hello, Ada!"
    assert result["organization"] == "Test Organization"


def test_reconciliation() -> None:
    whole = run_workflow(license_reconciliation)
    assert whole["users_read"] == 6000
    json.dumps(whole)
    legal = run_workflow(license_reconciliation, {"department": "legal"})
    assert legal["department"] == "Legal" and 0 < legal["users_read"] < 6000
    assert run_workflow(license_reconciliation, {"format": "html"}).startswith("<")


@pytest.mark.parametrize("parameters", [{"department": "Piracy"}, {"as_of": "yesterday"}])
def test_reconciliation_tells_users(parameters: dict[str, str]) -> None:
    with pytest.raises(UserError):
        run_workflow(license_reconciliation, parameters)


def test_tickets(psa_url: str) -> None:
    config = {"psa_base_url": psa_url, "psa_api_key": "right"}
    result = run_workflow(open_tickets, config=config)
    with urlopen(f"{psa_url}/_stats") as answer:
        stats = json.load(answer)
    assert (result["open"], result["breaches"]) == (stats["open_tickets"], stats["breaches"])
    assert stats["statuses"]["429"] > 0 and stats["most_at_once"] <= 4
    one = run_workflow(open_tickets, {"companies_id": "6"}, config=config)
    assert [row["open"] for row in one["companies"]] == [6]
    with pytest.raises(UserError, match="no company 999"):
        run_workflow(open_tickets, {"companies_id": 999}, config=config)


def test_tickets_with_a_wrong_key(psa_url: str) -> None:
    with pytest.raises(UserError, match="refused the key"):
        run_workflow(open_tickets, config={"psa_base_url": psa_url, "psa_api_key": "wrong"})


def test_tickets_without_settings() -> None:
    with pytest.raises(UserError, match="psa_base_url, psa_api_key"):
        run_workflow(open_tickets)


def test_companies(psa_url: str) -> None:
    config = {"psa_base_url": psa_url, "psa_api_key": "right"}
    choices = run_workflow(companies, config=config)
    assert len(choices) == 230 and choices == sorted(choices, key=lambda choice: choice["label"])
    assert run_workflow(companies, {"contains": "COMPANY 007"}, config=config) == [{"label": "Company 007", "value": "81"}]
    with pytest.raises(PsaNotConfigured):
        run_workflow(companies)
