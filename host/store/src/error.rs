//! Turns the driver's errors into the domain's, by what a caller can do about them.

use bifrost_core::Error;
use sqlx::error::{DatabaseError, ErrorKind};

/// SQLSTATE of what passes: a serialization failure, a deadlock, too many connections,
/// and a server that is shut down or starts up.
const RETRYABLE: [&str; 6] = ["40001", "40P01", "53300", "57P01", "57P02", "57P03"];
/// Primary SQLite codes BUSY and LOCKED: another process holds the file.
const LOCKED: [&str; 2] = ["5", "6"];

/// Maps a driver's error. What is not a caller's business becomes `Internal`.
pub(crate) fn database(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
            tracing::warn!(%error, "database not available");
            metrics::counter!("bifrost_database_busy_total").increment(1);
            Error::Busy("database")
        }
        sqlx::Error::Database(inner) => {
            known(inner.as_ref()).unwrap_or_else(|| Error::Internal(error.into()))
        }
        _ => Error::Internal(error.into()),
    }
}

/// Tells of what already exists what it is; other errors stay.
pub(crate) fn taken(message: impl Into<String>) -> impl FnOnce(Error) -> Error {
    let message = message.into();
    move |error| match error {
        Error::Conflict { code: code @ "already_exists", .. } => Error::Conflict { code, message },
        other => other,
    }
}

fn known(error: &dyn DatabaseError) -> Option<Error> {
    match error.kind() {
        ErrorKind::UniqueViolation => {
            tracing::debug!(%error, "unique violation");
            Some(Error::Conflict { code: "already_exists", message: "this already exists".into() })
        }
        ErrorKind::ForeignKeyViolation => {
            tracing::debug!(%error, "foreign key violation");
            Some(Error::Conflict {
                code: "reference",
                message: "something referred to does not exist".into(),
            })
        }
        _ => {
            let code = error.code()?;
            let busy = RETRYABLE.contains(&code.as_ref())
                || (code.parse::<i64>().is_ok_and(|c| LOCKED.contains(&(c & 0xff).to_string().as_str())))
                    && error.message().contains("locked");
            busy.then_some(Error::Busy("database"))
        }
    }
}
