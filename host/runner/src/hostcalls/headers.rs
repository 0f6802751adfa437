//! Header maps. Of network filters' maps there are those of HTTP calls' answers, which can be read.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::memory::{Guest, Outcome, Return, copy, give, put_number, slice, split};
use crate::abi::numbers::map;
use crate::abi::{Pairs, Status};
use crate::state::State;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_get_header_map_size" => size(kind: u32, size_at: u32),
        "proxy_get_header_map_pairs" => pairs(kind: u32, data_at: u32, size_at: u32),
        "proxy_set_header_map_pairs" => set_pairs(kind: u32, at: u32, size: u32),
        "proxy_get_header_map_value" => value(kind: u32, at: u32, size: u32, data_at: u32, size_at: u32),
        "proxy_add_header_map_value" => change(kind: u32, at: u32, size: u32, value_at: u32, value_size: u32),
        "proxy_replace_header_map_value" => change(kind: u32, at: u32, size: u32, value_at: u32, value_size: u32),
        "proxy_remove_header_map_value" => remove(kind: u32, at: u32, size: u32),
    );
    Ok(())
}

/// A map that can be read now.
fn readable(state: &State, kind: u32) -> Result<&Pairs, Status> {
    let answer = state.answer.as_ref().ok_or(Status::BadArgument)?;
    match kind {
        map::CALL_RESPONSE_HEADERS => Ok(&answer.headers),
        map::CALL_RESPONSE_TRAILERS => Ok(&answer.trailers),
        _ => Err(Status::BadArgument),
    }
}

fn size(guest: &mut Guest<'_>, kind: u32, size_at: u32) -> Outcome {
    let size = readable(guest.data(), kind)?.size();
    put_number(guest, size_at, u32::try_from(size).unwrap_or(u32::MAX))
}

fn pairs(guest: &mut Guest<'_>, kind: u32, data_at: u32, size_at: u32) -> Outcome {
    let bytes = readable(guest.data(), kind)?.write().ok_or(Status::SerializationFailure)?;
    give(guest, &bytes, Return { data: data_at, size: size_at })
}

fn value(guest: &mut Guest<'_>, kind: u32, at: u32, size: u32, data_at: u32, size_at: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let name = slice(memory, at, size)?;
    let value = readable(state, kind)?.get(name).ok_or(Status::NotFound)?;
    give(guest, &value, Return { data: data_at, size: size_at })
}

/// No map of a network filter can be changed.
fn set_pairs(guest: &mut Guest<'_>, _kind: u32, at: u32, size: u32) -> Outcome {
    copy(guest, at, size)?;
    Err(Status::BadArgument.into())
}

fn change(guest: &mut Guest<'_>, kind: u32, at: u32, size: u32, value_at: u32, value_size: u32) -> Outcome {
    copy(guest, at, size)?;
    set_pairs(guest, kind, value_at, value_size)
}

fn remove(guest: &mut Guest<'_>, kind: u32, at: u32, size: u32) -> Outcome {
    set_pairs(guest, kind, at, size)
}
