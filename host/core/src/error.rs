//! One error type for what a caller can be told; everything else is `Internal`.

/// The result of most operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing in the caller's scope. Foreign ids answer this too.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The request's content is not valid; `field` names the input.
    #[error("{field}: {message}")]
    Invalid {
        /// The input at fault, as the caller named it.
        field: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// No credentials, or none that are known.
    #[error("authentication required")]
    Unauthenticated,
    /// Known caller, who has to add a second factor, or sign in with it, before anything else.
    #[error("a second factor is required: add one in the web UI, or sign in with the one that you have")]
    SecondFactorRequired,
    /// Known caller, but this is not theirs to do.
    #[error("{0}")]
    Denied(String),
    /// The request is valid but not in this state; `code` is stable, for programs.
    #[error("{message}")]
    Conflict {
        /// A stable identifier such as `workflow_in_use`.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// It was there, and was deleted or lost since; asking again does not help.
    #[error("the {0} of this run cannot be had any more")]
    Gone(&'static str),
    /// A resource is exhausted for the moment; the caller should come back.
    #[error("busy: {0}")]
    Busy(&'static str),
    /// Too many requests or attempts; the caller may come back after this time.
    #[error("too many attempts; try again in {seconds} s")]
    Limited {
        /// How long to wait, in seconds.
        seconds: u64,
    },
    /// A bug or an engine that failed. Its text goes to the log, never to a caller.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl Error {
    /// An `Invalid` for one field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }
}
