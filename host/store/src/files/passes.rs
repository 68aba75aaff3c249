//! Signed addresses: whoever has one writes or reads one file for some minutes, without a key.
//!
//! The token is sealed by the installation's master key. Its content is what was decided when it
//! was made; nothing beside it is believed when it comes back.

use crate::{Db, Keyring};
use bifrost_core::files::Pass;
use bifrost_core::{Error, Result};
use chrono::{DateTime, Utc};

/// Binds a token to its purpose: nothing else that these keys seal is a token.
const CONTEXT: &[u8] = b"bifrost file url 1";

/// The token of an address.
pub fn sign(keys: &Keyring, pass: &Pass) -> Result<String> {
    let plain = serde_json::to_vec(pass).map_err(|error| Error::Internal(error.into()))?;
    keys.seal_token(&plain, CONTEXT)
}

/// What a token is good for now. `NotFound` for one that was not made here, for another method,
/// or too old, and where its organization is not active any more.
pub async fn open(db: &Db, keys: &Keyring, token: &str, writes: bool, now: DateTime<Utc>) -> Result<Pass> {
    let unknown = || Error::NotFound("signed address");
    let plain = keys.open_token(token, CONTEXT).ok_or_else(unknown)?;
    let pass: Pass = serde_json::from_slice(&plain).map_err(|_| unknown())?;
    if pass.writes != writes || pass.expires_at <= now {
        return Err(unknown());
    }
    let organization = crate::organizations::get(&db.system(), pass.organization).await?;
    if !organization.is_active {
        return Err(unknown());
    }
    Ok(pass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bifrost_core::OrganizationId;

    #[test]
    fn only_what_was_sealed_here_for_this_is_read() {
        let (old, new) = (Keyring::from_bytes([1; 32]), Keyring::from_bytes([2; 32]));
        let both = new.with_previous(&old);
        let pass = Pass::new(OrganizationId::new(), "uploads", "a/b.csv", "PUT", "text/csv", crate::now());
        let pass = pass.expect("a pass");
        let token = sign(&both, &pass).expect("a token");
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{token}");
        // A process that has not heard of the new key reads it, too.
        for keys in [&old, &both] {
            let plain = keys.open_token(&token, CONTEXT).expect("opens");
            assert_eq!(serde_json::from_slice::<Pass>(&plain).expect("a pass"), pass);
        }
        assert!(new.open_token(&token, CONTEXT).is_none());
        assert!(old.open_token(&token, b"another purpose").is_none());
        for position in [0, token.len() / 2, token.len() - 1] {
            let mut forged = token.clone().into_bytes();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("text");
            assert!(forged == token || old.open_token(&forged, CONTEXT).is_none(), "{position}");
        }
        for wrong in ["", "A", "=", "..", &token[1..], &format!("{token}A"), &format!("{token}==")] {
            assert!(old.open_token(wrong, CONTEXT).is_none(), "{wrong}");
        }
    }
}
