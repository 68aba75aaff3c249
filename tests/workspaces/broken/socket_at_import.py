"""A raw socket at import: refused."""

import socket

connection = socket.create_connection(("127.0.0.1", 9), timeout=1)
