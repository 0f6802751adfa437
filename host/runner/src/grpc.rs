//! gRPC calls of filters: unary ones, of which the filter gets a message or a status, and streams, of which it hears
//! everything.

mod callbacks;
mod open;
mod service;

use std::time::Duration;

use crate::abi::Pairs;

pub(crate) use open::{Kind, Open};
pub(crate) use service::Service;

/// A gRPC call of a filter, or a stream that it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcCall {
    /// Names it in what comes of it.
    pub token: u32,
    /// Whom to call.
    pub cluster: String,
    /// `:authority`.
    pub authority: String,
    /// `:path`, which names service and method.
    pub path: String,
    /// Initial metadata, of the filter and of the service that it named.
    pub metadata: Pairs,
    /// The one message of a unary call; none where it is a stream.
    pub message: Option<Vec<u8>>,
    /// After which a unary call is over; none where it may take for ever.
    pub timeout: Option<Duration>,
}

/// What a filter wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrpcOrder {
    /// A call, or a stream.
    Open(GrpcCall),
    /// A message on a stream.
    Send {
        /// Which stream.
        token: u32,
        /// The message, unframed; none where the stream only ends.
        message: Option<Vec<u8>>,
        /// There are no more messages.
        end: bool,
    },
    /// A call or a stream is given up: nothing is heard of it any more.
    Cancel(u32),
}

/// What comes of a call or a stream. A unary one has a message or is closed; a stream has initial metadata, any number of
/// messages, trailing metadata, and is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrpcEvent {
    /// Header fields of the response.
    InitialMetadata(Pairs),
    /// A message, unframed.
    Message(Vec<u8>),
    /// Trailers of the response.
    TrailingMetadata(Pairs),
    /// It is over.
    Close {
        /// gRPC's status code.
        status: u32,
        /// What the server says of it.
        message: Vec<u8>,
    },
}
