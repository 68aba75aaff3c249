//! Loading a workspace: for a snapshot, or for a draft run in the same instance.

use crate::bindings::Skipped;
use crate::engine::{Image, Sandbox};
use crate::host::State;
use crate::meter::{Metered, OutOfFuel};
use crate::progress::Progress;
use crate::run::{Invocation, guest_invocation, judge, new_store};
use crate::{NoPackages, Nothing, immortal};
use anyhow::{Context, Result, ensure};
use bifrost_core::{FileError, Limits, Outcome, Source, Status, WorkspaceReport};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::Store;
use wasmtime::component::Instance;

/// What an error of a file is called that says how busy the machine was, and nothing that holds for
/// the file next time.
pub const TOOK_TOO_LONG: &str = "limit_exceeded:file_ms";

/// What a build may use; its own, since nobody waits in a queue for it.
#[derive(Clone, Debug)]
pub struct BuildLimits {
    /// Importing one file, in milliseconds. A generated SDK of 4 MB takes under three seconds.
    pub file_ms: u64,
    /// The whole build, in milliseconds.
    pub total_ms: u64,
    /// Fuel of one attempt at the whole workspace.
    pub fuel: u64,
    /// Memory in bytes; it becomes the size of every run's image.
    pub memory_bytes: u64,
    /// How many files may hang or crash before the build gives up. Each costs an attempt.
    pub broken_files: usize,
}

impl Default for BuildLimits {
    fn default() -> Self {
        Self {
            file_ms: 10_000,
            total_ms: 120_000,
            fuel: 60 * Limits::FUEL_PER_SECOND,
            memory_bytes: 192 << 20,
            broken_files: 20,
        }
    }
}

/// A loaded workspace.
pub struct Loaded {
    /// What was found, and what was left out.
    pub report: WorkspaceReport,
    /// The snapshot: the memory of an interpreter that has imported the workspace.
    pub memory: Vec<u8>,
}

/// How one attempt ended that has to be made again without a file.
struct Broken {
    path: String,
    kind: &'static str,
    reason: String,
}

impl Sandbox {
    /// The memory of the base, ready for workspaces to be loaded into.
    pub(crate) async fn prepare(&self) -> Result<Vec<u8>> {
        let invocation = Invocation {
            workflow: String::new(),
            parameters: String::new(),
            context: String::new(),
            capture_variables: false,
            limits: Limits::default(),
            source: Arc::default(),
            packages: Arc::new(NoPackages),
            capabilities: Arc::new(Nothing),
        };
        let mut store = build_store(self.base(), &invocation, &BuildLimits::default());
        let instance = self.probe_linker()?.instantiate_async(&mut store, &self.probe).await?;
        let prepare = instance.get_typed_func::<(), ()>(&mut store, "prepare")?;
        let settle = instance.get_typed_func::<(), (Vec<u8>,)>(&mut store, "settle")?;
        let call = Metered::new(store.data().meter.clone(), async {
            prepare.call_async(&mut store, ()).await?;
            Ok::<_, wasmtime::Error>(settle.call_async(&mut store, ()).await?.0)
        });
        let permanent = call.await.map_err(|e| anyhow::anyhow!("the base could not be prepared: {e:?}"))?;
        memory(&instance, &mut store, &permanent).await
    }

    /// Imports a workspace and takes the snapshot. `invocation` gives source, limits on
    /// logs and the capabilities to log with; nothing in it is called.
    ///
    /// # Errors
    /// When no snapshot could be taken at all; a bad file is part of the report instead.
    pub async fn load(&self, invocation: Invocation, limits: &BuildLimits) -> Result<Loaded> {
        let linker = self.probe_linker()?;
        let pre = linker.instantiate_pre(&self.probe)?;
        let deadline = Instant::now() + Duration::from_millis(limits.total_ms);
        let mut broken: Vec<Broken> = vec![];
        loop {
            ensure!(Instant::now() < deadline, "the build took longer than {} s", limits.total_ms / 1000);
            let mut store = build_store(self.base(), &invocation, limits);
            store.data_mut().codes = self.codes(&invocation, &skipped(&broken), limits).await;
            store.data_mut().compiler = Some(Arc::new(self.compiler(limits)));
            let instance = pre.instantiate_async(&mut store).await?;
            let load = instance.get_typed_func::<(Vec<String>, Vec<Skipped>, Option<String>), (String,)>(
                &mut store, "load",
            )?;
            let arguments = (files(&invocation), skipped(&broken), None);
            let progress = store.data().progress.clone();
            let meter = store.data().meter.clone();
            let settle = instance.get_typed_func::<(), (Vec<u8>,)>(&mut store, "settle")?;
            let call = Metered::new(meter, async {
                let (json,) = load.call_async(&mut store, arguments).await?;
                Ok((json, settle.call_async(&mut store, ()).await?.0))
            });
            let answer = guarded(call, &progress, limits, deadline).await;
            self.base().package_codes.save();
            let (json, permanent) = match verdict(answer, &store, limits) {
                Ok(json) => json,
                Err(file)
                    if broken.len() < limits.broken_files && !broken.iter().any(|b| b.path == file.path) =>
                {
                    broken.push(file);
                    continue;
                }
                Err(file) => anyhow::bail!("{}: {}", file.path, file.reason),
            };
            let report = report(&json, &broken)?;
            let memory = memory(&instance, &mut store, &permanent).await?;
            return Ok(Loaded { report, memory });
        }
    }

    /// Loads the workflow's file and what it imports, and runs, in one instance; nothing is
    /// kept. A file that cannot be loaded is how the run fails.
    ///
    /// # Errors
    /// When loading itself could not be done; what the run does is the outcome.
    pub async fn draft(
        &self,
        invocation: Invocation,
        limits: &BuildLimits,
    ) -> Result<(WorkspaceReport, Outcome)> {
        let base = self.base();
        let path = invocation.workflow.split_once("::").map(|(path, _)| path.to_owned());
        let deadline = Instant::now() + Duration::from_millis(limits.total_ms);
        let mut broken: Vec<Broken> = vec![];
        loop {
            ensure!(Instant::now() < deadline, "loading took longer than {} s", limits.total_ms / 1000);
            let mut store = build_store(base, &invocation, limits);
            // What is not imported is not compiled either.
            store.data_mut().compiler = Some(Arc::new(self.compiler(limits)));
            let instance = base.pre.instantiate_async(&mut store).await?;
            let progress = store.data().progress.clone();
            let (files, skip) = (files(&invocation), skipped(&broken));
            let meter = store.data().meter.clone();
            let only = path.as_deref();
            let call =
                Metered::new(meter, async { instance.call_load(&mut store, &files, &skip, only).await });
            let answer = guarded(call, &progress, limits, deadline).await;
            self.base().package_codes.save();
            let json = match verdict(answer, &store, limits) {
                Ok(json) => json,
                Err(file)
                    if broken.len() < limits.broken_files && !broken.iter().any(|b| b.path == file.path) =>
                {
                    broken.push(file);
                    continue;
                }
                Err(file) => anyhow::bail!("{}: {}", file.path, file.reason),
            };
            let report = report(&json, &broken)?;
            if let Some(error) = report.errors.iter().find(|error| Some(&error.path) == path.as_ref()) {
                let outcome = unloaded(error);
                return Ok((report, outcome));
            }
            let started = Instant::now();
            store.data_mut().loaded(invocation.limits.clone());
            let wall = Duration::from_millis(invocation.limits.wall_ms);
            let guest = guest_invocation(&invocation);
            let meter = store.data().meter.clone();
            let call = Metered::new(meter, instance.call_run(&mut store, &guest));
            let result = tokio::time::timeout(wall, call).await;
            let outcome = judge(&store, &invocation.limits, result, started);
            return Ok((report, outcome));
        }
    }
}

/// How a run ends whose file could not be loaded.
fn unloaded(error: &FileError) -> Outcome {
    let line = error.line.map_or_else(String::new, |line| format!(", line {line}"));
    let text = format!("{}{line}: {}", error.path, error.message);
    Outcome { traceback: error.traceback.clone(), ..Outcome::ended(Status::Failed, &error.kind, &text) }
}

/// Reads an instance's memory back, and makes its permanent objects immortal there.
async fn memory(instance: &Instance, store: &mut Store<State>, permanent: &[u8]) -> Result<Vec<u8>> {
    for (index, expected) in bifrost_base::GLOBALS.iter().enumerate() {
        let name = format!("probe-global-{index}");
        let value = instance.get_typed_func::<(), (i32,)>(&mut *store, &name)?;
        let value = value.call_async(&mut *store, ()).await?.0;
        ensure!(i64::from(value) == *expected, "loading left the interpreter in the middle of a call");
    }
    let memory = instance.get_typed_func::<(), (Vec<u8>,)>(&mut *store, "probe-memory")?;
    let mut memory = memory.call_async(&mut *store, ()).await?.0;
    immortal::mark(&mut memory, permanent);
    Ok(memory)
}

pub(crate) fn build_store(base: &Image, invocation: &Invocation, limits: &BuildLimits) -> Store<State> {
    let limits = Limits { memory_bytes: limits.memory_bytes, fuel: limits.fuel, ..invocation.limits.clone() };
    new_store(base, &Invocation { limits, ..invocation.clone() }, true)
}

/// The files to import: all but those of packages, which are imported by who needs them.
pub(crate) fn files(invocation: &Invocation) -> Vec<String> {
    let packaged = packaged(&invocation.source);
    let own = |path: &&String| path.ends_with(".py") && !packaged.contains(first_part(path));
    invocation.source.files().keys().filter(own).cloned().collect()
}

/// What packages have put into the workspace, by the first part of its path: as the records
/// say that lie beside them, in folders named `*.dist-info`.
fn packaged(source: &Source) -> HashSet<&str> {
    let records = source.files().iter().filter(|(path, _)| {
        path.split_once('/').is_some_and(|(folder, file)| folder.ends_with(".dist-info") && file == "RECORD")
    });
    let lines = records.flat_map(|(_, content)| std::str::from_utf8(content).unwrap_or("").lines());
    lines.map(|line| first_part(line.split(',').next().unwrap_or(line))).collect()
}

fn first_part(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

fn skipped(broken: &[Broken]) -> Vec<Skipped> {
    broken.iter().map(|b| Skipped { path: b.path.clone(), reason: b.reason.clone() }).collect()
}

/// Why a guarded call did not answer.
enum Stopped {
    TooLong,
    Trapped(wasmtime::Error),
}

/// Waits for the call, but not longer than one file or the whole build may take.
async fn guarded<T>(
    call: impl Future<Output = wasmtime::Result<T>>,
    progress: &Progress,
    limits: &BuildLimits,
    deadline: Instant,
) -> Result<T, Stopped> {
    let mut call = std::pin::pin!(call);
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    loop {
        tokio::select! {
            biased;
            _ = tick.tick() => {
                let taken = progress.current().map_or(Duration::ZERO, |(_, taken)| taken);
                if taken > Duration::from_millis(limits.file_ms) || Instant::now() > deadline {
                    return Err(Stopped::TooLong);
                }
            }
            answer = &mut call => return answer.map_err(Stopped::Trapped),
        }
    }
}

/// What the guest answered, or the file that has to be left out of the next attempt.
fn verdict<T>(answer: Result<T, Stopped>, store: &Store<State>, limits: &BuildLimits) -> Result<T, Broken> {
    let path = store.data().progress.current().map_or_else(|| "<workspace>".to_owned(), |(path, _)| path);
    let (kind, reason) = match answer {
        // Python may have recovered, but the image would be as large as the limit.
        Ok(answer) => match store.data().starved.clone() {
            None => return Ok(answer),
            Some(path) => {
                let (kind, reason) = ("limit_exceeded:memory_bytes", starved(limits));
                return Err(Broken { path, kind, reason });
            }
        },
        Err(Stopped::TooLong) => {
            (TOOK_TOO_LONG, format!("importing it took longer than {} s", limits.file_ms as f64 / 1000.0))
        }
        Err(Stopped::Trapped(error)) if error.is::<OutOfFuel>() => {
            ("limit_exceeded:fuel", "importing it used up the build's processor time".to_owned())
        }
        Err(Stopped::Trapped(error)) => match error.downcast_ref::<wasmtime::Trap>() {
            Some(wasmtime::Trap::StackOverflow) => {
                ("limit_exceeded:stack", "importing it called too deeply".to_owned())
            }
            _ if store.data().exceeded.get() == Some("memory_bytes") => {
                ("limit_exceeded:memory_bytes", starved(limits))
            }
            _ => {
                tracing::warn!(path, %error, "an import crashed its interpreter");
                tracing::debug!("{error:?}");
                ("crashed", "importing it crashed the interpreter".to_owned())
            }
        },
    };
    Err(Broken { path, kind, reason })
}

fn starved(limits: &BuildLimits) -> String {
    format!("importing it needed more than {} MiB of memory", limits.memory_bytes >> 20)
}

fn report(json: &str, broken: &[Broken]) -> Result<WorkspaceReport> {
    let mut report: WorkspaceReport =
        serde_json::from_str(json).context("the guest's report is not what it should be")?;
    // The guest reports a skipped file as an ImportError; the host knows the cause.
    for file in broken {
        report.errors.retain(|error| error.path != file.path);
        report.errors.push(FileError {
            path: file.path.clone(),
            line: None,
            kind: file.kind.to_owned(),
            message: file.reason.clone(),
            traceback: None,
        });
    }
    report.errors.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(report)
}
