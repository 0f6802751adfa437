//! Runs proxy-wasm filters without a proxy of their own: the ABI 0.2.1 on wasmtime, the semantics of a chain of
//! filters between a client and a server, and a data plane on tokio.
//!
//! Three layers, each usable without the next: a [`Vm`] runs one filter and knows no bytes but those it is shown; a
//! [`Chain`] moves the bytes of connections, an [`HttpChain`] requests and responses, through filters, without I/O;
//! [`proxy`] does the I/O.
//!
//! Where the specification is silent, the semantics are Envoy's: a buffer stays valid after Pause and only then;
//! resuming and closing act when the callback has returned; an upstream stream cannot be resumed; nothing can be said
//! to the client but in `proxy_on_upstream_data`.

mod abi;
mod chain;
mod engine;
mod exports;
mod fault;
mod grpc;
mod hostcalls;
mod http;
mod metrics;
mod plugin;
pub mod proxy;
mod shared;
mod state;
mod vm;
mod world;

pub use abi::{Action, Level, Pairs, Peer, Status};
pub use chain::{Chain, Connection, ConnectionId};
pub use engine::{Engine, Limits, Module};
pub use fault::Fault;
pub use grpc::{GrpcCall, GrpcEvent, GrpcOrder};
pub use http::{Broken, Exchange, Flow, Frame, Head, HttpChain, Incoming, Way};
pub use metrics::{Kind, Metrics};
pub use plugin::Plugin;
pub use shared::Shared;
pub use state::{Certificate, Encryption, Info};
pub use vm::{Functions, Surroundings, Vm};
pub use world::{HttpAnswer, HttpCall, QueueBell, World};
