//! Loading of filters.

use std::path::Path;

use wasmtime::{Cache, Config, Engine, Module};

use crate::Fault;

/// A compiled filter, from which any number of VMs can be started.
#[derive(Clone)]
pub struct Filter {
    pub(crate) engine: Engine,
    pub(crate) module: Module,
}

impl Filter {
    /// Compiles the module; the second time it comes from wasmtime's cache on disk.
    ///
    /// # Errors
    /// The file cannot be read, or is no module.
    pub fn load(path: &Path) -> Result<Self, Fault> {
        let bytes = std::fs::read(path)
            .map_err(|error| Fault::new(format!("reading `{}`: {error}", path.display())))?;
        let mut config = Config::new();
        config.cache(Some(Cache::from_file(None)?));
        let engine = Engine::new(&config)?;
        let module = Module::new(&engine, bytes)?;
        Ok(Self { engine, module })
    }
}
