//! What a process tells the others of a session, by way of a cache that nobody has to trust.
//!
//! It is sealed by the installation's master key and bound to the session: whoever writes the cache
//! makes no session and reads none. What was sealed once can be put back; the time in it says how old
//! it is.

use super::sessions::{Held, Kind};
use crate::Keyring;
use crate::audit::hex;
use bifrost_core::{Caller, Error, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Binds what is sealed to its purpose: nothing else that these keys seal is a session.
const CONTEXT: &[u8] = b"bifrost session 1\n";

/// A session that was good when the database was asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Known {
    /// When the question was asked.
    pub asked_at: DateTime<Utc>,
    /// Where the session is held.
    pub kind: Kind,
    /// The session.
    pub held: Held,
    /// Who holds it, with what they might do then.
    pub caller: Caller,
}

impl Known {
    /// Where the session with this hash is in the cache.
    pub fn key(hash: &[u8]) -> String {
        format!("session:{}", hex(hash))
    }

    /// For this installation's processes, as what is known of the session with this hash.
    pub fn seal(&self, keys: &Keyring, hash: &[u8]) -> Result<Vec<u8>> {
        let plain = serde_json::to_vec(self).map_err(|error| Error::Internal(error.into()))?;
        Ok(keys.seal_token(&plain, &context(hash))?.into_bytes())
    }

    /// What was sealed so; `None` for everything else.
    pub fn open(keys: &Keyring, hash: &[u8], sealed: &[u8]) -> Option<Self> {
        let plain = keys.open_token(std::str::from_utf8(sealed).ok()?, &context(hash))?;
        serde_json::from_slice(&plain).ok()
    }
}

fn context(hash: &[u8]) -> Vec<u8> {
    [CONTEXT, hash].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bifrost_core::{OrganizationId, Role, SessionId, UserId};

    #[test]
    fn only_what_was_sealed_here_for_this_session_is_read() {
        let (user, organization) = (UserId::new(), OrganizationId::new());
        let held = Held { id: SessionId::new(), user, organization, since: crate::now(), is_strong: true };
        let caller = Caller::of_role(user, "canary@o.test", organization, Role::OrgAdmin);
        let known = Known { asked_at: crate::now(), kind: Kind::Browser, held, caller };
        let keys = Keyring::from_bytes([1; 32]);
        let (hash, other) = ([1_u8; 32], [2_u8; 32]);
        let sealed = known.seal(&keys, &hash).expect("sealed");
        assert!(!String::from_utf8_lossy(&sealed).contains("canary"));
        let opened = Known::open(&keys, &hash, &sealed).expect("opens");
        assert_eq!((opened.asked_at, opened.kind, opened.held), (known.asked_at, known.kind, held));
        let (caller, before) = (&opened.caller, &known.caller);
        assert_eq!((&caller.email, caller.role, caller.key), (&before.email, before.role, None));
        assert_eq!((caller.permissions, caller.ceiling), (before.permissions, before.ceiling));

        assert!(Known::open(&keys, &other, &sealed).is_none(), "another session's");
        assert!(Known::open(&Keyring::from_bytes([2; 32]), &hash, &sealed).is_none());
        for position in [0, sealed.len() / 2, sealed.len() - 2] {
            let mut forged = sealed.clone();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            assert!(Known::open(&keys, &hash, &forged).is_none(), "{position}");
        }
        let plain = serde_json::to_vec(&known).expect("json");
        let elsewhere = keys.seal_token(&plain, b"bifrost file url 1").expect("sealed").into_bytes();
        for wrong in [b"".as_slice(), b"\xff\xfe".as_slice(), &plain[..], &elsewhere[..], &sealed[1..]] {
            assert!(Known::open(&keys, &hash, wrong).is_none());
        }
    }
}
