//! TLS with clients.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{ALPN, Identity, SSL_REQUEST, TlsError, peer, provider, roots};
use crate::proxy::fatal::{self, Fatal};
use crate::proxy::sockets::AnySocket;
use crate::state::Encryption;

const GSSENC_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 48];
/// Code of a CancelRequest, behind its length.
const CANCEL_CODE: [u8; 4] = [4, 210, 22, 46];
/// First byte of a TLS handshake record (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// How long a client may take to begin, and a handshake to end.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How a client's bytes begin.
#[derive(Debug, Clone)]
pub enum ClientSide {
    /// As they come: filters see requests for encryption too.
    Plain,
    /// Requests for encryption are answered with no.
    Declined,
    /// Requests for encryption are answered with TLS.
    Tls(Tls),
}

/// TLS with clients.
#[derive(Clone)]
pub struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) required: bool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("required", &self.required).finish_non_exhaustive()
    }
}

impl Tls {
    /// TLS with that certificate. With `client_ca`, clients must show a certificate of one of these authorities. With
    /// `required`, clients that do not encrypt are refused.
    ///
    /// # Errors
    /// A file cannot be read, or key and certificate do not belong together.
    pub fn new(identity: &Identity, client_ca: Option<&Path>, required: bool) -> Result<Self, TlsError> {
        let mut config = config(identity, client_ca, false)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), required })
    }
}

/// TLS with clients, of no protocol yet. They are asked for certificates where there is a `client_ca`; where that is
/// `optional` they may have none, but not another one.
pub(super) fn config(
    identity: &Identity,
    client_ca: Option<&Path>,
    optional: bool,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::config)?;
    let builder = match client_ca {
        Some(ca) => {
            let roots = Arc::new(roots(Some(ca))?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
            let verifier = if optional { verifier.allow_unauthenticated() } else { verifier };
            builder.with_client_cert_verifier(verifier.build().map_err(TlsError::config)?)
        }
        None => builder.with_no_client_auth(),
    };
    let (chain, key) = identity.read()?;
    builder.with_single_cert(chain, key).map_err(TlsError::config)
}

/// A client, as far as the filters are concerned.
pub(in crate::proxy) struct Client {
    pub(in crate::proxy) socket: AnySocket,
    /// What it said first, where that had to be looked at.
    pub(in crate::proxy) early: BytesMut,
    /// None where it speaks in plain.
    pub(in crate::proxy) encryption: Option<Encryption>,
}

impl Client {
    pub(super) fn plain(socket: TcpStream, early: &[u8]) -> Self {
        Self { socket: Box::new(socket), early: BytesMut::from(early), encryption: None }
    }

    pub(super) fn encrypted(socket: TlsStream<TcpStream>) -> Self {
        let encryption = Some(peer::of(socket.get_ref().1));
        Self { socket: Box::new(socket), early: BytesMut::new(), encryption }
    }
}

impl ClientSide {
    /// Whether the client is known to wait for an answer to its StartupMessage, once it has begun.
    pub(in crate::proxy) fn is_postgres(&self) -> bool {
        !matches!(self, Self::Plain)
    }

    /// Begins with a client.
    pub(in crate::proxy) async fn accept(&self, socket: TcpStream) -> io::Result<Client> {
        let tls = match self {
            Self::Plain => return Ok(Client::plain(socket, b"")),
            Self::Declined => None,
            Self::Tls(tls) => Some(tls),
        };
        tokio::time::timeout(PATIENCE, begin(socket, tls))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

async fn begin(mut socket: TcpStream, tls: Option<&Tls>) -> io::Result<Client> {
    let mut first = [0; 1];
    if let Some(tls) = tls
        && socket.peek(&mut first).await? == 1
        && first == [HANDSHAKE]
    {
        let socket = tls.acceptor.accept(socket).await?;
        // Only ALPN tells that the client means PostgreSQL, and not some other protocol that it was lured into.
        if socket.get_ref().1.alpn_protocol() != Some(ALPN) {
            return Err(io::Error::other("direct TLS without ALPN `postgresql`"));
        }
        return Ok(Client::encrypted(socket));
    }
    let mut packet = [0; 8];
    loop {
        socket.read_exact(&mut packet).await?;
        match (packet, tls) {
            (SSL_REQUEST, Some(tls)) => {
                // Somebody in between may have put it there, to be taken for what was said encrypted. What comes after
                // this is TLS's to refuse, since exactly the request was read.
                if has_more(&socket).await {
                    return refused(socket, &fatal::STUFFED).await;
                }
                socket.write_all(b"S").await?;
                return Ok(Client::encrypted(tls.acceptor.accept(socket).await?));
            }
            (SSL_REQUEST | GSSENC_REQUEST, _) => socket.write_all(b"N").await?,
            // CancelRequest may come in plain, as to a server: clients of before version 17 know no other way.
            (_, Some(Tls { required: true, .. })) if packet[4..] != CANCEL_CODE => {
                return refused(socket, &fatal::TLS_REQUIRED).await;
            }
            _ => return Ok(Client::plain(socket, &packet)),
        }
    }
}

/// Whether the client has said something that was not read.
async fn has_more(socket: &TcpStream) -> bool {
    let mut one = [0; 1];
    poll_fn(|context| {
        let peeked = socket.poll_peek(context, &mut ReadBuf::new(&mut one));
        Poll::Ready(matches!(peeked, Poll::Ready(Ok(1..))))
    })
    .await
}

async fn refused(socket: TcpStream, why: &Fatal) -> io::Result<Client> {
    let mut socket: AnySocket = Box::new(socket);
    fatal::tell(&mut socket, why).await;
    Err(io::Error::other(why.message))
}
