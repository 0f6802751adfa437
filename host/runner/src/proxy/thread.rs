//! A worker thread: one runtime, and one worker for each service.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::LocalSet;

use super::calls::Clients;
use super::http::HttpService;
use super::worker::Worker;
use super::{Config, Protocol, Service, StartError};
use crate::chain::Chain;
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::shared::Shared;

/// The stack of a worker, of which the guest's is a part.
const STACK: usize = 8 << 20;

/// An accepted connection.
#[derive(Debug)]
pub(super) struct Visitor {
    pub(super) service: usize,
    pub(super) socket: std::net::TcpStream,
    pub(super) source: SocketAddr,
}

/// The way to a worker thread.
#[derive(Debug, Clone)]
pub(super) struct Door {
    visitors: mpsc::UnboundedSender<Visitor>,
    load: Arc<AtomicUsize>,
}

impl Door {
    /// Connections that the thread has.
    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    pub(super) fn enter(&self, visitor: Visitor) {
        self.load.fetch_add(1, Ordering::Relaxed);
        // A thread that is gone takes nothing; the connection closes.
        let _ = self.visitors.send(visitor);
    }
}

/// A running worker thread.
#[derive(Debug)]
pub(super) struct Thread {
    door: Door,
    ready: Option<oneshot::Receiver<Result<(), StartError>>>,
    ended: oneshot::Receiver<()>,
}

impl Thread {
    pub(super) fn start(
        number: usize,
        config: &Arc<Config>,
        shared: &Shared,
        metrics: &Metrics,
    ) -> Result<Self, StartError> {
        let (visitors, incoming) = mpsc::unbounded_channel();
        let (told, ready) = oneshot::channel();
        let (ends, ended) = oneshot::channel::<()>();
        let load = Arc::new(AtomicUsize::new(0));
        let door = Door { visitors, load: load.clone() };
        let (config, shared, metrics) = (config.clone(), shared.clone(), metrics.clone());
        let body = move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = told.send(Err(StartError::Io("a worker".to_owned(), error)));
                    return;
                }
            };
            LocalSet::new().block_on(&runtime, async {
                match start_all(&config, &shared, &metrics) {
                    Ok(all) => {
                        let _ = told.send(Ok(()));
                        serve(all, incoming, load, config.drain).await;
                    }
                    Err(error) => drop(told.send(Err(error))),
                }
            });
            drop(ends);
        };
        std::thread::Builder::new()
            .name(format!("worker-{number}"))
            .stack_size(STACK)
            .spawn(body)
            .map_err(|error| StartError::Io("a worker".to_owned(), error))?;
        Ok(Self { door, ready: Some(ready), ended })
    }

    /// Waits until its filters run.
    pub(super) async fn ready(&mut self) -> Result<(), StartError> {
        let gone = || StartError::Io("a worker".to_owned(), std::io::Error::other("the thread ended"));
        match self.ready.take() {
            Some(ready) => ready.await.map_err(|_| gone())?,
            None => Ok(()),
        }
    }

    pub(super) fn door(&self) -> Door {
        self.door.clone()
    }

    /// Lets it end, once the acceptors and with them all other doors are gone; tells when it has.
    pub(super) fn drain(self) -> oneshot::Receiver<()> {
        self.ended
    }
}

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

fn start_all(config: &Config, shared: &Shared, metrics: &Metrics) -> Result<Vec<Serving>, StartError> {
    let clients = Rc::new(Clients::new(config.clusters.clone()));
    let services = config.services.iter();
    services
        .map(|service| {
            Serving::start(service, shared, metrics, &clients)
                .map_err(|fault| StartError::Filter(service.name.clone(), fault))
        })
        .collect()
}

async fn serve(
    all: Vec<Serving>,
    mut incoming: mpsc::UnboundedReceiver<Visitor>,
    load: Arc<AtomicUsize>,
    drain: Duration,
) {
    let (drains, draining) = watch::channel(false);
    while let Some(visitor) = incoming.recv().await {
        let Some(serving) = all.get(visitor.service).cloned() else { continue };
        let (load, draining) = (load.clone(), draining.clone());
        tokio::task::spawn_local(async move {
            serving.visit(visitor, draining).await;
            load.fetch_sub(1, Ordering::Relaxed);
        });
    }
    // Connections that can end in good order do.
    drains.send_replace(true);
    let over = async {
        while load.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(drain, over).await.is_err() {
        tracing::info!(
            connections = load.load(Ordering::Relaxed),
            "the drain time is over: connections are closed"
        );
    }
    for serving in all {
        serving.end().await;
    }
}
