//! The data plane: listens, passes what clients and servers say through chains of filters, answers the filters' calls.
//!
//! Connections are dealt out to worker threads. Each has its own VM of every filter, so that no lock is taken on the
//! way of a message.

mod accept;
mod calls;
mod fatal;
mod filters;
mod generation;
mod grpc;
mod http;
mod pump;
mod reload;
mod restart;
mod sockets;
mod tcp;
mod thread;
mod tls;
mod verifier;
mod worker;
mod world;

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::engine::Module;
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::plugin::Plugin;
use crate::shared::Shared;

use tokio::sync::mpsc;

use accept::{Accepting, Acceptor};
use reload::Reload;
use thread::Thread;

pub use reload::Control;
pub use tls::{Begin, ClientSide, Identity, ServerSide, Tls, TlsError};

/// One listener with its filters and its server.
#[derive(Debug, Clone)]
pub struct Service {
    /// Name, for logs.
    pub name: String,
    /// Where clients connect to.
    pub listen: SocketAddr,
    /// How clients' bytes begin.
    pub client: ClientSide,
    /// The server.
    pub upstream: Target,
    /// TLS with the server, where it is reached by TCP.
    pub upstream_tls: Option<ServerSide>,
    /// What passes.
    pub protocol: Protocol,
    /// The filters, the nearest to the client first.
    pub filters: Vec<Filter>,
    /// Bytes of a connection, in each direction, beyond which nothing more is read: filters that hold a message see
    /// no more of it than this.
    pub buffer_limit: usize,
}

/// What passes through a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protocol {
    /// Bytes, through network filters.
    Tcp,
    /// Requests and responses, through HTTP filters.
    Http(HttpOptions),
}

/// How HTTP is spoken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpOptions {
    /// The server is spoken to in HTTP/2, without asking whether it can.
    pub upstream_http2: bool,
}

/// A filter of a service.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Its module.
    pub module: Module,
    /// What it is started with.
    pub plugin: Plugin,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// At a TCP address.
    Tcp(SocketAddr),
    /// At a `name:port`, looked up for each connection.
    Host(String),
    /// At a Unix socket.
    Unix(PathBuf),
}

/// What a proxy runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The listeners.
    pub services: Vec<Service>,
    /// What filters may call by HTTP, by the name that they know it by.
    pub clusters: HashMap<String, SocketAddr>,
    /// Worker threads; at least one. A reload does not change them, nor the drain time.
    pub workers: usize,
    /// How long connections may go on after the signal to stop.
    pub drain: Duration,
}

/// A proxy cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A filter cannot.
    #[error("{0}: {1}")]
    Filter(String, #[source] Fault),
    /// A listener or a thread cannot.
    #[error("{0}: {1}")]
    Io(String, #[source] std::io::Error),
}

/// Numbers of connections in this process.
fn number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// A proxy that listens, and serves when it is told to.
#[derive(Debug)]
pub struct Proxy {
    acceptors: Vec<Acceptor>,
    threads: Vec<Thread>,
    metrics: Metrics,
    control: Control,
    reloads: mpsc::Receiver<Reload>,
}

impl Proxy {
    /// Binds the listeners and starts every filter once for each worker. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// An address is taken, or a filter does not start.
    pub async fn start(config: Config, metrics: Metrics) -> Result<Self, StartError> {
        let config = Arc::new(config);
        let acceptors = accept::bind(&config.services, &[])?;
        let shared = Shared::new();
        let mut threads = Vec::new();
        for number in 0..config.workers.max(1) {
            threads.push(Thread::start(number, &config, &shared, &metrics)?);
        }
        for thread in &mut threads {
            thread.ready().await?;
        }
        let (control, reloads) = Control::new();
        Ok(Self { acceptors, threads, metrics, control, reloads })
    }

    /// Where each service listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        self.acceptors.iter().map(Acceptor::address).collect()
    }

    /// The metrics of filters and runner.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What tells it, while it serves, to serve something else.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Serves until `stop` is there; then takes no new connection, and ends when the others have ended or the drain
    /// time is over.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let Self { acceptors, threads, metrics, control: _, mut reloads } = self;
        let doors: Vec<_> = threads.iter().map(Thread::door).collect();
        let mut accepting = Accepting::start(acceptors, &doors, &metrics);
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(reload) = reloads.recv() => accepting = reload.run(accepting, &doors, &metrics).await,
            }
        }
        accepting.stop().await;
        drop(doors);
        let ends: Vec<_> = threads.into_iter().map(Thread::drain).collect();
        for end in ends {
            // Nothing is sent: the other end goes when the thread does.
            let _ = end.await;
        }
    }
}
