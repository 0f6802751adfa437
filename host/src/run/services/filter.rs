//! The command line's filters.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use gatewright_runner::proxy::{ClientSide, Filter, HttpOptions, Protocol, Service, Target};
use gatewright_runner::{Engine, Limits, Plugin};

use super::{Args, Clusters, tls};

/// A service with them.
pub(super) fn service(
    args: &Args,
    listen: SocketAddr,
    upstream: &str,
) -> anyhow::Result<(Vec<Service>, Clusters)> {
    let engine = Engine::new(Limits::default())?;
    ensure!(
        args.filter_config.len() <= args.filter.len(),
        "there are more --filter-config than --filter: each is for the module in its place"
    );
    ensure!(
        args.root_id.len() <= args.filter.len(),
        "there are more --root-id than --filter: each is for the module in its place"
    );
    let upstream = match upstream.parse() {
        Ok(address) => Target::Tcp(address),
        Err(_) if upstream.contains('/') => Target::Unix(upstream.into()),
        Err(_) => bail!("--upstream `{upstream}`: expected ADDRESS:PORT, or the path of a Unix socket"),
    };
    let mut filters = Vec::new();
    for (index, path) in args.filter.iter().enumerate() {
        let configuration =
            args.filter_config.get(index).map_or(Ok(Vec::new()), |text| configuration(text))?;
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let plugin = Plugin {
            root_id: args.root_id.get(index).cloned().unwrap_or_default(),
            vm_id: name.clone(),
            name,
            configuration,
            body_of_stopped_head: args.allow_on_headers_stop_iteration,
            ..Plugin::default()
        };
        filters.push(Filter { module: engine.load(path)?, plugin });
    }
    let protocol = match args.http {
        true => Protocol::Http(HttpOptions { upstream_http2: args.upstream_http2 }),
        false => Protocol::Tcp,
    };
    let service = Service {
        name: "filter".to_owned(),
        listen,
        client: tls::clients(args, args.http)?.unwrap_or(ClientSide::Plain),
        upstream,
        upstream_tls: None,
        protocol,
        filters,
        buffer_limit: args.buffer_limit,
    };
    Ok((vec![service], args.cluster.iter().cloned().collect()))
}

fn configuration(text: &str) -> anyhow::Result<Vec<u8>> {
    match text.strip_prefix('@') {
        Some(path) => std::fs::read(Path::new(path)).with_context(|| format!("--filter-config `{text}`")),
        None => Ok(text.as_bytes().to_vec()),
    }
}
