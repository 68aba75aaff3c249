"""The servers of the suites, on the loopback: `servers.py FOLDER-OF-HTTPX`. Prints where they are, as JSON."""

import json
import socket
import sys
import threading

import httpbin
import uvicorn
from werkzeug.serving import WSGIRequestHandler, make_server


class Handler(WSGIRequestHandler):
    """Keeps connections open, and quiet."""

    protocol_version = "HTTP/1.1"

    def log(self, *_arguments: object) -> None:
        pass


def main(httpx: str) -> None:
    sys.path.insert(0, httpx)
    from tests.conftest import app

    bin_server = make_server("127.0.0.1", 0, httpbin.app, threaded=True, request_handler=Handler)
    threading.Thread(target=bin_server.serve_forever, daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    places = {"httpbin": bin_server.server_port, "httpx": listener.getsockname()[1]}
    print(json.dumps({name: f"http://127.0.0.1:{port}" for name, port in places.items()}), flush=True)
    config = uvicorn.Config(app, lifespan="off", loop="asyncio", log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


main(sys.argv[1])
