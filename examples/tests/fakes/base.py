"""What the fakes share: a server, tokens, faults and a log of calls.

| | |
|---|---|
| `POST /__faults__` | adds a fault, or a list of them (see `Fault`); `DELETE` removes all |
| `GET /__calls__` | `{"calls": [...], "counts": {"GET /v2/devices": 3}}`; `DELETE` forgets them |
| `POST /__reset__` | everything as at the start |
| `PUT /__tokens__` | `{"lifetime": 15}`: seconds that the tokens are good for that are given out from now on |
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

CLIENT_ID, CLIENT_SECRET = "client", "secret-of-the-client"


@dataclass
class Fault:
    """Something that goes wrong with calls whose method and path match.

    | kind | what happens |
    |---|---|
    | `status` | `status` is answered, with `retry_after` when given: seconds, or `"date"` for a date in two seconds |
    | `drop` | the connection ends without an answer; with `carried_out` the work is done before |
    | `slow` | nothing happens for `seconds`, then all goes on |
    | `answer` | `body` is answered as JSON, or `raw` as it is |
    | `expire` | every token that was given out ends, then all goes on |

    `path` is a regular expression; without it, every call but that for a token matches.
    The fault happens `times` times, for ever when that is -1, after `skip` calls without it.
    """

    kind: str
    times: int = 1
    skip: int = 0
    method: str | None = None
    path: str | None = None
    status: int = 500
    retry_after: float | str | None = None
    seconds: float = 0.0
    carried_out: bool = False
    body: Any = None
    raw: str | None = None

    def matches(self, method: str, path: str, is_token: bool) -> bool:
        """Whether it happens to this call; counts down when it does."""
        if self.times == 0 or (self.method and self.method != method):
            return False
        if is_token if self.path is None else not re.search(self.path, path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= self.times > 0
        return True


@dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    @property
    def token(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else ""


@dataclass
class Answer:
    """What is answered."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


class Refusal(Exception):
    """Ends a call with an error as the vendor writes it."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        self.status, self.message, self.code = status, message, code
        super().__init__(message)


def route(method: str, pattern: str) -> Callable[[Any], Any]:
    """Marks the method that answers a path; `{name}` becomes an argument."""

    def mark(function: Any) -> Any:
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        function.routes = [*getattr(function, "routes", []), (method, re.compile(f"{expression}/?", re.IGNORECASE))]
        return function

    return mark


class Fake:
    """A vendor's API. `with NinjaOne() as fake: fake.address`."""

    NAME = ""
    TOKEN_PATH = re.compile(r"/token")

    def __init__(self, port: int = 0, token_lifetime: float = 3600.0, token_uses: int = -1) -> None:
        self.token_lifetime = token_lifetime
        """Seconds that a token is good for."""
        self.token_uses = token_uses
        """Calls that a token is good for; any number when negative."""
        self._lock = threading.RLock()
        self._routes = [
            (method, pattern, name)
            for name in dir(type(self))
            for method, pattern in getattr(getattr(type(self), name), "routes", [])
        ]
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.reset()

    def reset(self) -> None:
        """Everything as at the start."""
        with self._lock:
            self.faults: list[Fault] = []
            self.calls: list[dict[str, Any]] = []
            self.tokens: dict[str, dict[str, Any]] = {}
            self.fill()

    def fill(self) -> None:
        """The records at the start."""

    # What tests use

    def fail(self, kind: str, **fields: Any) -> None:
        """Adds a fault."""
        with self._lock:
            self.faults.append(Fault(kind, **fields))

    def count(self, call: str) -> int:
        """How often `GET /v2/devices` was called, for instance."""
        with self._lock:
            return sum(f"{one['method']} {one['path']}" == call for one in self.calls)

    @property
    def tokens_issued(self) -> int:
        return len(self.tokens)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # What vendors define

    def error(self, status: int, message: str, code: str) -> Answer:
        """An error as the vendor writes it."""
        raise NotImplementedError

    def grant(self, request: Request, fields: dict[str, str]) -> dict[str, Any]:
        """What a token is for, kept with it; raises `Refusal` when there is none to be had."""
        return {}

    def allows(self, request: Request, grant: dict[str, Any]) -> bool:
        """Whether a token that is good may be used for this."""
        return True

    # The way of a call

    def handle(self, request: Request) -> Answer | None:
        """The answer; `None` ends the connection."""
        if request.path.startswith("/__"):
            return self._control(request)
        is_token = request.method == "POST" and bool(self.TOKEN_PATH.search(request.path))
        with self._lock:
            entry = {
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "token": request.token,
                "body": None if is_token else request.body,
                "headers": {name: value for name, value in request.headers.items() if name != "authorization"},
                "status": 0,
                "time": time.time(),
            }
            self.calls.append(entry)
            faults = []
            for fault in self.faults:
                if fault.matches(request.method, request.path, is_token):
                    faults.append(fault)
                    if fault.kind in ("status", "answer", "drop"):
                        break  # the next one is for the next call
        for fault in faults:
            if fault.kind == "slow":
                time.sleep(fault.seconds)
            elif fault.kind == "expire":
                with self._lock:
                    for token in self.tokens.values():
                        token["until"] = 0.0
            elif fault.kind == "drop":
                if fault.carried_out:
                    self._answer(request, is_token)
                return None
            else:
                answer = self._fault_answer(fault)
                entry["status"] = answer.status
                return answer
        answer = self._answer(request, is_token)
        entry["status"] = answer.status
        return answer

    def _fault_answer(self, fault: Fault) -> Answer:
        if fault.kind == "answer":
            status = fault.status if fault.status != 500 else 200
            return Answer(status, fault.body, {}, fault.raw.encode() if fault.raw is not None else None)
        answer = self.error(fault.status, "failed on purpose", "Fault")
        if fault.body is not None:
            answer.body = fault.body
        if fault.retry_after == "date":
            answer.headers["Retry-After"] = formatdate(time.time() + 2, usegmt=True)
        elif fault.retry_after is not None:
            answer.headers["Retry-After"] = str(fault.retry_after)
        return answer

    def _answer(self, request: Request, is_token: bool) -> Answer:
        with self._lock:
            try:
                if is_token:
                    return self._issue(request)
                grant = self.tokens.get(request.token)
                spent = grant is None or grant["until"] < time.monotonic() or grant["uses"] == 0
                if grant is None or spent or not self.allows(request, grant):
                    raise Refusal(401, "the token is not valid", "InvalidAuthenticationToken")
                grant["uses"] -= 1
                return self._route(request)
            except Refusal as refusal:
                return self.error(refusal.status, refusal.message, refusal.code)

    def _issue(self, request: Request) -> Answer:
        fields = request.body if isinstance(request.body, dict) else {}
        if (fields.get("grant_type"), fields.get("client_id"), fields.get("client_secret")) != (
            "client_credentials",
            CLIENT_ID,
            CLIENT_SECRET,
        ):
            return Answer(401, {"error": "invalid_client", "error_description": "Unknown client or wrong secret."})
        try:
            grant = self.grant(request, fields)
        except Refusal as refusal:
            return Answer(refusal.status, {"error": refusal.code, "error_description": refusal.message})
        token = f"{self.NAME}-token-{len(self.tokens) + 1}"
        self.tokens[token] = {**grant, "until": time.monotonic() + self.token_lifetime, "uses": self.token_uses}
        return Answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": self.token_lifetime})

    def _route(self, request: Request) -> Answer:
        for method, pattern, name in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                groups = {key: unquote(value) for key, value in match.groupdict().items()}
                answer = getattr(self, name)(request, **groups)
                return answer if isinstance(answer, Answer) else Answer(204 if answer is None else 200, answer)
        raise Refusal(404, f"there is no {request.path}", "NotFound")

    def _control(self, request: Request) -> Answer:
        with self._lock:
            match request.method, request.path:
                case "POST", "/__faults__":
                    given = request.body if isinstance(request.body, list) else [request.body]
                    self.faults += [Fault(**fields) for fields in given]
                case "DELETE", "/__faults__":
                    self.faults = []
                case "GET", "/__calls__":
                    counts = Counter(f"{call['method']} {call['path']}" for call in self.calls)
                    return Answer(200, {"calls": self.calls, "counts": counts})
                case "DELETE", "/__calls__":
                    self.calls = []
                case "POST", "/__reset__":
                    self.reset()
                case "PUT", "/__tokens__":
                    self.token_lifetime = float(request.body["lifetime"])
                case _:
                    return Answer(404)
        return Answer(204)


def _handler(fake: Fake) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = urlsplit(self.path)
            request = Request(
                self.command,
                url.path,
                dict(parse_qsl(url.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                _decoded(raw, self.headers.get("Content-Type", "")),
            )
            answer = fake.handle(request)
            if answer is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            content = answer.raw if answer.raw is not None else b""
            if answer.raw is None and answer.body is not None:
                content = json.dumps(answer.body).encode()
            headers = {"Content-Type": "application/json", "Date": formatdate(usegmt=True), **answer.headers}
            lines = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('',))[0]}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines += [f"Content-Length: {len(content)}", "", ""]
            try:
                self.wfile.write("\r\n".join(lines).encode() + content)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def _decoded(raw: bytes, content_type: str) -> Any:
    if not raw:
        return None
    if "form-urlencoded" in content_type:
        return dict(parse_qsl(raw.decode()))
    try:
        return json.loads(raw)
    except ValueError:
        return None


def main(kind: type[Fake]) -> None:
    """Runs a fake as a program."""
    parser = argparse.ArgumentParser(description=kind.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token-lifetime", type=float, default=3600.0, help="seconds that a token is good for")
    parser.add_argument("--token-uses", type=int, default=-1, help="calls that a token is good for")
    options = parser.parse_args()
    with kind(options.port, options.token_lifetime, options.token_uses) as fake:
        line = {"name": kind.NAME, "address": fake.address, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        print(json.dumps(line), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
