//! Passkeys: an authenticator signs a challenge, and so its holder needs neither e-mail nor
//! password. A passkey has verified its user itself, so it counts for two factors.

use bifrost_core::platform::PRODUCT_NAME;
use bifrost_core::{Error, Result, UserId};
use bifrost_store::sign_in::passkeys;
use serde::{Deserialize, Serialize};
use url::Url;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
};
use webauthn_rs_proto::ResidentKeyRequirement;

/// Where an authenticator's answers are checked.
pub struct Passkeys(Option<Webauthn>);

/// What is kept between the challenge and its answer, when a passkey is added.
#[derive(Serialize, Deserialize)]
pub struct Adding(PasskeyRegistration);

/// The same when somebody signs in.
#[derive(Serialize, Deserialize)]
pub struct Proving(DiscoverableAuthentication);

impl Passkeys {
    /// For a platform that people reach at this address. Browsers bind passkeys to a host's
    /// name: with an IP address there are none.
    pub fn new(public_url: &Url) -> Result<Self> {
        let Some(host) = public_url.domain() else { return Ok(Self(None)) };
        let webauthn = WebauthnBuilder::new(host, public_url)
            .map(|builder| builder.rp_name(PRODUCT_NAME))
            .and_then(WebauthnBuilder::build);
        webauthn.map(|webauthn| Self(Some(webauthn))).map_err(|e| Error::Internal(e.into()))
    }

    /// Whether there can be passkeys.
    pub fn are_available(&self) -> bool {
        self.0.is_some()
    }

    fn webauthn(&self) -> Result<&Webauthn> {
        self.0.as_ref().ok_or_else(|| Error::Conflict {
            code: "passkeys_unavailable",
            message: "browsers bind passkeys to a host's name; give the platform one with --public-url"
                .into(),
        })
    }

    /// A challenge for an authenticator that is to be added.
    pub fn begin_adding(
        &self,
        user: UserId,
        email: &str,
        name: &str,
        known: &[passkeys::Passkey],
    ) -> Result<(serde_json::Value, Adding)> {
        let known = known.iter().map(|one| parse(one).map(|key| key.cred_id().clone()));
        let known = known.collect::<Result<Vec<_>>>()?;
        let (mut challenge, state) = self
            .webauthn()?
            .start_passkey_registration(user.0, email, name, Some(known))
            .map_err(|e| Error::Internal(e.into()))?;
        // Kept on the authenticator, so that people sign in without typing who they are.
        if let Some(wanted) = &mut challenge.public_key.authenticator_selection {
            wanted.resident_key = Some(ResidentKeyRequirement::Required);
            wanted.require_resident_key = true;
        }
        Ok((json(&challenge)?, Adding(state)))
    }

    /// The credential of an authenticator's answer: its id, and what is to be kept.
    pub fn finish_adding(
        &self,
        answer: &serde_json::Value,
        state: &Adding,
    ) -> Result<(Vec<u8>, serde_json::Value)> {
        let answer: RegisterPublicKeyCredential = read(answer)?;
        let passkey = self.webauthn()?.finish_passkey_registration(&answer, &state.0).map_err(|error| {
            tracing::info!(%error, "a passkey was not accepted");
            Error::invalid("credential", "the authenticator's answer does not fit; try again")
        })?;
        Ok((passkey.cred_id().to_vec(), json(&passkey)?))
    }

    /// A challenge for whoever signs in.
    pub fn begin_proving(&self) -> Result<(serde_json::Value, Proving)> {
        let begun = self.webauthn()?.start_discoverable_authentication();
        let (mut challenge, state) = begun.map_err(|e| Error::Internal(e.into()))?;
        // Behind a button, not in a field's suggestions; the browser's caller may change it.
        challenge.mediation = None;
        Ok((json(&challenge)?, Proving(state)))
    }

    /// Whose answer it claims to be: the credential's id and the user.
    pub fn claimed(&self, answer: &serde_json::Value) -> Result<(Vec<u8>, UserId)> {
        let answer: PublicKeyCredential = read(answer)?;
        let (user, credential) = self
            .webauthn()?
            .identify_discoverable_authentication(&answer)
            .map_err(|_| Error::invalid("credential", "the answer names no user"))?;
        Ok((credential.to_vec(), UserId(user)))
    }

    /// Checks an answer; returns the credential with its new counter. `None` when it is not
    /// right.
    pub fn finish_proving(
        &self,
        answer: &serde_json::Value,
        state: Proving,
        kept: &passkeys::Passkey,
    ) -> Result<Option<serde_json::Value>> {
        let answer: PublicKeyCredential = read(answer)?;
        let mut passkey = parse(kept)?;
        let checked = self.webauthn()?.finish_discoverable_authentication_v2(&answer, state.0, &passkey);
        match checked {
            Ok(result) => {
                passkey.update_credential(&result);
                json(&passkey).map(Some)
            }
            Err(error) => {
                tracing::info!(%error, "an answer to a passkey's challenge was refused");
                Ok(None)
            }
        }
    }
}

fn parse(kept: &passkeys::Passkey) -> Result<Passkey> {
    serde_json::from_value(kept.credential.clone()).map_err(|e| Error::Internal(e.into()))
}

fn json(value: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|e| Error::Internal(e.into()))
}

fn read<T: serde::de::DeserializeOwned>(answer: &serde_json::Value) -> Result<T> {
    T::deserialize(answer).map_err(|e| Error::invalid("credential", e.to_string()))
}
