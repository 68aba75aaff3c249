"""Where that server is."""

from typing import Any

import servers


class Config:
    """As the suite asks for it."""

    def __init__(self, **_options: Any) -> None:
        self.is_ssl = False
        self.host, port = servers.SERVERS["httpx"].removeprefix("http://").split(":")
        self.port = int(port)
