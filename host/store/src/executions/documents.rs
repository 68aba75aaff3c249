//! Documents of a run that are too large for its row are objects, which the row names.
//!
//! The object is written first and the row's commit names it, so a name leads to something.
//! Every write has a name of its own: what two attempts of one run write never meets, and
//! what no row names in the end is collected ([`super::retention`]). When the object store
//! is away a document goes into the row after all, so no run depends on it to end.

use super::accept::accept_as;
use super::{Accepted, NewExecution};
use crate::Scoped;
use crate::audit::hex;
use bifrost_core::ports::Objects;
use bifrost_core::*;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{ErrorKind, Write};
use std::time::Duration;
use uuid::Uuid;

/// Documents above this many bytes of JSON are objects. Below it a row is cheaper than an
/// object with its own round trip or sync to disk; above it rows slow down their
/// neighbours, see `docs/decisions/0009-objects.md`.
pub const LARGE: usize = 64 << 10;
/// Longest wait for the object store before a document goes into the row.
const PATIENCE: Duration = Duration::from_secs(10);
/// Larger documents are parsed off the event loop, in bytes; about 5 ms of work.
const SLOW_TO_PARSE: usize = 1 << 20;

/// Bytes of a hash in a name. Keys stay short: some stores have them as names of files.
const DIGEST_BYTES: usize = 12;

/// A document of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What was submitted.
    Parameters,
    /// The returned value.
    Result,
    /// Locals of the workflow function.
    Variables,
}

impl Part {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parameters => "parameters",
            Self::Result => "result",
            Self::Variables => "variables",
        }
    }
}

/// The folder of an organization's runs among the objects.
pub fn folder(organization: OrganizationId) -> String {
    format!("executions/{organization}/")
}

/// The key of an object that a run's row names.
pub fn key(organization: OrganizationId, execution: ExecutionId, name: &str) -> String {
    format!("{}{execution}/{name}", folder(organization))
}

/// A name that was never used; it tells the time of the write.
pub(super) fn fresh(kind: &str) -> String {
    format!("{kind}-{}", Uuid::now_v7().simple())
}

/// As [`super::accept`], with large parameters as an object.
pub async fn accept(org: &Scoped, objects: &dyn Objects, new: NewExecution) -> Result<Accepted> {
    accept_by(org, objects, new, |id, new, stored| accept_as(org, id, new, stored)).await
}

/// As [`accept`], by a unit of work of the caller's: it gets the run's id, what was asked for,
/// and the name of the object that has the parameters.
pub(crate) async fn accept_by<F: Future<Output = Result<Accepted>>>(
    org: &Scoped,
    objects: &dyn Objects,
    new: NewExecution,
    unit: impl FnOnce(ExecutionId, NewExecution, Option<String>) -> F,
) -> Result<Accepted> {
    let id = ExecutionId::new();
    if !is_large(&new.parameters) {
        return unit(id, new, None).await;
    }
    let organization = org.organization()?;
    let name = format!("{}-{}", fresh(Part::Parameters.name()), digest(&new.parameters));
    let key = key(organization, id, &name);
    let stored = put(objects, &key, &new.parameters).await.then_some(name);
    let accepted = unit(id, new, stored).await;
    let is_unused = match &accepted {
        Ok(accepted) => !accepted.is_new,
        Err(error) => matches!(error, Error::Conflict { .. } | Error::NotFound(_) | Error::Invalid { .. }),
    };
    // After other errors it is unknown what was committed.
    if is_unused && let Err(error) = objects.delete(&key).await {
        tracing::debug!(key, "collected later: {error:#}");
    }
    accepted
}

/// True when a stored document's name says that these were the parameters.
pub(super) fn is_of(name: &str, parameters: &Value) -> bool {
    name.rsplit('-').next().is_some_and(|last| last == digest(parameters))
}

/// Part of a document's SHA-256 in hexadecimal; equal for equal documents, since the keys of
/// an object are sorted. Only documents of one caller are compared.
fn digest(document: &Value) -> String {
    let hash = Sha256::digest(document.to_string());
    hex(&hash[..DIGEST_BYTES])
}

/// Moves large parts of an outcome into objects, which [`super::end`] has to name.
pub async fn offload(objects: &dyn Objects, execution: &Execution, outcome: &mut Outcome) -> Stored {
    let (result, variables) = futures::join!(
        taken(objects, execution, Part::Result, &mut outcome.result),
        taken(objects, execution, Part::Variables, &mut outcome.variables),
    );
    Stored { parameters: None, result, variables }
}

async fn taken(
    objects: &dyn Objects,
    execution: &Execution,
    part: Part,
    document: &mut Option<Value>,
) -> Option<String> {
    let large = document.as_ref().filter(|document| is_large(document))?;
    let name = fresh(part.name());
    let written = put(objects, &key(execution.organization_id, execution.id, &name), large).await;
    written.then(|| {
        *document = None;
        name
    })
}

/// False when the document has to go into the row.
async fn put(objects: &dyn Objects, key: &str, document: &Value) -> bool {
    let put = objects.put(key, document.to_string().into_bytes());
    let error = match tokio::time::timeout(PATIENCE, put).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => error.to_string(),
        Err(elapsed) => elapsed.to_string(),
    };
    tracing::warn!(key, "a large document goes into its row: {error}");
    false
}

/// Tells without writing it out, and reads no more of it than it has to.
fn is_large(document: &Value) -> bool {
    struct Room(usize);
    impl Write for Room {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(ErrorKind::WriteZero)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Room(LARGE), document).is_err()
}

/// Puts a part in its place that is an object; one that is in the row is there already.
///
/// # Errors
/// `Gone` when the object is missing, `Busy` when the store is away.
pub async fn load(objects: &dyn Objects, execution: &mut Execution, part: Part) -> Result<()> {
    let stored = &execution.stored;
    let name = match part {
        Part::Parameters => &stored.parameters,
        Part::Result => &stored.result,
        Part::Variables => &stored.variables,
    };
    let Some(name) = name else { return Ok(()) };
    let key = key(execution.organization_id, execution.id, name);
    let Some(bytes) = objects.get(&key).await? else {
        tracing::error!(key, "an object that a run's row names is missing");
        return Err(Error::Gone(part.name()));
    };
    let document = parse(bytes).await.map_err(|e| Error::Internal(e.context(key)))?;
    match (part, &mut execution.outcome) {
        (Part::Parameters, _) => execution.parameters = document,
        (Part::Result, Some(outcome)) => outcome.result = Some(document),
        (Part::Variables, Some(outcome)) => outcome.variables = Some(document),
        (Part::Result | Part::Variables, None) => {}
    }
    Ok(())
}

async fn parse(bytes: Vec<u8>) -> anyhow::Result<Value> {
    if bytes.len() <= SLOW_TO_PARSE {
        return Ok(serde_json::from_slice(&bytes)?);
    }
    Ok(tokio::task::spawn_blocking(move || serde_json::from_slice(&bytes)).await??)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn large_is_what_has_more_bytes_of_json() {
        // Two quotes belong to it.
        for (length, large) in [(0, false), (LARGE - 2, false), (LARGE - 1, true), (LARGE * 3, true)] {
            assert_eq!(is_large(&json!("x".repeat(length))), large, "{length}");
        }
        assert!(is_large(&json!(vec![1; LARGE])) && !is_large(&json!(vec![1; LARGE / 4])));
    }

    #[test]
    fn a_name_tells_what_the_parameters_were() {
        let one: Value = serde_json::from_str(r#"{"a": [1, "x"], "b": 2.5}"#).expect("JSON");
        let same: Value = serde_json::from_str(r#"{"b": 2.5, "a": [1, "x"]}"#).expect("JSON");
        let name = format!("{}-{}", fresh("parameters"), digest(&one));
        assert!(is_of(&name, &one) && is_of(&name, &same));
        assert!(!is_of(&name, &json!({"a": [1, "x"], "b": 2})));
    }
}
