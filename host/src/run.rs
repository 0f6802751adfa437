//! `gatewright run`: serves resources and APIs, or any proxy-wasm filter, without Envoy.

mod admin;
mod reload;
mod services;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use gatewright_runner::Metrics;
use gatewright_runner::proxy::{Config, Proxy};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{ConfigArg, DatabaseArg};
use crate::serve;

/// Of `gatewright run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    database: DatabaseArg,
    /// Run the host service in this process too.
    #[arg(long, conflicts_with = "filter")]
    with_host: bool,
    /// Folder of the filters' modules; `filters` beside this program or one level up, if left out.
    #[arg(long, value_name = "DIR", env = "GATEWRIGHT_FILTERS")]
    filters: Option<PathBuf>,
    /// Serve only this resource or API of the configuration; may be repeated.
    #[arg(long, value_name = "NAME", conflicts_with = "filter")]
    resource: Vec<String>,
    /// Instead of the configuration's resources and APIs: a module to run; may be repeated, the nearest to the client first.
    #[arg(long, value_name = "FILE", requires = "listen", requires = "upstream")]
    filter: Vec<PathBuf>,
    /// `--filter` is for HTTP: HTTP/1.1, and HTTP/2 with prior knowledge.
    #[arg(long, requires = "filter")]
    http: bool,
    /// The server behind `--filter` is spoken to in HTTP/2.
    #[arg(long, requires = "http")]
    upstream_http2: bool,
    /// A certificate (PEM) to show to clients, who must encrypt then: to those of databases and `--filter` as PostgreSQL
    /// begins TLS, to those of `--http` and of APIs without `listen_tls` from the first byte.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Certificate authorities (PEM) of which one must have signed the clients' certificates; none are asked for if left
    /// out.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_client_ca: Option<PathBuf>,
    /// A filter that stops headers is shown the body all the same, as with Envoy's setting of this name.
    #[arg(long, requires = "http")]
    allow_on_headers_stop_iteration: bool,
    /// Where clients of `--filter` connect to.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "filter")]
    listen: Option<SocketAddr>,
    /// Certificate authorities (PEM) of which one must have signed the certificates of targets that are spoken to in TLS;
    /// this machine's if left out.
    #[arg(long, value_name = "FILE")]
    target_ca: Option<PathBuf>,
    /// A certificate (PEM) to show to these targets.
    #[arg(long, value_name = "FILE", requires = "target_key", conflicts_with = "filter")]
    target_certificate: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, value_name = "FILE", requires = "target_certificate")]
    target_key: Option<PathBuf>,
    /// The server behind `--filter`: ADDRESS:PORT, or the path of a Unix socket.
    #[arg(long, value_name = "ADDRESS", requires = "filter")]
    upstream: Option<String>,
    /// The configuration of `--filter`, as it takes it; `@FILE` reads a file. May be repeated, one for each module.
    #[arg(long, value_name = "TEXT", requires = "filter")]
    filter_config: Vec<String>,
    /// Which of a module's root contexts `--filter` is; most have one and ignore this. May be repeated, one for each module.
    #[arg(long, value_name = "ID", requires = "filter")]
    root_id: Vec<String>,
    /// What `--filter` may call by HTTP or gRPC; may be repeated.
    #[arg(long, value_name = "NAME=ADDRESS:PORT", requires = "filter", value_parser = cluster)]
    cluster: Vec<(String, SocketAddr)>,
    /// Where `/metrics` and `/ready` are served; nowhere if left out.
    #[arg(long, value_name = "ADDRESS:PORT")]
    admin: Option<SocketAddr>,
    /// Worker threads; one for each core if left out.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// Bytes of a connection, or of a request, in each direction, beyond which nothing more is read until a filter lets
    /// some pass; a body that an HTTP filter gathers may not be larger.
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 20)]
    buffer_limit: usize,
    /// How long connections may go on after the signal to stop.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    drain: Duration,
}

fn cluster(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, address) = text.split_once('=').ok_or("expected NAME=ADDRESS:PORT")?;
    Ok((name.to_owned(), address.parse().map_err(|error| format!("`{address}`: {error}"))?))
}

/// Serves until SIGTERM or Ctrl-C; reads what to serve again at SIGHUP.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    // From now on, or it would end this process.
    let hangups = signal(SignalKind::hangup()).context("SIGHUP cannot be heard")?;
    let args = Arc::new(args);
    let (services, clusters) = services::of(&args)?;
    // Listens first: a filter's first question shall find somebody.
    let mut host = if args.with_host {
        Some(Host::start(&args.config.config, args.database.database.clone()).await?)
    } else {
        None
    };
    let workers =
        args.workers.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let names: Vec<String> = services.iter().map(|service| service.name.clone()).collect();
    let metrics = Metrics::new();
    let proxy =
        Proxy::start(Config { services, clusters, workers, drain: args.drain }, metrics.clone()).await?;
    if let Some(address) = args.admin {
        admin::serve(address, metrics.clone()).await?;
    }
    for (name, address) in names.iter().zip(proxy.addresses()?) {
        writeln!(std::io::stdout(), "gatewright runs {name} on {address}").context("standard output")?;
    }
    let reloads = tokio::spawn(reload::follow(args.clone(), hangups, proxy.control(), metrics));
    let mut ended = None;
    let over = async {
        match &mut host {
            Some(host) => tokio::select! {
                () = stop() => {}
                // Without it no agent can log in: whoever started this shall know.
                result = &mut host.task => ended = Some(result),
            },
            None => stop().await,
        }
    };
    proxy.serve(over).await;
    reloads.abort();
    match (ended, host) {
        (Some(result), _) => result.context("the host")?.and_then(|()| bail!("the host ended")),
        (None, Some(host)) => host.stop().await,
        (None, None) => Ok(()),
    }
}

/// SIGTERM or Ctrl-C.
pub(crate) async fn stop() {
    match serve::asked_to_stop().await {
        Ok(signal) => tracing::info!(signal, "stopping"),
        Err(error) => tracing::error!(%error, "signals cannot be heard: stopping"),
    }
}

/// The host service in this process. It outlives the connections, so that what happened last is recorded.
struct Host {
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Host {
    async fn start(config: &Path, database: Option<String>) -> anyhow::Result<Self> {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (ready, listens) = tokio::sync::oneshot::channel();
        let config = config.to_owned();
        let task = tokio::spawn(async move {
            let stop = async {
                // Polled first when it serves.
                let _ = ready.send(());
                let _ = stopped.await;
                Ok("the proxy ended")
            };
            serve::serve(&config, None, database.as_deref(), stop).await
        });
        if listens.await.is_err() {
            task.await.context("the host")??;
            bail!("the host ended before it listened");
        }
        Ok(Self { stop, task })
    }

    async fn stop(self) -> anyhow::Result<()> {
        // One that ended by itself says why below.
        let _ = self.stop.send(());
        self.task.await.context("the host")?
    }
}
