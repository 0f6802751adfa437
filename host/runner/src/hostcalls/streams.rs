//! Resuming and closing. Both act when the callback has returned.

use wasmtime::Linker;

use super::headers::fields;
use super::hostcalls;
use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome, Return, give, put_number, slice, split};
use crate::abi::numbers::stream;
use crate::http::{Reply, Way};
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

/// Which message of a request a stream is, where the filter sees one.
fn way(state: &State, kind: u32) -> Option<Way> {
    state.stream()?.http()?;
    match kind {
        stream::HTTP_REQUEST => Some(Way::Request),
        stream::HTTP_RESPONSE => Some(Way::Response),
        _ => None,
    }
}

fn is_connection(state: &State) -> bool {
    state.stream().is_some_and(|stream| stream.http().is_none())
}

fn resume(guest: &mut Guest<'_>, kind: u32) -> Outcome {
    let state = guest.data_mut();
    if let Some(way) = way(state, kind) {
        state.effects.push(Effect::Continue(state.effective, way));
        return Ok(());
    }
    match kind {
        stream::DOWNSTREAM if is_connection(state) => state.effects.push(Effect::Resume(state.effective)),
        // There is nothing to be resumed.
        stream::DOWNSTREAM | stream::HTTP_REQUEST | stream::HTTP_RESPONSE => {}
        stream::UPSTREAM => return Err(Status::Unimplemented.into()),
        _ => return Err(Status::BadArgument.into()),
    }
    Ok(())
}

/// `proxy_continue_request` and `proxy_continue_response` of the ABI 0.1.0.
pub(super) fn resume_message(guest: &mut Guest<'_>, way: Way) -> Outcome {
    resume(guest, if way == Way::Request { stream::HTTP_REQUEST } else { stream::HTTP_RESPONSE })
}

fn close(guest: &mut Guest<'_>, kind: u32) -> Outcome {
    let state = guest.data_mut();
    if way(state, kind).is_some() {
        state.effects.push(Effect::Reset(state.effective));
        return Ok(());
    }
    match kind {
        stream::DOWNSTREAM | stream::UPSTREAM if is_connection(state) => {
            state.effects.push(Effect::Close(state.effective));
        }
        stream::DOWNSTREAM | stream::UPSTREAM | stream::HTTP_REQUEST | stream::HTTP_RESPONSE => {}
        _ => return Err(Status::BadArgument.into()),
    }
    Ok(())
}

/// The status of the call that closed last.
fn status(guest: &mut Guest<'_>, code_at: u32, data_at: u32, size_at: u32) -> Outcome {
    let (code, message) = guest.data().status.clone();
    put_number(guest, code_at, code)?;
    give(guest, &message, Return { data: data_at, size: size_at })
}

/// Answers a request. A network filter's stream takes no HTTP response: as in Envoy, nothing happens.
#[expect(clippy::too_many_arguments, reason = "the ABI's")]
fn local_response(
    guest: &mut Guest<'_>,
    status: u32,
    details_at: u32,
    details_size: u32,
    body_at: u32,
    body_size: u32,
    headers_at: u32,
    headers_size: u32,
    grpc_status: u32,
) -> Outcome {
    let (memory, state) = split(guest)?;
    let details = String::from_utf8_lossy(slice(memory, details_at, details_size)?).into_owned();
    let body = slice(memory, body_at, body_size)?.to_vec();
    let headers = slice(memory, headers_at, headers_size)?;
    if state.stream().is_none_or(|stream| stream.http().is_none()) {
        return Ok(());
    }
    // What is no final response cannot end a request.
    if !(200..=599).contains(&status) {
        return Err(Status::BadArgument.into());
    }
    let mut headers = fields(headers)?;
    headers.0.retain(|(name, _)| !name.starts_with(b":"));
    // SDKs say -1 where they mean none.
    let grpc_status = (grpc_status <= 16).then_some(grpc_status);
    let reply = Reply { status, details, headers, body, grpc_status };
    state.effects.push(Effect::Reply(state.effective, Box::new(reply)));
    Ok(())
}
