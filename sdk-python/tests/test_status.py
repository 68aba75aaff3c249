"""Errors of the platform where a workspace catches `httpx.HTTPStatusError`, and where it has no httpx."""

import copy
import pickle
import subprocess
import sys
from types import ModuleType
from typing import Any

import httpx
import pytest

from bifrost import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    UserError,
    ValidationError,
    WorkflowError,
    organizations,
    tables,
)
from bifrost.testing import run_workflow
from bifrost_guest import failures

STATUSES = [
    (NotFoundError("there is no such thing"), 404),
    (ConflictError("it is there", "already_exists"), 409),
    (PermissionError("not for you"), 403),
    (ValidationError("no such column"), 422),
]


def raised(error: Exception) -> Any:
    """What a call of the SDK raises where the platform answers this."""

    def host(operation: str, arguments: dict[str, Any]) -> Any:
        raise error

    async def body() -> Any:
        await organizations.get("x")

    with pytest.raises(type(error)) as caught:
        run_workflow(body, api=host)
    return caught.value


@pytest.mark.parametrize(("error", "status"), STATUSES)
def test_an_error_with_a_status_is_one_of_httpx(error: Exception, status: int) -> None:
    found = raised(error)
    assert str(found.request.url) == "http://bifrost/organizations/get"
    assert isinstance(found, httpx.HTTPStatusError) and isinstance(found, type(error))
    assert (found.response.status_code, found.response.request) == (status, found.request)
    assert found.response.json()["detail"] == str(error) == str(found)
    assert found.response.is_client_error
    with pytest.raises(httpx.HTTPStatusError):
        found.response.raise_for_status()
    assert found.args == error.args
    # As logs, results and the platform's own records name it.
    assert failures.type_name(found) == type(error).__name__
    assert f"{type(error).__qualname__}: {error}" in failures.format_traceback(found)


def test_a_conflict_that_is_an_answer_is_one_too() -> None:
    async def body() -> Any:
        await tables.create("customers")

    answer = {"conflict": {"message": "there is one", "code": "already_exists"}}
    with pytest.raises(httpx.HTTPStatusError) as caught:
        run_workflow(body, api=lambda operation, arguments: answer)
    found: Any = caught.value
    assert isinstance(found, ConflictError) and found.code == "already_exists"
    assert found.response.json() == {"detail": "there is one", "code": "already_exists"}
    assert str(found.request.url) == "http://bifrost/tables/create"


@pytest.mark.parametrize(("error", "status"), STATUSES)
def test_the_first_except_that_fits_wins(error: Exception, status: int) -> None:
    found = raised(error)

    def caught_by(*kinds: type[Exception]) -> type[Exception]:
        for kind in kinds:
            try:
                raise found
            except kind:
                return kind
            except Exception:
                continue
        raise AssertionError("nobody caught it")

    own = type(error)
    assert caught_by(own, httpx.HTTPStatusError) is own
    assert caught_by(httpx.HTTPStatusError, own) is httpx.HTTPStatusError
    assert caught_by(UserError, httpx.RequestError, httpx.HTTPError) is httpx.HTTPError
    others = [kind for kind in (NotFoundError, ConflictError, PermissionError, ValidationError) if kind is not own]
    assert caught_by(*others, Exception) is Exception
    assert isinstance(found, WorkflowError) is isinstance(error, WorkflowError)


@pytest.mark.parametrize(("error", "status"), STATUSES)
def test_what_is_pickled_or_copied_is_the_same_again(error: Exception, status: int) -> None:
    for again in (pickle.loads(pickle.dumps(raised(error))), copy.copy(raised(error)), copy.deepcopy(raised(error))):
        assert isinstance(again, type(error)) and isinstance(again, httpx.HTTPStatusError)
        assert (again.response.status_code, str(again), again.args) == (status, str(error), error.args)
        assert getattr(again, "code", None) == getattr(error, "code", None)


def test_a_pickle_is_read_where_there_is_no_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    written = pickle.dumps(raised(ConflictError("it is there", "already_exists")))
    monkeypatch.delitem(sys.modules, "httpx")
    again = pickle.loads(written)
    assert type(again) is ConflictError and (str(again), again.code) == ("it is there", "already_exists")


@pytest.mark.parametrize("module", [None, ModuleType("httpx"), "stub"])
def test_without_httpx_an_error_is_what_it_was(monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    if module == "stub":
        module = ModuleType("httpx")
        module.HTTPStatusError = type("HTTPStatusError", (Exception,), {})  # type: ignore[attr-defined]
    if module is None:
        monkeypatch.delitem(sys.modules, "httpx")
    else:
        monkeypatch.setitem(sys.modules, "httpx", module)
    for error, _ in STATUSES:
        assert type(raised(error)) is type(error)
    assert sys.modules.get("httpx") is module


def test_other_errors_have_no_status() -> None:
    for error in (ConfigurationError("away"), WorkflowError("x"), KeyError("x")):
        assert raised(error) is error


def test_the_sdk_itself_does_not_import_httpx() -> None:
    code = (
        "import sys, bifrost\nfrom bifrost import _status, NotFoundError\n"
        "error = NotFoundError('x')\nassert _status.known(error, 'a.b') is error\nassert 'httpx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
