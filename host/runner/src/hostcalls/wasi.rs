//! WASI preview 1, as far as Envoy gives it to filters: time, randomness, environment, and words on the standard
//! outputs, which go to the log.

use wasmtime::Linker;

use super::clock::nanoseconds;
use super::logging::write;
use super::wasi_stubs;
use crate::abi::Level;
use crate::abi::memory::{Guest, Outcome, Stop, number, put, slice, slice_mut, split};
use crate::state::State;

/// Both names of preview 1.
pub(super) const SPACES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

pub(super) const BADF: i32 = 8;
const FAULT: i32 = 21;
const INVAL: i32 = 28;
const NOTSUP: i32 = 58;

/// Random bytes that one call gives.
const MAX_RANDOM: u32 = 64 << 10;
const CHARACTER_DEVICE: u8 = 2;

type Guarded = Result<i32, Stop>;

macro_rules! wasi {
    ($linker:expr, $space:expr, $($name:literal => $call:ident ( $($arg:ident : $ty:ty),* )),* $(,)?) => {
        $($linker.func_wrap($space, $name, |mut guest: Guest<'_>, $($arg: $ty),*| {
            errno($call(&mut guest, $($arg),*))
        })?;)*
    };
}

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    for space in SPACES {
        wasi!(linker, space,
            "fd_write" => fd_write(fd: u32, vectors_at: u32, count: u32, written_at: u32),
            "fd_fdstat_get" => fd_fdstat_get(fd: u32, at: u32),
            "clock_time_get" => clock_time_get(clock: u32, precision: u64, at: u32),
            "clock_res_get" => clock_res_get(clock: u32, at: u32),
            "random_get" => random_get(at: u32, size: u32),
            "environ_sizes_get" => environ_sizes_get(count_at: u32, size_at: u32),
            "environ_get" => environ_get(pointers_at: u32, at: u32),
            "args_sizes_get" => args_sizes_get(count_at: u32, size_at: u32),
        );
        linker.func_wrap(space, "proc_exit", |guest: Guest<'_>, code: i32| {
            write(guest.data(), Level::Error, format!("the filter exits with code {code}").as_bytes());
        })?;
        wasi_stubs::define(linker, space)?;
    }
    Ok(())
}

fn errno(outcome: Guarded) -> wasmtime::Result<i32> {
    match outcome {
        Ok(errno) => Ok(errno),
        Err(Stop::Status(_)) => Ok(FAULT),
        Err(Stop::Trap(trap)) => Err(trap),
    }
}

fn done(outcome: Outcome) -> Guarded {
    outcome.map(|()| 0)
}

fn fd_write(guest: &mut Guest<'_>, fd: u32, vectors_at: u32, count: u32, written_at: u32) -> Guarded {
    let level = match fd {
        1 => Level::Info,
        2 => Level::Error,
        _ => return Ok(BADF),
    };
    let (memory, state) = split(guest)?;
    // All of it before anything is copied: the number is the guest's.
    slice(memory, vectors_at, count.saturating_mul(8))?;
    let mut message = Vec::new();
    let mut written = 0_u32;
    for vector in 0..count {
        let at = vectors_at.saturating_add(vector * 8);
        let (data, size) = (number(memory, at)?, number(memory, at.saturating_add(4))?);
        let part = slice(memory, data, size)?;
        written = written.saturating_add(size);
        let room = (64_usize << 10).saturating_sub(message.len());
        message.extend_from_slice(part.get(..room).unwrap_or(part));
    }
    put(memory, written_at, &written.to_le_bytes())?;
    if !message.is_empty() {
        write(state, level, message.strip_suffix(b"\n").unwrap_or(&message));
    }
    Ok(0)
}

/// The standard streams are terminals, in a way; there is nothing else.
fn fd_fdstat_get(guest: &mut Guest<'_>, fd: u32, at: u32) -> Guarded {
    if fd > 2 {
        return Ok(BADF);
    }
    let mut stat = [0; 24];
    if let Some(kind) = stat.first_mut() {
        *kind = CHARACTER_DEVICE;
    }
    done(put(split(guest)?.0, at, &stat))
}

fn clock_time_get(guest: &mut Guest<'_>, clock: u32, _precision: u64, at: u32) -> Guarded {
    let (memory, state) = split(guest)?;
    let time = match clock {
        0 => state.world.now(),
        1 => state.world.monotonic(),
        _ => return Ok(NOTSUP),
    };
    done(put(memory, at, &nanoseconds(time).to_le_bytes()))
}

fn clock_res_get(guest: &mut Guest<'_>, clock: u32, at: u32) -> Guarded {
    if clock > 1 {
        return Ok(NOTSUP);
    }
    done(put(split(guest)?.0, at, &1_u64.to_le_bytes()))
}

fn random_get(guest: &mut Guest<'_>, at: u32, size: u32) -> Guarded {
    if size > MAX_RANDOM {
        return Ok(INVAL);
    }
    let (memory, state) = split(guest)?;
    let filled = state.world.random(slice_mut(memory, at, size as usize)?);
    Ok(if filled { 0 } else { INVAL })
}

fn environ_sizes_get(guest: &mut Guest<'_>, count_at: u32, size_at: u32) -> Guarded {
    let (memory, state) = split(guest)?;
    let variables = &state.plugin.environment;
    let size: usize = variables.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    put(memory, count_at, &u32::try_from(variables.len()).unwrap_or(0).to_le_bytes())?;
    done(put(memory, size_at, &u32::try_from(size).unwrap_or(0).to_le_bytes()))
}

fn environ_get(guest: &mut Guest<'_>, pointers_at: u32, at: u32) -> Guarded {
    let (memory, state) = split(guest)?;
    let (mut pointer, mut at) = (pointers_at, at);
    for (name, value) in &state.plugin.environment {
        let entry = format!("{name}={value}\0");
        put(memory, pointer, &at.to_le_bytes())?;
        put(memory, at, entry.as_bytes())?;
        pointer = pointer.saturating_add(4);
        at = at.saturating_add(u32::try_from(entry.len()).unwrap_or(u32::MAX));
    }
    Ok(0)
}

fn args_sizes_get(guest: &mut Guest<'_>, count_at: u32, size_at: u32) -> Guarded {
    let memory = split(guest)?.0;
    put(memory, count_at, &[0; 4])?;
    done(put(memory, size_at, &[0; 4]))
}
