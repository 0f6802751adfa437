//! Queues that the VMs of one `vm_id` share.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome, Return, give, put_number, slice, split, text};
use crate::state::State;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_register_shared_queue" => register(at: u32, size: u32, id_at: u32),
        "proxy_resolve_shared_queue" => resolve(vm_at: u32, vm_size: u32, at: u32, size: u32, id_at: u32),
        "proxy_enqueue_shared_queue" => enqueue(id: u32, at: u32, size: u32),
        "proxy_dequeue_shared_queue" => dequeue(id: u32, data_at: u32, size_at: u32),
    );
    Ok(())
}

fn register(guest: &mut Guest<'_>, at: u32, size: u32, id_at: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let name = slice(memory, at, size)?;
    let id = state.shared.register(&state.plugin.vm_id, name, state.world.bell())?;
    put_number(guest, id_at, id)
}

fn resolve(guest: &mut Guest<'_>, vm_at: u32, vm_size: u32, at: u32, size: u32, id_at: u32) -> Outcome {
    let vm_id = text(guest, vm_at, vm_size)?;
    let (memory, state) = split(guest)?;
    let name = slice(memory, at, size)?;
    // No name: the filter's own.
    let vm_id = if vm_id.is_empty() { &state.plugin.vm_id } else { &vm_id };
    let id = state.shared.resolve(vm_id, name).ok_or(Status::NotFound)?;
    put_number(guest, id_at, id)
}

fn enqueue(guest: &mut Guest<'_>, id: u32, at: u32, size: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    Ok(state.shared.enqueue(id, slice(memory, at, size)?)?)
}

fn dequeue(guest: &mut Guest<'_>, id: u32, data_at: u32, size_at: u32) -> Outcome {
    let item = guest.data().shared.dequeue(id)?;
    give(guest, &item, Return { data: data_at, size: size_at })
}
