//! Syslog over TCP: RFC 5424 in the framing with counted octets of RFC 6587 section 3.4.1, with TLS as RFC 5425 has it.
//!
//! Syslog has no acknowledgements: what was written may still be lost with a server that stops. So a batch counts as taken
//! only once the connection has stayed whole for a while after it ([`SETTLES`]); what was written before a connection
//! broke, and is not that old, is sent again over the next one.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use gatewright_core::time::Millis;
use gatewright_runner::proxy::{Begin, ServerSide, Target};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::ocsf::{Ocsf, Severity};
use crate::time::rfc3339;

/// How long a connection must stay whole after a batch.
pub(super) const SETTLES: Duration = Duration::from_secs(2);
/// Longest that connecting, or writing a batch, may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Log audit (RFC 5424 section 6.2.1).
const FACILITY: u8 = 13;

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) tls: bool,
    /// Authorities; none where this machine's are believed.
    pub(super) ca: Option<PathBuf>,
    /// What the host calls itself.
    pub(super) own_name: String,
}

/// A connection to it.
pub(super) struct Connection {
    writer: tokio::io::WriteHalf<Box<dyn Socket>>,
    /// Whether the server, or something in between, ended it.
    over: watch::Receiver<bool>,
    reader: tokio::task::AbortHandle,
}

pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Server {
    /// Connects.
    pub(super) async fn connect(&self) -> io::Result<Connection> {
        let socket = timeout(TIMEOUT, self.socket()).await;
        let (mut reader, writer) = tokio::io::split(socket.map_err(|_| io::ErrorKind::TimedOut)??);
        let (tell, over) = watch::channel(false);
        let reader = tokio::spawn(async move {
            // Servers say nothing; that they are gone is seen by reading.
            let mut nothing = [0; 512];
            while reader.read(&mut nothing).await.is_ok_and(|read| read > 0) {}
            tell.send_replace(true);
        });
        Ok(Connection { writer, over, reader: reader.abort_handle() })
    }

    async fn socket(&self) -> io::Result<Box<dyn Socket>> {
        if self.tls {
            let tls = ServerSide::new(&self.name, Begin::Plain, self.ca.as_deref(), None)
                .map_err(io::Error::other)?;
            let target = match self.name.parse::<std::net::IpAddr>() {
                Ok(address) => Target::Tcp((address, self.port).into()),
                Err(_) => Target::Host(format!("{}:{}", self.name, self.port)),
            };
            return Ok(Box::new(tls.open(&target).await?));
        }
        let socket = TcpStream::connect((self.name.as_str(), self.port)).await?;
        socket.set_nodelay(true)?;
        Ok(Box::new(socket))
    }

    /// A message, framed.
    pub(super) fn frame(&self, at: Millis, event: &Ocsf, frames: &mut Vec<u8>) {
        let severity = match event.severity {
            Severity::Informational => 6,
            Severity::Low => 5,
            Severity::Medium => 4,
        };
        let message = format!(
            "<{}>1 {} {} gatewright - {} - {}",
            FACILITY * 8 + severity,
            rfc3339(at),
            self.own_name,
            event.class,
            event.json
        );
        frames.extend_from_slice(format!("{} ", message.len()).as_bytes());
        frames.extend_from_slice(message.as_bytes());
    }
}

impl Connection {
    /// Writes frames; an error where the connection is over.
    pub(super) async fn write(&mut self, frames: &[u8]) -> io::Result<()> {
        if self.is_over() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let write = async {
            self.writer.write_all(frames).await?;
            self.writer.flush().await
        };
        timeout(TIMEOUT, write).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    pub(super) fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Waits until it is over.
    pub(super) async fn over(&mut self) {
        // An error means that the reader is gone: over as well.
        let _ = self.over.wait_for(|over| *over).await;
    }
}
