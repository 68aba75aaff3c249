"""What the suites' own servers are outside of the sandbox: the script starts them, tests find them here."""

import types

import pytest

SERVERS: dict[str, str] = {}


@pytest.fixture(scope="session")
def httpbin() -> types.SimpleNamespace:
    """As `pytest-httpbin` has it."""
    return types.SimpleNamespace(url=SERVERS["httpbin"])


@pytest.fixture(scope="session")
def httpbin_secure() -> types.SimpleNamespace:
    """The same, with a certificate that the platform does not know."""
    return types.SimpleNamespace(url=SERVERS["httpbin_secure"])
