//! Sockets of both sides.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::{ServerSide, Target};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a client may take to close, after all was said to it.
const LINGER: Duration = Duration::from_secs(1);

/// A server is not to be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    /// It cannot be connected to.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It does not take up TLS.
    #[error("the server does not speak TLS")]
    Unencrypted,
    /// There is no TLS with it, as with one whose certificate does not hold.
    #[error(transparent)]
    Untrusted(io::Error),
}

/// Anything that bytes pass through.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

/// A socket of whatever kind.
pub(super) type AnySocket = Box<dyn Socket>;

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Host(name) => write!(f, "{name}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// An accepted socket, in this thread's runtime.
pub(super) fn client(socket: std::net::TcpStream) -> io::Result<TcpStream> {
    let socket = TcpStream::from_std(socket)?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Connects to a server.
pub(super) async fn connect(target: &Target, tls: Option<&ServerSide>) -> Result<AnySocket, Unreachable> {
    let connecting = async {
        Ok(match target {
            Target::Tcp(address) => over(TcpStream::connect(address).await?, tls).await?,
            Target::Host(name) => over(TcpStream::connect(name).await?, tls).await?,
            // There is none to be had by it.
            Target::Unix(_) if tls.is_some() => return Err(Unreachable::Unencrypted),
            Target::Unix(path) => Box::new(UnixStream::connect(path).await?),
        })
    };
    let timed_out = || Err(io::Error::from(io::ErrorKind::TimedOut).into());
    tokio::time::timeout(CONNECT, connecting).await.unwrap_or_else(|_| timed_out())
}

/// Says that there is nothing more and waits for the other end to have read all: closing at once, with bytes of it
/// unread, would destroy what is on the way to it.
pub(super) async fn linger(socket: &mut AnySocket) {
    let wait = async {
        let mut bin = [0; 1024];
        if socket.shutdown().await.is_ok() {
            while matches!(socket.read(&mut bin).await, Ok(1..)) {}
        }
    };
    let _ = tokio::time::timeout(LINGER, wait).await;
}

async fn over(socket: TcpStream, tls: Option<&ServerSide>) -> Result<AnySocket, Unreachable> {
    socket.set_nodelay(true)?;
    match tls {
        Some(tls) => tls.connect(socket).await,
        None => Ok(Box::new(socket)),
    }
}
