//! TLS on both sides, as PostgreSQL's protocol begins it (protocol documentation, "SSL Session Encryption"): by
//! SSLRequest, or directly with ALPN `postgresql`. The filters see plain bytes.

mod http;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::sockets::AnySocket;
use super::verifier::Verifier;

const ALPN: &[u8] = b"postgresql";
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
const GSSENC_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 48];
/// First byte of a TLS handshake record (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// How long a client may take to begin, and a handshake to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a client gets that must encrypt and does not: ErrorResponse.
const TLS_REQUIRED: &[u8] = b"SFATAL\0VFATAL\0C28000\0Mconnections to this gate must be encrypted\0\
    HConnect with sslmode=require or better.\0\0";

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds something else.
    #[error("`{0}`: {1}")]
    File(PathBuf, String),
    /// What the files hold does not go together.
    #[error("{0}")]
    Config(String),
}

impl TlsError {
    pub(super) fn config(error: impl fmt::Display) -> Self {
        Self::Config(error.to_string())
    }
}

/// How TLS with a server begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// By SSLRequest: any PostgreSQL.
    Request,
    /// At once: PostgreSQL 17 and later.
    Direct,
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

/// A certificate and its key, in PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The chain, the own certificate first.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
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
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| TlsError::Config(format!("`{name}` is not a server's name")))?;
        Ok(Self { config: Arc::new(config), name, begin })
    }

    /// Makes TLS of a connection.
    pub(super) async fn connect(&self, mut socket: TcpStream) -> io::Result<AnySocket> {
        if self.begin == Begin::Request {
            socket.write_all(&SSL_REQUEST).await?;
            match socket.read_u8().await? {
                b'S' => {}
                _ => return Err(io::Error::other("the server does not speak TLS")),
            }
        }
        let connector = TlsConnector::from(self.config.clone());
        Ok(Box::new(connector.connect(self.name.clone(), socket).await?))
    }
}

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
    acceptor: TlsAcceptor,
    required: bool,
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
        let mut config = server(identity, client_ca)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), required })
    }
}

/// TLS with clients, of no protocol yet.
fn server(identity: &Identity, client_ca: Option<&Path>) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::config)?;
    let builder = match client_ca {
        Some(ca) => {
            let roots = Arc::new(roots(Some(ca))?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
            builder.with_client_cert_verifier(verifier.map_err(TlsError::config)?)
        }
        None => builder.with_no_client_auth(),
    };
    let (chain, key) = identity.read()?;
    builder.with_single_cert(chain, key).map_err(TlsError::config)
}

/// A client, as far as the filters are concerned.
pub(super) struct Client {
    pub(super) socket: AnySocket,
    /// What it said first, where that had to be looked at.
    pub(super) early: BytesMut,
    /// The server name that it asked for in TLS.
    pub(super) server_name: Option<String>,
    /// Whether it showed a certificate, which was verified.
    pub(super) mtls: bool,
    /// The URIs of that certificate.
    pub(super) uri_sans: Vec<String>,
    /// Whether it encrypts.
    pub(super) encrypted: bool,
}

impl Client {
    fn plain(socket: TcpStream, early: &[u8]) -> Self {
        Self {
            socket: Box::new(socket),
            early: BytesMut::from(early),
            server_name: None,
            mtls: false,
            uri_sans: Vec::new(),
            encrypted: false,
        }
    }
}

impl ClientSide {
    /// Begins with a client.
    pub(super) async fn accept(&self, socket: TcpStream) -> io::Result<Client> {
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
        // Only ALPN tells that the client means PostgreSQL, and not some other protocol that it was lured into.
        return encrypted(tls, socket, true).await;
    }
    let mut packet = [0; 8];
    loop {
        socket.read_exact(&mut packet).await?;
        match (packet, tls) {
            // Exactly the request was read: bytes sent behind it in plain are TLS's to refuse.
            (SSL_REQUEST, Some(tls)) => {
                socket.write_all(b"S").await?;
                return encrypted(tls, socket, false).await;
            }
            (SSL_REQUEST | GSSENC_REQUEST, _) => socket.write_all(b"N").await?,
            (_, Some(Tls { required: true, .. })) => {
                let size = u32::try_from(TLS_REQUIRED.len() + 4).unwrap_or_default();
                socket.write_all(&[b"E", &size.to_be_bytes()[..], TLS_REQUIRED].concat()).await?;
                return Err(io::Error::other("the client did not encrypt"));
            }
            _ => return Ok(Client::plain(socket, &packet)),
        }
    }
}

async fn encrypted(tls: &Tls, socket: TcpStream, direct: bool) -> io::Result<Client> {
    let socket = tls.acceptor.accept(socket).await?;
    let session = socket.get_ref().1;
    if direct && session.alpn_protocol() != Some(ALPN) {
        return Err(io::Error::other("direct TLS without ALPN `postgresql`"));
    }
    let server_name = session.server_name().map(str::to_owned);
    let mtls = session.peer_certificates().is_some_and(|chain| !chain.is_empty());
    let (early, uri_sans) = (BytesMut::new(), Vec::new());
    Ok(Client { socket: Box::new(socket), early, server_name, mtls, uri_sans, encrypted: true })
}

pub(super) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(super) fn roots(ca: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| TlsError::File(path.to_owned(), error.to_string()))?;
            }
        }
        None => {
            // What cannot be used is left out, as everywhere.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TlsError::Config(
                    "this machine trusts no certificate authority: name one".to_owned(),
                ));
            }
        }
    }
    Ok(roots)
}

pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |error: rustls::pki_types::pem::Error| TlsError::File(path.to_owned(), error.to_string());
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    if found.is_empty() {
        return Err(TlsError::File(path.to_owned(), "there is no certificate in it".to_owned()));
    }
    Ok(found)
}

impl Identity {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| TlsError::File(self.key.clone(), error.to_string()))?;
        Ok((certificates(&self.certificate)?, key))
    }
}
