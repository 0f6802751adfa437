//! What one configuration serves on one thread. When another takes its place, connections go on by it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::calls::Clients;
use super::http::HttpService;
use super::thread::Visitor;
use super::worker::Worker;
use super::{Config, Protocol, Service, StartError};
use crate::chain::Chain;
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::shared::Shared;

/// One service on this thread.
#[derive(Clone)]
enum Serving {
    Tcp(Rc<Worker<Chain>>),
    Http(Rc<HttpService>),
}

impl Serving {
    fn start(
        service: &Service,
        shared: &Shared,
        metrics: &Metrics,
        clients: &Rc<Clients>,
    ) -> Result<Self, Fault> {
        Ok(match &service.protocol {
            Protocol::Tcp => Self::Tcp(Worker::start(service, shared, metrics, clients)?),
            Protocol::Http(options) => {
                let worker = Worker::start(service, shared, metrics, clients)?;
                Self::Http(Rc::new(HttpService::new(worker, options)))
            }
        })
    }

    async fn visit(self, visitor: Visitor, draining: watch::Receiver<bool>) {
        match self {
            Self::Tcp(worker) => worker.visit(visitor).await,
            Self::Http(service) => service.visit(visitor, draining).await,
        }
    }

    async fn end(self) {
        match self {
            Self::Tcp(worker) => worker.end().await,
            Self::Http(service) => service.end().await,
        }
    }
}

/// The services of one configuration on this thread.
pub(super) struct Generation {
    all: Vec<Serving>,
    /// Connections.
    load: Cell<usize>,
    /// Rung when the last connection ends.
    idle: Notify,
    /// Connections of the thread.
    total: Arc<AtomicUsize>,
    /// Connections that can end in good order shall.
    draining: watch::Sender<bool>,
    /// Connections that are left are closed.
    over: watch::Sender<bool>,
}

impl Generation {
    pub(super) fn start(
        config: &Config,
        shared: &Shared,
        metrics: &Metrics,
        total: &Arc<AtomicUsize>,
    ) -> Result<Self, StartError> {
        let clients = Rc::new(Clients::new(config.clusters.clone()));
        let start = |service: &Service| {
            Serving::start(service, shared, metrics, &clients)
                .map_err(|fault| StartError::Filter(service.name.clone(), fault))
        };
        Ok(Self {
            all: config.services.iter().map(start).collect::<Result<_, _>>()?,
            load: Cell::new(0),
            idle: Notify::new(),
            total: total.clone(),
            draining: watch::Sender::new(false),
            over: watch::Sender::new(false),
        })
    }

    async fn outlive(self: Rc<Self>) {
        self.draining.send_replace(true);
        let idle = async {
            while self.load.get() > 0 {
                self.idle.notified().await;
            }
        };
        let mut over = self.over.subscribe();
        tokio::select! {
            () = idle => {}
            _ = over.wait_for(|over| *over) => {}
        }
        for serving in &self.all {
            serving.clone().end().await;
        }
    }
}

/// A generation, and what sees to its end.
pub(super) struct Living {
    generation: Rc<Generation>,
    end: Option<JoinHandle<()>>,
}

impl Living {
    pub(super) fn new(generation: Generation) -> Self {
        Self { generation: Rc::new(generation), end: None }
    }

    /// Serves a connection to its end.
    pub(super) fn visit(&self, visitor: Visitor) {
        let generation = self.generation.clone();
        generation.load.set(generation.load.get() + 1);
        tokio::task::spawn_local(async move {
            let visit = Visit(generation);
            if let Some(serving) = visit.0.all.get(visitor.service).cloned() {
                serving.visit(visitor, visit.0.draining.subscribe()).await;
            }
        });
    }

    /// No more connections come to it: it ends when the last one does.
    pub(super) fn retire(&mut self) {
        if self.end.is_none() {
            self.end = Some(tokio::task::spawn_local(self.generation.clone().outlive()));
        }
    }

    /// Ends it, retired as it is, whatever connections it has.
    pub(super) fn close(&self) {
        self.generation.over.send_replace(true);
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) {
        if let Some(end) = &mut self.end
            && !end.is_finished()
        {
            let _ = end.await;
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.end.as_ref().is_none_or(|end| !end.is_finished())
    }

    pub(super) fn load(&self) -> usize {
        self.generation.load.get()
    }
}

/// A connection that is counted until it is over, however that comes.
struct Visit(Rc<Generation>);

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.total.fetch_sub(1, Ordering::Relaxed);
        self.0.load.set(self.0.load.get().saturating_sub(1));
        if self.0.load.get() == 0 {
            self.0.idle.notify_one();
        }
    }
}
