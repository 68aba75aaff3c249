"""Keys from other secrets."""

from __future__ import annotations

import hmac

from ....exceptions import AlreadyFinalized, InvalidKey


class KeyDerivationFunction:
    """Derives one key."""

    _used = False

    def derive(self, key_material: bytes) -> bytes:
        if self._used:
            raise AlreadyFinalized
        self._used = True
        return self._derived(bytes(key_material))

    def verify(self, key_material: bytes, expected_key: bytes) -> None:
        """Raises `InvalidKey`."""
        if not hmac.compare_digest(self.derive(key_material), expected_key):
            raise InvalidKey("Keys do not match.")

    def _derived(self, material: bytes) -> bytes:
        raise NotImplementedError
