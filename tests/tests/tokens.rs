//! Tokens that a run signs and checks with PyJWT, beside what is signed and checked natively.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::*;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bifrost_builder::read_folder;
use bifrost_sandbox::BuildLimits;
use bifrost_tests::{Lab, folder};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

async fn lab() -> Lab {
    let libraries = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/libraries");
    let mut source = read_folder(&libraries).expect("`make libraries` has unpacked the libraries");
    for (path, content) in read_folder(&folder("tokens")).expect("workspace").files() {
        source.insert(path.clone(), content.clone()).expect("a place of its own");
    }
    let limits = BuildLimits { file_ms: 60_000, ..BuildLimits::default() };
    let lab = Lab::deploy(env!("CARGO_TARGET_TMPDIR"), Arc::new(source), 16, &limits).await.expect("deploys");
    assert_eq!(lab.built.report.errors, []);
    lab
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;
type Verify = Box<dyn Fn(&[u8], &[u8]) -> bool>;

/// A key pair as PEM, and how it signs and checks as tokens want it.
struct Pair {
    private: String,
    public: String,
    sign: Sign,
    verify: Verify,
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn checks(algorithm: &'static dyn VerificationAlgorithm, spki: Vec<u8>) -> Verify {
    Box::new(move |message, signature| {
        UnparsedPublicKey::new(algorithm, &spki).verify(message, signature).is_ok()
    })
}

fn rsa(signs: &'static dyn RsaEncoding, verifies: &'static dyn VerificationAlgorithm) -> Pair {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let private: Pkcs8V1Der<'_> = key.as_der().expect("written");
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().expect("written");
    let (private, spki) = (pem("PRIVATE KEY", private.as_ref()), public.as_ref().to_vec());
    Pair {
        private,
        public: pem("PUBLIC KEY", &spki),
        verify: checks(verifies, spki),
        sign: Box::new(move |message| {
            let mut signed = vec![0; key.public_modulus_len()];
            key.sign(signs, &SystemRandom::new(), message, &mut signed).expect("signed");
            signed
        }),
    }
}

fn ecdsa(signs: &'static EcdsaSigningAlgorithm, verifies: &'static dyn VerificationAlgorithm) -> Pair {
    let key = EcdsaKeyPair::generate(signs).expect("a key");
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().expect("written");
    let spki = public.as_ref().to_vec();
    Pair {
        private: pem("PRIVATE KEY", key.to_pkcs8v1().expect("written").as_ref()),
        public: pem("PUBLIC KEY", &spki),
        verify: checks(verifies, spki),
        sign: Box::new(move |message| {
            key.sign(&SystemRandom::new(), message).expect("signed").as_ref().to_vec()
        }),
    }
}

fn ed25519() -> Pair {
    let key = Ed25519KeyPair::generate().expect("a key");
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().expect("written");
    let spki = public.as_ref().to_vec();
    Pair {
        private: pem("PRIVATE KEY", key.to_pkcs8v1().expect("written").as_ref()),
        public: pem("PUBLIC KEY", &spki),
        verify: checks(&ED25519, spki),
        sign: Box::new(move |message| key.sign(message).as_ref().to_vec()),
    }
}

fn pairs() -> [(&'static str, Pair); 10] {
    [
        ("RS256", rsa(&RSA_PKCS1_SHA256, &RSA_PKCS1_2048_8192_SHA256)),
        ("RS384", rsa(&RSA_PKCS1_SHA384, &RSA_PKCS1_2048_8192_SHA384)),
        ("RS512", rsa(&RSA_PKCS1_SHA512, &RSA_PKCS1_2048_8192_SHA512)),
        ("PS256", rsa(&RSA_PSS_SHA256, &RSA_PSS_2048_8192_SHA256)),
        ("PS512", rsa(&RSA_PSS_SHA512, &RSA_PSS_2048_8192_SHA512)),
        ("ES256", ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P256_SHA256_FIXED)),
        ("ES384", ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED)),
        ("ES512", ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING, &ECDSA_P521_SHA512_FIXED)),
        ("ES256K", ecdsa(&ECDSA_P256K1_SHA256_FIXED_SIGNING, &ECDSA_P256K1_SHA256_FIXED)),
        ("EdDSA", ed25519()),
    ]
}

/// A token that is made here.
fn native(algorithm: &str, pair: &Pair) -> String {
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let text =
        format!("{}.{}", part(json!({"alg": algorithm, "typ": "JWT"})), part(json!({"sub": "outside"})));
    let signature = BASE64_URL_SAFE_NO_PAD.encode((pair.sign)(text.as_bytes()));
    format!("{text}.{signature}")
}

#[tokio::test]
async fn tokens_are_what_they_are_natively() {
    let lab = lab().await;
    for (algorithm, pair) in pairs() {
        let parameters = json!({"algorithm": algorithm, "private": pair.private, "public": pair.public,
                                "native": native(algorithm, &pair)});
        let value = lab.value("tokens.py::token", parameters.clone()).await;
        assert_eq!(value["own"], json!({"iss": "bifrost", "sub": "ada", "n": 1}), "{algorithm}");
        assert_eq!(value["native"], json!({"sub": "outside"}), "{algorithm}");
        for refused in ["changed", "cut"] {
            let text = value[refused].as_str().expect("text");
            // What is cut may not even be base64.
            let is_refused = text.starts_with("InvalidSignatureError") || text.starts_with("DecodeError");
            assert!(is_refused, "{algorithm}, {refused}: {text}");
        }
        let made = value["made"].as_str().expect("a token");
        let (text, signature) = made.rsplit_once('.').expect("three parts");
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64");
        assert!((pair.verify)(text.as_bytes(), &signature), "{algorithm}: checked natively");
        assert!(!(pair.verify)(b"another", &signature), "{algorithm}");

        let value = lab.value("tokens.py::keys", parameters).await;
        for name in ["claims", "same", "private", "public"] {
            assert_eq!(value[name], true, "{algorithm}, {name}");
        }
        if algorithm.starts_with(['R', 'P']) {
            assert_eq!(value["size"], 2048);
        }
    }
}

#[tokio::test]
async fn what_a_run_cannot_do_says_so() {
    let lab = lab().await;
    let [(_, one), .., (_, other)] = pairs();
    let value =
        lab.value("tokens.py::refusals", json!({"private": one.private, "other": other.private})).await;
    for (name, part) in [
        ("wrong kind", "InvalidKeyError: Expected one of"),
        ("no key", "InvalidKeyError: Could not parse"),
        ("broken", "InvalidKeyError: Could not parse"),
        ("as a secret", "InvalidKeyError: The specified key is an asymmetric key"),
        ("encrypted", "UnsupportedAlgorithm: a run reads no encrypted keys"),
        ("generate", "UnsupportedAlgorithm: keys are made outside of a run"),
        ("gcm", "UnsupportedAlgorithm: a run has no AESGCM"),
        ("fernet", "InvalidToken"),
        ("bits", "InvalidSignature"),
    ] {
        let said = value[name].as_str().expect("text");
        assert!(said.contains(part), "{name}: {said}");
    }
}

#[tokio::test]
async fn secrets_sign_too() {
    let lab = lab().await;
    let key = "a secret that is long enough for SHA-256";
    let made = lab.value("tokens.py::secrets", json!({"key": key})).await;
    let (text, signature) = made.as_str().expect("a token").rsplit_once('.').expect("three parts");
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hmac::verify(&key, text.as_bytes(), &signature).expect("checked natively");
}
