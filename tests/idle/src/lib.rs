//! A network filter that takes every byte and the time, as a filter must that decides or records, and does nothing
//! with them. Benchmarks put it beside Gatewright's: what it costs is the proxy's way into wasm and back.
#![allow(missing_docs, reason = "the only public item is the entry point that the SDK's macro writes")]

use std::hint::black_box;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, RootContext, StreamContext};
use proxy_wasm::types::{Action, BufferType, ContextType};

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root));
}}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn create_stream_context(&self, _id: u32) -> Option<Box<dyn StreamContext>> {
        Some(Box::new(Stream))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::StreamContext)
    }
}

struct Stream;

impl Context for Stream {}

impl StreamContext for Stream {
    fn on_downstream_data(&mut self, size: usize, _end_of_stream: bool) -> Action {
        look(BufferType::DownstreamData, size)
    }

    fn on_upstream_data(&mut self, size: usize, _end_of_stream: bool) -> Action {
        look(BufferType::UpstreamData, size)
    }
}

fn look(buffer: BufferType, size: usize) -> Action {
    let _ = black_box((hostcalls::get_buffer(buffer, 0, size), hostcalls::get_current_time()));
    Action::Continue
}
