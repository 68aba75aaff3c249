//! Whether a webhook's sender is who it has to be: signatures over the bytes as they came, in
//! constant time.

use bifrost_core::WebhookKind;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use http::HeaderMap;
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Bytes of a SHA-256.
const DIGEST: usize = 32;
/// Signatures in one header; senders that change their secret send two.
const MAX_SIGNATURES: usize = 8;
/// Digits of a time in seconds.
const MAX_DIGITS: usize = 15;

/// A request that says to be from a source.
pub struct Claim<'a> {
    /// Of the source.
    pub kind: WebhookKind,
    /// The header with the signature.
    pub header: &'a str,
    /// How far a signed time may be from now, in seconds.
    pub tolerance: u32,
    /// As they came.
    pub headers: &'a HeaderMap,
    /// As it came.
    pub body: &'a [u8],
    /// The time of now.
    pub now: DateTime<Utc>,
}

/// Why a request is refused. Senders are told no more than that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The source has no secret to compare with.
    NoSecret,
    /// There is no signature.
    Missing,
    /// There are two headers, so that two readers could see two signatures.
    Repeated,
    /// What is there is no signature.
    Malformed,
    /// It is made by something other than HMAC-SHA256.
    Algorithm,
    /// It is not that of this body with this secret.
    Wrong,
    /// Signed too long ago, or in the future.
    Stale,
}

impl Refusal {
    /// For the audit log and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::Missing => "signature_missing",
            Self::Repeated => "signature_repeated",
            Self::Malformed => "signature_malformed",
            Self::Algorithm => "signature_algorithm",
            Self::Wrong => "signature_wrong",
            Self::Stale => "signature_stale",
        }
    }
}

/// Checks a request with every secret of its source.
pub fn verify<S: AsRef<[u8]>>(claim: &Claim<'_>, secrets: &[S]) -> Result<(), Refusal> {
    let secrets: Vec<&[u8]> = secrets.iter().map(AsRef::as_ref).filter(|secret| !secret.is_empty()).collect();
    if secrets.is_empty() && claim.kind.has_secret() {
        return Err(Refusal::NoSecret);
    }
    match claim.kind {
        WebhookKind::Generic => plain(claim, &secrets, false),
        WebhookKind::Github => plain(claim, &secrets, true),
        WebhookKind::Timestamped => timestamped(claim, &secrets),
        WebhookKind::MicrosoftGraph => client_states(claim.body, &secrets),
        WebhookKind::Unsigned => Ok(()),
        // Nothing of it comes by HTTP.
        WebhookKind::Adapter | WebhookKind::Topic => Err(Refusal::NoSecret),
    }
}

/// `sha256=` and the signature in hexadecimal; the prefix may be missing where no kind demands it.
fn plain(claim: &Claim<'_>, secrets: &[&[u8]], demands_prefix: bool) -> Result<(), Refusal> {
    let text = single(claim.headers, claim.header)?;
    let signature = match text.split_once('=') {
        Some(("sha256", signature)) => signature,
        Some(_) => return Err(Refusal::Algorithm),
        None if demands_prefix => return Err(Refusal::Malformed),
        None => text,
    };
    let signature = unhex(signature).ok_or(Refusal::Malformed)?;
    if is_by_one(secrets, &[claim.body], &[signature]) { Ok(()) } else { Err(Refusal::Wrong) }
}

/// `t=1700000000,v1=…,v1=…`, signed over the time, a dot and the body.
fn timestamped(claim: &Claim<'_>, secrets: &[&[u8]]) -> Result<(), Refusal> {
    let text = single(claim.headers, claim.header)?;
    let (mut time, mut signatures) = (None, Vec::new());
    for part in text.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => {
                if time.replace(value).is_some() {
                    return Err(Refusal::Repeated);
                }
            }
            Some(("v1", value)) => signatures.push(unhex(value).ok_or(Refusal::Malformed)?),
            // Other schemes stand beside it and are not looked at.
            Some(_) => {}
            None => return Err(Refusal::Malformed),
        }
    }
    let time = time.ok_or(Refusal::Malformed)?;
    if time.is_empty() || time.len() > MAX_DIGITS || !time.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::Malformed);
    }
    if signatures.is_empty() {
        return Err(Refusal::Algorithm);
    }
    if signatures.len() > MAX_SIGNATURES {
        return Err(Refusal::Malformed);
    }
    if !is_by_one(secrets, &[time.as_bytes(), b".", claim.body], &signatures) {
        return Err(Refusal::Wrong);
    }
    let seconds: i64 = time.parse().map_err(|_| Refusal::Malformed)?;
    if claim.now.timestamp().abs_diff(seconds) > u64::from(claim.tolerance) {
        return Err(Refusal::Stale);
    }
    Ok(())
}

/// Every notification has the secret that the subscription was made with.
fn client_states(body: &[u8], secrets: &[&[u8]]) -> Result<(), Refusal> {
    let document: Value = serde_json::from_slice(body).map_err(|_| Refusal::Malformed)?;
    let all = document.get("value").and_then(Value::as_array).filter(|all| !all.is_empty());
    let mut is_right = true;
    for one in all.ok_or(Refusal::Malformed)? {
        let state = one.get("clientState").and_then(Value::as_str).ok_or(Refusal::Missing)?;
        let same = |secret: &&[u8]| bool::from(secret.ct_eq(state.as_bytes()));
        is_right &= secrets.iter().filter(|secret| same(secret)).count() > 0;
    }
    if is_right { Ok(()) } else { Err(Refusal::Wrong) }
}

/// The value of a header that is there once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    let mut all = headers.get_all(name).iter();
    let value = all.next().ok_or(Refusal::Missing)?;
    if all.next().is_some() {
        return Err(Refusal::Repeated);
    }
    match value.to_str().map(str::trim) {
        Ok("") => Err(Refusal::Missing),
        Ok(text) => Ok(text),
        Err(_) => Err(Refusal::Malformed),
    }
}

/// Whether one of the signatures was made with one of the secrets. All are tried.
fn is_by_one(secrets: &[&[u8]], parts: &[&[u8]], signatures: &[[u8; DIGEST]]) -> bool {
    let mut found = false;
    for secret in secrets {
        // A key of any length is one.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { continue };
        parts.iter().for_each(|part| mac.update(part));
        for signature in signatures {
            found |= mac.clone().verify_slice(signature).is_ok();
        }
    }
    found
}

fn unhex(text: &str) -> Option<[u8; DIGEST]> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != DIGEST || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; DIGEST];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
#[path = "signatures_tests.rs"]
mod tests;
