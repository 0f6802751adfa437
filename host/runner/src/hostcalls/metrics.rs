//! Metrics.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome, put, put_number, split, text};
use crate::metrics::Kind;
use crate::state::State;

/// Bytes of a name.
const MAX_NAME: u32 = 256;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_define_metric" => define_metric(kind: u32, at: u32, size: u32, id_at: u32),
        "proxy_record_metric" => record(id: u32, value: u64),
        "proxy_increment_metric" => increment(id: u32, offset: i64),
        "proxy_get_metric" => get(id: u32, at: u32),
    );
    Ok(())
}

fn define_metric(guest: &mut Guest<'_>, kind: u32, at: u32, size: u32, id_at: u32) -> Outcome {
    let kind = Kind::of(kind).ok_or(Status::BadArgument)?;
    // Braces hold labels, which are the runner's own.
    let name = text(guest, at, size)?.replace(['{', '}'], "_");
    if size > MAX_NAME {
        return Err(Status::BadArgument.into());
    }
    let id = guest.data().metrics.define(kind, &name)?;
    put_number(guest, id_at, id)
}

fn record(guest: &mut Guest<'_>, id: u32, value: u64) -> Outcome {
    Ok(guest.data().metrics.record(id, value)?)
}

fn increment(guest: &mut Guest<'_>, id: u32, offset: i64) -> Outcome {
    Ok(guest.data().metrics.increment(id, offset)?)
}

fn get(guest: &mut Guest<'_>, id: u32, at: u32) -> Outcome {
    let value = guest.data().metrics.get(id)?;
    put(split(guest)?.0, at, &value.to_le_bytes())
}
