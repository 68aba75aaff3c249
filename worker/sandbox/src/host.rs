//! The state of one run, and its answers to what the guest imports.

use crate::bindings::bifrost::workflow::{config, log, modules, platform, types};
use crate::capabilities::*;
use crate::codes::Compiler;
use crate::http::HttpGate;
use crate::meter::Meter;
use crate::package_codes::PackageCodes;
use crate::packages::{Packages, Tree};
use crate::progress::Progress;
use bifrost_base::library;
use bifrost_core::{ConfigType, Limits, LogLevel, Source};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};
use wasmtime::ResourceLimiter;
use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Which limit ended the run, set by whoever refused.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exceeded(Arc<Mutex<Option<&'static str>>>);

impl Exceeded {
    pub fn set(&self, limit: &'static str) {
        if let Ok(mut slot) = self.0.lock() {
            // Python may have recovered from a lack of memory; other limits are final.
            if slot.is_none_or(|earlier| earlier == "memory_bytes") {
                *slot = Some(limit);
            }
        }
    }

    pub fn get(&self) -> Option<&'static str> {
        self.0.lock().ok().and_then(|slot| *slot)
    }
}

/// Never below the value that a snapshot saw, also when another process made it: begins
/// at the wall clock's time instead of zero, and only goes up from there.
struct Clock;

impl wasmtime_wasi::HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        static START: OnceLock<(Instant, Duration)> = OnceLock::new();
        let (start, wall) = START.get_or_init(|| {
            let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            (Instant::now(), wall.unwrap_or_default())
        });
        u64::try_from((*wall + start.elapsed()).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Everything a store holds.
pub struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    gate: HttpGate,
    capabilities: Arc<dyn Capabilities>,
    source: Arc<Source>,
    packages: Arc<dyn Packages>,
    package_codes: Arc<PackageCodes>,
    /// Makes what `package_codes` lacks, while a workspace is loaded.
    pub(crate) compiler: Option<Arc<Compiler>>,
    /// Code objects of the source's files, while it is loaded.
    pub(crate) codes: HashMap<String, Arc<[u8]>>,
    limits: Limits,
    pub(crate) meter: Arc<Meter>,
    memory_peak: usize,
    logged: u64,
    pub(crate) exceeded: Exceeded,
    pub(crate) progress: Progress,
    /// The file whose import was refused memory.
    pub(crate) starved: Option<String>,
    loading: bool,
}

impl HasData for State {
    type Data<'a> = &'a mut State;
}

impl State {
    pub(crate) fn new(
        capabilities: Arc<dyn Capabilities>,
        source: Arc<Source>,
        packages: Arc<dyn Packages>,
        package_codes: Arc<PackageCodes>,
        limits: Limits,
        meter: Arc<Meter>,
        loading: bool,
    ) -> Self {
        let exceeded = Exceeded::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(usize::try_from(limits.host_resources).unwrap_or(usize::MAX));
        Self {
            table,
            // Nothing: no files, no environment, no arguments, no sockets; output goes nowhere.
            wasi: WasiCtxBuilder::new()
                .allow_tcp(false)
                .allow_udp(false)
                .allow_ip_name_lookup(false)
                // Beyond it is a trap; up to what a run can hold it is not.
                .max_random_size(limits.memory_bytes)
                .monotonic_clock(Clock)
                .build(),
            http: WasiHttpCtx::new(),
            gate: HttpGate::new(capabilities.clone(), &limits, exceeded.clone(), loading),
            capabilities,
            source,
            packages,
            package_codes,
            compiler: None,
            codes: HashMap::new(),
            limits,
            meter,
            memory_peak: 0,
            logged: 0,
            exceeded,
            progress: Progress::default(),
            starved: None,
            loading,
        }
    }

    pub(crate) fn memory_peak(&self) -> u64 {
        self.memory_peak as u64
    }

    /// A draft has loaded; from here on it is a run with these limits.
    pub(crate) fn loaded(&mut self, limits: Limits) {
        self.loading = false;
        self.meter.refuel(limits.fuel);
        self.limits = limits;
        self.codes = HashMap::new();
        self.compiler = None;
        self.gate.loaded();
    }

    fn tree(&self) -> Tree<'_> {
        Tree { own: &self.source, packages: &*self.packages }
    }

    /// The code object of a file: of the workspace while it is loaded, of a package always.
    async fn code(&mut self, path: &str) -> Option<Arc<[u8]>> {
        if let Some(code) = self.codes.get(path) {
            return Some(code.clone());
        }
        let source = self.source.clone();
        if let (Some(compiler), Some(content)) = (self.compiler.clone(), source.files().get(path)) {
            return Some(compiler.kept(path, content).await).filter(|code| !code.is_empty());
        }
        let part = self.tree().part(path)?.to_owned();
        if let Some(code) = self.package_codes.get(&part, path) {
            return Some(code).filter(|code| !code.is_empty());
        }
        let (compiler, content) = (self.compiler.clone()?, self.packages.read(path)?);
        self.progress.pause();
        let code = compiler.compile(path, content).await.unwrap_or_default();
        self.progress.go_on();
        self.package_codes.put(&part, path, code.clone());
        Some(code).filter(|code| !code.is_empty())
    }

    fn refuse_while_loading(&self, what: &str) -> Result<(), types::Error> {
        if !self.loading {
            return Ok(());
        }
        Err(types::Error {
            kind: types::ErrorKind::Loading,
            message: format!(
                "{what} is not available while a module is imported; move the call into the workflow function"
            ),
        })
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.gate, table: &mut self.table, ctx: &mut self.http }
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired as u64 > self.limits.memory_bytes {
            self.exceeded.set("memory_bytes");
            if self.loading && self.starved.is_none() {
                self.starved = self.progress.current().map(|(path, _)| path);
            }
            return Ok(false);
        }
        self.memory_peak = self.memory_peak.max(desired);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

fn refusal(error: CapabilityError) -> types::Error {
    let kind = match error.kind {
        ErrorKind::Invalid => types::ErrorKind::Invalid,
        ErrorKind::Denied => types::ErrorKind::Denied,
        ErrorKind::NotFound => types::ErrorKind::NotFound,
        ErrorKind::Limit => types::ErrorKind::Limit,
        ErrorKind::Loading => types::ErrorKind::Loading,
        ErrorKind::Unavailable => types::ErrorKind::Unavailable,
    };
    types::Error { kind, message: error.message }
}

fn entry(entry: ConfigEntry) -> config::Entry {
    config::Entry { key: entry.key, value: entry.value, kind: shown(entry.kind) }
}

fn shown(kind: ConfigType) -> config::ValueType {
    match kind {
        ConfigType::String => config::ValueType::Text,
        ConfigType::Int => config::ValueType::Int,
        ConfigType::Bool => config::ValueType::Boolean,
        ConfigType::Json => config::ValueType::Json,
        ConfigType::Secret => config::ValueType::Secret,
    }
}

fn named(kind: config::ValueType) -> ConfigType {
    match kind {
        config::ValueType::Text => ConfigType::String,
        config::ValueType::Int => ConfigType::Int,
        config::ValueType::Boolean => ConfigType::Bool,
        config::ValueType::Json => ConfigType::Json,
        config::ValueType::Secret => ConfigType::Secret,
    }
}

impl types::Host for State {}

impl config::Host for State {
    async fn get(
        &mut self,
        key: String,
        scope: Option<String>,
    ) -> Result<Option<config::Entry>, types::Error> {
        self.refuse_while_loading("config")?;
        let found = self.capabilities.config_get(&key, scope.as_deref()).await.map_err(refusal)?;
        Ok(found.map(entry))
    }

    async fn set(
        &mut self,
        key: String,
        value: String,
        kind: Option<config::ValueType>,
        scope: Option<String>,
    ) -> Result<(), types::Error> {
        self.refuse_while_loading("config")?;
        let kind = kind.map(named);
        self.capabilities.config_set(&key, &value, kind, scope.as_deref()).await.map_err(refusal)
    }

    async fn list(&mut self, scope: Option<String>) -> Result<Vec<config::Entry>, types::Error> {
        self.refuse_while_loading("config")?;
        let entries = self.capabilities.config_list(scope.as_deref()).await.map_err(refusal)?;
        Ok(entries.into_iter().map(entry).collect())
    }

    async fn delete(&mut self, key: String, scope: Option<String>) -> Result<bool, types::Error> {
        self.refuse_while_loading("config")?;
        self.capabilities.config_delete(&key, scope.as_deref()).await.map_err(refusal)
    }
}

/// Longest name of a logger, in bytes; the rest is cut.
const LOGGER_BYTES: usize = 256;
/// What a line counts besides its text, so that empty lines are bounded too.
const LINE_COST: usize = 16;

impl log::Host for State {
    async fn emit(
        &mut self,
        level: log::Level,
        mut logger: String,
        mut message: String,
    ) -> wasmtime::Result<()> {
        logger.truncate(logger.floor_char_boundary(LOGGER_BYTES));
        let limit = usize::try_from(self.limits.log_line_bytes).unwrap_or(usize::MAX);
        if message.len() > limit {
            let cut = message.floor_char_boundary(limit);
            let left = message.len() - cut;
            message.truncate(cut);
            message.push_str(&format!("… [{left} bytes left out]"));
        }
        let size = (message.len() + logger.len() + LINE_COST) as u64;
        if self.logged + size > self.limits.log_bytes {
            // A trap: what floods the log would go on for as long as its fuel lasts.
            self.exceeded.set("log_bytes");
            return Err(wasmtime::Error::msg("the log is full"));
        }
        self.logged += size;
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warning => LogLevel::Warning,
            log::Level::Error => LogLevel::Error,
            log::Level::Critical => LogLevel::Critical,
            log::Level::Traceback => LogLevel::Traceback,
        };
        self.capabilities.log(level, logger, message).await;
        Ok(())
    }
}

/// Stand-ins, and the package beside which they can be imported. To all others they are not there:
/// many packages look whether they have the real one.
const BESIDE: [(&str, &str); 2] = [("PIL", "reportlab"), ("_ctypes", "ldap3")];

impl modules::Host for State {
    async fn find(&mut self, name: String) -> Option<modules::Module> {
        let found = self.tree().module(&name);
        let found =
            found.map(|(filename, is_package, source)| modules::Module { filename, is_package, source });
        found.or_else(|| {
            let root = name.split('.').next().unwrap_or(&name);
            let is_hidden =
                |(module, package): &(&str, &str)| *module == root && !self.tree().is_folder(package);
            if BESIDE.iter().any(is_hidden) {
                return None;
            }
            let found = library::find(&name)?;
            let (filename, is_package) = (found.filename(), found.is_package);
            Some(modules::Module { filename, is_package, source: found.source() })
        })
    }

    async fn is_namespace(&mut self, name: String) -> bool {
        self.tree().is_folder(&name.replace('.', "/"))
    }

    async fn read(&mut self, path: String) -> Result<Vec<u8>, types::Error> {
        if let Some(module) = library::at(&path) {
            return Ok(module.source());
        }
        if let Some(module) = path.strip_suffix('c').and_then(library::at) {
            return Ok(module.code());
        }
        if let Some(metadata) = library::metadata(&path) {
            return Ok(metadata);
        }
        if let Some(path) = path.strip_prefix("<code>/")
            && let Some(code) = self.code(path).await
        {
            return Ok(code.to_vec());
        }
        self.tree().read(&path).ok_or_else(|| types::Error {
            kind: types::ErrorKind::NotFound,
            message: format!("the workspace has no file `{path}`"),
        })
    }

    async fn list(&mut self, path: String) -> Vec<String> {
        if path == "<packages>" {
            return library::packages().map(|folder| format!("{folder}/")).collect();
        }
        self.tree().list(&path)
    }

    async fn loading(&mut self, path: String) {
        self.progress.begin(path);
    }
}

impl platform::Host for State {
    async fn call(&mut self, operation: String, arguments: String) -> Result<String, types::Error> {
        self.refuse_while_loading("the platform")?;
        self.capabilities.platform(&operation, &arguments).await.map_err(refusal)
    }
}
