//! What a VM needs of the world. A proxy gives the real one; a test gives one that it scripts.

use std::sync::Arc;
use std::time::Duration;

use crate::abi::{Level, Pairs, Status};
use crate::grpc::GrpcOrder;

/// An HTTP call of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// Names the call in its answer.
    pub token: u32,
    /// Whom to call.
    pub cluster: String,
    /// Headers, `:method`, `:path` and `:authority` among them.
    pub headers: Pairs,
    /// Body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Pairs,
    /// After which it is over; none where it may take for ever.
    pub timeout: Option<Duration>,
}

/// An answer to an HTTP call. One without headers stands for a call that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Headers, `:status` among them.
    pub headers: Pairs,
    /// Body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Pairs,
}

impl HttpAnswer {
    /// An answer with nothing but a status and a body.
    #[must_use]
    pub fn of(status: u16, body: &[u8]) -> Self {
        let headers = Pairs(vec![(b":status".to_vec(), status.to_string().into_bytes())]);
        Self { headers, body: body.to_vec(), trailers: Pairs::default() }
    }
}

/// Tells the owner of a VM, on whatever thread, that a queue has something for it.
pub type QueueBell = Arc<dyn Fn(u32) + Send + Sync>;

/// What a VM needs of the world.
pub trait World {
    /// Time since 1970.
    fn now(&self) -> Duration;

    /// Time since some moment, which never goes back.
    fn monotonic(&self) -> Duration;

    /// Fills with random bytes; false where there are none to be had.
    fn random(&self, bytes: &mut [u8]) -> bool;

    /// The filter says something.
    fn log(&self, level: Level, message: &str);

    /// The lowest level that is of interest.
    fn log_level(&self) -> Level;

    /// Begins a call; its answer goes to [`crate::Vm::answer`].
    ///
    /// # Errors
    /// The status that the filter gets instead: `BadArgument` where there is no such cluster.
    fn call(&self, call: HttpCall) -> Result<(), Status>;

    /// Does something about a gRPC call or a stream; what comes of it goes to [`crate::Chain::grpc`].
    ///
    /// # Errors
    /// The status that the filter gets instead: `BadArgument` where there is no such cluster.
    fn grpc(&self, _order: GrpcOrder) -> Result<(), Status> {
        Err(Status::Unimplemented)
    }

    /// Rings when one of the VM's queues has something; none where queues are not looked after.
    fn bell(&self) -> Option<QueueBell> {
        None
    }
}
