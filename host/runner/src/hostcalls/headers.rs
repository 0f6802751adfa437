//! Header maps: those of a request and its response, and to be read only, those of what HTTP and gRPC calls brought.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::memory::{Guest, Outcome, Return, give, put_number, slice, split};
use crate::abi::numbers::map;
use crate::abi::{Pairs, Status};
use crate::grpc::GrpcEvent;
use crate::http::SharedPairs;
use crate::state::{State, Stream};

/// Bytes of one map that filters may make.
const MAX_MAP: usize = 1 << 20;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_get_header_map_size" => size(kind: u32, size_at: u32),
        "proxy_get_header_map_pairs" => pairs(kind: u32, data_at: u32, size_at: u32),
        "proxy_set_header_map_pairs" => set_pairs(kind: u32, at: u32, size: u32),
        "proxy_get_header_map_value" => value(kind: u32, at: u32, size: u32, data_at: u32, size_at: u32),
        "proxy_add_header_map_value" => add(kind: u32, at: u32, size: u32, value_at: u32, value_size: u32),
        "proxy_replace_header_map_value" => replace(kind: u32, at: u32, size: u32, value_at: u32, value_size: u32),
        "proxy_remove_header_map_value" => remove(kind: u32, at: u32, size: u32),
    );
    Ok(())
}

/// Looks at a map that can be read now.
fn read<T>(state: &State, kind: u32, look: impl FnOnce(&Pairs) -> T) -> Result<T, Status> {
    match (kind, &state.event) {
        (map::GRPC_INITIAL_METADATA, Some(GrpcEvent::InitialMetadata(pairs)))
        | (map::GRPC_TRAILING_METADATA, Some(GrpcEvent::TrailingMetadata(pairs))) => return Ok(look(pairs)),
        _ => {}
    }
    match kind {
        map::CALL_RESPONSE_HEADERS => Ok(look(&state.answer.as_ref().ok_or(Status::BadArgument)?.headers)),
        map::CALL_RESPONSE_TRAILERS => Ok(look(&state.answer.as_ref().ok_or(Status::BadArgument)?.trailers)),
        _ => {
            let view = state.stream().and_then(Stream::http).ok_or(Status::BadArgument)?;
            Ok(look(&view.readable(kind).ok_or(Status::BadArgument)?.borrow()))
        }
    }
}

/// A map that can be changed now.
fn writable(state: &mut State, kind: u32) -> Result<SharedPairs, Status> {
    let view = state.streams.get_mut(&state.effective).and_then(Stream::http_mut);
    view.and_then(|view| view.writable(kind)).ok_or(Status::BadArgument)
}

/// Changes a map, unless it would be too large.
fn write(state: &mut State, kind: u32, more: usize, change: impl FnOnce(&mut Pairs)) -> Outcome {
    let known = writable(state, kind)?;
    let mut known = known.borrow_mut();
    if known.size().saturating_add(more) > MAX_MAP {
        return Err(Status::InternalFailure.into());
    }
    change(&mut known);
    Ok(())
}

/// A name, in lower case, and a value that can stand in a message. What they may not hold would let a filter's input
/// write header fields of its own.
fn field(name: &[u8], value: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Status> {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let bare = name.strip_prefix(b":").unwrap_or(name);
    let bad_value = |byte: &u8| matches!(byte, 0..=8 | 10..=31 | 127);
    if bare.is_empty() || !bare.iter().all(token) || value.iter().any(bad_value) {
        return Err(Status::BadArgument);
    }
    Ok((name.to_ascii_lowercase(), value.to_vec()))
}

/// A serialized map, as one that can stand in a message.
pub(super) fn fields(bytes: &[u8]) -> Result<Pairs, Status> {
    checked(&Pairs::read(bytes).ok_or(Status::BadArgument)?)
}

/// The same of a map.
pub(super) fn checked(pairs: &Pairs) -> Result<Pairs, Status> {
    pairs.0.iter().map(|(name, value)| field(name, value)).collect::<Result<_, _>>().map(Pairs)
}

fn size(guest: &mut Guest<'_>, kind: u32, size_at: u32) -> Outcome {
    let size = read(guest.data(), kind, Pairs::size)?;
    put_number(guest, size_at, u32::try_from(size).unwrap_or(u32::MAX))
}

fn pairs(guest: &mut Guest<'_>, kind: u32, data_at: u32, size_at: u32) -> Outcome {
    let bytes = read(guest.data(), kind, Pairs::write)?.ok_or(Status::SerializationFailure)?;
    give(guest, &bytes, Return { data: data_at, size: size_at })
}

fn value(guest: &mut Guest<'_>, kind: u32, at: u32, size: u32, data_at: u32, size_at: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let name = slice(memory, at, size)?;
    let find = |pairs: &Pairs| match kind {
        map::CALL_RESPONSE_HEADERS | map::CALL_RESPONSE_TRAILERS => pairs.get(name),
        // As Envoy does.
        _ => pairs.first(name).map(<[u8]>::to_vec),
    };
    let value = match read(state, kind, find)? {
        None if state.missing_is_empty => Vec::new(),
        value => value.ok_or(Status::NotFound)?,
    };
    give(guest, &value, Return { data: data_at, size: size_at })
}

fn set_pairs(guest: &mut Guest<'_>, kind: u32, at: u32, size: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let pairs = fields(slice(memory, at, size)?)?;
    write(state, kind, size as usize, |known| *known = pairs)
}

fn add(guest: &mut Guest<'_>, kind: u32, at: u32, size: u32, value_at: u32, value_size: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let (name, value) = (slice(memory, at, size)?, slice(memory, value_at, value_size)?);
    let (name, value) = field(name, value)?;
    // Of pseudo-fields there is one of each.
    let once = name.starts_with(b":");
    write(state, kind, name.len() + value.len(), |known| match once {
        true => known.set(&name, &value),
        false => known.0.push((name, value)),
    })
}

fn replace(guest: &mut Guest<'_>, kind: u32, at: u32, size: u32, value_at: u32, value_size: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let (name, value) = (slice(memory, at, size)?, slice(memory, value_at, value_size)?);
    let (name, value) = field(name, value)?;
    write(state, kind, name.len() + value.len(), |known| known.set(&name, &value))
}

fn remove(guest: &mut Guest<'_>, kind: u32, at: u32, size: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let name = slice(memory, at, size)?;
    let known = writable(state, kind)?;
    known.borrow_mut().remove(name);
    Ok(())
}
