//! Drives a proxy-wasm network filter in this process, as Envoy would: bytes, answers to HTTP calls, and time come
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
//! Semantics are Envoy's where the specification (proxy-wasm ABI 0.2.1) is silent: a buffer stays valid after Pause
//! and only then, `resume_downstream` acts when the callback returns, an upstream stream cannot be resumed, and
//! nothing can be said to the client but in `on_upstream_data`. Only network filters are driven so far.

mod abi;
mod filter;
mod functions;
mod host;
mod imports;
mod vm;
mod wasi;

pub use filter::Filter;
pub use functions::Functions;
pub use host::HttpCall;
pub use vm::{StreamId, Vm};

/// The filter could not be loaded or trapped.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fault(String);

impl Fault {
    fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl From<wasmtime::Error> for Fault {
    fn from(error: wasmtime::Error) -> Self {
        Self(format!("{error:?}"))
    }
}
