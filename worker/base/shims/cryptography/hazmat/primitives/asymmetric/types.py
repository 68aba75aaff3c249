"""Names of kinds of keys, for annotations."""

from .ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from .ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from .rsa import RSAPrivateKey, RSAPublicKey

PrivateKeyTypes = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKeyTypes = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
CertificatePublicKeyTypes = PublicKeyTypes
CertificateIssuerPrivateKeyTypes = PrivateKeyTypes
