//! TLS with servers.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Identity, SSL_REQUEST, TlsError, provider};
use crate::proxy::Target;
use crate::proxy::sockets::{self, AnySocket, Unreachable};
use crate::proxy::verifier::Verifier;

/// How TLS with a server begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// By SSLRequest: any PostgreSQL.
    Request,
    /// At once: PostgreSQL 17 and later.
    Direct,
    /// At once, for what has no name in ALPN.
    Plain,
    /// At once, for HTTP/1.1.
    Http1,
    /// At once, for HTTP/2.
    Http2,
}

/// TLS with a server. Its certificate is always verified, its name included (what libpq calls `verify-full`).
#[derive(Debug, Clone)]
pub struct ServerSide {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    begin: Begin,
}

impl ServerSide {
    /// TLS with the server of that name or IP address. Trusted are the authorities and the very certificates in `ca`, or
    /// else this machine's authorities.
    ///
    /// # Errors
    /// A file cannot be read, or the name is none.
    pub fn new(
        name: &str,
        begin: Begin,
        ca: Option<&Path>,
        identity: Option<&Identity>,
    ) -> Result<Self, TlsError> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::config)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(ca)?));
        let mut config = match identity {
            Some(identity) => {
                let (chain, key) = identity.read()?;
                builder.with_client_auth_cert(chain, key).map_err(TlsError::config)?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![begin.alpn().to_vec()];
        config.alpn_protocols.retain(|name| !name.is_empty());
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| TlsError::Config(format!("`{name}` is not a server's name")))?;
        Ok(Self { config: Arc::new(config), name, begin })
    }

    /// Connects to a server, for what is no proxy.
    ///
    /// # Errors
    /// The server is not there, does not speak TLS, or does not prove who it is.
    pub async fn open(
        &self,
        server: &Target,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>> {
        sockets::connect(server, Some(self)).await.map_err(io::Error::other)
    }

    /// Makes TLS of a connection.
    pub(in crate::proxy) async fn connect(&self, mut socket: TcpStream) -> Result<AnySocket, Unreachable> {
        if self.begin == Begin::Request {
            socket.write_all(&SSL_REQUEST).await?;
            // Exactly the answer is read: bytes sent behind it in plain are TLS's to refuse. What else a server says
            // here, errors among it, may be anybody's word.
            match socket.read_u8().await? {
                b'S' => {}
                _ => return Err(Unreachable::Unencrypted),
            }
        }
        let connector = TlsConnector::from(self.config.clone());
        let connecting = connector.connect(self.name.clone(), socket).await;
        Ok(Box::new(connecting.map_err(Unreachable::Untrusted)?))
    }
}
