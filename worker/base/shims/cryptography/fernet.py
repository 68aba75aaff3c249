"""Fernet: AES-128 in CBC and HMAC-SHA256. The AES is in Python: for small things, not for files."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import time
from collections.abc import Iterable
from typing import Any

from .hazmat.primitives.ciphers import Cipher
from .hazmat.primitives.ciphers.algorithms import AES
from .hazmat.primitives.ciphers.modes import CBC
from .hazmat.primitives.padding import PKCS7

_MAX_CLOCK_SKEW = 60
"""Seconds that a token may be from the future."""


class InvalidToken(Exception):
    """A token is broken, too old, or of another key."""


class Fernet:
    def __init__(self, key: bytes | str, backend: Any = None) -> None:
        wrong = ValueError("Fernet key must be 32 url-safe base64-encoded bytes.")
        try:
            key = base64.urlsafe_b64decode(key)
        except binascii.Error:
            raise wrong from None
        if len(key) != 32:
            raise wrong
        self._signing_key = key[:16]
        self._aes = AES(key[16:])

    @classmethod
    def generate_key(cls) -> bytes:
        return base64.urlsafe_b64encode(os.urandom(32))

    def encrypt(self, data: bytes) -> bytes:
        return self.encrypt_at_time(data, int(time.time()))

    def encrypt_at_time(self, data: bytes, current_time: int) -> bytes:
        return self._encrypt_from_parts(data, current_time, os.urandom(16))

    def _encrypt_from_parts(self, data: bytes, current_time: int, iv: bytes) -> bytes:
        if not isinstance(data, bytes):
            raise TypeError("data must be bytes")
        padder, encryptor = PKCS7(AES.block_size).padder(), Cipher(self._aes, CBC(iv)).encryptor()
        encrypted = encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
        parts = b"\x80" + current_time.to_bytes(8) + iv + encrypted
        return base64.urlsafe_b64encode(parts + hmac.digest(self._signing_key, parts, "sha256"))

    def decrypt(self, token: bytes | str, ttl: int | None = None) -> bytes:
        return self._decrypt(token, ttl, int(time.time()))

    def decrypt_at_time(self, token: bytes | str, ttl: int, current_time: int) -> bytes:
        if ttl is None:
            raise ValueError("decrypt_at_time() can only be used with a non-None ttl")
        return self._decrypt(token, ttl, current_time)

    def extract_timestamp(self, token: bytes | str) -> int:
        return _made_at(self._verified(token))

    def _decrypt(self, token: bytes | str, ttl: int | None, now: int) -> bytes:
        data = self._verified(token)
        if ttl is not None and not _made_at(data) - _MAX_CLOCK_SKEW <= now <= _made_at(data) + ttl:
            raise InvalidToken
        decryptor, unpadder = Cipher(self._aes, CBC(data[9:25])).decryptor(), PKCS7(AES.block_size).unpadder()
        try:
            unpadder.update(decryptor.update(data[25:-32]) + decryptor.finalize())
            return unpadder.finalize()
        except ValueError:
            raise InvalidToken from None

    def _verified(self, token: bytes | str) -> bytes:
        """The bytes of a token that this key has made."""
        if not isinstance(token, (bytes, str)):
            raise TypeError("token must be bytes or str")
        try:
            data = base64.urlsafe_b64decode(token)
        except ValueError:
            raise InvalidToken from None
        is_whole = data[:1] == b"\x80" and len(data) >= 1 + 8 + 16 + 32
        if not is_whole or not hmac.compare_digest(hmac.digest(self._signing_key, data[:-32], "sha256"), data[-32:]):
            raise InvalidToken
        return data


class MultiFernet:
    """Encrypts with the first, decrypts with any."""

    def __init__(self, fernets: Iterable[Fernet]) -> None:
        self._fernets = list(fernets)
        if not self._fernets:
            raise ValueError("MultiFernet requires at least one Fernet instance")

    def encrypt(self, msg: bytes) -> bytes:
        return self._fernets[0].encrypt(msg)

    def encrypt_at_time(self, msg: bytes, current_time: int) -> bytes:
        return self._fernets[0].encrypt_at_time(msg, current_time)

    def decrypt(self, msg: bytes | str, ttl: int | None = None) -> bytes:
        return self._maker(msg).decrypt(msg, ttl)

    def decrypt_at_time(self, msg: bytes | str, ttl: int, current_time: int) -> bytes:
        return self._maker(msg).decrypt_at_time(msg, ttl, current_time)

    def extract_timestamp(self, msg: bytes | str) -> int:
        return self._maker(msg).extract_timestamp(msg)

    def rotate(self, msg: bytes | str) -> bytes:
        """The same content and time, encrypted anew with the first."""
        maker = self._maker(msg)
        made_at = maker.extract_timestamp(msg)
        return self._fernets[0].encrypt_at_time(maker.decrypt(msg), made_at)

    def _maker(self, msg: bytes | str) -> Fernet:
        for fernet in self._fernets:
            try:
                fernet.extract_timestamp(msg)
            except InvalidToken:
                continue
            return fernet
        raise InvalidToken


def _made_at(data: bytes) -> int:
    """Seconds."""
    return int.from_bytes(data[1:9])
