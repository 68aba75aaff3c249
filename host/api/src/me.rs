//! Who asks about how they sign in: people who are signed in, and how well.

use crate::auth::{Auth, Entering};
use crate::credential::Signed;
use crate::problem::ApiError;
use crate::state::ApiState;
use axum::extract::FromRequestParts;
use bifrost_core::Error;
use bifrost_signin::Person;
use bifrost_store::Scoped;
use bifrost_store::sign_in::passkeys;
use chrono::{TimeDelta, Utc};
use http::StatusCode;
use http::request::Parts;

/// A sign-in is recent for this long.
const RECENT: TimeDelta = TimeDelta::minutes(15);

/// A person who is signed in; no API key.
pub(crate) struct Me {
    pub(crate) auth: Auth,
    pub(crate) signed: Signed,
}

impl FromRequestParts<ApiState> for Me {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        Ok(Self::of(Auth::from_request_parts(parts, state).await?)?)
    }
}

/// As [`Me`], and also who has to add a second factor before anything else.
pub(crate) struct EnteringMe(pub(crate) Me);

impl FromRequestParts<ApiState> for EnteringMe {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let Entering(auth) = Entering::from_request_parts(parts, state).await?;
        Ok(Self(Me::of(auth)?))
    }
}

/// As [`Me`], signed in within the last [`RECENT`].
pub(crate) struct RecentMe(pub(crate) Me);

impl FromRequestParts<ApiState> for RecentMe {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let me = Me::from_request_parts(parts, state).await?;
        me.check_recent()?;
        Ok(Self(me))
    }
}

/// Somebody who may add a second factor or a passkey: as [`RecentMe`], and also who has to. Who
/// has to and has one already signs in with it: then a password alone adds no other.
pub(crate) struct AddingMe(pub(crate) Me);

impl FromRequestParts<ApiState> for AddingMe {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let EnteringMe(me) = EnteringMe::from_request_parts(parts, state).await?;
        me.check_recent()?;
        if me.signed.lacks_second_factor && me.has_any_factor(state).await? {
            return Err(Error::SecondFactorRequired.into());
        }
        Ok(Self(me))
    }
}

impl Me {
    fn of(auth: Auth) -> Result<Self, Error> {
        match auth.signed {
            Some(signed) => Ok(Self { auth, signed }),
            None => Err(Error::Denied("this needs a person who is signed in, not an API key".into())),
        }
    }

    async fn has_any_factor(&self, state: &ApiState) -> Result<bool, Error> {
        let person = self.person();
        Ok(state.sign_in.has_second_factor(person).await?
            || !passkeys::list(&self.org(state), person.user).await?.is_empty())
    }

    /// Refuses who has signed in too long ago.
    pub(crate) fn check_recent(&self) -> Result<(), ApiError> {
        if Utc::now() - self.signed.since <= RECENT {
            return Ok(());
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "sign_in_again",
            format!("sign in again: this needs a sign-in of the last {} minutes", RECENT.num_minutes()),
        ))
    }

    /// The person.
    pub(crate) fn person(&self) -> Person {
        Person { user: self.auth.caller.user, organization: self.auth.caller.organization }
    }

    /// The person's own organization, whichever one the request is about.
    pub(crate) fn org(&self, state: &ApiState) -> Scoped {
        self.auth.db(state).org(self.auth.caller.organization)
    }
}
