//! What becomes of a run whose ticket the queue gave up on.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// What was decided about the run of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetterState {
    /// The run got another attempt.
    Retried,
    /// The run ended Failed.
    Failed,
}

impl DeadLetterState {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retried => "retried",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for DeadLetterState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "retried" => Ok(Self::Retried),
            "failed" => Ok(Self::Failed),
            other => Err(Error::invalid("state", format!("`{other}` is none of retried, failed"))),
        }
    }
}
