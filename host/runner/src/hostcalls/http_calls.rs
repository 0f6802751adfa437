//! HTTP calls.

use std::time::Duration;

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::memory::{Guest, Outcome, Stop, copy, number, put_number, slice, split, text};
use crate::abi::{Pairs, Status};
use crate::state::State;
use crate::world::HttpCall;

/// Calls of one VM that may wait for their answers.
const MAX_CALLS: usize = 100_000;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_http_call" => call(
            cluster_at: u32, cluster_size: u32, headers_at: u32, headers_size: u32, body_at: u32, body_size: u32,
            trailers_at: u32, trailers_size: u32, timeout: u32, token_at: u32
        ),
    );
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the ABI's")]
fn call(
    guest: &mut Guest<'_>,
    cluster_at: u32,
    cluster_size: u32,
    headers_at: u32,
    headers_size: u32,
    body_at: u32,
    body_size: u32,
    trailers_at: u32,
    trailers_size: u32,
    timeout: u32,
    token_at: u32,
) -> Outcome {
    let cluster = text(guest, cluster_at, cluster_size)?;
    let headers = map(guest, headers_at, headers_size)?;
    let body = copy(guest, body_at, body_size)?;
    let trailers = map(guest, trailers_at, trailers_size)?;
    // Before the call is made: one whose token cannot be told could never be answered.
    number(split(guest)?.0, token_at)?;
    if [&b":method"[..], b":path", b":authority"].iter().any(|name| headers.get(name).is_none()) {
        return Err(Status::BadArgument.into());
    }
    let state = guest.data_mut();
    if state.calls.len() >= MAX_CALLS {
        return Err(Status::InternalFailure.into());
    }
    let token = next_token(state);
    let timeout = (timeout > 0).then(|| Duration::from_millis(u64::from(timeout)));
    state.world.call(HttpCall { token, cluster, headers, body, trailers, timeout })?;
    state.calls.insert(token, state.effective);
    put_number(guest, token_at, token)
}

fn map(guest: &mut Guest<'_>, at: u32, size: u32) -> Result<Pairs, Stop> {
    Pairs::read(slice(split(guest)?.0, at, size)?).ok_or(Stop::Status(Status::BadArgument))
}

/// A number that no waiting call has.
fn next_token(state: &mut State) -> u32 {
    loop {
        state.last_token = state.last_token.wrapping_add(1);
        if state.last_token != 0 && !state.calls.contains_key(&state.last_token) {
            return state.last_token;
        }
    }
}
