"""The platform's `ssl`, as libraries use it that look behind it."""

import subprocess
import sys
from pathlib import Path

SDK = Path(__file__).parent.parent
SHIMS = SDK.parent / "worker/base/shims"

BEHIND = """
import bifrost_guest.net.install, sys, ssl
sys.modules.pop("_ssl", None)
sys.path.insert(0, {shims!r})
import _ssl
behind = super(ssl.SSLContext, ssl.SSLContext)

class Wrapped(ssl.SSLContext):
    def __init__(self, protocol):
        self._context = ssl.SSLContext(protocol)

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, value):
        behind.verify_mode.__set__(self._context, value)

inner = Wrapped(ssl.PROTOCOL_TLS_CLIENT)._context
assert issubclass(ssl.SSLContext, _ssl._SSLContext) and ssl.SSLError is _ssl.SSLError
assert inner.check_hostname and inner.verify_mode is ssl.CERT_REQUIRED
for name, value in (
    ("minimum_version", ssl.TLSVersion.TLSv1_3),
    ("maximum_version", ssl.TLSVersion.TLSv1_3),
    ("options", ssl.Options.OP_ALL | ssl.Options.OP_NO_TLSv1_2),
    ("verify_flags", ssl.VerifyFlags.VERIFY_X509_STRICT),
    ("verify_mode", ssl.CERT_OPTIONAL),
):
    getattr(behind, name).__set__(inner, value)
    assert getattr(inner, name) == value, name
wrapped = Wrapped(ssl.PROTOCOL_TLS_CLIENT)
try:
    wrapped.verify_mode = ssl.CERT_NONE
except ValueError as error:
    assert "check_hostname" in str(error)
else:
    raise AssertionError("the check of certificates was switched off")
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
over = inner.wrap_bio(incoming, outgoing, server_hostname="example.org")
assert over.get_unverified_chain() == [] and over.context is inner
"""


UNCHECKED = """
import bifrost_guest.net.install, ssl
from bifrost_guest.net import connection
from wit_world.imports import wasi_http_types as types

asked = []


class Answer:
    def close(self):
        pass


async def exchange(method, secure, authority, target, fields, content, wait):
    asked.append((method, secure, authority, fields))
    if authority != "printer.example":
        raise connection.Refused(types.ErrorCode_HttpRequestDenied())
    return Answer()


connection.exchange = exchange
context = ssl._create_unverified_context()
for host in ("example.org", None):
    try:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=host)
    except ssl.SSLError as error:
        assert "cannot be switched off" in str(error) and "unverified_hosts" in str(error)
    else:
        raise AssertionError(f"the check was switched off for {{host}}")
for context, unverified in ((context, True), (context, True), (ssl.create_default_context(), False)):
    outgoing = ssl.MemoryBIO()
    context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="Printer.example").do_handshake()
    link = connection.Connection("printer.example", 443)
    link.feed(outgoing.read() + b"GET / HTTP/1.1\\r\\nHost: printer.example\\r\\n\\r\\n")
    assert link.secure and link.unverified is unverified and link.unasked
field = [("bifrost-tls-unverified", b"1")]
assert asked == [("CONNECT", True, "example.org", field), ("CONNECT", True, "printer.example", field)], asked
"""


def run(code: str) -> None:
    """In a process of its own, because it takes the place of `ssl`."""
    code = f"import sys; sys.path[:0] = [{str(SDK)!r}, {str(SDK / 'tests/fake')!r}]\n" + code.format(shims=str(SHIMS))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_certificates_go_unchecked_where_the_policy_says_so() -> None:
    run(UNCHECKED)


def test_settings_can_be_made_past_the_context() -> None:
    """As `truststore` does."""
    run(BEHIND)
