"""PEM: what lies between its lines."""

from __future__ import annotations

import base64
import re

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s*(.*?)\s*-----END \1-----", re.DOTALL)


def decode(data: bytes | str) -> tuple[str, bytes, bool]:
    """Label and content of the first block, and whether headers say that it is encrypted."""
    found = _BLOCK.search(data.encode() if isinstance(data, str) else bytes(data))
    if found is None:
        raise ValueError("Unable to load PEM file: there is no BEGIN and END line")
    label, text = found[1].decode(), found[2]
    if b":" in text:
        headers, _, text = re.sub(rb"\r\n?", b"\n", text).partition(b"\n\n")
        if b"ENCRYPTED" in headers:
            return label, b"", True
    try:
        content = base64.b64decode(re.sub(rb"\s", b"", text), validate=True)
    except ValueError as error:
        raise ValueError(f"Unable to load PEM file: {error}") from None
    return label, content, label == "ENCRYPTED PRIVATE KEY"


def encode(label: str, content: bytes) -> bytes:
    lines = base64.encodebytes(content).replace(b"\n", b"")
    body = b"".join(lines[at : at + 64] + b"\n" for at in range(0, len(lines), 64))
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), body, label.encode())
