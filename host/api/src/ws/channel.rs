//! The channels of the live connection, and who may listen to which.

use crate::auth::Auth;
use crate::service;
use crate::state::ApiState;
use bifrost_core::{Error, ExecutionId, OrganizationId, Permission, Result, UserId, notification};
use std::fmt;
use std::str::FromStr;

/// What a client can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Log lines and status of one run.
    Execution(ExecutionId),
    /// The runs of one user.
    HistoryUser(UserId),
    /// The runs of all organizations.
    HistoryGlobal,
    /// The runs and changes of one organization.
    Organization(OrganizationId),
    /// That there is something new for one user to read, in the organization that is looked at.
    Notification(UserId),
}

impl Channel {
    /// What it is on the bus.
    pub fn topic(self, auth: &Auth) -> String {
        match self {
            Self::Notification(_) => notification::channel(auth.organization()),
            _ => self.to_string(),
        }
    }

    /// Passes those who may listen; for all others the channel does not exist.
    pub async fn authorize(self, state: &ApiState, auth: &Auth) -> Result<()> {
        let across = auth.may(Permission::EnterOrganizations) && auth.sees_all_runs();
        let allowed = match self {
            Self::Execution(id) => {
                service::executions::visible(state, auth, id).await?;
                true
            }
            Self::HistoryUser(id) => id == auth.caller.user || across,
            Self::HistoryGlobal => across,
            Self::Notification(id) => id == auth.caller.user,
            Self::Organization(id) => across || (auth.sees_all_runs() && id == auth.caller.organization),
        };
        if allowed { Ok(()) } else { Err(Error::NotFound("channel")) }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Execution(id) => write!(f, "execution:{id}"),
            Self::HistoryUser(id) => write!(f, "history:user:{id}"),
            Self::HistoryGlobal => f.write_str("history:GLOBAL"),
            Self::Organization(id) => write!(f, "organization:{id}"),
            Self::Notification(id) => write!(f, "notification:{id}"),
        }
    }
}

impl FromStr for Channel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = |_| Error::NotFound("channel");
        if text == "history:GLOBAL" {
            Ok(Self::HistoryGlobal)
        } else if let Some(id) = text.strip_prefix("execution:") {
            id.parse().map(Self::Execution).map_err(unknown)
        } else if let Some(id) = text.strip_prefix("history:user:") {
            id.parse().map(Self::HistoryUser).map_err(unknown)
        } else if let Some(id) = text.strip_prefix("organization:") {
            id.parse().map(Self::Organization).map_err(unknown)
        } else if let Some(id) = text.strip_prefix("notification:") {
            id.parse().map(Self::Notification).map_err(unknown)
        } else {
            Err(Error::NotFound("channel"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_wire() {
        let id = uuid::Uuid::from_u128(7);
        for channel in [
            Channel::Execution(id.into()),
            Channel::HistoryUser(id.into()),
            Channel::HistoryGlobal,
            Channel::Organization(id.into()),
            Channel::Notification(id.into()),
        ] {
            assert_eq!(channel.to_string().parse::<Channel>().expect("known"), channel);
        }
        assert!("execution:".parse::<Channel>().is_err());
        assert!("history:user:GLOBAL".parse::<Channel>().is_err());
    }
}
