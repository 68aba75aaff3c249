//! Passwords: hashed with argon2id, off the event loop and a few at a time, and refused when
//! they are too short or known from breaches.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use bifrost_core::{Error, Result};
use std::io::Read;
use std::sync::OnceLock;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Memory of one hash, in KiB. With [`PASSES`] and [`LANES`] the first choice of the OWASP
/// Password Storage Cheat Sheet for argon2id (19 MiB, 2, 1), also what RFC 9106 leaves to
/// those who cannot give 2 GiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes; one, so that a hash takes one thread.
const LANES: u32 = 1;
/// Bytes of the hash.
const OUTPUT: usize = 32;
/// Bytes of the salt, as RFC 9106 recommends.
const SALT: usize = 16;

/// Fewest characters. NIST SP 800-63B wants 8 beside a second factor and 15 without; this is
/// between, with breached passwords refused and guessing slowed down.
pub const MIN_CHARACTERS: usize = 10;
/// Most bytes: longer ones only cost time.
pub const MAX_BYTES: usize = 256;
/// Hashes that may wait for a thread; beyond it callers hear `Busy`.
const WAITING: usize = 64;
/// Characters around a common password that do not make it a good one, such as `2026!`.
const DECORATION: usize = 4;

/// About 53,000 passwords from breaches; see `data/README.md`.
const COMMON: &[u8] = include_bytes!("../data/common-passwords.txt.gz");

/// Hashes and verifies passwords. Each hash takes a core and 19 MiB for some tens of
/// milliseconds, so that only half of the cores are used, and the line is short.
pub struct Hasher {
    running: Semaphore,
    waiting: Semaphore,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { running: Semaphore::new((cores / 2).max(1)), waiting: Semaphore::new(WAITING) }
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT)).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Internal(anyhow::anyhow!("argon2: {error}"))
}

fn hashed(password: &str) -> Result<String> {
    let mut bytes = [0u8; SALT];
    getrandom::fill(&mut bytes).map_err(failed)?;
    let salt = SaltString::encode_b64(&bytes).map_err(failed)?;
    Ok(argon2()?.hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

fn matches(password: &str, hash: &str) -> Result<bool> {
    let parsed = PasswordHash::new(hash).map_err(failed)?;
    // The parameters are the hash's own: older ones stay good when ours rise.
    match argon2()?.verify_password(password.as_bytes(), &parsed) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::Password) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// The hash of nothing that anybody knows: verifying against it takes as long as against a
/// real one, so that time does not tell whether there is an account.
fn nobody() -> Result<&'static str> {
    static NOBODY: OnceLock<String> = OnceLock::new();
    if NOBODY.get().is_none() {
        let mut random = [0u8; OUTPUT];
        getrandom::fill(&mut random).map_err(failed)?;
        let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        // Another thread may have been first; both are as good.
        let _ = NOBODY.set(hashed(&text)?);
    }
    NOBODY.get().map(String::as_str).ok_or_else(|| failed("no hash"))
}

impl Hasher {
    /// The hash of a password, in PHC format. `Busy` when too many wait.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String> {
        self.run(move || hashed(&password)).await
    }

    /// Whether a password is that of a hash; always false, and as slow, where there is none.
    pub async fn verify(&self, password: Zeroizing<String>, hash: Option<String>) -> Result<bool> {
        self.run(move || match hash {
            Some(hash) if password.len() <= MAX_BYTES => matches(&password, &hash),
            _ => matches(&password, nobody()?).map(|_| false),
        })
        .await
    }

    /// Checks that a new password may be one, then hashes it.
    ///
    /// # Errors
    /// `Invalid` with the reason, under the name of the field.
    pub async fn accept(
        &self,
        field: &'static str,
        password: Zeroizing<String>,
        about: &[&str],
    ) -> Result<String> {
        let about: Vec<String> = about.iter().map(|&text| text.to_owned()).collect();
        self.run(move || {
            let about: Vec<&str> = about.iter().map(String::as_str).collect();
            check(&password, &about).map_err(|why| Error::invalid(field, why))?;
            hashed(&password)
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let _place = self.waiting.try_acquire().map_err(|_| Error::Busy("too many sign-ins"))?;
        let _turn = self.running.acquire().await.map_err(failed)?;
        tokio::task::spawn_blocking(work).await.map_err(failed)?
    }
}

/// Whether a password may be one; else why not. `about` is what others know of the person.
fn check(password: &str, about: &[&str]) -> Result<(), String> {
    if password.chars().count() < MIN_CHARACTERS {
        return Err(format!(
            "expected {MIN_CHARACTERS} characters at least; a few words make a good password"
        ));
    }
    if password.len() > MAX_BYTES {
        return Err(format!("expected {MAX_BYTES} bytes at most"));
    }
    let lower = password.to_lowercase();
    let first = lower.chars().next();
    if lower.chars().all(|c| Some(c) == first) {
        return Err("one character over and over is easily guessed".into());
    }
    for text in about {
        let parts = text.split(['@', ' ', '.']).chain([*text]).map(str::to_lowercase);
        for part in parts.filter(|part| part.chars().count() > 3) {
            if lower.contains(&part) && lower.chars().count() < part.chars().count() + 2 * DECORATION {
                return Err("your name or e-mail address is easily guessed".into());
            }
        }
    }
    match is_common(&lower) {
        true => Err("this password is known from breaches, and tried first by whoever guesses".into()),
        false => Ok(()),
    }
}

/// Whether a password is on the list, also with a few digits or signs around it.
fn is_common(lower: &str) -> bool {
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let decorated = core.chars().count() >= 5
        && lower.chars().count() - core.chars().count() <= DECORATION
        && core != lower;
    let mut list = String::new();
    if flate2::read::GzDecoder::new(COMMON).read_to_string(&mut list).is_err() {
        // The list is a part of the program.
        return false;
    }
    list.lines().any(|line| line == lower || (decorated && line == core))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused() {
        let refused = |password: &str| check(password, &["ada@example.com", "Ada Lovelace"]).is_err();
        for bad in [
            "short",
            "1234567890",
            "qwertyuiop",
            "Password2026",
            "!!football99",
            "aaaaaaaaaaaaaaa",
            "lovelace1234",
            "Example.com1",
            &"x1".repeat(200),
        ] {
            assert!(refused(bad), "{bad}");
        }
        for good in
            ["correct horse battery", "xK9-fiaMq2-pp", "überraschung im zug", "lovelace likes engines"]
        {
            assert!(!refused(good), "{good}");
        }
    }

    #[tokio::test]
    async fn hashes_are_salted_and_verified() {
        let hasher = Hasher::default();
        let password = || Zeroizing::new("correct horse battery".to_owned());
        let (one, two) =
            (hasher.hash(password()).await.expect("hash"), hasher.hash(password()).await.expect("hash"));
        assert_ne!(one, two);
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert!(hasher.verify(password(), Some(one.clone())).await.expect("verified"));
        assert!(!hasher.verify(Zeroizing::new("wrong".into()), Some(one)).await.expect("verified"));
        assert!(!hasher.verify(password(), None).await.expect("verified"));
    }

    #[tokio::test]
    async fn a_long_line_is_refused() {
        let hasher = Hasher::default();
        let all = hasher.waiting.acquire_many(WAITING as u32).await.expect("open");
        let busy = hasher.verify(Zeroizing::new("x".into()), None).await;
        assert!(matches!(busy, Err(Error::Busy(_))));
        drop(all);
        assert!(hasher.verify(Zeroizing::new("x".into()), None).await.is_ok());
    }
}
