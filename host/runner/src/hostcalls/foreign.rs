//! Foreign functions: there are none.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome, slice, split};
use crate::state::State;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_call_foreign_function" => call(
            name_at: u32, name_size: u32, at: u32, size: u32, data_at: u32, size_at: u32
        ),
    );
    Ok(())
}

fn call(
    guest: &mut Guest<'_>,
    name_at: u32,
    name_size: u32,
    at: u32,
    size: u32,
    _data_at: u32,
    _size_at: u32,
) -> Outcome {
    let (memory, state) = split(guest)?;
    slice(memory, name_at, name_size)?;
    slice(memory, at, size)?;
    state.metrics.count("gatewright_foreign_functions_unknown_total");
    Err(Status::NotFound.into())
}
