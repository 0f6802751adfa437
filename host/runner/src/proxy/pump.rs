//! Moves the bytes of one connection: from the sockets into the chain, and what the chain lets pass to the sockets.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::fatal::{self, Fatal};
use super::sockets::{self, AnySocket, Unreachable, linger};
use super::tls::Client;
use super::worker::Worker;
use crate::abi::Peer;
use crate::chain::{Chain, Connection, ConnectionId};

/// Bytes that one read may bring.
const READ: usize = 16 << 10;
/// How long the last bytes to a side may take.
const LAST_BYTES: Duration = Duration::from_secs(5);

/// How a connection ended.
enum End {
    /// The client had said that it was done, and was told now that there is nothing more for it.
    Finished,
    /// A filter closed it, and the client has got all.
    Closed,
    /// A filter failed.
    Gone,
    /// The client went away, or said last that it was done.
    ClientGone,
    /// The server went away, or both it and we are done with each other.
    ServerGone,
    /// The server cannot be had.
    Unreachable(&'static Fatal),
}

/// Serves a connection that the chain knows to its end.
pub(super) async fn run(worker: &Rc<Worker<Chain>>, id: ConnectionId, client: Client) {
    let Client { socket, early, .. } = client;
    let mut pump = Pump { worker, id, client: Side::new(socket), server: None, early };
    let end = pump.run().await;
    pump.end(end).await;
}

struct Side {
    socket: AnySocket,
    /// It said that it was done.
    ended: bool,
    /// It was told that there is nothing more.
    shut: bool,
    unflushed: bool,
}

struct Pump<'a> {
    worker: &'a Rc<Worker<Chain>>,
    id: ConnectionId,
    client: Side,
    server: Option<Side>,
    /// What the client said before it was read.
    early: BytesMut,
}

impl Side {
    fn new(socket: AnySocket) -> Self {
        Self { socket, ended: false, shut: false, unflushed: false }
    }

    /// Writes what it takes; done when all of `bytes` is out.
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &mut BytesMut) -> Poll<io::Result<()>> {
        while !bytes.is_empty() {
            match ready!(Pin::new(&mut *self.socket).poll_write(context, bytes))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => bytes.advance(written),
            }
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(&mut *self.socket).poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Says that there is nothing more; done when that is said.
    fn poll_shut(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.shut {
            // A side that is gone need not be told.
            let _ = ready!(Pin::new(&mut *self.socket).poll_shutdown(context));
            self.shut = true;
        }
        Poll::Ready(())
    }

    /// Reads what there is to the end of `bytes`; zero at the end.
    fn poll_read(&mut self, context: &mut Context<'_>, bytes: &mut BytesMut) -> Poll<io::Result<usize>> {
        bytes.reserve(READ);
        let read = ready!(pin!(self.socket.read_buf(bytes)).poll(context))?;
        self.ended = read == 0;
        Poll::Ready(Ok(read))
    }
}

impl Pump<'_> {
    async fn run(&mut self) -> End {
        if let Some(end) = poll_fn(|context| self.poll_admission(context)).await {
            return end;
        }
        let service = &self.worker.service;
        match sockets::connect(&service.upstream, service.upstream_tls.as_ref()).await {
            Ok(socket) => self.server = Some(Side::new(socket)),
            Err(error) => {
                self.worker.metrics.count("gatewright_servers_unreachable_total");
                tracing::warn!(service = service.name, target = %service.upstream, %error, "the server cannot be reached");
                return End::Unreachable(match error {
                    Unreachable::Io(_) => &fatal::GONE,
                    Unreachable::Unencrypted => &fatal::UNENCRYPTED,
                    Unreachable::Untrusted(_) => &fatal::UNTRUSTED,
                });
            }
        }
        if !self.early.is_empty() {
            let early = std::mem::take(&mut self.early);
            self.worker
                .connection(self.id, |connection| connection.downstream_mut().extend_from_slice(&early));
            if self.worker.with_for(Some(self.id), |chain| chain.downstream(self.id, false)).is_none() {
                return End::Gone;
            }
        }
        poll_fn(|context| self.poll_bytes(context)).await
    }

    /// Waits until the filters let the connection be. The client is not read before that.
    fn poll_admission(&mut self, context: &mut Context<'_>) -> Poll<Option<End>> {
        self.worker.watch(self.id, context.waker());
        match self.worker.connection(self.id, |connection| (connection.admitted, connection.closing)) {
            None => Poll::Ready(Some(End::Gone)),
            Some((_, true)) => Poll::Ready(Some(End::Closed)),
            Some((true, _)) => Poll::Ready(None),
            Some((false, _)) => Poll::Pending,
        }
    }

    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<End> {
        let Some(server) = &mut self.server else { return Poll::Ready(End::ServerGone) };
        let (worker, id, client) = (self.worker, self.id, &mut self.client);
        worker.watch(id, context.waker());
        let limit = worker.service.buffer_limit;
        loop {
            let state = worker.connection(id, |connection| write(context, client, server, connection, limit));
            let Some(state) = state else { return Poll::Ready(End::Gone) };
            let open = match state {
                Ok(open) => open,
                Err(end) => return Poll::Ready(end),
            };
            let mut progress = false;
            if open.client {
                let read = worker
                    .connection(id, |connection| client.poll_read(context, &mut connection.downstream_mut()));
                match read {
                    Some(Poll::Ready(Ok(_))) => {
                        if worker.with_for(Some(id), |chain| chain.downstream(id, client.ended)).is_none() {
                            return Poll::Ready(End::Gone);
                        }
                        progress = true;
                    }
                    Some(Poll::Ready(Err(_))) => return Poll::Ready(End::ClientGone),
                    _ => {}
                }
                // What the client said goes out before the server is listened to.
                if client.ended && client.shut {
                    return Poll::Ready(End::ClientGone);
                }
                if progress {
                    continue;
                }
            }
            if open.server {
                let read = worker
                    .connection(id, |connection| server.poll_read(context, &mut connection.upstream_mut()));
                match read {
                    Some(Poll::Ready(Ok(_))) => {
                        if worker.with_for(Some(id), |chain| chain.upstream(id, server.ended)).is_none() {
                            return Poll::Ready(End::Gone);
                        }
                        progress = true;
                    }
                    Some(Poll::Ready(Err(_))) => return Poll::Ready(End::ServerGone),
                    _ => {}
                }
            }
            if !progress {
                return Poll::Pending;
            }
        }
    }

    /// Says the last things, and lets the filters know.
    async fn end(mut self, end: End) {
        match end {
            // The filters were told, or cannot be.
            End::Gone => {}
            End::Finished => drop(self.worker.close(self.id, Peer::Local)),
            End::Closed => {
                self.worker.close(self.id, Peer::Local);
                self.server = None;
                linger(&mut self.client.socket).await;
            }
            End::ClientGone => {
                let left = self.worker.close(self.id, Peer::Remote);
                if let (Some(mut connection), Some(mut server)) = (left, self.server.take()) {
                    let last = async {
                        let _ = server.socket.write_all_buf(&mut connection.to_server).await;
                        let _ = server.socket.shutdown().await;
                    };
                    let _ = tokio::time::timeout(LAST_BYTES, last).await;
                }
            }
            End::Unreachable(why) => {
                self.worker.close(self.id, Peer::Local);
                // Whoever does not speak PostgreSQL's protocol, or may wait for the answer to SSLRequest, is told nothing.
                if self.worker.service.client.is_postgres() {
                    fatal::tell(&mut self.client.socket, why).await;
                }
            }
            End::ServerGone => {
                self.server = None;
                let left = self.worker.close(self.id, Peer::Local);
                if let Some(mut connection) = left {
                    let last = self.client.socket.write_all_buf(&mut connection.to_client);
                    if matches!(tokio::time::timeout(LAST_BYTES, last).await, Ok(Ok(()))) {
                        linger(&mut self.client.socket).await;
                    }
                }
            }
        }
    }
}

/// What may be read.
struct Open {
    client: bool,
    server: bool,
}

/// Writes what has passed the filters.
fn write(
    context: &mut Context<'_>,
    client: &mut Side,
    server: &mut Side,
    connection: &mut Connection,
    limit: usize,
) -> Result<Open, End> {
    match client.poll_write(context, &mut connection.to_client) {
        Poll::Ready(Err(_)) => return Err(End::ClientGone),
        Poll::Ready(Ok(())) => {
            if connection.closing {
                return Err(End::Closed);
            }
            if connection.to_client_ended && client.poll_shut(context).is_ready() && client.ended {
                return Err(End::Finished);
            }
        }
        Poll::Pending => {}
    }
    match server.poll_write(context, &mut connection.to_server) {
        Poll::Ready(Err(_)) => return Err(End::ServerGone),
        Poll::Ready(Ok(())) => {
            if connection.to_server_ended && server.poll_shut(context).is_ready() && server.ended {
                return Err(End::ServerGone);
            }
        }
        Poll::Pending => {}
    }
    let (from_client, from_server) = connection.held();
    let open = !connection.closing;
    Ok(Open {
        client: open && !client.ended && from_client < limit && connection.to_server.len() < limit,
        server: open && !server.ended && from_server < limit && connection.to_client.len() < limit,
    })
}
