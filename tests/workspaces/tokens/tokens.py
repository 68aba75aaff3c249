"""JSON web tokens with PyJWT, unmodified."""

import hmac
from typing import Any

import jwt
from bifrost import workflow
from jwt.algorithms import get_default_algorithms

CLAIMS = {"iss": "bifrost", "sub": "ada", "n": 1}


@workflow
def token(algorithm: str, private: str, public: str, native: str) -> dict[str, Any]:
    """Signs, checks its own token and one that was made outside, and refuses what was changed."""
    made = jwt.encode(CLAIMS, private, algorithm=algorithm, headers={"kid": "k"})
    head, body, signature = made.split(".")
    changed = f"{head}.{jwt.encode({**CLAIMS, 'sub': 'eve'}, None, algorithm='none').split('.')[1]}.{signature}"
    return {
        "made": made,
        "own": jwt.decode(made, public, algorithms=[algorithm], issuer="bifrost"),
        "native": jwt.decode(native, public, algorithms=[algorithm]),
        "changed": _refused(lambda: jwt.decode(changed, public, algorithms=[algorithm])),
        "cut": _refused(lambda: jwt.decode(made[:-8], public, algorithms=[algorithm])),
        "body": body,
    }


@workflow
def keys(algorithm: str, private: str, public: str) -> dict[str, Any]:
    """Keys as JWK and back, and what a key says of itself."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
        load_pem_private_key,
        load_pem_public_key,
    )

    known = get_default_algorithms()[algorithm]
    secret, shared = load_pem_private_key(private.encode(), None), load_pem_public_key(public.encode())
    again = known.from_jwk(known.to_jwk(secret))
    from_jwk = known.from_jwk(known.to_jwk(shared))
    made = jwt.encode(CLAIMS, again, algorithm=algorithm)
    return {
        "claims": jwt.decode(made, from_jwk, algorithms=[algorithm]) == CLAIMS,
        "same": from_jwk == shared == secret.public_key(),
        "private": secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().split() == private.split(),
        "public": shared.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode().split() == public.split(),
        "size": getattr(secret, "key_size", None),
    }


@workflow
def refusals(private: str, other: str) -> dict[str, Any]:
    """What there is not says so."""
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.ciphers import aead

    box = Fernet(Fernet.generate_key())
    assert box.decrypt(box.encrypt(b"a")) == b"a"
    middle = len(private) // 2
    return {
        "wrong kind": _refused(lambda: jwt.encode(CLAIMS, other, algorithm="RS256")),
        "no key": _refused(lambda: jwt.encode(CLAIMS, "secret", algorithm="RS256")),
        "broken": _refused(lambda: jwt.encode(CLAIMS, private[: middle - 40] + private[middle + 40 :], algorithm="RS256")),
        "as a secret": _refused(lambda: jwt.encode(CLAIMS, private, algorithm="HS256")),
        "encrypted": _refused(lambda: serialization.load_pem_private_key(private.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE").replace("END PRIVATE", "END ENCRYPTED PRIVATE").encode(), b"p")),
        "generate": _refused(lambda: rsa.generate_private_key(65537, 2048)),
        "gcm": _refused(lambda: aead.AESGCM(bytes(16))),
        "fernet": _refused(lambda: Fernet(Fernet.generate_key()).decrypt(box.encrypt(b"a"))),
        "bits": _refused(lambda: rsa.RSAPublicNumbers(3, (1 << 511) + 1).public_key().verify(b"x" * 64, b"", *_pkcs1())),
    }


@workflow
def secrets(key: str) -> str:
    """HS256, by the interpreter alone."""
    made = jwt.encode(CLAIMS, key, algorithm="HS256")
    head, body, signature = made.split(".")
    digest = hmac.new(key.encode(), f"{head}.{body}".encode(), "sha256").digest()
    assert jwt.utils.base64url_encode(digest).decode() == signature
    return made


def _pkcs1() -> tuple[Any, Any]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.PKCS1v15(), hashes.SHA256()


def _refused(action: Any) -> str:
    try:
        return f"not refused: {action()!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
