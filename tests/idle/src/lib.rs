//! A filter that takes every byte, every header and the time, as a filter must that decides or records, and does nothing
//! with them: for connections, or with the feature `http` for requests. Benchmarks put it beside Gatewright's: what it
//! costs is the proxy's way into wasm and back.
#![allow(missing_docs, reason = "the only public item is the entry point that the SDK's macro writes")]

use std::hint::black_box;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext, StreamContext};
use proxy_wasm::types::{Action, BufferType, ContextType, MapType};

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root));
}}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn create_stream_context(&self, _id: u32) -> Option<Box<dyn StreamContext>> {
        Some(Box::new(Stream))
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Exchange))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(if cfg!(feature = "http") { ContextType::HttpContext } else { ContextType::StreamContext })
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

struct Exchange;

impl Context for Exchange {}

impl HttpContext for Exchange {
    fn on_http_request_headers(&mut self, _headers: usize, _end_of_stream: bool) -> Action {
        look_at(MapType::HttpRequestHeaders)
    }

    fn on_http_response_headers(&mut self, _headers: usize, _end_of_stream: bool) -> Action {
        look_at(MapType::HttpResponseHeaders)
    }

    fn on_http_response_body(&mut self, size: usize, _end_of_stream: bool) -> Action {
        look(BufferType::HttpResponseBody, size)
    }
}

fn look_at(map: MapType) -> Action {
    let _ = black_box((hostcalls::get_map_bytes(map), hostcalls::get_current_time()));
    Action::Continue
}
