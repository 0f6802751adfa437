//! `gatewright_http.wasm`: the HTTP plane as a proxy-wasm HTTP filter.
//!
//! The proxy's configuration must set `allow_on_headers_stop_iteration`: a request's head waits for its body.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(clippy::arithmetic_side_effects, clippy::string_slice, clippy::unreachable)]
#![allow(missing_docs, reason = "the only public item is the entry point that the SDK's macro writes")]

mod peer;
mod stream;

use std::time::Duration;

use gatewright_adapter::{Settings, Worker, hostcalls};
use gatewright_http::{Flow, Head};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, LogLevel, MapType};

use stream::Stream;

/// How often requests that wait and the host are looked after.
const TICK: Duration = Duration::from_millis(50);

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|id| Box::new(Root { id, worker: None }));
}}

/// One per worker thread and configuration.
struct Root {
    id: u32,
    worker: Option<Worker<Stream>>,
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, _trailers: usize) {
        if let Some(worker) = &self.worker {
            worker.enter(self.id);
            worker.answered(token, headers, body);
        }
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let configuration = proxy_wasm::hostcalls::get_buffer(BufferType::PluginConfiguration, 0, usize::MAX);
        match Settings::parse(&configuration.ok().flatten().unwrap_or_default()) {
            Ok(settings) => {
                self.worker = Some(Worker::new(self.id, settings));
                self.set_tick_period(TICK);
                true
            }
            Err(error) => {
                hostcalls::log(LogLevel::Error, &format!("gatewright: {error}"));
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if let Some(worker) = &self.worker {
            worker.enter(self.id);
            worker.tick();
        }
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        // Without a worker the configuration was refused, and the proxy serves no request.
        let worker = self.worker.clone()?;
        Some(Box::new(Http { id, worker, stream: None, seen: 0 }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One request and its response.
struct Http {
    id: u32,
    worker: Worker<Stream>,
    stream: Option<Stream>,
    /// Bytes of the request's body that were taken over; while it waits, the proxy hands over all of them again.
    seen: usize,
}

fn action(flow: Flow) -> Action {
    match flow {
        Flow::Continue => Action::Continue,
        Flow::Pause => Action::Pause,
    }
}

impl Http {
    fn head(map: MapType) -> Head {
        let (bytes, places) = hostcalls::head(map);
        Head::at(bytes, places).unwrap_or_default()
    }
}

impl Context for Http {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, _trailers: usize) {
        self.worker.enter(self.id);
        self.worker.answered(token, headers, body);
    }

    fn on_done(&mut self) -> bool {
        self.worker.enter(self.id);
        if let Some(stream) = self.stream.take() {
            stream.gone();
        }
        true
    }
}

impl HttpContext for Http {
    fn on_http_request_headers(&mut self, _count: usize, end: bool) -> Action {
        self.worker.enter(self.id);
        let stream = Stream::open(self.id, self.worker.clone());
        let head = Self::head(MapType::HttpRequestHeaders);
        let flow = stream.act(MapType::HttpRequestHeaders, None, |exchange, env, io| {
            exchange.request_head(head, end, env, io)
        });
        self.stream = Some(stream);
        action(flow)
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        self.worker.enter(self.id);
        let Some(stream) = &self.stream else { return Action::Pause };
        let new =
            hostcalls::buffer_from(BufferType::HttpRequestBody, self.seen, size.saturating_sub(self.seen));
        self.seen = self.seen.saturating_add(new.len());
        let flow = stream.act(MapType::HttpRequestHeaders, None, |exchange, env, io| {
            exchange.request_body(&new, end, env, io)
        });
        action(flow)
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        self.worker.enter(self.id);
        let Some(stream) = &self.stream else { return Action::Pause };
        let trailers = Self::head(MapType::HttpRequestTrailers);
        let flow = stream.act(MapType::HttpRequestHeaders, None, |exchange, env, io| {
            exchange.request_trailers(&trailers, env, io)
        });
        action(flow)
    }

    fn on_http_response_headers(&mut self, _count: usize, end: bool) -> Action {
        self.worker.enter(self.id);
        // Without a request there was nothing to decide: the proxy refused it before this filter saw it.
        let Some(stream) = &self.stream else { return Action::Continue };
        let head = Self::head(MapType::HttpResponseHeaders);
        let flow = stream.act(MapType::HttpResponseHeaders, None, |exchange, env, io| {
            exchange.response_head(&head, end, env, io)
        });
        action(flow)
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        self.worker.enter(self.id);
        let Some(stream) = &self.stream else { return Action::Continue };
        let piece = hostcalls::buffer(BufferType::HttpResponseBody, size);
        let flow = stream.act(
            MapType::HttpResponseHeaders,
            Some(BufferType::HttpResponseBody),
            |exchange, env, io| exchange.response_body(&piece, end, env, io),
        );
        action(flow)
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.worker.enter(self.id);
        let Some(stream) = &self.stream else { return Action::Continue };
        let trailers = Self::head(MapType::HttpResponseTrailers);
        let flow = stream.act(MapType::HttpResponseTrailers, None, |exchange, env, io| {
            exchange.response_trailers(&trailers, env, io)
        });
        action(flow)
    }
}
