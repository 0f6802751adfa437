//! Data that the VMs of one `vm_id` share.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome, Return, give, put_number, slice, split};
use crate::state::State;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_get_shared_data" => get(at: u32, size: u32, data_at: u32, size_at: u32, cas_at: u32),
        "proxy_set_shared_data" => set(at: u32, size: u32, value_at: u32, value_size: u32, cas: u32),
    );
    Ok(())
}

fn get(guest: &mut Guest<'_>, at: u32, size: u32, data_at: u32, size_at: u32, cas_at: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let (value, cas) = state.space.get(slice(memory, at, size)?).ok_or(Status::NotFound)?;
    give(guest, &value, Return { data: data_at, size: size_at })?;
    put_number(guest, cas_at, cas)
}

fn set(guest: &mut Guest<'_>, at: u32, size: u32, value_at: u32, value_size: u32, cas: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    Ok(state.space.set(slice(memory, at, size)?, slice(memory, value_at, value_size)?, cas)?)
}
