"""Asks every operation of the OpenAPI document what nobody would: `run.py [--long] PROGRAM`.

Starts the platform with an organization and a workspace of its own, and lets schemathesis make
requests from the document, valid and not, as an administrator of the platform and as one of the
organization. Fails on any answer of 500 and above, and when the server has ended.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VENV = ROOT / "target" / "openapi"
PATIENCE = 300.0
"""Seconds for the first start, which compiles the base."""


def prepare() -> None:
    """Installs schemathesis where it is not."""
    stamp, pinned = VENV / "made", (HERE / "requirements.txt").read_text()
    if stamp.exists() and stamp.read_text() == pinned:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    pip = [VENV / "bin" / "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-r", HERE / "requirements.txt"], check=True)
    stamp.write_text(pinned)


def start(program: Path, data: Path, database: str | None) -> tuple[subprocess.Popen[bytes], str, str]:
    """The server with the starter workspace, its address, and the administrator's key."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ours = ("DATABASE_URL", "AMQP_URL", "REDIS_URL", "S3_", "BIFROST_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment["BIFROST_DATA"] = str(data)
    if database:
        environment["DATABASE_URL"] = database
    arguments = [program, "up", "--workspace", ROOT / "examples" / "starter", "--listen", f"127.0.0.1:{port}"]
    server = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=(data / "stderr").open("wb"))
    url, key, deadline = f"http://127.0.0.1:{port}", data / "admin.key", time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if call(url, key.read_text().strip(), "/api/workflows")["workflows"]:
                return server, url, key.read_text().strip()
        except OSError:
            pass
        time.sleep(0.2)
    server.kill()
    sys.exit((data / "stderr").read_text() or "the server did not start")


def call(url: str, key: str, path: str, body: Any = None, organization: str | None = None) -> Any:
    """The answer to a request, decoded."""
    request = urllib.request.Request(url + path, headers={"authorization": f"Bearer {key}"})
    if organization:
        request.add_header("x-bifrost-organization", organization)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="ten times as many requests")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)), help="of an earlier run")
    parser.add_argument("--database", help="URL of an empty database; SQLite if absent")
    parser.add_argument("program", type=Path)
    options = parser.parse_args()
    prepare()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        server, url, key = start(options.program.resolve(), data, options.database)
        try:
            organization = call(url, key, "/api/organizations", {"name": "Acme"})["id"]
            person = {"email": "ada@acme.example", "name": "Ada's", "role": "org_admin"}
            keys = {"a platform administrator": key, "an organization's": call(url, key, "/api/keys", person, organization)["key"]}
            failed = [who for who, key in keys.items() if not ask(url, who, key, options)]
            ended = server.poll()
        finally:
            server.terminate()
            server.wait(30)
        if failed or ended is not None:
            print((data / "stderr").read_text()[-4000:])
            sys.exit(f"failed as {', '.join(failed) or 'the server ended'}; again with --seed {options.seed}")


def ask(url: str, who: str, key: str, options: argparse.Namespace) -> bool:
    """Whether every answer was one that a server gives on purpose."""
    print(f"openapi: as {who}, seed {options.seed}", flush=True)
    arguments = [
        "run", f"{url}/openapi.json", "--checks", "not_a_server_error", "--header", f"Authorization: Bearer {key}",
        "--phases", "examples,coverage,fuzzing,stateful" if options.long else "examples,coverage,fuzzing",
        "--max-examples", "100" if options.long else "8", "--seed", str(options.seed), "--workers", "2",
        "--no-shrink", "--request-timeout", "60", "--suppress-health-check", "all", "--warnings", "off",
    ]
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run([VENV / "bin" / "st", *arguments], cwd=VENV, env=environment).returncode == 0


if __name__ == "__main__":
    main()
