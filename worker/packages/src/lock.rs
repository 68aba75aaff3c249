//! From requirements to a lock, with every wheel of it checked and kept.

use crate::index::{Index, IndexError};
use crate::metadata::Metadata;
use crate::requirements::{Refusal, Requirements};
use crate::resolve::{self, Chosen, Unresolved};
use crate::store::Store;
use crate::target::Target;
use crate::wheel::{MAX_WHEEL, Wheel};
use anyhow::Context;
use bifrost_core::Package;
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Most packages of a workspace.
pub const MAX_PACKAGES: usize = 200;
/// Largest size of all wheels of a workspace together, in bytes.
pub const MAX_BYTES: u64 = 96 << 20;
/// Wheels that are fetched and checked at the same time.
const AT_ONCE: usize = 4;

/// What to resolve.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// What the workspace asks for.
    pub requirements: Requirements,
    /// Address of the administrator's index.
    pub index: String,
    /// Names and versions of packages that every run has; without a version for a stand-in.
    pub provided: Vec<(String, Option<String>)>,
    /// Where wheels are kept.
    pub folder: PathBuf,
    /// How long it may take.
    pub patience: Duration,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Everything that is needed, by name. Each wheel is in the folder.
    Locked(Vec<Package>),
    /// The author has to change something.
    Refused(Vec<Refusal>),
    /// The index did not do its part.
    Unavailable(String),
}

/// Resolves, fetches, checks and keeps.
///
/// # Errors
/// When the request is wrong, or the folder cannot be written.
pub async fn lock(request: Request) -> anyhow::Result<Answer> {
    let wanted = match request.requirements.read() {
        Ok(wanted) => wanted,
        Err(refused) => return Ok(Answer::Refused(refused)),
    };
    if wanted.is_empty() {
        return Ok(Answer::Locked(vec![]));
    }
    let (file, line) = (wanted[0].file, wanted[0].line);
    let index = Arc::new(Index::new(&request.index)?);
    let target = Target::new(&request.provided)?;
    let chosen = {
        let (index, handle, patience) = (index.clone(), Handle::current(), request.patience);
        tokio::task::spawn_blocking(move || resolve::resolve(index, target, wanted, patience, handle)).await?
    };
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(Unresolved::Refused(refused)) => return Ok(Answer::Refused(refused)),
        Err(Unresolved::Index(error)) => return Ok(Answer::Unavailable(error.to_string())),
        Err(Unresolved::TooMuch(text)) => {
            return Ok(Answer::Refused(vec![Refusal::new(
                file,
                line,
                format!("this cannot be installed: {text}"),
            )]));
        }
    };
    if chosen.len() > MAX_PACKAGES {
        let text =
            format!("{} packages would be installed; a workspace may have {MAX_PACKAGES}", chosen.len());
        return Ok(Answer::Refused(vec![Refusal::new(file, line, text)]));
    }
    let store = Store::new(&request.folder);
    let kept = futures::stream::iter(chosen.into_iter().map(|one| keep(&index, &store, one)))
        .buffered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await;
    match kept {
        Ok(locked) if locked.iter().map(|one| one.size).sum::<u64>() > MAX_BYTES => {
            let text = format!("the packages are larger than {} MiB together", MAX_BYTES >> 20);
            Ok(Answer::Refused(vec![Refusal::new(file, line, text)]))
        }
        Ok(locked) => Ok(Answer::Locked(locked)),
        Err(Unkept::Index(error)) => Ok(Answer::Unavailable(error.to_string())),
        Err(Unkept::Bad(text)) => Ok(Answer::Refused(vec![Refusal::new(file, line, text)])),
        Err(Unkept::Failed(error)) => Err(error),
    }
}

enum Unkept {
    Index(IndexError),
    /// The wheel is refused.
    Bad(String),
    Failed(anyhow::Error),
}

async fn keep(index: &Index, store: &Store, chosen: Chosen) -> Result<Package, Unkept> {
    let Chosen { file, metadata } = chosen;
    let kept = store.get(&file.sha256);
    let is_new = kept.is_none();
    let bytes = match kept {
        Some(bytes) => bytes,
        None => match index.wheel(&file).await {
            Ok(bytes) => bytes,
            Err(IndexError::Missing) => {
                let reason = "the file that it lists is not there".to_owned();
                return Err(Unkept::Index(IndexError::Wrong(file.name.to_string(), reason)));
            }
            Err(error) => return Err(Unkept::Index(error)),
        },
    };
    debug_assert!(bytes.len() <= MAX_WHEEL);
    let (store, name) = (store.clone(), file.name.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let bytes: Arc<[u8]> = bytes.into();
        let bad = |error: crate::WheelError| Unkept::Bad(format!("{name} {error}"));
        let wheel = Wheel::open(bytes.clone()).map_err(bad)?;
        wheel.check(&name).map_err(bad)?;
        let own = wheel.metadata().map_err(bad)?;
        if Metadata::parse(&own).ok() != Some(metadata) {
            let text = format!(
                "{name} says another thing in its own metadata than the index says for it; it is not installed"
            );
            return Err(Unkept::Bad(text));
        }
        if is_new {
            store.put(&file.sha256, &bytes).context("a wheel cannot be kept").map_err(Unkept::Failed)?;
        }
        Ok(Package {
            name: name.package.to_string(),
            version: name.version.to_string(),
            sha256: file.sha256,
            size: bytes.len() as u64,
        })
    });
    checked.await.map_err(|error| Unkept::Failed(error.into()))?
}
