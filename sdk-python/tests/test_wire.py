"""HTTP/1.1 as clients write it: whole, in any pieces, and what is none."""

import random

import pytest

from bifrost_guest.net import wire

REQUESTS = [
    (b"GET /a?b=1 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n", ("GET", "/a?b=1", None)),
    (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", ("POST", "/", b"hello")),
    (
        b"PUT /p HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n",
        ("PUT", "/p", b"abcde"),
    ),
    (b"POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", ("POST", "/e", None)),
    (b"\r\nDELETE /d HTTP/1.0\r\nHost: h\r\n\r\n", ("DELETE", "/d", None)),
]


def read(pieces: list[bytes]) -> list[wire.Request]:
    reader, found = wire.Reader(), []
    for piece in pieces:
        reader.feed(piece)
        while (request := reader.next()) is not None:
            found.append(request)
    assert reader.idle
    return found


@pytest.mark.parametrize("seed", range(200))
def test_requests_are_found_however_they_are_cut(seed: int) -> None:
    chance = random.Random(seed)
    chosen = [chance.choice(REQUESTS) for _ in range(chance.randint(1, 6))]
    written = b"".join(text for text, _ in chosen)
    cuts = sorted(chance.randrange(len(written) + 1) for _ in range(chance.randint(0, 40)))
    found = read([written[start:end] for start, end in zip([0, *cuts], [*cuts, len(written)])])
    assert [(request.method, request.target, request.content) for request in found] == [what for _, what in chosen]


def test_fields_of_the_connection_stay_behind() -> None:
    (request,) = read([b"GET / HTTP/1.1\r\nHost: H:80\r\nConnection: close\r\nTE: x\r\nAccept: a\r\nAccept: b\r\n\r\n"])
    assert (request.host, request.keep_alive) == ("h:80", False)
    assert request.fields == [("Accept", b"a"), ("Accept", b"b")]


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01", b"HELO there\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
     b"CONNECT h:1 HTTP/1.1\r\n\r\n", b"GET http://h/ HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nbad\r\n\r\n",
     b"GET / HTTP/1.1\r\n: x\r\n\r\n",
     b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
     b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\n", b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
     b"GET /" + b"a" * 300_000],
)  # fmt: skip
def test_what_is_no_request_is_refused(data: bytes) -> None:
    reader = wire.Reader()
    with pytest.raises(wire.NotHTTP):
        reader.feed(data)
        reader.next()


def test_expectations_are_met() -> None:
    reader = wire.Reader()
    reader.feed(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert reader.next() is None and reader.interim.startswith(b"HTTP/1.1 100 ")


@pytest.mark.parametrize(
    ("status", "fields", "method", "chunked"),
    [(200, [("Content-Length", b"5")], "GET", False), (200, [("Transfer-Encoding", b"chunked")], "GET", True),
     (204, [], "GET", False), (304, [], "GET", False), (200, [], "HEAD", False), (200, [], "POST", True)],
)  # fmt: skip
def test_answers_say_where_they_end(status: int, fields: list[tuple[str, bytes]], method: str, chunked: bool) -> None:
    written, in_chunks = wire.head(status, fields, method, True)
    assert in_chunks is chunked and (b"chunked" in written) is chunked
    assert written.startswith(b"HTTP/1.1 %d " % status) and written.endswith(b"\r\n\r\n")
