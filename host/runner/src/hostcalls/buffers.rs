//! Buffers.

use bytes::{Buf as _, BytesMut};
use wasmtime::Linker;

use super::hostcalls;
use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome, Return, give_with, put_number, slice, split};
use crate::state::{Effect, State};

/// What a filter may make of a buffer: more would let one connection use up the process's memory.
const MAX_BUFFER: usize = 64 << 20;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_get_buffer_bytes" => get(kind: u32, start: u32, size: u32, data_at: u32, size_at: u32),
        "proxy_get_buffer_status" => status(kind: u32, size_at: u32, flags_at: u32),
        "proxy_set_buffer_bytes" => set(kind: u32, start: u32, size: u32, at: u32, data_size: u32),
    );
    Ok(())
}

pub(super) fn get(
    guest: &mut Guest<'_>,
    kind: u32,
    start: u32,
    size: u32,
    data_at: u32,
    size_at: u32,
) -> Outcome {
    let length = guest.data().with_buffer(kind, <[u8]>::len)?;
    let start = (start as usize).min(length);
    let end = start.saturating_add(size as usize).min(length);
    let to = Return { data: data_at, size: size_at };
    give_with(guest, end - start, to, |state, target| {
        // The guest ran in between, and may have changed the buffer.
        let copy = |bytes: &[u8]| bytes.get(start..end).map(|bytes| target.copy_from_slice(bytes));
        state.with_buffer(kind, copy).ok().flatten()
    })
}

fn status(guest: &mut Guest<'_>, kind: u32, size_at: u32, flags_at: u32) -> Outcome {
    let size = guest.data().with_buffer(kind, <[u8]>::len)?;
    put_number(guest, size_at, u32::try_from(size).unwrap_or(u32::MAX))?;
    put_number(guest, flags_at, 0)
}

/// From the start it replaces, past the end it appends, between it is refused.
fn set(guest: &mut Guest<'_>, kind: u32, start: u32, size: u32, at: u32, data_size: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let data = slice(memory, at, data_size)?;
    let bytes = state.buffer_mut(kind)?;
    let mut bytes = bytes.borrow_mut();
    let (start, replaced) = (start as usize, (size as usize).min(bytes.len()));
    if bytes.len().saturating_add(data.len()) > MAX_BUFFER {
        return Err(Status::InternalFailure.into());
    }
    if start == 0 {
        replace_front(&mut bytes, replaced, data);
    } else if start >= bytes.len() {
        bytes.extend_from_slice(data);
    } else {
        return Err(Status::BadArgument.into());
    }
    let changed = state.effective;
    state.effects.push(Effect::Changed(changed));
    Ok(())
}

fn replace_front(bytes: &mut BytesMut, replaced: usize, data: &[u8]) {
    if replaced == bytes.len() {
        bytes.clear();
        bytes.extend_from_slice(data);
        return;
    }
    bytes.advance(replaced);
    if !data.is_empty() {
        let rest = std::mem::take(bytes);
        bytes.reserve(data.len() + rest.len());
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(&rest);
    }
}
