//! The engine, the shared code, and one image per workspace version.

use crate::{bindings, cache::Cache, codes::Codes, host::State, meter::Ticker, package_codes::PackageCodes};
use anyhow::Result;
use std::sync::Arc;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, Module, PoolingAllocationConfig};

/// How a sandbox is sized. The defaults suit one process per core.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Runs alive at the same time, waiting ones included. Each reserves address space
    /// only; what it uses is counted by its memory limit.
    pub slots: u32,
    /// Hard ceiling of a run's memory in bytes, whatever an organization's limit says.
    pub max_memory_bytes: usize,
    /// Bytes of each used slot that stay resident between runs. At least the pages a
    /// run touches, so that the next one finds them mapped.
    pub keep_resident_bytes: usize,
    /// Count and limit what runs compute. False only to measure what that costs: an
    /// endless loop then keeps its thread for good.
    pub metered: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { slots: 1_100, max_memory_bytes: 1 << 30, keep_resident_bytes: 16 << 20, metered: true }
    }
}

/// Room for the recursion of C functions, in bytes. CPython guards the stack that it sees,
/// 1 MiB of linear memory; this one has to last until that one is used up, so that a deep
/// recursion ends as a `RecursionError`. The hungriest recursions that CPython guards
/// (comparing, printing, decoding and freeing nested containers) take up to twelve times
/// as much of it. What a run has touched is given back when it ends.
const WASM_STACK: usize = 16 << 20;

/// The compiled base, shared by all runs of a process.
pub struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) cache: Cache,
    linker: Linker<State>,
    wrapper: Component,
    pub(crate) probe: Component,
    ticker: Arc<Ticker>,
    metered: bool,
    fingerprint: String,
    base: Image,
    pub(crate) codes: Codes,
}

/// A workspace version, ready to run.
#[derive(Clone)]
pub struct Image {
    pub(crate) pre: Pre,
    pub(crate) module: Module,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) metered: bool,
    pub(crate) package_codes: Arc<PackageCodes>,
}

fn config(settings: &Settings) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(settings.slots)
        .total_core_instances(settings.slots * 6)
        .total_memories(settings.slots)
        .total_tables(settings.slots * 3)
        .total_stacks(settings.slots)
        .max_memory_size(settings.max_memory_bytes)
        .table_elements(16_000)
        .max_core_instances_per_component(8)
        .max_memories_per_component(1)
        .max_tables_per_component(4)
        .max_component_instance_size(1 << 20)
        .max_core_instance_size(4 << 20)
        .linear_memory_keep_resident(settings.keep_resident_bytes)
        .table_keep_resident(1 << 20)
        .async_stack_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_init_cow(true)
        .epoch_interruption(settings.metered)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(WASM_STACK + (1 << 20))
        .async_stack_zeroing(true)
        .wasm_backtrace_max_frames(None);
    config
}

impl Sandbox {
    /// Loads the shared code and the prepared base from the cache, or makes them (some
    /// seconds, once per machine and release).
    ///
    /// # Errors
    /// When the cache cannot be written or the machine cannot reserve the slots.
    pub async fn new(settings: &Settings, cache: Cache) -> Result<Self> {
        let engine = Engine::new(&config(settings))?;
        let code = load_module(&engine, &cache, "code", bifrost_base::CODE)?;
        let wrapper = load_component(&engine, &cache, "wrapper", bifrost_base::WRAPPER)?;
        let probe = load_component(&engine, &cache, "probe", bifrost_base::PROBE)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        {
            use bindings::bifrost::workflow::{config, log, modules, platform, signing, types};
            types::add_to_linker::<_, State>(&mut linker, |state| state)?;
            config::add_to_linker::<_, State>(&mut linker, |state| state)?;
            log::add_to_linker::<_, State>(&mut linker, |state| state)?;
            modules::add_to_linker::<_, State>(&mut linker, |state| state)?;
            platform::add_to_linker::<_, State>(&mut linker, |state| state)?;
            signing::add_to_linker::<_, State>(&mut linker, |state| state)?;
        }
        linker.root().module("code", &code)?;
        let ticker = Ticker::start(&engine)?;
        let metered = settings.metered;
        let fingerprint = base_fingerprint(&engine);
        let name = format!("base-{fingerprint}");
        let package_codes = PackageCodes::new(cache.clone(), fingerprint.clone());
        let base = |module: Module| {
            let pre = ready(&linker, &wrapper, &module)?;
            anyhow::Ok(Image {
                pre,
                module,
                ticker: ticker.clone(),
                metered,
                package_codes: package_codes.clone(),
            })
        };
        let (base, is_prepared) = match cache.get(&name) {
            Some(path) => (base(deserialize(&engine, &path)?)?, true),
            None => (base(image(&engine, &cache, bifrost_base::MEMORY)?)?, false),
        };
        let codes = Codes::default();
        let mut this =
            Self { engine, cache, linker, wrapper, probe, ticker, metered, fingerprint, base, codes };
        if !is_prepared {
            let memory = this.prepare().await?;
            this.base = this.store_image(&name, &memory)?;
        }
        Ok(this)
    }

    /// The prepared image that no workspace was loaded into: where builds and drafts begin.
    pub fn base(&self) -> &Image {
        &self.base
    }

    /// Keeps a snapshot's memory in the cache under `name`, and makes it ready to run.
    pub fn store_image(&self, name: &str, memory: &[u8]) -> Result<Image> {
        let wasm = bifrost_linker::image_module(memory);
        let native = precompile_module(&self.engine, name, &wasm)?;
        let path = self.cache.put(name, &native)?;
        self.image(deserialize(&self.engine, &path)?)
    }

    /// A snapshot kept by [`Self::store_image`]; `None` when it is not in the cache.
    pub fn cached_image(&self, name: &str) -> Result<Option<Image>> {
        match self.cache.get(name) {
            Some(path) => self.image(deserialize(&self.engine, &path)?).map(Some),
            None => Ok(None),
        }
    }

    fn image(&self, module: Module) -> Result<Image> {
        let pre = ready(&self.linker, &self.wrapper, &module)?;
        let package_codes = self.base.package_codes.clone();
        Ok(Image { pre, module, ticker: self.ticker.clone(), metered: self.metered, package_codes })
    }

    /// The cache of native code.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// What a cached snapshot depends on besides the source: base and engine.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(crate) fn probe_linker(&self) -> Result<Linker<State>> {
        let mut linker = self.linker.clone();
        linker.root().module("image", &self.base.module)?;
        Ok(linker)
    }
}

type Pre = Arc<bindings::PlatformSidePre<State>>;

fn ready(linker: &Linker<State>, wrapper: &Component, module: &Module) -> Result<Pre> {
    let mut linker = linker.clone();
    linker.root().module("image", module)?;
    Ok(Arc::new(bindings::PlatformSidePre::new(linker.instantiate_pre(wrapper)?)?))
}

fn image(engine: &Engine, cache: &Cache, memory: &[u8]) -> Result<Module> {
    load_module(engine, cache, "image", &bifrost_linker::image_module(memory))
}

fn base_fingerprint(engine: &Engine) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(bifrost_base::CODE).update(bifrost_base::MEMORY).update(bifrost_base::WRAPPER);
    hasher.update(fingerprint(engine).as_bytes());
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Everything about engine and settings that compiled code depends on.
fn fingerprint(engine: &Engine) -> String {
    struct Hashing(blake3::Hasher);
    impl std::hash::Hasher for Hashing {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let mut hasher = Hashing(blake3::Hasher::new());
    std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hasher);
    hasher.0.finalize().to_hex()[..16].to_owned()
}

fn entry_name(engine: &Engine, kind: &str, wasm: &[u8]) -> String {
    format!("{kind}-{}-{}", fingerprint(engine), &blake3::hash(wasm).to_hex()[..32])
}

fn precompile_module(engine: &Engine, kind: &str, wasm: &[u8]) -> Result<Vec<u8>> {
    engine.precompile_module(wasm).map_err(|e| anyhow::anyhow!("compiling {kind}: {e:?}"))
}

fn load_module(engine: &Engine, cache: &Cache, kind: &str, wasm: &[u8]) -> Result<Module> {
    let name = entry_name(engine, kind, wasm);
    deserialize(engine, &cache.entry(&name, || precompile_module(engine, kind, wasm))?)
}

fn deserialize(engine: &Engine, path: &std::path::Path) -> Result<Module> {
    #[expect(unsafe_code, reason = "loading native code is unsafe by nature")]
    // SAFETY: the cache returns only files that this installation sealed with its own
    // key, and they are never changed in place.
    let module = unsafe { Module::deserialize_file(engine, path) }?;
    Ok(module)
}

fn load_component(engine: &Engine, cache: &Cache, kind: &str, wasm: &[u8]) -> Result<Component> {
    let path = cache.entry(&entry_name(engine, kind, wasm), || {
        engine.precompile_component(wasm).map_err(|e| anyhow::anyhow!("compiling {kind}: {e:?}"))
    })?;
    #[expect(unsafe_code, reason = "loading native code is unsafe by nature")]
    // SAFETY: as in `deserialize`.
    let component = unsafe { Component::deserialize_file(engine, path) }?;
    Ok(component)
}
