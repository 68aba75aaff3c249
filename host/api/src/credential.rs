//! What a request shows of who sent it: an API key, a session's cookie, or the token of the
//! command line. A cookie speaks only for requests of this platform's own pages.

use crate::cookies::{self, Cookie};
use crate::origin::Origin;
use crate::problem::ApiError;
use crate::state::ApiState;
use bifrost_core::{Caller, Error, SessionId};
use bifrost_store::identity;
use bifrost_store::sign_in::sessions::{Kind, SESSION_PREFIX};
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, header};

/// The header that carries a key, beside `Authorization: Bearer`.
pub const KEY_HEADER: &str = "x-bifrost-key";

/// What was shown.
#[derive(Clone)]
pub enum Credential {
    /// An API key.
    Key(String),
    /// A session's token, and where it came from.
    Session(String, Kind),
}

/// The session behind a request.
#[derive(Clone, Copy, Debug)]
pub struct Signed {
    /// Its id.
    pub id: SessionId,
    /// Where it is held.
    pub kind: Kind,
    /// When the person signed in.
    pub since: DateTime<Utc>,
    /// With a second factor or a passkey, or by an identity provider.
    pub is_strong: bool,
    /// It is good for adding a second factor, and for nothing else.
    pub lacks_second_factor: bool,
}

impl Credential {
    /// That of a request. A header that a program sets comes before a cookie, which the
    /// browser adds by itself.
    pub fn of(headers: &HeaderMap, state: &ApiState) -> Option<Self> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| {
            let (scheme, key) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        });
        let key = bearer.or_else(|| headers.get(KEY_HEADER).and_then(|value| value.to_str().ok()));
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            return Some(Self::of_text(key));
        }
        let cookie = Cookie::Session.get(headers, state.sign_in.public_url())?;
        Some(Self::Session(cookie, Kind::Browser))
    }

    /// That of a text which a program has sent. A cookie's value is none.
    pub fn of_text(text: &str) -> Self {
        match text.starts_with(SESSION_PREFIX) {
            true => Self::Session(text.to_owned(), Kind::CommandLine),
            false => Self::Key(text.to_owned()),
        }
    }

    /// Refuses what a page of somewhere else has sent with this platform's cookie.
    pub fn check_sender(
        &self,
        method: &Method,
        live: bool,
        headers: &HeaderMap,
        state: &ApiState,
    ) -> Result<(), ApiError> {
        match self {
            Self::Session(_, Kind::Browser) => {
                cookies::check_own(method, live, headers, state.sign_in.public_url())
            }
            Self::Session(..) | Self::Key(_) => Ok(()),
        }
    }

    /// Whose it is. `Unauthenticated` when it is not good, `Limited` when there were too many.
    pub async fn caller(&self, state: &ApiState, origin: &Origin) -> Result<(Caller, Option<Signed>), Error> {
        let throttle = state.sign_in.throttle();
        let found = match self {
            Self::Key(key) => identity::authenticate(&state.db, key).await?.map(|caller| (caller, None)),
            Self::Session(token, kind) => {
                let found = state.sign_in.session(token, *kind).await?;
                found.map(|bifrost_signin::Signed { held, caller, lacks_second_factor }| {
                    let (kind, is_strong) = (*kind, held.is_strong);
                    let signed =
                        Signed { id: held.id, kind, since: held.since, is_strong, lacks_second_factor };
                    (caller, Some(signed))
                })
            }
        };
        let Some((caller, signed)) = found else {
            throttle.stranger(origin.address())?;
            if let Self::Key(key) = self
                && let Some(holder) = identity::holder(&state.db, key).await?
            {
                origin.note(holder);
                origin.deny("a key that is not good any more");
            }
            return Err(Error::Unauthenticated);
        };
        let id = signed.map(|signed| signed.id.0).or(caller.key.map(|key| key.0));
        throttle.key(id.unwrap_or(caller.user.0))?;
        Ok((caller, signed))
    }
}
