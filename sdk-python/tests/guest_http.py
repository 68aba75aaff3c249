"""The check of HTTP in a real sandbox, against a server of its own. Used by `guest_check.py`."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from guest_host import Base, loaded, value


class _Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        received = self.rfile.read(length)
        if self.path.startswith("/slow"):
            time.sleep(0.3)
        content = json.dumps(
            {
                "path": self.path,
                "method": self.command,
                "length": len(received),
                "head": received[:50].decode("latin-1"),
            }
        ).encode()
        if self.path.startswith("/big"):
            content = b"x" * 3_000_000
        self.send_response(404 if self.path.startswith("/missing") else 200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("X-Sent", self.headers.get("X-Sent", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def log_message(self, *_args: Any) -> None:
        pass


def http_works(base: Base) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        guest = loaded(
            base,
            {
                "a.py": f"""
import asyncio, time
from bifrost import workflow, http
from bifrost.http import blocking
URL = {url!r}
@workflow
async def f():
    start = time.monotonic()
    slow = await asyncio.gather(*(http.get(URL + f"/slow{{i}}") for i in range(8)))
    took = time.monotonic() - start
    got = await http.get(URL + "/a b?q=é", params={{"x": [1, 2], "n": None}}, headers={{"X-Sent": "y"}})
    posted = await http.post(URL + "/post", json={{"k": "v"}})
    form = blocking.post(URL + "/form", data={{"a": 1, "b": "ü"}})
    upload = await http.put(URL + "/put", data=b"z" * 2_000_000)
    big = await http.get(URL + "/big")
    missing = await http.get(URL + "/missing")
    errors = []
    for attempt in (missing.raise_for_status,):
        try:
            attempt()
        except http.HTTPStatusError as error:
            errors.append(str(error.response.status_code))
    for coroutine in (http.get(URL + "/slow", timeout=0.05), http.get("http://127.0.0.1:1/"), http.get("nonsense")):
        try:
            await coroutine
        except Exception as error:
            errors.append(type(error).__name__)
    try:
        blocking.get(URL + "/slow", timeout=0.05)
    except http.Timeout:
        errors.append("Timeout")
    return [len(slow), took < 2, got.json(), got.headers["x-sent"], posted.json(), form.json(), upload.json()["length"],
            len(big.content), errors]
"""
            },
        )
        got = value(guest, "a.py::f")
        assert got[:2] == [8, True], got
        assert got[2]["path"] == "/a%20b?q=%C3%A9&x=1&x=2" and got[3] == "y", got[2]
        assert got[4] == {"path": "/post", "method": "POST", "length": 10, "head": '{"k": "v"}'}
        assert got[5]["head"] == "a=1&b=%C3%BC" and got[6] == 2_000_000 and got[7] == 3_000_000
        assert got[8] == ["404", "Timeout", "HTTPError", "ValueError", "Timeout"], got[8]
    finally:
        server.shutdown()
