//! `gatewright relay`: takes connections in plain and passes them on in TLS. Envoy cannot begin TLS by SSLRequest, as
//! PostgreSQL before version 17 and most managed databases want it.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use gatewright_runner::Metrics;
use gatewright_runner::proxy::{
    Begin, ClientSide, Config, Identity, Protocol, Proxy, ServerSide, Service, Target,
};

use crate::run;

/// Bytes of a connection, in each direction, that wait to be passed on.
const BUFFER: usize = 1 << 20;

/// Of `gatewright relay`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where Envoy connects to; bytes are plain here, so keep it on loopback.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The server.
    #[arg(long, value_name = "HOST:PORT")]
    upstream: String,
    /// The name that the server's certificate must have; the host of `--upstream` if left out.
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Certificate authorities (PEM) of which one must have signed the server's certificate; this machine's if left out.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// A certificate (PEM) to show to the server.
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// TLS from the first byte (PostgreSQL 17 and later), instead of by SSLRequest.
    #[arg(long)]
    direct: bool,
    /// Worker threads; one for each core if left out.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// How long connections may go on after the signal to stop.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    drain: Duration,
}

/// Relays until SIGTERM or Ctrl-C.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let (host, _) = args.upstream.rsplit_once(':').context("--upstream: expected HOST:PORT")?;
    let name = args.server_name.as_deref().unwrap_or(host);
    let identity = args.certificate.zip(args.key).map(|(certificate, key)| Identity { certificate, key });
    let begin = if args.direct { Begin::Direct } else { Begin::Request };
    let tls = ServerSide::new(name, begin, args.ca.as_deref(), identity.as_ref())?;
    let service = Service {
        name: "relay".to_owned(),
        listen: args.listen,
        client: ClientSide::Declined,
        upstream: Target::Host(args.upstream.clone()),
        upstream_tls: Some(tls),
        protocol: Protocol::Tcp,
        filters: Vec::new(),
        buffer_limit: BUFFER,
    };
    let workers =
        args.workers.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let config = Config { services: vec![service], clusters: HashMap::new(), workers, drain: args.drain };
    let proxy = Proxy::start(config, Metrics::new()).await?;
    for address in proxy.addresses()? {
        writeln!(std::io::stdout(), "gatewright relays {address} to {}", args.upstream)
            .context("standard output")?;
    }
    proxy.serve(run::stop()).await;
    Ok(())
}
