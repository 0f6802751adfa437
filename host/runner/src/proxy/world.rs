//! The world as it is.

use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;

use super::filters::Filters;
use super::grpc::Calls;
use super::worker::Worker;
use crate::abi::{Level, Status};
use crate::grpc::GrpcOrder;
use crate::world::{HttpCall, QueueBell, World};

/// The world of one filter on one thread.
pub(super) struct Real<C> {
    worker: Weak<Worker<C>>,
    index: usize,
    name: String,
    start: Instant,
    bell: QueueBell,
    /// Goes with the VM: calls of one that failed must not be answered to the next.
    life: Rc<()>,
    grpc: Rc<Calls<C>>,
}

impl<C: Filters> Real<C> {
    /// For the filter at `index`. Must be called on the worker's thread.
    pub(super) fn new(worker: Weak<Worker<C>>, index: usize, name: &str) -> Self {
        let (rings, mut rung) = mpsc::unbounded_channel::<u32>();
        let listening = worker.clone();
        tokio::task::spawn_local(async move {
            while let Some(queue) = rung.recv().await {
                let Some(worker) = listening.upgrade() else { return };
                worker.queue_ready(index, queue);
            }
        });
        let bell = Arc::new(move |queue| {
            // Nobody listens where the worker is gone.
            let _ = rings.send(queue);
        });
        let grpc = Calls::new(worker.clone(), index);
        Self { worker, index, name: name.to_owned(), start: Instant::now(), bell, life: Rc::new(()), grpc }
    }
}

impl<C: Filters> World for Real<C> {
    fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn random(&self, bytes: &mut [u8]) -> bool {
        getrandom::fill(bytes).is_ok()
    }

    fn log(&self, level: Level, message: &str) {
        let filter = self.name.as_str();
        match level {
            Level::Trace => tracing::trace!(target: "filter", filter, "{message}"),
            Level::Debug => tracing::debug!(target: "filter", filter, "{message}"),
            Level::Info => tracing::info!(target: "filter", filter, "{message}"),
            Level::Warn => tracing::warn!(target: "filter", filter, "{message}"),
            Level::Error | Level::Critical => tracing::error!(target: "filter", filter, "{message}"),
        }
    }

    fn log_level(&self) -> Level {
        use tracing::level_filters::LevelFilter;
        match LevelFilter::current() {
            LevelFilter::TRACE => Level::Trace,
            LevelFilter::DEBUG => Level::Debug,
            LevelFilter::INFO => Level::Info,
            LevelFilter::WARN => Level::Warn,
            LevelFilter::ERROR => Level::Error,
            _ => Level::Critical,
        }
    }

    fn call(&self, call: HttpCall) -> Result<(), Status> {
        let worker = self.worker.upgrade().ok_or(Status::InternalFailure)?;
        if worker.call(self.index, &self.life, call) { Ok(()) } else { Err(Status::BadArgument) }
    }

    fn grpc(&self, order: GrpcOrder) -> Result<(), Status> {
        self.grpc.order(order)
    }

    fn bell(&self) -> Option<QueueBell> {
        Some(self.bell.clone())
    }
}
