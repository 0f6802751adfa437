//! A module's exported functions by themselves, for benchmarks.

use wasmtime::{Instance, Linker, Store};

use crate::host::Host;
use crate::{Fault, Filter, imports, wasi};

/// An instance of a module that is no filter.
pub struct Functions {
    store: Store<Host>,
    instance: Instance,
}

impl Functions {
    /// Instantiates the module.
    ///
    /// # Errors
    /// It cannot be linked, or traps.
    pub fn start(filter: &Filter) -> Result<Self, Fault> {
        let mut linker = Linker::new(&filter.engine);
        imports::define(&mut linker, &filter.module)?;
        wasi::define(&mut linker, &filter.module)?;
        let mut store = Store::new(&filter.engine, Host::default());
        let instance = linker.instantiate(&mut store, &filter.module)?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize.call(&mut store, ())?;
        }
        Ok(Self { store, instance })
    }

    /// Calls a function that takes a number and gives one.
    ///
    /// # Errors
    /// There is none of that name and type, or it traps.
    pub fn call(&mut self, name: &str, argument: u32) -> Result<u32, Fault> {
        let function = self.instance.get_typed_func::<u32, u32>(&mut self.store, name)?;
        Ok(function.call(&mut self.store, argument)?)
    }
}
