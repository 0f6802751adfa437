//! Compiling modules, and the limits that hold for whatever runs.

use std::path::Path;
use std::time::Duration;

use wasmtime::{Cache, Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::fault::Fault;

/// How exact deadlines are.
const TICK: Duration = Duration::from_millis(10);

/// What a filter may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one VM's memory.
    pub memory: usize,
    /// Bytes of the stack.
    pub stack: usize,
    /// Elements of one table.
    pub table_elements: usize,
    /// How long a callback may take.
    pub callback: Duration,
    /// How long the start and the configuration of a VM may take.
    pub start: Duration,
    /// VMs at the same time.
    pub vms: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            stack: 1 << 20,
            table_elements: 1 << 17,
            callback: Duration::from_secs(2),
            start: Duration::from_secs(30),
            vms: 64,
        }
    }
}

/// Compiles modules and stops what runs for too long.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) limits: Limits,
}

impl Engine {
    /// An engine with these limits. What it compiles is kept in wasmtime's cache on disk, where there is room for one.
    ///
    /// # Errors
    /// This machine cannot run wasm in that way.
    pub fn new(limits: Limits) -> Result<Self, Fault> {
        let engine = wasmtime::Engine::new(&config(&limits, true))
            // Where addresses are short (a limit on virtual memory), each VM's memory is asked for by itself.
            .or_else(|_| wasmtime::Engine::new(&config(&limits, false)))
            .map_err(Fault::module)?;
        tick(&engine)?;
        Ok(Self { engine, limits })
    }

    /// Compiles a module; the second time it comes from the cache.
    ///
    /// # Errors
    /// The file cannot be read, or is no module.
    pub fn load(&self, path: &Path) -> Result<Module, Fault> {
        let bytes = std::fs::read(path)
            .map_err(|error| Fault::Module(format!("reading `{}`: {error}", path.display())))?;
        self.compile(&bytes).map_err(|fault| Fault::Module(format!("`{}`: {fault}", path.display())))
    }

    /// Compiles a module that is in memory.
    ///
    /// # Errors
    /// It is no module.
    pub fn compile(&self, bytes: &[u8]) -> Result<Module, Fault> {
        let module = wasmtime::Module::new(&self.engine, bytes)
            .map_err(|error| Fault::Module(format!("{error:#}")))?;
        Ok(Module { engine: self.clone(), module })
    }

    /// A duration as deadlines count it.
    pub(crate) fn ticks(duration: Duration) -> u64 {
        u64::try_from(duration.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX / 2).max(1) + 1
    }
}

/// A compiled module, from which any number of VMs can be started.
#[derive(Debug, Clone)]
pub struct Module {
    pub(crate) engine: Engine,
    pub(crate) module: wasmtime::Module,
}

fn config(limits: &Limits, pooling: bool) -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true).max_wasm_stack(limits.stack);
    match Cache::from_file(None) {
        Ok(cache) => {
            config.cache(Some(cache));
        }
        Err(error) => tracing::debug!(%error, "modules are compiled at each start: there is no cache"),
    }
    if pooling {
        let mut pool = PoolingAllocationConfig::default();
        pool.total_core_instances(limits.vms)
            .total_memories(limits.vms)
            .total_tables(limits.vms.saturating_mul(2))
            .max_tables_per_module(2)
            .table_elements(limits.table_elements)
            .max_core_instance_size(1 << 20)
            .max_memory_size(limits.memory);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

/// Advances the engine's epoch for as long as the engine lives.
fn tick(engine: &wasmtime::Engine) -> Result<(), Fault> {
    let weak = engine.weak();
    let ticker = move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new().name("epochs".to_owned()).spawn(ticker).map_err(Fault::module)?;
    Ok(())
}
