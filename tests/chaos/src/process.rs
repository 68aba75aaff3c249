//! A process that the harness starts, watches, kills, stops and starts again.

use anyhow::{Context, Result, ensure};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Pause before a process that ended by itself is started again.
const RESTART: Duration = Duration::from_millis(500);
/// How long the kernel may take to end a killed process.
const DEATH: Duration = Duration::from_secs(10);

/// How it is started; called for each start.
type Recipe = Box<dyn Fn() -> Command + Send + Sync>;

/// One process and those it has started.
pub struct Process {
    /// For people, and the name of its log.
    pub name: String,
    recipe: Recipe,
    log: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    child: Option<Child>,
    wanted: bool,
    ended: Option<Instant>,
    starts: u32,
    own_ends: Vec<String>,
}

impl Process {
    /// Starts nothing yet. The output goes to `log`, over all starts.
    pub fn new(name: &str, log: PathBuf, recipe: impl Fn() -> Command + Send + Sync + 'static) -> Arc<Self> {
        let state = Mutex::default();
        Arc::new(Self { name: name.to_owned(), recipe: Box::new(recipe), log, state })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it unless it runs, and again whenever it ends by itself (see [`Self::tend`]).
    ///
    /// # Errors
    /// When the program is missing.
    pub fn start(&self) -> Result<()> {
        let mut state = self.state();
        state.wanted = true;
        if state.child.is_none() {
            self.spawn(&mut state)?;
        }
        Ok(())
    }

    fn spawn(&self, state: &mut State) -> Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(&self.log)?;
        let mut command = (self.recipe)();
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let program = command.get_program().to_string_lossy().into_owned();
        state.child = Some(command.spawn().with_context(|| format!("cannot start {program}"))?);
        state.starts += 1;
        Ok(())
    }

    /// Starts it again when it ended by itself.
    pub fn tend(&self) {
        let mut state = self.state();
        if let Some(child) = state.child.as_mut()
            && let Ok(Some(status)) = child.try_wait()
        {
            state.child = None;
            state.ended = Some(Instant::now());
            if state.wanted {
                state.own_ends.push(status.to_string());
            }
        }
        let rested = state.ended.is_none_or(|at| at.elapsed() > RESTART);
        if state.wanted && state.child.is_none() && rested {
            // Tried again with the next call.
            let _ = self.spawn(&mut state);
        }
    }

    /// Its id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.state().child.as_ref().map(Child::id)
    }

    /// How often it was started, and how it ended when nobody had asked it to.
    pub fn history(&self) -> (u32, Vec<String>) {
        let state = self.state();
        (state.starts, state.own_ends.clone())
    }

    /// `kill -9`, with all it has started when `whole`, and stays down until it is started.
    pub fn kill(&self, whole: bool) {
        let mut state = self.state();
        state.wanted = false;
        let Some(mut child) = state.child.take() else { return };
        if whole {
            let family = family(child.id());
            signal("KILL", &family);
            let until = Instant::now() + DEATH;
            while family.iter().skip(1).any(|pid| alive(*pid)) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        // Fails when it has just ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Asks it to end and waits for that.
    ///
    /// # Errors
    /// When it has not ended in time, or not well.
    pub async fn terminate(&self, patience: Duration) -> Result<()> {
        let mut child = {
            let mut state = self.state();
            state.wanted = false;
            state.child.take().with_context(|| format!("{} does not run", self.name))?
        };
        signal("TERM", &[child.id()]);
        let until = Instant::now() + patience;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if Instant::now() > until {
                child.kill()?;
                child.wait()?;
                anyhow::bail!("{} did not end within {patience:?}", self.name);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        ensure!(status.success(), "{} ended with {status}", self.name);
        Ok(())
    }

    /// Stops (`true`) or continues it and all it has started.
    pub fn freeze(&self, stopped: bool) {
        if let Some(pid) = self.pid() {
            signal(if stopped { "STOP" } else { "CONT" }, &family(pid));
        }
    }

    /// `kill -9` for one of the processes it has started; false when there is none.
    pub fn kill_child(&self) -> bool {
        let child = self.pid().and_then(|pid| children(pid).first().copied());
        child.inspect(|pid| signal("KILL", &[*pid])).is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.freeze(false);
        self.kill(true);
    }
}

fn signal(name: &str, pids: &[u32]) {
    let pids = pids.iter().map(u32::to_string);
    let mut command = Command::new("kill");
    // Some of them may be gone.
    let _ = command.arg(format!("-{name}")).args(pids).stderr(Stdio::null()).status();
}

/// False for what is gone or waits to be buried.
fn alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn children(parent: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let ids = |list: String| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>();
    lists.flat_map(ids).collect()
}

/// A process first, then all it has started.
fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while next < all.len() {
        all.extend(children(all[next]));
        next += 1;
    }
    all
}
