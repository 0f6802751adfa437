//! gRPC calls and streams.

use std::time::Duration;

use wasmtime::Linker;

use super::headers::checked;
use super::hostcalls;
use crate::abi::memory::{Guest, Outcome, Stop, number, put_number, slice, split};
use crate::abi::{Pairs, Status};
use crate::grpc::{GrpcCall, GrpcOrder, Kind, Service};
use crate::state::State;

/// Metadata that is the host's to write: what frames a message, and what a connection is about.
const OF_HOST: [&[u8]; 8] = [
    b"te",
    b"content-type",
    b"content-length",
    b"host",
    b"connection",
    b"keep-alive",
    b"transfer-encoding",
    b"upgrade",
];

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_grpc_call" => call(
            upstream_at: u32, upstream_size: u32, service_at: u32, service_size: u32, method_at: u32, method_size: u32,
            metadata_at: u32, metadata_size: u32, message_at: u32, message_size: u32, timeout: u32, token_at: u32
        ),
        "proxy_grpc_stream" => stream(
            upstream_at: u32, upstream_size: u32, service_at: u32, service_size: u32, method_at: u32, method_size: u32,
            metadata_at: u32, metadata_size: u32, token_at: u32
        ),
        "proxy_grpc_send" => send(token: u32, at: u32, size: u32, end: u32),
        "proxy_grpc_cancel" => cancel(token: u32),
        "proxy_grpc_close" => close(token: u32),
    );
    Ok(())
}

/// What a call and a stream have in common: places of upstream, service, method and metadata.
type Target = [(u32, u32); 4];

#[expect(clippy::too_many_arguments, reason = "the ABI's")]
fn call(
    guest: &mut Guest<'_>,
    upstream_at: u32,
    upstream_size: u32,
    service_at: u32,
    service_size: u32,
    method_at: u32,
    method_size: u32,
    metadata_at: u32,
    metadata_size: u32,
    message_at: u32,
    message_size: u32,
    timeout: u32,
    token_at: u32,
) -> Outcome {
    let message = slice(split(guest)?.0, message_at, message_size)?.to_vec();
    let target = [
        (upstream_at, upstream_size),
        (service_at, service_size),
        (method_at, method_size),
        (metadata_at, metadata_size),
    ];
    let timeout = (timeout > 0).then(|| Duration::from_millis(u64::from(timeout)));
    open(guest, target, Some(message), timeout, token_at)
}

#[expect(clippy::too_many_arguments, reason = "the ABI's")]
fn stream(
    guest: &mut Guest<'_>,
    upstream_at: u32,
    upstream_size: u32,
    service_at: u32,
    service_size: u32,
    method_at: u32,
    method_size: u32,
    metadata_at: u32,
    metadata_size: u32,
    token_at: u32,
) -> Outcome {
    let target = [
        (upstream_at, upstream_size),
        (service_at, service_size),
        (method_at, method_size),
        (metadata_at, metadata_size),
    ];
    open(guest, target, None, None, token_at)
}

fn open(
    guest: &mut Guest<'_>,
    target: Target,
    message: Option<Vec<u8>>,
    timeout: Option<Duration>,
    token_at: u32,
) -> Outcome {
    let (memory, state) = split(guest)?;
    let [upstream, service, method, metadata] = target.map(|(at, size)| slice(memory, at, size));
    let (upstream, service, method, metadata) = (upstream?, service?, method?, metadata?);
    // Before the call is made: one whose token cannot be told could never be named.
    number(memory, token_at)?;
    let path = [b"/", name(service)?, b"/", name(method)?].concat();
    let Service { cluster, authority, metadata: mut all, unknown } = Service::read(upstream)?;
    all.0.extend(Pairs::read(metadata).ok_or(Status::BadArgument)?.0);
    let metadata = checked(&all)?;
    let of_host = |name: &[u8]| name.starts_with(b":") || OF_HOST.contains(&name);
    if metadata.0.iter().any(|(name, _)| of_host(name)) {
        return Err(Status::BadArgument.into());
    }
    let path = String::from_utf8_lossy(&path).into_owned();
    let kind = if message.is_some() { Kind::Call } else { Kind::Stream };
    let token = state.grpc.token(kind).ok_or(Status::InternalFailure)?;
    let call = GrpcCall { token, cluster, authority, path, metadata, message, timeout };
    state.world.grpc(GrpcOrder::Open(call)).map_err(|status| match status {
        Status::BadArgument => unknown,
        other => other,
    })?;
    state.grpc.insert(token);
    put_number(guest, token_at, token)
}

/// The name of a service or a method, which can stand in a path.
fn name(bytes: &[u8]) -> Result<&[u8], Stop> {
    let stands = |byte: &u8| byte.is_ascii_graphic() && !b"?#".contains(byte);
    if bytes.is_empty() || !bytes.iter().all(stands) {
        return Err(Status::BadArgument.into());
    }
    Ok(bytes)
}

fn send(guest: &mut Guest<'_>, token: u32, at: u32, size: u32, end: u32) -> Outcome {
    let (memory, state) = split(guest)?;
    let message = slice(memory, at, size)?;
    if state.grpc.send(token, end != 0)? {
        let message = Some(message.to_vec());
        state.world.grpc(GrpcOrder::Send { token, message, end: end != 0 })?;
    }
    Ok(())
}

fn cancel(guest: &mut Guest<'_>, token: u32) -> Outcome {
    let state = guest.data_mut();
    if state.grpc.forget(token)? {
        state.world.grpc(GrpcOrder::Cancel(token))?;
    }
    Ok(())
}

/// Of a stream it ends what the filter says; of a call it is the same as cancelling.
fn close(guest: &mut Guest<'_>, token: u32) -> Outcome {
    if Kind::of(token)? == Kind::Call {
        return cancel(guest, token);
    }
    let state = guest.data_mut();
    if state.grpc.close(token)? {
        state.world.grpc(GrpcOrder::Send { token, message: None, end: true })?;
    }
    Ok(())
}
