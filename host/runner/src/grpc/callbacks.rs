//! What a filter hears of its calls and streams.

use super::GrpcEvent;
use crate::fault::Fault;
use crate::state::ROOT;
use crate::vm::{Vm, count};

impl Vm {
    /// Something comes of a call or a stream. As in Envoy it is the plugin that hears of it, whoever made the call.
    pub(crate) fn grpc(&mut self, token: u32, event: GrpcEvent) -> Result<(), Fault> {
        let state = self.state_mut();
        if !state.grpc.listens(token) {
            return Ok(());
        }
        // A call is over with its message, a stream when it is closed.
        let last = match &event {
            GrpcEvent::Close { status, message } => {
                state.status = (*status, message.clone());
                true
            }
            GrpcEvent::Message(_) => super::Kind::of(token) == Ok(super::Kind::Call),
            GrpcEvent::InitialMetadata(_) | GrpcEvent::TrailingMetadata(_) => false,
        };
        if last {
            state.grpc.ended(token);
        }
        let called = self.show(token, event);
        let state = self.state_mut();
        (state.event, state.status.1) = (None, Vec::new());
        if last {
            state.grpc.heard(token);
        }
        called
    }

    fn show(&mut self, token: u32, event: GrpcEvent) -> Result<(), Fault> {
        let number = match &event {
            GrpcEvent::InitialMetadata(pairs) | GrpcEvent::TrailingMetadata(pairs) => count(pairs.0.len()),
            GrpcEvent::Message(bytes) => count(bytes.len()),
            GrpcEvent::Close { status, .. } => *status,
        };
        let state = self.state_mut();
        let event = state.event.insert(event);
        let arguments = (ROOT, token, number);
        match event {
            GrpcEvent::InitialMetadata(_) => {
                let name = "proxy_on_grpc_receive_initial_metadata";
                self.call(ROOT, name, |e| &e.grpc_initial_metadata, arguments)
            }
            GrpcEvent::Message(_) => self.call(ROOT, "proxy_on_grpc_receive", |e| &e.grpc_receive, arguments),
            GrpcEvent::TrailingMetadata(_) => {
                let name = "proxy_on_grpc_receive_trailing_metadata";
                self.call(ROOT, name, |e| &e.grpc_trailing_metadata, arguments)
            }
            GrpcEvent::Close { .. } => self.call(ROOT, "proxy_on_grpc_close", |e| &e.grpc_close, arguments),
        }
        .map(drop)
    }
}
