//! Signing in, apart from HTTP: which password, code, passkey or answer of an identity
//! provider is right, and what slows down guessing. What is kept is `bifrost_store::sign_in`'s.

pub mod oidc;
pub mod passkeys;
pub mod password;
pub mod second_factor;
mod session_cache;
pub mod throttle;

use bifrost_core::ports::SharedCache;
use bifrost_core::{Error, OrganizationId, Result, UserId};
use bifrost_store::sign_in::failures::{self, Subject};
use bifrost_store::sign_in::flows::{self, Kind};
use bifrost_store::sign_in::passwords;
use bifrost_store::sign_in::sessions::{self, Ended};
use bifrost_store::sign_in::totp;
use bifrost_store::{Db, Keyring};
use chrono::{TimeDelta, Utc};
use oidc::Oidc;
use passkeys::Passkeys;
use password::Hasher;
use serde::{Deserialize, Serialize};
use session_cache::SessionCache;
pub use session_cache::Signed;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use throttle::{ACCOUNT, ADDRESS, Rates, Throttle, limited};
use url::Url;
use zeroize::Zeroizing;

/// How long a step of signing in may take.
pub const STEP: TimeDelta = TimeDelta::minutes(10);
/// How long processes believe that a session is good after one of them has asked the database: what
/// is revoked elsewhere is refused within this time.
pub const SESSION_CACHE: Duration = Duration::from_secs(2);

/// How people reach the platform, and how often.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address that browsers see.
    pub public_url: Url,
    /// How often requests may come.
    pub rates: Rates,
}

impl Settings {
    /// For a platform at this address, with the default rates.
    ///
    /// # Errors
    /// `Invalid` when it is not an http or https address.
    pub fn at(public_url: &str) -> Result<Self> {
        let error = |text: String| Error::invalid("public_url", text);
        let url = Url::parse(public_url).map_err(|e| error(format!("`{public_url}` is no address: {e}")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(error(format!("`{public_url}` is neither http:// nor https://")));
        }
        Ok(Self { public_url: url, rates: Rates::default() })
    }
}

/// Everything that signing in needs. Cheap to clone.
#[derive(Clone)]
pub struct SignIn(Arc<Inner>);

struct Inner {
    db: Db,
    keyring: Keyring,
    public_url: Url,
    hasher: Hasher,
    passkeys: Passkeys,
    oidc: Oidc,
    throttle: Throttle,
    sessions: SessionCache,
}

/// Somebody who has shown who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user.
    pub user: UserId,
    /// The user's organization.
    pub organization: OrganizationId,
}

/// What a password was worth.
#[derive(Debug)]
pub enum Checked {
    /// It is all that is needed.
    SignedIn(Person),
    /// A second factor is still to come; the token opens the step.
    SecondFactor(Person, String),
    /// No account has this e-mail and this password.
    Wrong,
    /// Several accounts have them; the names of their organizations.
    Several(Vec<String>),
    /// The account that has them is suspended, or its organization is.
    Suspended(Person),
}

/// What is kept between password and second factor.
#[derive(Serialize, Deserialize)]
struct Half {
    organization: OrganizationId,
}

impl SignIn {
    /// Prepares signing in. `shared` is where processes tell each other of sessions, if anywhere.
    ///
    /// # Errors
    /// When the public address fits no passkey library, or there is no HTTP client.
    pub fn new(
        db: Db,
        keyring: Keyring,
        settings: Settings,
        shared: Option<Arc<dyn SharedCache>>,
    ) -> Result<Self> {
        let url = settings.public_url;
        Ok(Self(Arc::new(Inner {
            sessions: SessionCache::new(db.clone(), keyring.clone(), shared),
            db,
            keyring,
            passkeys: Passkeys::new(&url)?,
            oidc: Oidc::new(url.clone())?,
            public_url: url,
            hasher: Hasher::default(),
            throttle: Throttle::new(settings.rates),
        })))
    }

    /// The address that browsers see.
    pub fn public_url(&self) -> &Url {
        &self.0.public_url
    }

    /// The address of a page below it.
    pub fn page(&self, path: &str) -> String {
        format!("{}/{path}", self.0.public_url.as_str().trim_end_matches('/'))
    }

    /// Passwords.
    pub fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// Passkeys.
    pub fn passkeys(&self) -> &Passkeys {
        &self.0.passkeys
    }

    /// OpenID providers.
    pub fn oidc(&self) -> &Oidc {
        &self.0.oidc
    }

    /// Rates.
    pub fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    /// Who holds a session now; `None` when it is not good. Answered without the database for at most
    /// [`SESSION_CACHE`].
    pub async fn session(&self, token: &str, kind: sessions::Kind) -> Result<Option<Signed>> {
        self.0.sessions.find(token, kind).await
    }

    /// Asks the database again about a session that counts for more.
    pub async fn renew_session(&self, token: &str) {
        self.0.sessions.renew(token).await;
    }

    /// Forgets what this process believes of sessions; after the policy has changed.
    pub fn forget_all_sessions(&self) {
        self.0.sessions.forget_all();
    }

    /// Forgets sessions that have ended.
    pub async fn forget_sessions(&self, ended: &Ended) {
        self.0.sessions.forget(ended).await;
    }

    /// Checks an e-mail and a password.
    ///
    /// # Errors
    /// `Limited` while the account or the address has to wait, `Busy` when too many wait.
    pub async fn password(
        &self,
        email: &str,
        organization: Option<&str>,
        password: Zeroizing<String>,
        address: Option<IpAddr>,
    ) -> Result<Checked> {
        let db = &self.0.db;
        self.address_may_try(address).await?;
        // Before it is checked: of many at once only so many are.
        if let Some(wait) = failures::count(db, Subject::Account(email), ACCOUNT).await? {
            return Err(limited(wait));
        }
        let mut right = Vec::new();
        let candidates = passwords::candidates(db, email, organization).await?;
        if candidates.is_empty() {
            self.hasher().verify(password, None).await?;
        } else {
            for candidate in candidates {
                if self.hasher().verify(password.clone(), Some(candidate.hash.clone())).await? {
                    right.push(candidate);
                }
            }
        }
        // Only who knows the password is told that there is such an account.
        let (mut right, suspended): (Vec<_>, Vec<_>) = right.into_iter().partition(|one| one.is_active);
        let one = match right.len() {
            0 => {
                if let Some(one) = suspended.first() {
                    return Ok(Checked::Suspended(Person { user: one.user, organization: one.organization }));
                }
                self.address_was_wrong(address).await?;
                return Ok(Checked::Wrong);
            }
            1 => right.swap_remove(0),
            _ => {
                let names = right.into_iter().map(|one| one.organization_name).collect();
                return Ok(Checked::Several(names));
            }
        };
        failures::forget(db, Subject::Account(email)).await?;
        let person = Person { user: one.user, organization: one.organization };
        self.first_factor(person, self.has_second_factor(person).await?).await
    }

    /// What is still to come after a first factor that counts for one.
    pub async fn first_factor(&self, person: Person, second_factor: bool) -> Result<Checked> {
        if !second_factor {
            return Ok(Checked::SignedIn(person));
        }
        let half = Half { organization: person.organization };
        let token = flows::begin(&self.0.db, Kind::SecondFactor, Some(person.user), &half, STEP).await?;
        Ok(Checked::SecondFactor(person, token))
    }

    /// Whether a second factor is asked of a person.
    pub async fn has_second_factor(&self, person: Person) -> Result<bool> {
        let org = self.0.db.org(person.organization);
        let found = totp::get(&org, &self.0.keyring, person.user).await?;
        Ok(found.is_some_and(|totp| totp.is_confirmed))
    }

    async fn address_may_try(&self, address: Option<IpAddr>) -> Result<()> {
        let Some(address) = address else { return Ok(()) };
        match failures::blocked(&self.0.db, Subject::Address(address)).await? {
            Some(wait) => Err(limited(wait)),
            None => Ok(()),
        }
    }

    async fn address_was_wrong(&self, address: Option<IpAddr>) -> Result<()> {
        let Some(address) = address else { return Ok(()) };
        failures::count(&self.0.db, Subject::Address(address), ADDRESS).await.map(drop)
    }

    /// Whose second factor a step waits for.
    ///
    /// # Errors
    /// `Conflict expired` when it does not any more.
    pub async fn half_signed_in(&self, token: &str) -> Result<Person> {
        let flow = flows::peek::<Half>(&self.0.db, Kind::SecondFactor, token).await?;
        let flow = flow.ok_or_else(flows::expired)?;
        let user = flow.user.ok_or_else(flows::expired)?;
        Ok(Person { user, organization: flow.state.organization })
    }

    /// Finishes a step with a code of the app, or else a recovery code; whether it is right.
    ///
    /// # Errors
    /// `Limited` while the person or the address has to wait; `Conflict expired` when the step
    /// is over.
    pub async fn second_factor(
        &self,
        db: &Db,
        token: &str,
        person: Person,
        code: Result<&str, &str>,
        address: Option<IpAddr>,
    ) -> Result<bool> {
        self.address_may_try(address).await?;
        if !self.code(db, person, code).await? {
            self.address_was_wrong(address).await?;
            return Ok(false);
        }
        flows::take::<Half>(db, Kind::SecondFactor, token).await?.ok_or_else(flows::expired)?;
        Ok(true)
    }

    /// Whether a code of the app (`Ok`) or a recovery code (`Err`) is right; it is used up.
    ///
    /// # Errors
    /// `Limited` after too many wrong ones.
    pub async fn code(&self, db: &Db, person: Person, code: Result<&str, &str>) -> Result<bool> {
        let subject = Subject::SecondFactor(person.user);
        if let Some(wait) = failures::count(&self.0.db, subject, ACCOUNT).await? {
            return Err(limited(wait));
        }
        let org = db.org(person.organization);
        let right = match code {
            Ok(code) => {
                let found = totp::get(&org, &self.0.keyring, person.user).await?;
                let now = Utc::now().timestamp();
                let step = found.and_then(|totp| second_factor::check(&totp.secret, code, now));
                match step {
                    Some(step) => totp::use_step(&org, person.user, step).await?,
                    None => false,
                }
            }
            Err(code) => totp::use_code(&org, person.user, second_factor::kept_code(code)).await?,
        };
        if right {
            failures::forget(&self.0.db, subject).await?;
        }
        Ok(right)
    }

    /// Whether the password is the person's own: asked again before what matters.
    ///
    /// # Errors
    /// `Limited` after too many wrong ones.
    pub async fn own_password(
        &self,
        person: Person,
        email: &str,
        password: Zeroizing<String>,
    ) -> Result<bool> {
        if let Some(wait) = failures::count(&self.0.db, Subject::Account(email), ACCOUNT).await? {
            return Err(limited(wait));
        }
        let hash = passwords::get(&self.0.db.org(person.organization), person.user).await?;
        let right = self.hasher().verify(password, hash).await?;
        if right {
            failures::forget(&self.0.db, Subject::Account(email)).await?;
        }
        Ok(right)
    }
}
