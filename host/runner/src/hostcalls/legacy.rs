//! Hostcalls of the ABI 0.1.0 that later versions name otherwise.

use wasmtime::Linker;

use super::hostcalls;
use crate::abi::memory::{Guest, Outcome};
use crate::abi::numbers::buffer;
use crate::http::Way;
use crate::state::State;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hostcalls!(linker,
        "proxy_get_configuration" => configuration(data_at: u32, size_at: u32),
        "proxy_continue_request" => resume_request(),
        "proxy_continue_response" => resume_response(),
        "proxy_clear_route_cache" => nothing(),
    );
    Ok(())
}

fn configuration(guest: &mut Guest<'_>, data_at: u32, size_at: u32) -> Outcome {
    super::buffers::get(guest, buffer::PLUGIN_CONFIGURATION, 0, u32::MAX, data_at, size_at)
}

fn resume_request(guest: &mut Guest<'_>) -> Outcome {
    super::streams::resume_message(guest, Way::Request)
}

fn resume_response(guest: &mut Guest<'_>) -> Outcome {
    super::streams::resume_message(guest, Way::Response)
}

/// There is one route.
fn nothing(_guest: &mut Guest<'_>) -> Outcome {
    Ok(())
}
