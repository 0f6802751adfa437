//! gRPC calls: not supported. Each says so, and is counted.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::Status;
use crate::abi::memory::{Guest, Outcome, number, slice, split};
use crate::state::State;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_grpc_call" => call(
            cluster_at: u32, cluster_size: u32, service_at: u32, service_size: u32, method_at: u32, method_size: u32,
            metadata_at: u32, metadata_size: u32, message_at: u32, message_size: u32, timeout: u32, token_at: u32
        ),
        "proxy_grpc_stream" => stream(
            cluster_at: u32, cluster_size: u32, service_at: u32, service_size: u32, method_at: u32, method_size: u32,
            metadata_at: u32, metadata_size: u32, token_at: u32
        ),
        "proxy_grpc_send" => send(token: u32, at: u32, size: u32, end: u32),
        "proxy_grpc_cancel" => end(token: u32),
        "proxy_grpc_close" => end(token: u32),
    );
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the ABI's")]
fn call(
    guest: &mut Guest<'_>,
    cluster_at: u32,
    cluster_size: u32,
    service_at: u32,
    service_size: u32,
    method_at: u32,
    method_size: u32,
    metadata_at: u32,
    metadata_size: u32,
    message_at: u32,
    message_size: u32,
    _timeout: u32,
    token_at: u32,
) -> Outcome {
    slice(split(guest)?.0, message_at, message_size)?;
    stream(
        guest,
        cluster_at,
        cluster_size,
        service_at,
        service_size,
        method_at,
        method_size,
        metadata_at,
        metadata_size,
        token_at,
    )
}

#[expect(clippy::too_many_arguments, reason = "the ABI's")]
fn stream(
    guest: &mut Guest<'_>,
    cluster_at: u32,
    cluster_size: u32,
    service_at: u32,
    service_size: u32,
    method_at: u32,
    method_size: u32,
    metadata_at: u32,
    metadata_size: u32,
    token_at: u32,
) -> Outcome {
    let memory = split(guest)?.0;
    let slices = [
        (cluster_at, cluster_size),
        (service_at, service_size),
        (method_at, method_size),
        (metadata_at, metadata_size),
    ];
    for (at, size) in slices {
        slice(memory, at, size)?;
    }
    number(memory, token_at)?;
    Err(Status::Unimplemented.into())
}

fn send(guest: &mut Guest<'_>, _token: u32, at: u32, size: u32, _end: u32) -> Outcome {
    slice(split(guest)?.0, at, size)?;
    Err(Status::NotFound.into())
}

fn end(_guest: &mut Guest<'_>, _token: u32) -> Outcome {
    Err(Status::NotFound.into())
}
