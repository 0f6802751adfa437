//! Sockets of both sides.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::{ServerSide, Target};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Anything that bytes pass through.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Socket for T {}

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
pub(super) async fn connect(target: &Target, tls: Option<&ServerSide>) -> io::Result<AnySocket> {
    let connecting = async {
        Ok(match target {
            Target::Tcp(address) => over(TcpStream::connect(address).await?, tls).await?,
            Target::Host(name) => over(TcpStream::connect(name).await?, tls).await?,
            Target::Unix(path) => Box::new(UnixStream::connect(path).await?),
        })
    };
    tokio::time::timeout(CONNECT, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn over(socket: TcpStream, tls: Option<&ServerSide>) -> io::Result<AnySocket> {
    socket.set_nodelay(true)?;
    match tls {
        Some(tls) => tls.connect(socket).await,
        None => Ok(Box::new(socket)),
    }
}
