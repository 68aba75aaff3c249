"""Attempts to use the network beside the platform's HTTP. Armed: nothing is reached.

`host` and `port` are a listener of the test, which must see no connection.
"""

import asyncio
import socket
from typing import Any

from bifrost import http, workflow

import probe

#: What no workflow may talk to, whatever its organization allows.
TARGETS = ("http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://0.0.0.0:{port}/", "http://localhost:{port}/",
           "http://127.1:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/", "http://[::1]:{port}/",
           "http://[::ffff:127.0.0.1]:{port}/", "http://127.0.0.1:{port}/", "http://user@127.0.0.1:{port}/", "file:///etc/passwd",
           "ftp://127.0.0.1:{port}/", "unix:///var/run/docker.sock", "http:///", "http://", "//127.0.0.1:{port}/", "")


@workflow
async def raw_sockets(armed: bool = False, host: str = "127.0.0.1", port: int = 9) -> dict[str, Any]:
    """TCP, UDP, Unix, raw and name look-ups. The control uses what needs no network."""
    if not armed:
        return probe.attempts({"inet_aton": lambda: socket.inet_aton("127.0.0.1")})

    def udp() -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            return link.sendto(b"x", (host, port))

    def listen() -> Any:
        with socket.socket() as link:
            link.bind(("127.0.0.1", 0))
            link.listen()
            return link.getsockname()

    def unix() -> None:
        with socket.socket(socket.AF_UNIX) as link:
            link.connect("/var/run/docker.sock")

    return probe.attempts({
        "tcp": lambda: socket.create_connection((host, port), timeout=2).close(),
        "udp": udp,
        "listen": listen,
        "unix": unix,
        "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
        "getaddrinfo": lambda: socket.getaddrinfo("example.com", 80),
        "gethostbyname": lambda: socket.gethostbyname("example.com"),
        "socketpair": lambda: socket.socketpair()[0].send(b"x"),
        "fd": lambda: socket.socket(fileno=3).send(b"x"),
    })


@workflow
async def asyncio_sockets(armed: bool = False, host: str = "127.0.0.1", port: int = 9) -> dict[str, Any]:
    """The same through asyncio. The control awaits a sleep."""
    if not armed:
        return probe.report({"sleep": await probe.attempt_async(lambda: asyncio.sleep(0))})

    async def serve() -> str:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        return str(server.sockets)

    return probe.report({
        name: await probe.attempt_async(lambda action=action: asyncio.wait_for(action(), 5))
        for name, action in {
            "open_connection": lambda: asyncio.open_connection(host, port),
            "start_server": serve,
            "datagram": lambda: asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(host, port)),
            "unix": lambda: asyncio.open_unix_connection("/var/run/docker.sock"),
            "subprocess": lambda: asyncio.create_subprocess_shell("id"),
        }.items()
    })


@workflow
async def http_targets(armed: bool = False, url: str = "http://127.0.0.1:9/", port: int = 9) -> dict[str, Any]:
    """Addresses that egress policy must refuse (with no exception made for the test's
    listener). The control calls `url`, which the test allows."""
    urls = [target.format(port=port) for target in TARGETS] if armed else [url]
    return probe.report({
        target: await probe.attempt_async(lambda target=target: _status(target)) for target in urls
    })


@workflow
async def http_injection(armed: bool = False, url: str = "http://127.0.0.1:9/") -> dict[str, Any]:
    """Headers and paths that would smuggle a second request. `url` is allowed; the test's
    server must see no header `X-Injected` and no second request line."""
    headers: dict[str, dict[str, str]] = {"plain": {"X-Plain": "yes"}}
    if armed:
        headers = {
            "crlf value": {"X-A": "b\r\nX-Injected: 1"},
            "crlf name": {"X-A: b\r\nX-Injected": "1"},
            "nul": {"X-A": "b\x00c"},
            "host": {"Host": "internal.example"},
            "length": {"Content-Length": "100000"},
            "chunked": {"Transfer-Encoding": "chunked"},
            "connection": {"Connection": "Upgrade", "Upgrade": "h2c"},
            "proxy": {"Proxy-Authorization": "x"},
            "giant": {"X-A": "v" * (4 << 20)},
            "surrogate": {"X-A": "\ud800"},
        }
    details = {
        name: await probe.attempt_async(lambda values=values: _status(url, headers=values)) for name, values in headers.items()
    }
    if armed:
        details["path"] = await probe.attempt_async(lambda: _status(url + "x HTTP/1.1\r\nX-Injected: 1\r\n\r\nGET /second"))
        details["query"] = await probe.attempt_async(lambda: _status(url, params={"a": "b\r\nX-Injected: 1"}))
    return probe.report(details)


async def _status(url: str, **options: Any) -> int:
    return (await http.get(url, timeout=5, **options)).status_code
