//! Accepts connections and deals them out to the workers.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

use super::thread::{Door, Visitor};
use super::{Service, StartError};
use crate::metrics::Metrics;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;
/// When the process has no more file descriptors, accepting again at once would only spin.
const PAUSE: Duration = Duration::from_millis(50);

/// A bound listener.
#[derive(Debug)]
pub(super) struct Acceptor {
    service: usize,
    name: String,
    listener: TcpListener,
}

impl Acceptor {
    pub(super) async fn bind(index: usize, service: &Service) -> Result<Self, StartError> {
        let failed =
            |error| StartError::Io(format!("`{}` cannot listen on {}", service.name, service.listen), error);
        let socket = if service.listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
            .map_err(failed)?;
        socket.set_reuseaddr(true).map_err(failed)?;
        socket.bind(service.listen).map_err(failed)?;
        let listener = socket.listen(BACKLOG).map_err(failed)?;
        Ok(Self { service: index, name: service.name.clone(), listener })
    }

    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Accepts until it is aborted. Each connection goes to the worker that has the fewest.
    pub(super) async fn run(self, doors: Vec<Door>, metrics: Metrics) {
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
