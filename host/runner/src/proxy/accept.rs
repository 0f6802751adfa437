//! Accepts connections and deals them out to the workers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

use super::thread::{Door, Visitor};
use super::{Service, StartError};
use crate::metrics::Metrics;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;
/// When the process has no more file descriptors, accepting again at once would only spin.
const PAUSE: Duration = Duration::from_millis(50);

/// A bound listener.
#[derive(Debug, Clone)]
pub(super) struct Acceptor {
    service: usize,
    name: String,
    /// What it was asked to listen on; the port may have been the system's to choose.
    listen: SocketAddr,
    listener: Arc<TcpListener>,
}

impl Acceptor {
    fn bind(index: usize, service: &Service) -> Result<Self, StartError> {
        let failed =
            |error| StartError::Io(format!("`{}` cannot listen on {}", service.name, service.listen), error);
        let socket = if service.listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
            .map_err(failed)?;
        socket.set_reuseaddr(true).map_err(failed)?;
        socket.bind(service.listen).map_err(failed)?;
        let listener = socket.listen(BACKLOG).map_err(failed)?;
        let (name, listen) = (service.name.clone(), service.listen);
        Ok(Self { service: index, name, listen, listener: Arc::new(listener) })
    }

    /// For a service that takes the place of this one's: none where it listens elsewhere.
    fn taken_over(&self, index: usize, service: &Service) -> Option<Self> {
        let same = self.listen == service.listen && (self.listen.port() != 0 || self.name == service.name);
        same.then(|| Self { service: index, name: service.name.clone(), ..self.clone() })
    }

    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Accepts until it is aborted. Each connection goes to the worker that has the fewest.
    async fn run(self, doors: Vec<Door>, metrics: Metrics) {
        loop {
            match self.listener.accept().await {
                Ok((socket, source)) => {
                    metrics.count("gatewright_connections_total");
                    let Some(door) = doors.iter().min_by_key(|door| door.load()) else { return };
                    let visitor =
                        socket.into_std().map(|socket| Visitor { service: self.service, socket, source });
                    match visitor {
                        Ok(visitor) => door.enter(visitor),
                        Err(error) => tracing::warn!(listener = self.name, %error, "a connection is lost"),
                    }
                }
                Err(error) => {
                    metrics.count("gatewright_accept_failures_total");
                    tracing::warn!(listener = self.name, %error, "accepting failed");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Listeners of all services; those that there are already stay what they are.
pub(super) fn bind(services: &[Service], bound: &[Acceptor]) -> Result<Vec<Acceptor>, StartError> {
    // Each once: two services at one address are refused, as at the start.
    let mut left: Vec<&Acceptor> = bound.iter().collect();
    let all = services.iter().enumerate().map(|(index, service)| {
        let found = left.iter().enumerate().find_map(|(at, old)| Some((at, old.taken_over(index, service)?)));
        let Some((at, taken_over)) = found else { return Acceptor::bind(index, service) };
        left.swap_remove(at);
        Ok(taken_over)
    });
    all.collect()
}

/// Acceptors at work.
#[derive(Debug)]
pub(super) struct Accepting {
    acceptors: Vec<Acceptor>,
    tasks: Vec<JoinHandle<()>>,
}

impl Accepting {
    pub(super) fn start(acceptors: Vec<Acceptor>, doors: &[Door], metrics: &Metrics) -> Self {
        let start = |acceptor: &Acceptor| tokio::spawn(acceptor.clone().run(doors.to_vec(), metrics.clone()));
        Self { tasks: acceptors.iter().map(start).collect(), acceptors }
    }

    pub(super) fn acceptors(&self) -> &[Acceptor] {
        &self.acceptors
    }

    /// What was accepted is with a worker then.
    pub(super) async fn stop(self) {
        for task in self.tasks {
            task.abort();
            let _ = task.await;
        }
    }
}
