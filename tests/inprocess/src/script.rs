//! The world as the test wants it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use gatewright_runner::{self as runner, GrpcOrder, Level, Metrics, Shared, Status, Surroundings, World};

/// A call that the filter made and that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// Names the call in [`crate::Vm::answer`].
    pub token: u32,
    /// The proxy's cluster.
    pub cluster: String,
    /// Headers, `:method` and `:path` among them.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl HttpCall {
    /// A header's value; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl From<runner::HttpCall> for HttpCall {
    fn from(call: runner::HttpCall) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let headers = call.headers.0.into_iter().map(|(name, value)| (text(name), text(value))).collect();
        Self { token: call.token, cluster: call.cluster, headers, body: call.body }
    }
}

/// A world in which only what the test says happens.
#[derive(Debug)]
pub(crate) struct Script {
    /// Milliseconds since 1970.
    pub(crate) now: Cell<u64>,
    /// Every random byte.
    pub(crate) random: Cell<u8>,
    pub(crate) calls: RefCell<Vec<HttpCall>>,
    pub(crate) grpc: RefCell<Vec<GrpcOrder>>,
    pub(crate) logs: RefCell<Vec<String>>,
}

impl Script {
    /// Nothing has happened; it is `now`.
    pub(crate) fn new(now: u64) -> Rc<Self> {
        let (random, calls, logs) = (Cell::default(), RefCell::default(), RefCell::default());
        Rc::new(Self { now: Cell::new(now), random, calls, grpc: RefCell::default(), logs })
    }

    /// Around a VM that shares nothing with another.
    pub(crate) fn surroundings(self: &Rc<Self>) -> Surroundings {
        Surroundings { world: self.clone(), shared: Shared::new(), metrics: Metrics::new() }
    }
}

impl World for Script {
    fn now(&self) -> Duration {
        Duration::from_millis(self.now.get())
    }

    fn monotonic(&self) -> Duration {
        self.now()
    }

    fn random(&self, bytes: &mut [u8]) -> bool {
        bytes.fill(self.random.get());
        true
    }

    fn log(&self, level: Level, message: &str) {
        self.logs.borrow_mut().push(format!("{} {message}", level as u32));
    }

    fn log_level(&self) -> Level {
        Level::Trace
    }

    fn call(&self, call: runner::HttpCall) -> Result<(), Status> {
        self.calls.borrow_mut().push(call.into());
        Ok(())
    }

    fn grpc(&self, order: GrpcOrder) -> Result<(), Status> {
        self.grpc.borrow_mut().push(order);
        Ok(())
    }
}
