"""What the stand-in of `cryptography` computes in the interpreter, against published vectors."""

import base64
import hashlib
import sys
from pathlib import Path

import pytest

SHIMS = str(Path(__file__).parent.parent.parent / "worker/base/shims")
sys.path.insert(0, SHIMS)
from cryptography import _aes, exceptions, fernet  # noqa: E402
from cryptography.hazmat.primitives import constant_time, hashes, hmac, padding  # noqa: E402
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes  # noqa: E402
from cryptography.hazmat.primitives.kdf import concatkdf, hkdf, pbkdf2  # noqa: E402

sys.path.remove(SHIMS)

KEY = b"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
TOKEN = b"gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=="
MADE_AT = 499_162_800


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (16, "69c4e0d86a7b0430d8cdb78070b4c55a"),
        (24, "dda97ca4864cdfe06eaf70a0ec0d7191"),
        (32, "8ea2b7ca516745bfeafc49904b496089"),
    ],
)
def test_blocks_are_those_of_fips_197(size: int, expected: str) -> None:
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    aes = _aes.AES(bytes(range(size)))
    assert aes.encrypt(plain).hex() == expected
    assert aes.decrypt(bytes.fromhex(expected)) == plain


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "2b7e151628aed2a6abf7158809cf4f3c",
            "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
        ),
        (
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
        ),
    ],
)
def test_cbc_is_that_of_sp_800_38a(key: str, expected: str) -> None:
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    cipher = Cipher(algorithms.AES(bytes.fromhex(key)), modes.CBC(bytes(range(16))))
    encryptor, decryptor = cipher.encryptor(), cipher.decryptor()
    encrypted = encryptor.update(plain[:5]) + encryptor.update(plain[5:]) + encryptor.finalize()
    assert encrypted.hex() == expected
    assert decryptor.update(encrypted) + decryptor.finalize() == plain
    with pytest.raises(exceptions.AlreadyFinalized):
        encryptor.update(b"")
    broken = cipher.encryptor()
    broken.update(b"short")
    with pytest.raises(ValueError, match="multiple of the block length"):
        broken.finalize()


def test_fernet_is_that_of_its_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    box = fernet.Fernet(KEY)
    monkeypatch.setattr(fernet.os, "urandom", lambda size: bytes(range(size)))
    assert box.encrypt_at_time(b"hello", MADE_AT) == TOKEN
    assert box.decrypt(TOKEN) == b"hello" and box.extract_timestamp(TOKEN) == MADE_AT
    assert box.decrypt_at_time(TOKEN.decode(), 60, MADE_AT + 60) == b"hello"
    for now in (MADE_AT + 61, MADE_AT - 61):
        with pytest.raises(fernet.InvalidToken):
            box.decrypt_at_time(TOKEN, 60, now)
    raw = base64.urlsafe_b64decode(TOKEN)
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(fernet.InvalidToken):
            box.decrypt(base64.urlsafe_b64encode(changed))
    for broken in (b"", b"gAAA", TOKEN[:-4], "é"):
        with pytest.raises(fernet.InvalidToken):
            box.decrypt(broken)
    with pytest.raises(ValueError, match="32 url-safe"):
        fernet.Fernet(b"short")


def test_keys_of_fernet_are_exchanged() -> None:
    old, new = (fernet.Fernet(fernet.Fernet.generate_key()) for _ in range(2))
    both, token = fernet.MultiFernet([new, old]), old.encrypt_at_time(b"x" * 100, MADE_AT)
    assert both.decrypt(token) == b"x" * 100
    rotated = both.rotate(token)
    assert new.decrypt(rotated) == b"x" * 100 and new.extract_timestamp(rotated) == MADE_AT
    with pytest.raises(fernet.InvalidToken):
        old.decrypt(rotated)


def test_derived_keys() -> None:
    derived = pbkdf2.PBKDF2HMAC(hashes.SHA256(), 40, b"salt", 3).derive(b"password")
    assert derived == hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 3, 40)
    # RFC 5869, A.1.
    derived = hkdf.HKDF(
        hashes.SHA256(), 42, bytes.fromhex("000102030405060708090a0b0c"), bytes.fromhex("f0f1f2f3f4f5f6f7f8f9")
    ).derive(b"\x0b" * 22)
    assert derived.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    # RFC 7518, C.
    agreed = base64.urlsafe_b64decode("nlbZHYFxNdNyg0KDv4QmnPsxbqPagGpI9tqneYz-kMQ=")
    info = b"\0\0\0\x07A128GCM\0\0\0\x05Alice\0\0\0\x03Bob\0\0\0\x80"
    kdf = concatkdf.ConcatKDFHash(hashes.SHA256(), 16, info)
    assert base64.urlsafe_b64encode(kdf.derive(agreed)) == b"VqqN6vgjbSBcIijNcacQGg=="
    with pytest.raises(exceptions.AlreadyFinalized):
        kdf.derive(agreed)
    with pytest.raises(exceptions.InvalidKey):
        concatkdf.ConcatKDFHash(hashes.SHA256(), 16, info).verify(agreed, bytes(16))


def test_padding_and_codes() -> None:
    for size in range(33):
        padder, unpadder = padding.PKCS7(128).padder(), padding.PKCS7(128).unpadder()
        padded = padder.update(b"x" * size) + padder.finalize()
        assert len(padded) % 16 == 0
        assert unpadder.update(padded) + unpadder.finalize() == b"x" * size
    for broken in (b"", b"x" * 16, b"x" * 15 + b"\0", b"x" * 14 + b"\x01\x02"):
        unpadder = padding.PKCS7(128).unpadder()
        unpadder.update(broken)
        with pytest.raises(ValueError, match="padding"):
            unpadder.finalize()
    code = hmac.HMAC(b"key", hashes.SHA256())
    code.update(b"x")
    with pytest.raises(exceptions.InvalidSignature):
        code.copy().verify(bytes(32))
    code.verify(code.copy().finalize())
    assert constant_time.bytes_eq(b"a", b"a") and not constant_time.bytes_eq(b"a", b"b")


def test_what_there_is_not_says_so() -> None:
    for make in (lambda: modes.GCM(bytes(12)), lambda: aead.AESGCM(bytes(16)), lambda: algorithms.ChaCha20(b"", b"")):
        with pytest.raises(exceptions.UnsupportedAlgorithm, match="a run has"):
            make()
    with pytest.raises(ValueError, match="Invalid key size"):
        algorithms.AES(b"short")
