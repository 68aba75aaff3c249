//! A software authenticator: one P-256 key, and the answers that WebAuthn wants of it. What a
//! hostile one would do differently can be set.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// User present and user verified.
const PRESENT_AND_VERIFIED: u8 = 0x05;
/// Beside them: a credential follows.
const ATTESTED: u8 = 0x40;

pub struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    user: Vec<u8>,
    pub counter: u32,
    /// The page that the browser says it answers.
    pub origin: String,
    /// The host that it signs for.
    pub host: String,
    /// Whether it has verified its user.
    pub verifies: bool,
}

impl Authenticator {
    pub fn new(origin: &str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).expect("a key");
        let id = Sha256::digest(key.public_key().as_ref()).to_vec();
        let host = origin.rsplit_once("//").and_then(|(_, rest)| rest.split(':').next()).expect("a host");
        Self {
            key,
            id,
            user: Vec::new(),
            counter: 0,
            origin: origin.into(),
            host: host.into(),
            verifies: true,
        }
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    fn data(&mut self, flags: u8) -> Vec<u8> {
        self.counter += 1;
        let flags = if self.verifies { flags | PRESENT_AND_VERIFIED } else { flags | 1 };
        let mut data = Sha256::digest(self.host.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// Makes its key the user's.
    pub fn create(&mut self, challenge: &Value) -> Value {
        let options = &challenge["publicKey"];
        self.user = BASE64URL.decode(options["user"]["id"].as_str().expect("an id")).expect("base64");
        let client_data = self.client_data("webauthn.create", &options["challenge"]);
        let mut data = self.data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        // COSE, in CBOR: EC2, ES256, P-256, x, y.
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).expect("short"));
        object.extend(data);
        let id = BASE64URL.encode(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "attestationObject": BASE64URL.encode(object),
                "clientDataJSON": BASE64URL.encode(client_data),
            },
        })
    }

    /// Signs a challenge.
    pub fn get(&mut self, challenge: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", &challenge["publicKey"]["challenge"]);
        let data = self.data(0);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        let id = BASE64URL.encode(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "authenticatorData": BASE64URL.encode(data),
                "clientDataJSON": BASE64URL.encode(client_data),
                "signature": BASE64URL.encode(signature.as_ref()),
                "userHandle": BASE64URL.encode(&self.user),
            },
        })
    }
}
