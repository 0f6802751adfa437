//! The host's own connection to the target.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use gatewright_runner::proxy::{Begin, ServerSide, Target};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Config, Connection, NoTls};

use crate::config::At;
use crate::secret::Secret;

/// How to reach the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Which server.
    pub(crate) at: At,
    /// TLS with it.
    pub(crate) tls: Option<Encryption>,
    /// Database.
    pub(crate) database: String,
    /// Role on the target.
    pub(crate) role: String,
    /// Its password.
    pub(crate) password: Option<Secret>,
}

/// How TLS begins, and who vouches for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Encryption {
    /// By SSLRequest, or at once.
    pub(crate) begin: Begin,
    /// Certificates of authorities; none where they are this machine's.
    pub(crate) authorities: Option<PathBuf>,
}

/// Connects, to read. The connection runs in a task of its own and ends with the client.
pub(crate) async fn connect(source: &Source) -> anyhow::Result<Client> {
    let client = connect_to_write(source).await?;
    // A catalogue read must neither write nor hang.
    client
        .batch_execute(
            "SET default_transaction_read_only = on; SET statement_timeout = '20s'; SET lock_timeout = '5s'",
        )
        .await
        .map_err(|error| anyhow::anyhow!("{}", chain(&error)))?;
    Ok(client)
}

/// The same, to change something.
pub(crate) async fn connect_to_write(source: &Source) -> anyhow::Result<Client> {
    // The task goes on by itself.
    let (client, _) = open(source).await?;
    Ok(client)
}

/// Connects for a moment.
pub(crate) async fn connect_briefly(source: &Source) -> anyhow::Result<Brief> {
    let (client, running) = open(source).await?;
    Ok(Brief { client, running: Running(running) })
}

/// A connection that ends when this is dropped, whatever the server is at.
pub(crate) struct Brief {
    /// What speaks over it.
    pub(crate) client: Client,
    running: Running,
}

impl Brief {
    /// Ends it in order: the server is told.
    pub(crate) async fn end(self) {
        let Self { client, mut running } = self;
        drop(client);
        let _ = (&mut running.0).await;
    }
}

struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn open(source: &Source) -> anyhow::Result<(Client, JoinHandle<()>)> {
    let mut config = Config::new();
    match &source.at {
        At::Tcp(address) => {
            config.host(address.ip().to_string()).port(address.port());
        }
        At::Name(name, port) => {
            config.host(name).port(*port);
        }
        At::Unix(path) => {
            let folder = path.parent().context("the socket's path has no folder")?;
            // PostgreSQL names its sockets `.s.PGSQL.PORT`.
            let port = path.extension().and_then(|port| port.to_str()).and_then(|port| port.parse().ok());
            config.host_path(folder).port(port.context("the socket's name does not end in `.PORT`")?);
        }
    }
    config
        .user(&source.role)
        .dbname(&source.database)
        .application_name("gatewright-host")
        .connect_timeout(Duration::from_secs(5));
    if let Some(password) = &source.password {
        config.password(password.reveal());
    }
    let failed = |error| anyhow::anyhow!("{}", chain(&error));
    Ok(match &source.tls {
        None => run(config.connect(NoTls).await.map_err(failed)?),
        Some(encryption) => {
            let socket = encrypted(&source.at, encryption).await?;
            run(config.connect_raw(socket, NoTls).await.map_err(failed)?)
        }
    })
}

fn run<S>((client, connection): (Client, Connection<S, NoTlsStream>)) -> (Client, JoinHandle<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let running = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = chain(&error), "the host's connection to a target ended");
        }
    });
    (client, running)
}

/// A connection in TLS, as `gatewright run` makes it.
async fn encrypted(
    at: &At,
    encryption: &Encryption,
) -> anyhow::Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>> {
    let (name, target) = match at {
        At::Tcp(address) => (address.ip().to_string(), Target::Tcp(*address)),
        At::Name(name, _) => (name.clone(), Target::Host(at.to_string())),
        At::Unix(_) => anyhow::bail!("there is no TLS with a Unix socket"),
    };
    let tls = ServerSide::new(&name, encryption.begin, encryption.authorities.as_deref(), None)?;
    let socket = tls.open(&target).await;
    socket.with_context(|| format!("TLS with {at}"))
}

/// The error with its causes; tokio-postgres shows only the outermost.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut shown = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        shown = format!("{shown}: {inner}");
        cause = inner.source();
    }
    shown
}
