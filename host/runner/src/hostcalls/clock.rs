//! The time, and the timer.

use std::time::Duration;

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::memory::{Guest, Outcome, put, split};
use crate::state::State;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_get_current_time_nanoseconds" => now(at: u32),
        "proxy_set_tick_period_milliseconds" => tick_period(period: u32),
    );
    Ok(())
}

fn now(guest: &mut Guest<'_>, at: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    put(memory, at, &nanoseconds(state.world.now()).to_le_bytes())
}

/// As the guest takes time.
pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn tick_period(guest: &mut Guest<'_>, period: u32) -> Outcome {
    guest.data_mut().tick = Duration::from_millis(u64::from(period));
    Ok(())
}
