//! `gatewright_postgres.wasm`: the PostgreSQL plane as a proxy-wasm network filter.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![deny(clippy::arithmetic_side_effects, clippy::string_slice, clippy::unreachable)]
#![cfg_attr(not(feature = "test-panic"), deny(clippy::panic))]
#![allow(missing_docs, reason = "the only public item is the entry point that the SDK's macro writes")]

mod connection;

use std::time::Duration;

use proxy_wasm::traits::{Context, RootContext, StreamContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, PeerType};

use connection::Connection;
use gatewright_adapter::{Settings, Worker, hostcalls};

/// How often sessions and the host are looked after.
const TICK: Duration = Duration::from_millis(50);

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|id| Box::new(Root { id, worker: None }));
}}

/// One per worker thread and configuration.
struct Root {
    id: u32,
    worker: Option<Worker<Connection>>,
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
        let configuration = proxy_wasm::hostcalls::get_buffer(
            proxy_wasm::types::BufferType::PluginConfiguration,
            0,
            usize::MAX,
        );
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

    fn create_stream_context(&self, id: u32) -> Option<Box<dyn StreamContext>> {
        // Without a worker the configuration was refused, and the proxy opens no connection.
        let worker = self.worker.clone()?;
        Some(Box::new(Stream { connection: Connection::open(id, worker) }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::StreamContext)
    }
}

/// One connection.
struct Stream {
    connection: Connection,
}

impl Context for Stream {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, _trailers: usize) {
        self.connection.enter();
        self.connection.worker().answered(token, headers, body);
    }

    fn on_done(&mut self) -> bool {
        self.connection.enter();
        self.connection.gone("the connection ended");
        true
    }
}

impl StreamContext for Stream {
    fn on_downstream_data(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.connection.enter();
        self.connection.downstream(size, end_of_stream);
        // Pause keeps the handle to the buffer; what may go on was resumed.
        Action::Pause
    }

    fn on_downstream_close(&mut self, _peer: PeerType) {
        self.connection.enter();
        self.connection.gone("the client closed the connection");
    }

    fn on_upstream_data(&mut self, size: usize, _end_of_stream: bool) -> Action {
        self.connection.enter();
        self.connection.upstream(size);
        Action::Continue
    }

    fn on_upstream_close(&mut self, _peer: PeerType) {
        self.connection.enter();
        self.connection.gone("the server closed the connection");
    }
}
