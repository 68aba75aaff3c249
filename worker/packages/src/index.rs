//! The administrator's index, over its JSON interface (PEP 691) and the metadata that it
//! serves beside each wheel (PEP 658). What it says is checked: it may be away, wrong or hostile.

use crate::wheel::{self, MAX_WHEEL, WheelName};
use futures::StreamExt;
use pep508_rs::PackageName;
use reqwest::{Client, StatusCode, Url, header, redirect};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};

/// Largest list of one package's files, in bytes; the longest known has about 10 MB.
const PAGE_BYTES: usize = 32 << 20;
/// Largest metadata of one file, in bytes.
const METADATA_BYTES: usize = 1 << 20;
/// Requests at the same time.
const AT_ONCE: usize = 16;
/// How often a request is made that the index does not answer.
const TRIES: u32 = 3;
/// Until a connection is made, and between two pieces of an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Rest before the second try; the third comes after twice as long.
const REST: Duration = Duration::from_millis(300);
const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// Why the index gave nothing.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum IndexError {
    /// It does not know the package.
    #[error("the package index has no package of this name")]
    Missing,
    /// It cannot be reached, or answers an error.
    #[error("the package index cannot be asked for {0}: {1}; try again later, or ask the administrator")]
    Away(String, String),
    /// It answers what it must not.
    #[error("the package index answers for {0} what cannot be right: {1}; ask the administrator")]
    Wrong(String, String),
}

/// A wheel that the index has.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name, taken apart.
    pub name: WheelName,
    /// Where it is.
    pub url: Url,
    /// What it must hash to, in hex.
    pub sha256: String,
    /// `Requires-Python`, as the index has it.
    pub requires_python: Option<String>,
    /// Withdrawn by its author.
    pub is_yanked: bool,
    metadata: Announced,
}

/// What the index says of the metadata beside a wheel.
#[derive(Clone, Debug, PartialEq)]
enum Announced {
    Unknown,
    Absent,
    Hashed(String),
}

/// What the index has of one package.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its wheels.
    pub wheels: Vec<File>,
    /// True when there are files that are no wheels.
    pub has_sources: bool,
}

type Cell<T> = Arc<OnceCell<Result<Arc<T>, IndexError>>>;

/// A client of one index. Each thing is asked for once.
pub struct Index {
    client: Client,
    base: Url,
    gate: Semaphore,
    pages: Mutex<HashMap<PackageName, Cell<Page>>>,
    metadata: Mutex<HashMap<String, Cell<Vec<u8>>>>,
}

#[derive(Deserialize)]
struct JsonPage {
    files: Vec<JsonFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: HashMap<String, String>,
    requires_python: Option<String>,
    #[serde(default)]
    yanked: Flag,
    #[serde(default)]
    core_metadata: Flag,
    #[serde(default)]
    dist_info_metadata: Flag,
}

/// A flag that may also be what it is about.
#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Flag {
    #[default]
    Absent,
    Plain(bool),
    Hashes(HashMap<String, String>),
    Other(Value),
}

impl Index {
    /// A client of the index at this address, which ends in `/simple/` for most.
    ///
    /// # Errors
    /// When this is no address of the web.
    pub fn new(address: &str) -> anyhow::Result<Self> {
        let mut base =
            Url::parse(address).map_err(|error| anyhow::anyhow!("the package index's address: {error}"))?;
        anyhow::ensure!(
            matches!(base.scheme(), "http" | "https") && !base.cannot_be_a_base(),
            "the package index's address must begin with https:// or http://"
        );
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let client = Client::builder()
            .user_agent(concat!("bifrost/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .redirect(redirect::Policy::limited(5))
            .no_proxy()
            .build()?;
        Ok(Self {
            client,
            base,
            gate: Semaphore::new(AT_ONCE),
            pages: Mutex::default(),
            metadata: Mutex::default(),
        })
    }

    /// What there is of a package.
    pub async fn page(&self, name: &PackageName) -> Result<Arc<Page>, IndexError> {
        let cell = lock(&self.pages).entry(name.clone()).or_default().clone();
        cell.get_or_init(|| async { self.read_page(name).await.map(Arc::new) }).await.clone()
    }

    /// The metadata of a wheel: as the index serves it, else from the wheel.
    pub async fn metadata(&self, file: &File) -> Result<Arc<Vec<u8>>, IndexError> {
        let cell = lock(&self.metadata).entry(file.sha256.clone()).or_default().clone();
        cell.get_or_init(|| async { self.read_metadata(file).await.map(Arc::new) }).await.clone()
    }

    /// The wheel itself, with the content that the index has promised.
    pub async fn wheel(&self, file: &File) -> Result<Vec<u8>, IndexError> {
        let what = file.name.to_string();
        let bytes = self.get(&what, file.url.clone(), "*/*", MAX_WHEEL).await?;
        if hex(&Sha256::digest(&bytes)) != file.sha256 {
            let reason = "the file does not have the hash that the index says it has".to_owned();
            return Err(IndexError::Wrong(what, reason));
        }
        Ok(bytes)
    }

    async fn read_page(&self, name: &PackageName) -> Result<Page, IndexError> {
        let what = format!("`{name}`");
        let wrong = |reason: String| IndexError::Wrong(what.clone(), reason);
        let url = self.base.join(&format!("{name}/")).map_err(|error| wrong(error.to_string()))?;
        let bytes = self.get(&what, url.clone(), JSON, PAGE_BYTES).await?;
        let page: JsonPage = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("it is not a list of files in JSON ({error})")))?;
        let mut found = Page::default();
        for file in page.files {
            let Some(wheel_name) = WheelName::parse(&file.filename) else {
                found.has_sources |= !file.filename.ends_with(".whl");
                continue;
            };
            if wheel_name.package != *name {
                continue;
            }
            let link = url.join(&file.url).ok().filter(|link| matches!(link.scheme(), "http" | "https"));
            let Some(link) = link else {
                return Err(wrong(format!("`{}` has no address of the web", file.filename)));
            };
            let Some(sha256) = file.hashes.get("sha256").filter(|hash| is_sha256(hash)) else { continue };
            let metadata = match (file.core_metadata, file.dist_info_metadata) {
                (Flag::Hashes(hashes), _) | (_, Flag::Hashes(hashes)) => hashes
                    .get("sha256")
                    .map_or(Announced::Unknown, |hash| Announced::Hashed(hash.to_ascii_lowercase())),
                (Flag::Plain(false), _) | (Flag::Absent, Flag::Plain(false)) => Announced::Absent,
                _ => Announced::Unknown,
            };
            // A text is the reason.
            let is_yanked = matches!(file.yanked, Flag::Plain(true) | Flag::Other(Value::String(_)));
            found.wheels.push(File {
                name: wheel_name,
                url: link,
                sha256: sha256.to_ascii_lowercase(),
                requires_python: file.requires_python,
                is_yanked,
                metadata,
            });
        }
        Ok(found)
    }

    async fn read_metadata(&self, file: &File) -> Result<Vec<u8>, IndexError> {
        if file.metadata != Announced::Absent {
            let mut url = file.url.clone();
            url.set_path(&format!("{}.metadata", url.path()));
            url.set_fragment(None);
            let what = format!("the metadata of {}", file.name);
            match self.get(&what, url, "*/*", METADATA_BYTES).await {
                Ok(bytes) => {
                    if let Announced::Hashed(hash) = &file.metadata
                        && hex(&Sha256::digest(&bytes)) != *hash
                    {
                        let reason = "it does not have the hash that the index says it has".to_owned();
                        return Err(IndexError::Wrong(what, reason));
                    }
                    return Ok(bytes);
                }
                Err(IndexError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        let bytes = self.wheel(file).await?;
        wheel::metadata(bytes).map_err(|reason| IndexError::Wrong(file.name.to_string(), reason.to_string()))
    }

    /// Asks until there is an answer, or no hope.
    async fn get(&self, what: &str, url: Url, accept: &str, most: usize) -> Result<Vec<u8>, IndexError> {
        let mut rest = REST;
        for attempt in 1.. {
            let result = {
                let _permit = self.gate.acquire().await;
                self.ask(what, url.clone(), accept, most).await
            };
            match result {
                Err(IndexError::Away(..)) if attempt < TRIES => {
                    tokio::time::sleep(rest).await;
                    rest *= 2;
                }
                result => return result,
            }
        }
        unreachable!("the last attempt returns")
    }

    async fn ask(&self, what: &str, url: Url, accept: &str, most: usize) -> Result<Vec<u8>, IndexError> {
        // An address may hold a password; what is told to authors must not.
        let away = |error: reqwest::Error| IndexError::Away(what.to_owned(), cause(&error.without_url()));
        let response = self.client.get(url).header(header::ACCEPT, accept).send().await.map_err(away)?;
        let status = response.status();
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Err(IndexError::Missing);
        }
        if !status.is_success() {
            let reason = format!("it answers {}", status.as_u16());
            return Err(if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                IndexError::Away(what.to_owned(), reason)
            } else {
                IndexError::Wrong(what.to_owned(), reason)
            });
        }
        let mut bytes = vec![];
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.map_err(away)?);
            if bytes.len() > most {
                return Err(IndexError::Wrong(what.to_owned(), format!("more than {} MiB", most >> 20)));
            }
        }
        Ok(bytes)
    }
}

/// The innermost reason of a failed request, which says most.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
