//! What a run was refused, for the audit log. What it changes is written down where it is
//! written, in the same transaction.

use crate::grants::Grants;
use bifrost_core::{Error, Operation};
use bifrost_store::audit::{self, Event, Outcome};

impl Grants {
    /// Writes a refusal down; that it cannot be written does not turn it into a permission.
    pub(crate) async fn refused(&self, operation: Operation, named: Option<&str>, error: &Error) {
        metrics::counter!("bifrost_platform_calls_refused_total", "operation" => operation.as_str())
            .increment(1);
        let event = Event::new(operation.as_str())
            .within(self.organization)
            .outcome(Outcome::Denied)
            .detail("workspace", if self.workspace.organization().is_none() { "global" } else { "own" })
            .detail("reason", error.to_string());
        let event = match named {
            Some(named) => event.target("scope", named),
            None => event,
        };
        if let Err(error) = audit::note(&self.db, event).await {
            tracing::error!(operation = operation.as_str(), "a refusal is not in the audit log: {error:#}");
        }
    }
}
