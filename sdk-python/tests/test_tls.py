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


HANDSHAKES = """
import bifrost_guest.net.install, ssl
from types import SimpleNamespace
from bifrost_guest.exchange import blocking
from bifrost_guest.net import connection, sockets
from wit_world.imports import wasi_http_types as types


class ErrorCode_InternalError(SimpleNamespace):
    pass


class ErrorCode_TlsAlertReceived(SimpleNamespace):
    pass


types.ErrorCode_InternalError, types.ErrorCode_TlsAlertReceived = ErrorCode_InternalError, ErrorCode_TlsAlertReceived
asked = []


class Answer:
    def close(self):
        pass


async def exchange(method, secure, authority, target, fields, content, wait):
    asked.append((method, secure, authority, fields))
    if fields and authority != "printer.example":
        raise connection.Refused(ErrorCode_InternalError(value=f"denied: {{authority}} must be checked"))
    if authority in ("expired.example", "mute.example"):
        alert = SimpleNamespace(alert_id=42 if authority == "expired.example" else 40, alert_message="of rustls")
        raise connection.Refused(ErrorCode_TlsAlertReceived(value=alert))
    return Answer()


connection.exchange = exchange
lax, usual = ssl._create_unverified_context(), ssl.create_default_context()


def in_blocks(context, host):
    sock = sockets.Socket()
    sock.connection = connection.Connection(host, 443)
    return context.wrap_socket(sock, server_hostname=host).connection


def by_bytes(context, host):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    over, link = context.wrap_bio(incoming, outgoing, server_hostname=host), connection.Connection(host, 443)
    try:
        over.do_handshake()
    except ssl.SSLWantReadError:
        pass
    else:
        raise AssertionError("a handshake without an answer")
    link.feed(outgoing.read())
    assert link.busy and not link.unasked
    blocking(link.advance(None))
    assert not link.busy
    incoming.write(link.output[:7])
    try:
        over.do_handshake()
    except ssl.SSLWantReadError:
        pass
    incoming.write(link.output[7:])
    over.do_handshake()
    link.output.clear()
    return link


for shake_hands in (in_blocks, by_bytes):
    connection._reached.clear()
    asked.clear()
    for context, host, kind, text in (
        (lax, "example.org", ssl.SSLError, "unverified_hosts"),
        (lax, "example.org", ssl.SSLError, "example.org must be checked"),
        (usual, "expired.example", ssl.SSLCertVerificationError, "CERTIFICATE_VERIFY_FAILED"),
        (usual, "mute.example", ssl.SSLError, "of rustls"),
    ):
        try:
            shake_hands(context, host)
        except ssl.SSLError as error:
            assert type(error) is kind and text in str(error), error
        else:
            raise AssertionError(f"{{host}} was believed")
    asked.clear()
    for context, unverified in ((lax, True), (lax, True), (usual, False)):
        link = shake_hands(context, "printer.example")
        assert link.secure and link.unverified is unverified and not link.output
        link.feed(b"GET / HTTP/1.1\\r\\nHost: printer.example\\r\\n\\r\\n")
        assert link.unasked
    field = ("bifrost-tls-unverified", b"1")
    assert asked == [("CONNECT", True, "printer.example", [field]), ("CONNECT", True, "printer.example", [])], asked
"""


def run(code: str) -> None:
    """In a process of its own, because it takes the place of `ssl`."""
    code = f"import sys; sys.path[:0] = [{str(SDK)!r}, {str(SDK / 'tests/fake')!r}]\n" + code.format(shims=str(SHIMS))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_handshake_fails_when_it_is_made_and_goes_unchecked_where_the_policy_says_so() -> None:
    run(HANDSHAKES)


def test_settings_can_be_made_past_the_context() -> None:
    """As `truststore` does."""
    run(BEHIND)
