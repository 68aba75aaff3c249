"""The part of `cryptography` that signing and checking tokens takes: PyJWT runs on it unmodified.

Keys of RSA (2,048 to 8,192 bits), ECDSA (P-256, P-384, P-521, secp256k1) and Ed25519, read from
PEM, DER, JWK numbers and OpenSSH's public keys; PKCS #1 v1.5 and PSS signatures. The host
computes; keys stay in the run that has them. Hashes, HMAC, what derives keys, and Fernet with its
AES in CBC are computed by the interpreter: AES in Python, slow and not constant-time. Everything
else of the library is compiled code that is not here: other encryption, key agreement, making
keys, reading encrypted ones, and certificates but for their public key. Asking for it raises
`UnsupportedAlgorithm` or `ImportError`. A workspace that brings a package of this name gets its own.
"""

__version__ = "0+bifrost"
