#!/usr/bin/env python3
"""Installs every package of `packages.txt` in a workspace of its own, imports it and makes a small
real use of it in a run; prints a table. Needs a package index: `BIFROST_PACKAGE_INDEX`, or the one
that pip uses here. With `--markdown` it prints the page `docs/guide/tested-packages.md`.

    packages.py PROGRAM [--data FOLDER] [--only NAME ...] [--at-least PERCENT] [--markdown]
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import datetime
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).parent
TIMEOUT = 240
"""Seconds for one package."""


BESIDE = {"authlib": ("httpx",), "google-auth": ("requests",)}
"""What the use of a package takes beside it, as its documentation says."""


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers what was asked, and what some SDKs insist on."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while (size := int(self.rfile.readline().split(b";")[0], 16)) > 0:
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
        url = urllib.parse.urlsplit(self.path)
        content = json.dumps(
            {
                "path": re.sub(r"^/(api/v4|rest/api/2)?", "/", url.path).replace("//", "/"),
                "query": dict(urllib.parse.parse_qsl(url.query)),
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": body.decode("utf-8", "replace"),
                "ok": True,
                "access_token": "token",
                "token_type": "bearer",
                "expires_in": 3600,
                "authorization_endpoint": "https://login.example.org/tenant/authorize",
                "token_endpoint": "https://login.example.org/tenant/token",
                "issuer": "https://login.example.org/tenant",
                "object": "list",
                "data": [],
                "id": url.path.rpartition("/")[2],
                "has_more": False,
            }
        ).encode()
        if self.headers.get("authorization", "").startswith("AWS4-"):
            content = b""  # what is not XML is an error for S3's client
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def log_message(self, *_: object) -> None:
        pass


PAGE = """# Tested packages

Popular packages, each alone in the `requirements.txt` of a workspace: installed, imported and used for
something small and real in a run. A package with compiled parts works only if that use does. Seen on
{day}, with the newest versions of that day, by `tests/compat/packages.py`; what the uses are is in
`tests/compat/uses/`.

| package | works | what was said |
|---|---|---|"""
"""The beginning of the page; one row for each package follows."""


def uses() -> dict[str, str]:
    """Name to the text of a workflow, of the functions in `uses/`.

    Such a function is called `use_` and the package's name, with `_` for what Python names cannot
    have; its `url` is a server that answers JSON. Its imports are made when the workspace is loaded,
    the rest is one run. The modules are only read: nothing of them is imported here.
    """
    modules = [ast.parse(path.read_text()) for path in sorted((HERE / "uses").glob("*.py"))]
    parts = [part for module in modules for part in module.body]
    return {
        node.name.removeprefix("use_"): workflow(node)
        for node in parts
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def workflow(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The text of a workflow: imports at the top, the use in it."""
    imports = [part for part in node.body if isinstance(part, (ast.Import, ast.ImportFrom))]
    is_async = isinstance(node, ast.AsyncFunctionDef)
    rest = [part for part in node.body if part not in imports]
    body = textwrap.indent("\n".join(ast.unparse(part) for part in rest), "    ")
    return (
        "from bifrost import workflow\n"
        + "\n".join(ast.unparse(part) for part in imports)
        + f"\n\n{'async ' * is_async}def check(url):\n{body}\n"
        + f"\n\n@workflow\nasync def use(url: str):\n    {'await ' * is_async}check(url)\n    return 'done'\n"
    )


def index() -> str | None:
    """Where packages come from, if not from where the program takes them."""
    if "BIFROST_PACKAGE_INDEX" in os.environ:
        return os.environ["BIFROST_PACKAGE_INDEX"]
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or None


def check(program: str, data: str, name: str, text: str, url: str) -> tuple[bool, float, str]:
    """Whether it works, how long it took in seconds, and the last words of what does not."""
    environment = {**os.environ, "BIFROST_DATA": data, "BIFROST_LOG": "error"}
    if (address := index()) is not None:
        environment["BIFROST_PACKAGE_INDEX"] = address
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "requirements.txt").write_text("".join(f"{line}\n" for line in (name, *BESIDE.get(name, ()))))
        (root / "flow.py").write_text(text)
        started = time.monotonic()
        command = [program, "run", "use", "--workspace", folder, "--param", f"url={url}"]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            return False, TIMEOUT, "it took too long"
        took = time.monotonic() - started
        if done.returncode == 0 and done.stdout.strip() == "done":
            return True, took, ""
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        at = [line for line in lines if line.startswith(("requirements.txt", "flow.py:"))]
        return False, took, (at or lines or ["nothing was said"])[-1 if not at else 0]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--data", default=None)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--at-least", type=float, default=0)
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    program = str(pathlib.Path(arguments.program).resolve())
    data = arguments.data or tempfile.mkdtemp()
    names = [line.strip() for line in (HERE / "packages.txt").read_text().splitlines()]
    names = [name for name in names if name and not name.startswith("#")]
    texts = uses()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    chosen = [name for name in names if not arguments.only or name in arguments.only]

    def one(name: str) -> tuple[str, tuple[bool, float, str]]:
        return name, check(program, data, name, texts[re.sub(r"[-.]", "_", name)], url)

    if arguments.markdown:
        print(PAGE.format(day=datetime.datetime.now(datetime.UTC).date()), flush=True)
    works = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, (is_good, took, why) in pool.map(one, chosen):
            works += is_good
            why = why.replace("|", "\\|").replace(url, "http://127.0.0.1")
            if arguments.markdown:
                print(f"| {name} | {'yes' if is_good else 'no'} | {why} |", flush=True)
            else:
                print(f"{'ok  ' if is_good else 'FAIL'} {took:6.1f} s  {name:<28} {why}", flush=True)
    share = 100 * works / len(chosen)
    print(f"\n{works} of {len(chosen)} packages work: {share:.1f}%.", flush=True)
    return 0 if share >= arguments.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
