"""The server itself."""

from .config import Config


class Server:
    """Started, and nothing more."""

    started = True
    should_exit = False

    def __init__(self, config: Config) -> None:
        self.config = config

    def run(self) -> None:
        """It does."""
