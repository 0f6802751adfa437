//! The guest's memory. Every access is checked: what leaves it gives `InvalidMemoryAccess`, never a trap.

use wasmtime::{Caller, Extern};

use super::numbers::Status;
use crate::state::State;

/// The guest in a hostcall.
pub(crate) type Guest<'a> = Caller<'a, State>;

/// Why a hostcall does not end well.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It answers a status.
    Status(Status),
    /// The guest trapped in a function that the call needed.
    Trap(wasmtime::Error),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

/// What becomes of a hostcall.
pub(crate) type Outcome = Result<(), Stop>;

const INVALID: Stop = Stop::Status(Status::InvalidMemoryAccess);

/// The guest's memory beside the host's state.
pub(crate) fn split<'g>(guest: &'g mut Guest<'_>) -> Result<(&'g mut [u8], &'g mut State), Stop> {
    let memory = match guest.data().memory {
        Some(memory) => memory,
        // During the module's own start.
        None => guest.get_export("memory").and_then(Extern::into_memory).ok_or(INVALID)?,
    };
    Ok(memory.data_and_store_mut(guest))
}

/// `size` bytes of `memory` at `at`.
pub(crate) fn slice(memory: &[u8], at: u32, size: u32) -> Result<&[u8], Stop> {
    let start = at as usize;
    start.checked_add(size as usize).and_then(|end| memory.get(start..end)).ok_or(INVALID)
}

/// The same, to be written to.
pub(crate) fn slice_mut(memory: &mut [u8], at: u32, size: usize) -> Result<&mut [u8], Stop> {
    let start = at as usize;
    start.checked_add(size).and_then(|end| memory.get_mut(start..end)).ok_or(INVALID)
}

/// Writes little-endian bytes.
pub(crate) fn put(memory: &mut [u8], at: u32, bytes: &[u8]) -> Outcome {
    slice_mut(memory, at, bytes.len())?.copy_from_slice(bytes);
    Ok(())
}

/// Reads a 32-bit number.
pub(crate) fn number(memory: &[u8], at: u32) -> Result<u32, Stop> {
    let bytes = slice(memory, at, 4)?;
    bytes.try_into().map(u32::from_le_bytes).map_err(|_| INVALID)
}

/// Writes a 32-bit number.
pub(crate) fn put_number(guest: &mut Guest<'_>, at: u32, value: u32) -> Outcome {
    put(split(guest)?.0, at, &value.to_le_bytes())
}

/// A copy of the guest's bytes.
pub(crate) fn copy(guest: &mut Guest<'_>, at: u32, size: u32) -> Result<Vec<u8>, Stop> {
    Ok(slice(split(guest)?.0, at, size)?.to_vec())
}

/// A copy of the guest's text.
pub(crate) fn text(guest: &mut Guest<'_>, at: u32, size: u32) -> Result<String, Stop> {
    Ok(String::from_utf8_lossy(slice(split(guest)?.0, at, size)?).into_owned())
}

/// Where an answer's address and size are written to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Return {
    pub(crate) data: u32,
    pub(crate) size: u32,
}

/// Hands `size` bytes over in memory that the guest allocates. `fill` writes them, when the guest has run: it gives
/// `None` where they are not there any more.
pub(crate) fn give_with(
    guest: &mut Guest<'_>,
    size: usize,
    to: Return,
    fill: impl FnOnce(&State, &mut [u8]) -> Option<()>,
) -> Outcome {
    let wanted = u32::try_from(size).map_err(|_| INVALID)?;
    let mut address = 0;
    if wanted > 0 {
        address = allocate(guest, wanted)?;
        let (memory, state) = split(guest)?;
        fill(state, slice_mut(memory, address, size)?).ok_or(INVALID)?;
    }
    let memory = split(guest)?.0;
    put(memory, to.data, &address.to_le_bytes())?;
    put(memory, to.size, &wanted.to_le_bytes())
}

/// Hands bytes over that are no part of the state.
pub(crate) fn give(guest: &mut Guest<'_>, bytes: &[u8], to: Return) -> Outcome {
    give_with(guest, bytes.len(), to, |_, target| {
        target.copy_from_slice(bytes);
        Some(())
    })
}

fn allocate(guest: &mut Guest<'_>, size: u32) -> Result<u32, Stop> {
    let allocate = match &guest.data().allocate {
        Some(allocate) => allocate.clone(),
        None => {
            let export = guest.get_export("proxy_on_memory_allocate").or_else(|| guest.get_export("malloc"));
            let function = export.and_then(Extern::into_func).ok_or(INVALID)?;
            function.typed::<u32, u32>(&*guest).map_err(|_| INVALID)?
        }
    };
    match allocate.call(&mut *guest, size).map_err(Stop::Trap)? {
        0 => Err(INVALID),
        address => Ok(address),
    }
}
