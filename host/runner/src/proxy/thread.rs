//! A worker thread: one runtime, and one worker for each service.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use super::generation::{Generation, Living};
use super::{Config, StartError};
use crate::metrics::Metrics;
use crate::shared::Shared;

/// The stack of a worker, of which the guest's is a part.
const STACK: usize = 8 << 20;
/// Earlier configurations that connections may still live by; each keeps its filters in memory.
const EARLIER: usize = 8;

/// An accepted connection.
#[derive(Debug)]
pub(super) struct Visitor {
    pub(super) service: usize,
    pub(super) socket: std::net::TcpStream,
    pub(super) source: SocketAddr,
}

/// What a thread is told.
enum Order {
    Visit(Visitor),
    /// Start these services beside those that serve.
    Prepare(Arc<Config>, oneshot::Sender<Result<(), StartError>>),
    /// Visitors go to what was prepared from now on.
    Switch,
    /// What was prepared is not wanted.
    Discard,
}

/// The way to a worker thread.
#[derive(Debug, Clone)]
pub(super) struct Door {
    orders: mpsc::UnboundedSender<Order>,
    load: Arc<AtomicUsize>,
}

impl Door {
    /// Connections that the thread has.
    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    pub(super) fn enter(&self, visitor: Visitor) {
        self.load.fetch_add(1, Ordering::Relaxed);
        self.tell(Order::Visit(visitor));
    }

    /// Starts what a configuration wants, beside what serves.
    pub(super) async fn prepare(&self, config: &Arc<Config>) -> Result<(), StartError> {
        let (told, ready) = oneshot::channel();
        self.tell(Order::Prepare(config.clone(), told));
        ready.await.map_err(|_| gone())?
    }

    /// Serves what was prepared, or forgets it.
    pub(super) fn switch(&self, wanted: bool) {
        self.tell(if wanted { Order::Switch } else { Order::Discard });
    }

    fn tell(&self, order: Order) {
        // A thread that is gone takes nothing; a connection closes.
        let _ = self.orders.send(order);
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
        let (orders, incoming) = mpsc::unbounded_channel();
        let (told, ready) = oneshot::channel();
        let (ends, ended) = oneshot::channel::<()>();
        let load = Arc::new(AtomicUsize::new(0));
        let door = Door { orders, load: load.clone() };
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
                let start = |config: &Config| Generation::start(config, &shared, &metrics, &load);
                match start(&config) {
                    Ok(first) => {
                        let _ = told.send(Ok(()));
                        serve(first, incoming, start, config.drain).await;
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

fn gone() -> StartError {
    StartError::Io("a worker".to_owned(), std::io::Error::other("the thread ended"))
}

async fn serve(
    first: Generation,
    mut incoming: mpsc::UnboundedReceiver<Order>,
    start: impl Fn(&Config) -> Result<Generation, StartError>,
    drain: Duration,
) {
    let (mut current, mut next) = (Living::new(first), None::<Generation>);
    let mut earlier = VecDeque::<Living>::new();
    while let Some(order) = incoming.recv().await {
        match order {
            Order::Visit(visitor) => current.visit(visitor),
            Order::Prepare(config, told) => {
                let started = start(&config).map(|generation| next = Some(generation));
                let _ = told.send(started);
            }
            Order::Discard => {
                if let Some(unwanted) = next.take() {
                    Living::new(unwanted).retire();
                }
            }
            Order::Switch => {
                let Some(next) = next.take() else { continue };
                let mut old = std::mem::replace(&mut current, Living::new(next));
                old.retire();
                earlier.retain(Living::is_alive);
                earlier.push_back(old);
                if earlier.len() > EARLIER
                    && let Some(oldest) = earlier.pop_front()
                {
                    tracing::warn!("connections of a configuration of {EARLIER} reloads ago are closed");
                    oldest.close();
                }
            }
        }
    }
    earlier.push_back(current);
    for living in &mut earlier {
        living.retire();
    }
    let ended = async {
        for living in &mut earlier {
            living.ended().await;
        }
    };
    if tokio::time::timeout(drain, ended).await.is_err() {
        let connections: usize = earlier.iter().map(Living::load).sum();
        if connections > 0 {
            tracing::info!(connections, "the drain time is over: connections are closed");
        }
        for living in &mut earlier {
            living.close();
        }
        for living in &mut earlier {
            living.ended().await;
        }
    }
}
