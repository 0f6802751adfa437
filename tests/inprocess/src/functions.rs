//! A module's exported functions by themselves, for benchmarks.

use gatewright_runner as runner;

use crate::script::Script;
use crate::{Fault, Filter};

/// An instance of a module that is no filter.
pub struct Functions(runner::Functions);

impl Functions {
    /// Instantiates the module.
    ///
    /// # Errors
    /// It cannot be linked, or traps.
    pub fn start(filter: &Filter) -> Result<Self, Fault> {
        runner::Functions::start(&filter.0, Script::new(0).surroundings()).map(Self)
    }

    /// Calls a function that takes a number and gives one.
    ///
    /// # Errors
    /// There is none of that name and type, or it traps.
    pub fn call(&mut self, name: &str, argument: u32) -> Result<u32, Fault> {
        self.0.call(name, argument)
    }
}
