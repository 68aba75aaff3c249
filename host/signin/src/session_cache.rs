//! Which sessions are good: the database says it, and it is believed for [`SESSION_CACHE`] from the
//! question on, by the process that asked and, where they share a cache, by all others. Whatever is
//! wrong with that cache, the database is asked.

use crate::SESSION_CACHE;
use bifrost_core::ports::SharedCache;
use bifrost_core::{Caller, Result};
use bifrost_store::sign_in::hash;
use bifrost_store::sign_in::known::Known;
use bifrost_store::sign_in::sessions::{self, Ended, Held, Kind, SESSION_PREFIX};
use bifrost_store::{Db, Keyring, identity, now, platform_settings};
use moka::future::Cache;
use std::sync::Arc;
use std::time::Instant;

/// Sessions that a process remembers.
const SESSIONS: u64 = 20_000;

/// A session, and who holds it now.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The session.
    pub held: Held,
    /// Its holder.
    pub caller: Caller,
    /// The policy asks for a second factor, and the session was begun without one: it is good for
    /// adding one, and for nothing else. Nobody remembers that: adding one ends it at once.
    pub lacks_second_factor: bool,
}

/// What this process believes of sessions, by the hash of their token.
pub(crate) struct SessionCache {
    db: Db,
    keyring: Keyring,
    own: Cache<Vec<u8>, Belief>,
    shared: Option<Arc<dyn SharedCache>>,
}

#[derive(Clone)]
struct Belief {
    /// `None` for a session that was ended here: whatever others still say, it is over.
    known: Option<Known>,
    until: Instant,
}

impl SessionCache {
    pub(crate) fn new(db: Db, keyring: Keyring, shared: Option<Arc<dyn SharedCache>>) -> Self {
        let own = Cache::builder().max_capacity(SESSIONS).time_to_live(SESSION_CACHE).build();
        Self { db, keyring, own, shared }
    }

    /// Who holds a session now; `None` when it is not good.
    pub(crate) async fn find(&self, token: &str, kind: Kind) -> Result<Option<Signed>> {
        if !token.starts_with(SESSION_PREFIX) {
            return Ok(None);
        }
        let hash = hash(token);
        let known = match self.own.get(&hash).await.filter(|belief| belief.until > Instant::now()) {
            Some(belief) => belief.known,
            None => match self.recall(&hash).await {
                Some(known) => Some(known),
                None => return self.ask(&hash, token, kind).await,
            },
        };
        let known = known.filter(|known| known.kind == kind);
        Ok(known.map(|Known { held, caller, .. }| Signed { held, caller, lacks_second_factor: false }))
    }

    /// Forgets all that this process believes; after the policy has changed.
    pub(crate) fn forget_all(&self) {
        self.own.invalidate_all();
    }

    /// Asks the database again about a session that counts for more.
    pub(crate) async fn renew(&self, token: &str) {
        let hash = hash(token);
        self.own.invalidate(&hash).await;
        if let Some(shared) = &self.shared {
            shared.delete(vec![Known::key(&hash)]).await;
        }
    }

    /// Forgets sessions that have ended: at once in this process, sooner than by itself in others.
    pub(crate) async fn forget(&self, ended: &Ended) {
        for hash in ended {
            self.believe(hash, None, Instant::now() + SESSION_CACHE).await;
        }
        if let Some(shared) = &self.shared {
            shared.delete(ended.iter().map(|hash| Known::key(hash)).collect()).await;
        }
    }

    /// What the database says.
    async fn ask(&self, hash: &[u8], token: &str, kind: Kind) -> Result<Option<Signed>> {
        let (begun, asked_at) = (Instant::now(), now());
        let Some(held) = sessions::find(&self.db, token, kind).await? else { return Ok(None) };
        let Some(caller) = identity::caller(&self.db, held.user).await? else { return Ok(None) };
        let lacks_second_factor =
            !held.is_strong && platform_settings::get(&self.db).await?.second_factor.asks(caller.role);
        let signed = Signed { held, caller, lacks_second_factor };
        if lacks_second_factor {
            return Ok(Some(signed));
        }
        let known = Known { asked_at, kind, held, caller: signed.caller.clone() };
        self.believe(hash, Some(known.clone()), begun + SESSION_CACHE).await;
        if let Some(shared) = &self.shared
            && let Ok(sealed) = known.seal(&self.keyring, hash)
        {
            let left = SESSION_CACHE.saturating_sub(begun.elapsed());
            shared.set(&Known::key(hash), sealed, left).await;
        }
        Ok(Some(signed))
    }

    /// What another process was told, for as long as that is good.
    async fn recall(&self, hash: &[u8]) -> Option<Known> {
        let begun = Instant::now();
        let (sealed, left) = self.shared.as_ref()?.get(&Known::key(hash)).await?;
        let known = Known::open(&self.keyring, hash, &sealed)?;
        // The cache counts the time that is left, whatever the clocks of processes say; what
        // somebody has put back is known by its age.
        let age = (now() - known.asked_at).to_std().unwrap_or_default();
        let left = left.min(SESSION_CACHE.checked_sub(age)?);
        self.believe(hash, Some(known.clone()), begun + left).await;
        Some(known)
    }

    async fn believe(&self, hash: &[u8], known: Option<Known>, until: Instant) {
        let new = Belief { known, until };
        let upserted = self.own.entry_by_ref(hash).and_upsert_with(|old| {
            // Who asked before the session ended may hear the answer afterwards.
            let ended = old.map(|old| old.into_value()).filter(|old| old.known.is_none());
            std::future::ready(ended.unwrap_or(new))
        });
        upserted.await;
    }
}
