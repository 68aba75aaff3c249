//! Signatures for runs, with keys that the run has. Nothing is kept. The time that they
//! take is the run's fuel, as all that the host computes for it.

use crate::bindings::bifrost::workflow::signing::{self, Algorithm};
use crate::bindings::bifrost::workflow::types::{Error, ErrorKind};
use crate::host::State;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, *};

/// Longest key in bytes: RSA of 8,192 bits with all its numbers, and some room.
const KEY_BYTES: usize = 16 << 10;
/// Longest message in bytes.
const MESSAGE_BYTES: usize = 16 << 20;
/// Longest signature in bytes: RSA of 8,192 bits.
const SIGNATURE_BYTES: usize = 1 << 10;

/// A private key, and how it signs.
enum Key {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl signing::Host for State {
    async fn public_key(&mut self, private: Vec<u8>) -> Result<Vec<u8>, Error> {
        public_key(&private)
    }

    async fn sign(
        &mut self,
        algorithm: Algorithm,
        private: Vec<u8>,
        message: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        sign(algorithm, &private, &message)
    }

    async fn verify(
        &mut self,
        algorithm: Algorithm,
        public: Vec<u8>,
        message: Vec<u8>,
        signature: Vec<u8>,
    ) -> Result<bool, Error> {
        verify(algorithm, &public, &message, &signature)
    }
}

/// The public half of a PKCS #8 key, as SubjectPublicKeyInfo.
fn public_key(private: &[u8]) -> Result<Vec<u8>, Error> {
    bounded("the key", private, KEY_BYTES)?;
    let curves = [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
        &ECDSA_P521_SHA512_ASN1_SIGNING,
        &ECDSA_P256K1_SHA256_ASN1_SIGNING,
    ];
    let ecdsa = || curves.iter().find_map(|curve| EcdsaKeyPair::from_pkcs8(curve, private).ok());
    let key = if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(private) {
        Key::Ed25519(key)
    } else if let Some(key) = ecdsa() {
        Key::Ecdsa(key)
    } else {
        Key::Rsa(RsaKeyPair::from_pkcs8(private).map_err(|error| rejected(&error))?)
    };
    let spki: Result<PublicKeyX509Der<'_>, Unspecified> = match &key {
        Key::Rsa(key) => key.public_key().as_der(),
        Key::Ecdsa(key) => key.public_key().as_der(),
        Key::Ed25519(key) => key.public_key().as_der(),
    };
    Ok(spki.map_err(|_| invalid("the key has no public half"))?.as_ref().to_vec())
}

/// Signs a message with a PKCS #8 key.
fn sign(algorithm: Algorithm, private: &[u8], message: &[u8]) -> Result<Vec<u8>, Error> {
    bounded("the key", private, KEY_BYTES)?;
    bounded("the message", message, MESSAGE_BYTES)?;
    let rejected = |error: KeyRejected| rejected(&error);
    let signed = match algorithm {
        Algorithm::RsaPkcs1Sha256 => rsa(&signature::RSA_PKCS1_SHA256, private, message)?,
        Algorithm::RsaPkcs1Sha384 => rsa(&signature::RSA_PKCS1_SHA384, private, message)?,
        Algorithm::RsaPkcs1Sha512 => rsa(&signature::RSA_PKCS1_SHA512, private, message)?,
        Algorithm::RsaPssSha256 => rsa(&signature::RSA_PSS_SHA256, private, message)?,
        Algorithm::RsaPssSha384 => rsa(&signature::RSA_PSS_SHA384, private, message)?,
        Algorithm::RsaPssSha512 => rsa(&signature::RSA_PSS_SHA512, private, message)?,
        Algorithm::EcdsaSecp256r1Sha256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, private, message)?,
        Algorithm::EcdsaSecp384r1Sha384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, private, message)?,
        Algorithm::EcdsaSecp521r1Sha512 => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING, private, message)?,
        Algorithm::EcdsaSecp256k1Sha256 => ecdsa(&ECDSA_P256K1_SHA256_ASN1_SIGNING, private, message)?,
        Algorithm::Ed25519 => {
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(private).map_err(rejected)?;
            Ok(key.sign(message).as_ref().to_vec())
        }
    };
    signed.map_err(|_| invalid("the message could not be signed with this key"))
}

type Signed = Result<Vec<u8>, Unspecified>;

fn rsa(encoding: &'static dyn RsaEncoding, private: &[u8], message: &[u8]) -> Result<Signed, Error> {
    let key = RsaKeyPair::from_pkcs8(private).map_err(|error| rejected(&error))?;
    let mut signed = vec![0; key.public_modulus_len()];
    Ok(key.sign(encoding, &SystemRandom::new(), message, &mut signed).map(|()| signed))
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, private: &[u8], message: &[u8]) -> Result<Signed, Error> {
    let key = EcdsaKeyPair::from_pkcs8(algorithm, private).map_err(|error| rejected(&error))?;
    Ok(key.sign(&SystemRandom::new(), message).map(|signed| signed.as_ref().to_vec()))
}

/// Whether a signature belongs to the message and the key, a SubjectPublicKeyInfo.
fn verify(algorithm: Algorithm, public: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, Error> {
    bounded("the key", public, KEY_BYTES)?;
    bounded("the message", message, MESSAGE_BYTES)?;
    let verified: &'static dyn VerificationAlgorithm = match algorithm {
        Algorithm::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RsaPkcs1Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RsaPkcs1Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::RsaPssSha256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::RsaPssSha384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::RsaPssSha512 => &RSA_PSS_2048_8192_SHA512,
        Algorithm::EcdsaSecp256r1Sha256 => &ECDSA_P256_SHA256_ASN1,
        Algorithm::EcdsaSecp384r1Sha384 => &ECDSA_P384_SHA384_ASN1,
        Algorithm::EcdsaSecp521r1Sha512 => &ECDSA_P521_SHA512_ASN1,
        Algorithm::EcdsaSecp256k1Sha256 => &ECDSA_P256K1_SHA256_ASN1,
        Algorithm::Ed25519 => &ED25519,
    };
    let key = UnparsedPublicKey::new(verified, public).parse().map_err(|error| rejected(&error))?;
    Ok(signature.len() <= SIGNATURE_BYTES && key.verify_sig(message, signature).is_ok())
}

fn bounded(what: &str, content: &[u8], most: usize) -> Result<(), Error> {
    if content.len() <= most {
        return Ok(());
    }
    let message = format!("{what} has {} bytes, more than {most}", content.len());
    Err(Error { kind: ErrorKind::Limit, message })
}

fn rejected(error: &KeyRejected) -> Error {
    invalid(&format!(
        "the key cannot be used ({error}): RSA keys have 2,048 to 8,192 bits, others are of the algorithm's curve"
    ))
}

fn invalid(message: &str) -> Error {
    Error { kind: ErrorKind::Invalid, message: message.to_owned() }
}
