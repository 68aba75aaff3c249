//! Code objects of source files, so that a file that did not change is not compiled again.
//!
//! Each is made by an interpreter of its own that has read nothing but that file: whatever
//! hostile source does to the interpreter that compiles it, other files get none of it, and
//! so one cache serves all tenants.

use crate::bindings::Skipped;
use crate::engine::{Image, Sandbox};
use crate::load::{BuildLimits, build_store, files};
use crate::meter::Metered;
use crate::run::Invocation;
use crate::{NoPackages, Nothing};
use anyhow::Result;
use bifrost_core::{Limits, Source};
use moka::sync::Cache;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What one sandbox process keeps, in bytes: about 10,000 files.
const KEPT_BYTES: u64 = 64 << 20;
/// What compiling one file may use. A generated SDK of 4 MB takes about three seconds.
const FUEL: u64 = 10 * Limits::FUEL_PER_SECOND;
/// How long a build compiles ahead; what is left then is compiled where it is loaded.
const LONGEST: Duration = Duration::from_secs(30);

/// A code object as `marshal` writes it; empty when the file has none worth keeping.
type Code = Arc<[u8]>;

/// Code objects by path and content.
#[derive(Clone)]
pub(crate) struct Codes(Cache<[u8; 32], Code>);

impl Default for Codes {
    fn default() -> Self {
        let weight = |_: &_, code: &Code| u32::try_from(code.len() + 100).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(weight).max_capacity(KEPT_BYTES).build())
    }
}

fn key(path: &str, content: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&path.len().to_le_bytes()).update(path.as_bytes()).update(content);
    hasher.finalize().into()
}

impl Sandbox {
    /// The code objects of the files that loading imports, by path. Whatever fails is left out.
    pub(crate) async fn codes(
        &self,
        invocation: &Invocation,
        skipped: &[Skipped],
        limits: &BuildLimits,
    ) -> HashMap<String, Code> {
        let deadline = Instant::now() + LONGEST;
        let mut found = HashMap::new();
        for path in files(invocation) {
            let Some(content) = invocation.source.files().get(&path) else { continue };
            if skipped.iter().any(|file| file.path == path) {
                continue;
            }
            let code = match self.codes.0.get(&key(&path, content)) {
                Some(code) => code,
                None if Instant::now() < deadline => self.compiler(limits).kept(&path, content).await,
                None => continue,
            };
            if !code.is_empty() {
                found.insert(path, code);
            }
        }
        found
    }

    /// Compiles under these limits.
    pub(crate) fn compiler(&self, limits: &BuildLimits) -> Compiler {
        let limits = BuildLimits { fuel: FUEL.min(limits.fuel), ..limits.clone() };
        Compiler { base: self.base().clone(), codes: self.codes.clone(), limits }
    }
}

/// Makes code objects, each in an interpreter of its own.
pub(crate) struct Compiler {
    base: Image,
    codes: Codes,
    limits: BuildLimits,
}

impl Compiler {
    /// The code object of this file of a workspace, made if it was not before; empty when it
    /// has none worth keeping.
    pub async fn kept(&self, path: &str, content: &[u8]) -> Code {
        let key = key(path, content);
        if let Some(code) = self.codes.0.get(&key) {
            return code;
        }
        let code = self.compile(path, content.to_vec()).await.unwrap_or_default();
        self.codes.0.insert(key, code.clone());
        code
    }

    /// The code object of this file; empty when it has none worth keeping.
    pub async fn compile(&self, path: &str, content: Vec<u8>) -> Result<Code> {
        let mut source = Source::default();
        source.insert(path, content)?;
        let invocation = Invocation {
            workflow: String::new(),
            parameters: String::new(),
            context: String::new(),
            capture_variables: false,
            limits: Limits::default(),
            source: Arc::new(source),
            packages: Arc::new(NoPackages),
            capabilities: Arc::new(Nothing),
        };
        let mut store = build_store(&self.base, &invocation, &self.limits);
        let instance = self.base.pre.instantiate_async(&mut store).await?;
        let meter = store.data().meter.clone();
        let code = Metered::new(meter, instance.call_compile(&mut store, path)).await?;
        Ok(code.unwrap_or_default().into())
    }
}
