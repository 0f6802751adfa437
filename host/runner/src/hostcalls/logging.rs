//! The log.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::memory::{Guest, Outcome, put_number, slice, split};
use crate::abi::{Level, Status};
use crate::state::State;

/// Bytes of one message that are kept.
const MAX_MESSAGE: usize = 64 << 10;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_log" => log(level: u32, at: u32, size: u32),
        "proxy_get_log_level" => log_level(at: u32),
    );
    Ok(())
}

fn log(guest: &mut Guest<'_>, level: u32, at: u32, size: u32) -> Outcome {
    let level = Level::of(level).ok_or(Status::BadArgument)?;
    let (memory, state) = split(guest)?;
    write(state, level, slice(memory, at, size)?);
    Ok(())
}

/// Writes what the guest wants said.
pub(super) fn write(state: &State, level: Level, message: &[u8]) {
    let message = message.get(..MAX_MESSAGE).unwrap_or(message);
    state.world.log(level, &String::from_utf8_lossy(message));
}

fn log_level(guest: &mut Guest<'_>, at: u32) -> Outcome {
    let level = guest.data().world.log_level() as u32;
    put_number(guest, at, level)
}
