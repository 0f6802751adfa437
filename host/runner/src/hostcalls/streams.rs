//! Resuming and closing. Both act when the callback has returned.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome, put, slice, split};
use crate::abi::numbers::stream;
use crate::state::{Effect, State};

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_continue_stream" => resume(kind: u32),
        "proxy_close_stream" => close(kind: u32),
        "proxy_get_status" => status(code_at: u32, data_at: u32, size_at: u32),
        "proxy_send_local_response" => local_response(
            status: u32, details_at: u32, details_size: u32, body_at: u32, body_size: u32,
            headers_at: u32, headers_size: u32, grpc_status: u32
        ),
    );
    Ok(())
}

fn resume(guest: &mut Guest<'_>, kind: u32) -> Outcome {
    let state = guest.data_mut();
    match kind {
        stream::DOWNSTREAM if state.stream().is_some() => state.effects.push(Effect::Resume(state.effective)),
        // There is nothing to be resumed.
        stream::DOWNSTREAM | stream::HTTP_REQUEST | stream::HTTP_RESPONSE => {}
        stream::UPSTREAM => return Err(Status::Unimplemented.into()),
        _ => return Err(Status::BadArgument.into()),
    }
    Ok(())
}

fn close(guest: &mut Guest<'_>, kind: u32) -> Outcome {
    let state = guest.data_mut();
    match kind {
        stream::DOWNSTREAM | stream::UPSTREAM if state.stream().is_some() => {
            state.effects.push(Effect::Close(state.effective));
        }
        stream::DOWNSTREAM | stream::UPSTREAM | stream::HTTP_REQUEST | stream::HTTP_RESPONSE => {}
        _ => return Err(Status::BadArgument.into()),
    }
    Ok(())
}

/// The status of the gRPC call that closed: none does.
fn status(guest: &mut Guest<'_>, code_at: u32, data_at: u32, size_at: u32) -> Outcome {
    let memory = split(guest)?.0;
    for at in [code_at, data_at, size_at] {
        put(memory, at, &[0; 4])?;
    }
    Ok(())
}

/// A network filter's stream takes no HTTP response: as in Envoy, nothing happens.
#[expect(clippy::too_many_arguments, reason = "the ABI's")]
fn local_response(
    guest: &mut Guest<'_>,
    _status: u32,
    details_at: u32,
    details_size: u32,
    body_at: u32,
    body_size: u32,
    headers_at: u32,
    headers_size: u32,
    _grpc_status: u32,
) -> Outcome {
    let memory = split(guest)?.0;
    for (at, size) in [(details_at, details_size), (body_at, body_size), (headers_at, headers_size)] {
        slice(memory, at, size)?;
    }
    Ok(())
}
