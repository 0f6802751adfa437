//! Drives a proxy-wasm filter in this process, as Envoy would: bytes or messages, answers to HTTP calls, and time come
//! from the test, and what the filter does is there to look at. Nothing is random and no clock runs.
//!
//! ```no_run
//! # use gatewright_testing::{Filter, Vm};
//! # fn main() -> Result<(), gatewright_testing::Fault> {
//! let filter = Filter::load("my_filter.wasm".as_ref())?;
//! let mut vm = Vm::start(&filter, b"configuration", 1_800_000_000_000)?;
//! let stream = vm.open("10.0.0.1:5000")?;
//! vm.downstream(stream, b"hello", false)?;
//! assert_eq!(vm.to_server(stream), b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! [`HttpVm`] does the same with an HTTP filter. The ABI and its semantics are those of [`gatewright_runner`], which
//! serves real connections with the same code.

mod functions;
mod http;
mod script;
mod vm;

use std::path::Path;

use gatewright_runner::{Engine, Limits, Module};

pub use functions::Functions;
pub use gatewright_runner::{ConnectionId as StreamId, Fault, GrpcEvent, GrpcOrder};
pub use http::{HttpVm, Message};
pub use script::HttpCall;
pub use vm::Vm;

/// A compiled filter, from which any number of VMs can be started.
#[derive(Clone)]
pub struct Filter(Module);

impl Filter {
    /// Compiles the module; the second time it comes from wasmtime's cache on disk.
    ///
    /// # Errors
    /// The file cannot be read, or is no module.
    pub fn load(path: &Path) -> Result<Self, Fault> {
        // Tests run in many threads, each with its own VM.
        Ok(Self(Engine::new(Limits { vms: 1024, ..Limits::default() })?.load(path)?))
    }
}
