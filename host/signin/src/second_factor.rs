//! The second factor by a code of an authenticator app (RFC 6238), and the recovery codes
//! for whoever has lost it.

use bifrost_core::{Error, Result};
use bifrost_store::sign_in;
use std::fmt::Write;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

/// Bytes of a shared secret, as RFC 4226 recommends.
const SECRET: usize = 20;
/// Length of a time step, in seconds; what every app knows.
const STEP: u64 = 30;
/// Steps that a clock may be off.
const SKEW: u16 = 1;
/// Digits of a code.
const DIGITS: u8 = 6;
/// Recovery codes in a set.
const CODES: usize = 10;
/// Random bytes in a recovery code; 80 bits need no slow hash.
const CODE: usize = 10;
/// RFC 4648, in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A new shared secret.
pub fn new_secret() -> Result<Zeroizing<Vec<u8>>> {
    let mut secret = Zeroizing::new(vec![0u8; SECRET]);
    getrandom::fill(&mut secret).map_err(no_randomness)?;
    Ok(secret)
}

fn no_randomness(error: getrandom::Error) -> Error {
    Error::Internal(anyhow::anyhow!("no randomness: {error}"))
}

fn totp(secret: &[u8]) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_skew(SKEW)
        .with_step_duration(STEP)
        .with_secret(Secret::new(secret.into()))
        .build_noncompliant()
}

/// The secret as an app takes it by hand, and as the address behind a QR code.
pub fn shown(secret: &[u8], issuer: &str, account: &str) -> (Zeroizing<String>, Zeroizing<String>) {
    let text = Zeroizing::new(base32(secret).to_uppercase());
    let mut url = url::Url::parse("otpauth://totp/").unwrap_or_else(|_| unreachable!("a constant"));
    // Colons part the issuer from the account.
    let plain = |text: &str| text.replace(':', " ");
    url.set_path(&format!("/{}:{}", plain(issuer), plain(account)));
    url.query_pairs_mut().append_pair("secret", &text).append_pair("issuer", issuer);
    (text.clone(), Zeroizing::new(url.into()))
}

/// The time step that a code is good for at a time in seconds since 1970, if it is.
pub fn check(secret: &[u8], code: &str, time: i64) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let plain = code.len() == usize::from(DIGITS) && code.bytes().all(|byte| byte.is_ascii_digit());
    let time = u64::try_from(time).ok()?;
    let step = plain.then(|| totp(secret).check(&code, time)).flatten()?;
    i64::try_from(step).ok()
}

/// New recovery codes, and what is kept of them.
pub fn new_codes() -> Result<(Vec<String>, Vec<Vec<u8>>)> {
    let mut codes = Vec::with_capacity(CODES);
    for _ in 0..CODES {
        let mut bytes = [0u8; CODE];
        getrandom::fill(&mut bytes).map_err(no_randomness)?;
        let text = base32(&bytes);
        let mut shown = String::new();
        for (at, letter) in text.chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                shown.push('-');
            }
            shown.push(letter);
        }
        codes.push(shown);
    }
    let kept = codes.iter().map(|code| kept_code(code)).collect();
    Ok((codes, kept))
}

/// What is kept of a recovery code, however it was typed.
pub fn kept_code(code: &str) -> Vec<u8> {
    let plain: String =
        code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    sign_in::hash(&format!("recovery code\0{plain}"))
}

/// Without padding; whole groups of five bytes need none.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let mut bits = 0u64;
        for at in 0..5 {
            bits = bits << 8 | u64::from(group.get(at).copied().unwrap_or(0));
        }
        for at in (0..8).rev() {
            let letter = BASE32[(bits >> (at * 5) & 31) as usize];
            // Writing to a text cannot fail.
            let _ = text.write_char(char::from(letter));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, cut to six digits.
    const VECTORS: [(i64, &str); 4] =
        [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")];

    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (time, code) in VECTORS {
            assert_eq!(check(secret, code, time), Some(time / 30), "{time}");
            assert_eq!(check(secret, &format!("{} {}", &code[..3], &code[3..]), time), Some(time / 30));
            assert_eq!(check(secret, code, time + 30), Some(time / 30), "one step late");
            assert_eq!(check(secret, code, time + 90), None, "three steps late");
        }
        for wrong in ["", "28708", "2870822", "28708a", "٢٨٧٠٨٢", "000000"] {
            assert_eq!(check(secret, wrong, 59), None, "{wrong}");
        }
    }

    #[test]
    fn apps_can_read_the_secret() {
        let (text, url) = shown(b"12345678901234567890", "Bifrost: X", "ada@example.com");
        assert_eq!(*text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            *url,
            "otpauth://totp/Bifrost%20%20X:ada@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bifrost%3A+X"
        );
    }

    #[test]
    fn recovery_codes_are_typed_as_people_like() {
        let (codes, kept) = new_codes().expect("codes");
        assert_eq!(codes.len(), CODES);
        assert_eq!(codes[0].len(), 19, "{}", codes[0]);
        assert_eq!(kept_code(&codes[0].to_uppercase().replace('-', " ")), kept[0]);
        assert_ne!(kept[0], kept[1]);
    }
}
