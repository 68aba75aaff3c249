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


def test_settings_can_be_made_past_the_context() -> None:
    """As `truststore` does. In a process of its own, because it takes the place of `ssl`."""
    code = BEHIND.format(shims=str(SHIMS))
    path = f"import sys; sys.path[:0] = [{str(SDK)!r}, {str(SDK / 'tests/fake')!r}]\n"
    done = subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
