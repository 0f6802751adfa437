//! TLS with clients and servers that speak HTTP: from the first byte, the version of HTTP by ALPN.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::client::{PATIENCE, config};
use super::{ALPN, Begin, Client, ClientSide, Identity, Tls, TlsError};

const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

impl Begin {
    pub(super) fn alpn(self) -> &'static [u8] {
        match self {
            Self::Request | Self::Direct => ALPN,
            Self::Plain => b"",
            Self::Http1 => HTTP1,
            Self::Http2 => HTTP2,
        }
    }
}

impl Tls {
    /// The same as [`Self::new`] for clients that speak HTTP. None may speak it in plain. Where certificates are
    /// `optional`, a client of `client_ca` may have none, but not one of somebody else's.
    ///
    /// # Errors
    /// A file cannot be read, or key and certificate do not belong together.
    pub fn for_http(identity: &Identity, client_ca: Option<&Path>, optional: bool) -> Result<Self, TlsError> {
        let mut config = config(identity, client_ca, optional)?;
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), required: true })
    }
}

impl ClientSide {
    /// Begins with a client that speaks HTTP.
    pub(in crate::proxy) async fn accept_http(&self, socket: TcpStream) -> io::Result<Client> {
        let Self::Tls(tls) = self else { return Ok(Client::plain(socket, b"")) };
        let accepting = tokio::time::timeout(PATIENCE, tls.acceptor.accept(socket));
        let socket = accepting.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        Ok(Client::encrypted(socket))
    }
}
