"""The servers of the suites, on the loopback: `servers.py FOLDER-OF-HTTPX`. Prints where they are, as JSON."""

import json
import socket
import ssl
import sys
import threading

import httpbin
import trustme
import uvicorn
from werkzeug.serving import WSGIRequestHandler, make_server


class Handler(WSGIRequestHandler):
    """Keeps connections open, and quiet."""

    protocol_version = "HTTP/1.1"

    def log(self, *_arguments: object) -> None:
        pass


def serve(context: ssl.SSLContext | None) -> int:
    """httpbin, over TLS with a context; answers its port."""
    server = make_server("127.0.0.1", 0, httpbin.app, threaded=True, request_handler=Handler, ssl_context=context)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def main(httpx: str) -> None:
    sys.path.insert(0, httpx)
    from tests.conftest import app

    unknown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(unknown)
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({
        "httpbin": f"http://127.0.0.1:{serve(None)}",
        "httpbin_secure": f"https://127.0.0.1:{serve(unknown)}",
        "httpx": f"http://127.0.0.1:{listener.getsockname()[1]}",
    }), flush=True)
    config = uvicorn.Config(app, lifespan="off", loop="asyncio", log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


main(sys.argv[1])
