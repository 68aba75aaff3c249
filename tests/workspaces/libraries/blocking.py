"""requests, httpx, urllib3, urllib.request and http.client, as anybody uses them."""

import http.client
import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import certifi
import httpx
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from bifrost import workflow


def raised(action: Callable[[], Any]) -> list[str]:
    """The names of what was raised and of its bases, and its text first."""
    try:
        action()
    except Exception as error:
        return [str(error), *(kind.__name__ for kind in type(error).__mro__)]
    return ["nothing"]


@workflow
def with_requests(url: str) -> dict[str, Any]:
    """Sessions, redirects, cookies, uploads, streams."""
    session = requests.Session()
    session.headers["X-Session"] = "s"
    followed = session.get(f"{url}/redirect")
    uploaded = session.post(f"{url}/echo", files={"file": ("n.txt", io.BytesIO(b"content"), "text/plain")}).json()
    generated = session.post(f"{url}/echo", data=(piece for piece in [b"one", b"two"])).json()
    with session.get(f"{url}/big", stream=True) as response:
        streamed = sum(len(piece) for piece in response.iter_content(10_000))
    session.mount("http://", HTTPAdapter(max_retries=Retry(2, status_forcelist=[503], backoff_factor=0)))
    return {
        "followed": [followed.status_code, followed.url == f"{url}/echo", [r.status_code for r in followed.history]],
        "cookies": [dict(session.cookies), followed.json()["headers"]["cookie"]],
        "header": followed.json()["headers"]["x-session"],
        "json": session.post(f"{url}/echo", json={"a": [1, "ü"]}).json()["body"],
        "form": session.put(f"{url}/echo", data={"a": "1 2"}, params={"q": "x y"}).json()["uri"],
        "uploaded": "content" in uploaded["body"] and uploaded["headers"]["content-type"].startswith("multipart/"),
        "generated": generated["body"],
        "streamed": streamed,
        "unpacked": session.get(f"{url}/gzip").json(),
        "pieces": session.get(f"{url}/chunks").text,
        "head": [session.head(f"{url}/big").headers["content-length"], session.head(f"{url}/big").content == b""],
        "auth": session.get(f"{url}/echo", auth=("user", "pass")).json()["headers"]["authorization"],
        "retried": raised(lambda: session.get(f"{url}/status/503"))[1],
        "no content": session.get(f"{url}/status/204").content == b"",
        "certificates": certifi.contents().startswith("\n# Issuer"),
    }


@workflow
def requests_errors(url: str) -> dict[str, Any]:
    """Exceptions of the right types."""
    return {
        "refused": raised(lambda: requests.get("http://127.0.0.1:1/")),
        "unknown": raised(lambda: requests.get("http://nobody.invalid/")),
        "slow": raised(lambda: requests.get(f"{url}/hang", timeout=0.2)),
        "status": raised(lambda: requests.get(f"{url}/status/404").raise_for_status()),
        "no tls": raised(lambda: requests.get(url.replace("http:", "https:"))),
        "unverified": raised(lambda: requests.get(url.replace("http:", "https:"), verify=False)),
        "proxy": raised(lambda: requests.get("http://nobody.invalid/", proxies={"http": url})),
        "host": raised(lambda: requests.get(url, headers={"Host": "other.example"})),
        "scheme": raised(lambda: requests.get("ftp://127.0.0.1/")),
    }


@workflow
def with_httpx(url: str) -> dict[str, Any]:
    """A client, streams, event hooks, errors."""
    seen: list[str] = []
    with httpx.Client(follow_redirects=True, event_hooks={"response": [lambda r: seen.append(str(r.status_code))]}) as client:
        followed = client.get(f"{url}/redirect")
        with client.stream("GET", f"{url}/big") as response:
            streamed = sum(len(piece) for piece in response.iter_bytes())
        return {
            "followed": [followed.status_code, str(followed.url) == f"{url}/echo", followed.http_version],
            "seen": seen,
            "streamed": streamed,
            "generated": client.post(f"{url}/echo", content=iter([b"one", b"two"])).json()["body"],
            "unpacked": client.get(f"{url}/gzip").json(),
            "refused": raised(lambda: client.get("http://127.0.0.1:1/")),
            "unknown": raised(lambda: client.get("http://nobody.invalid/")),
            "slow": raised(lambda: client.get(f"{url}/hang", timeout=0.2)),
            "status": raised(lambda: client.get(f"{url}/status/500").raise_for_status()),
            "unverified": raised(lambda: httpx.get(url.replace("http:", "https:"), verify=False)),
        }


@workflow
def with_the_library(url: str) -> dict[str, Any]:
    """What Python itself has, and urllib3."""
    host = url.removeprefix("http://")
    with urllib.request.urlopen(f"{url}/echo?a=1", timeout=5) as response:
        opened = [response.status, json.loads(response.read())["uri"]]
    connection = http.client.HTTPConnection(host, timeout=5)
    statuses = []
    for body in (b"", b"one", iter([b"two", b"three"])):
        connection.request("POST", "/echo", body, {"Expect": "100-continue"}, encode_chunked=True)
        statuses.append(json.loads(connection.getresponse().read())["body"])
    connection.close()
    pool = urllib3.PoolManager()
    for _ in range(3):
        pool.request("GET", f"{url}/echo")
    with pool.request("GET", f"{url}/big", preload_content=False) as streamed:
        size = sum(len(piece) for piece in streamed.stream(50_000))
    try:
        urllib.request.urlopen(f"{url}/status/418")
    except urllib.error.HTTPError as error:
        code = error.code
    return {"opened": opened, "kept": statuses, "size": size, "code": code,
            "connections": pool.connection_from_url(url).num_connections,
            "refused": raised(lambda: urllib.request.urlopen("http://127.0.0.1:1/"))}


@workflow
def other_protocols(url: str) -> dict[str, Any]:
    """What is no HTTP has no way out, and says so."""
    import smtplib
    import socket

    host, port = url.removeprefix("http://").split(":")

    def speak(data: bytes) -> None:
        with socket.create_connection((host, int(port)), timeout=5) as link:
            link.sendall(data)
            link.recv(10)

    return {
        "mail": raised(lambda: smtplib.SMTP(host, int(port), timeout=5)),
        "binary": raised(lambda: speak(b"\x00\x01\x02")),
        "text": raised(lambda: speak(b"HELO you\r\n\r\n")),
        "tunnel": raised(lambda: speak(b"CONNECT other:22 HTTP/1.1\r\nHost: other:22\r\n\r\n")),
        "foreign": raised(lambda: speak(b"GET / HTTP/1.1\r\nHost: other\r\n\r\n")),
        "upgrade": raised(lambda: speak(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n\r\n".encode())),
        "datagram": raised(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
        "server": raised(lambda: socket.create_server(("127.0.0.1", 8080))),
        "name": raised(lambda: socket.gethostbyname("localhost")),
    }
