//! What to serve: the configuration's resources, or the command line's filter.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use gatewright_runner::proxy::{ClientSide, Filter, Service, Target};
use gatewright_runner::{Engine, Limits, Plugin};

use super::Args;
use crate::config::{At, Loaded, Tls};
use crate::envoy;

type Clusters = HashMap<String, SocketAddr>;

/// What the arguments say.
pub(super) fn of(args: &Args) -> anyhow::Result<(Vec<Service>, Clusters)> {
    match (args.listen, &args.upstream) {
        (Some(listen), Some(upstream)) => of_filter(args, listen, upstream),
        _ => of_resources(args),
    }
}

fn of_resources(args: &Args) -> anyhow::Result<(Vec<Service>, Clusters)> {
    // Of the secrets, the filter's token alone: passwords have no business in a process that agents' bytes pass through.
    let loaded = Loaded::read(&args.config.config)?;
    let token = &loaded.config.host.filter_token.value;
    let token = token.fetch(&loaded.folder).context("host.filter_token")?;
    let engine = Engine::new(Limits::default())?;
    let mut modules = HashMap::new();
    let mut services = Vec::new();
    for resource in &loaded.config.resources.value {
        let name = &resource.name.value.0;
        let Some(listen) = resource.listen else {
            tracing::info!(resource = name, "not served: it has no `listen`");
            continue;
        };
        let filter = envoy::filter(resource.kind);
        let module = match modules.get(filter) {
            Some(module) => module,
            None => {
                let path = module(args, filter)?;
                modules.entry(filter).or_insert(engine.load(&path)?)
            }
        };
        if resource.target.tls != Tls::None {
            bail!("resource `{name}`: `gatewright run` cannot speak TLS to the target; Envoy can");
        }
        let upstream = match &resource.target.at {
            At::Tcp(address) => Target::Tcp(*address),
            At::Unix(path) => Target::Unix(path.clone()),
        };
        let plugin = Plugin {
            name: filter.to_owned(),
            root_id: filter.to_owned(),
            vm_id: format!("{filter}/{name}"),
            configuration: envoy::plugin(&token, name).into_bytes(),
            ..Plugin::default()
        };
        services.push(Service {
            name: name.clone(),
            listen: listen.0,
            client: ClientSide::Plain,
            upstream,
            upstream_tls: None,
            filters: vec![Filter { module: module.clone(), plugin }],
            buffer_limit: args.buffer_limit,
        });
    }
    ensure!(
        !services.is_empty(),
        "no resource has `listen`, the address that agents connect to: nothing to serve"
    );
    let clusters = [(envoy::HOST_CLUSTER.to_owned(), loaded.config.host.listen.0)];
    Ok((services, clusters.into()))
}

/// Where a filter's module is.
fn module(args: &Args, filter: &str) -> anyhow::Result<PathBuf> {
    let file = format!("{filter}.wasm");
    let program = std::env::current_exe().unwrap_or_default();
    let folders: Vec<PathBuf> = match &args.filters {
        Some(folder) => vec![folder.clone()],
        None => program.ancestors().skip(1).take(2).map(|folder| folder.join("filters")).collect(),
    };
    let found = folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file());
    found.with_context(|| {
        let looked =
            folders.iter().map(|folder| format!("`{}`", folder.display())).collect::<Vec<_>>().join(" and ");
        format!("there is no `{file}` in {looked}: name its folder with --filters")
    })
}

fn of_filter(args: &Args, listen: SocketAddr, upstream: &str) -> anyhow::Result<(Vec<Service>, Clusters)> {
    let engine = Engine::new(Limits::default())?;
    ensure!(
        args.filter_config.len() <= args.filter.len(),
        "there are more --filter-config than --filter: each is for the module in its place"
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
        let plugin = Plugin { vm_id: name.clone(), name, configuration, ..Plugin::default() };
        filters.push(Filter { module: engine.load(path)?, plugin });
    }
    let service = Service {
        name: "filter".to_owned(),
        listen,
        client: ClientSide::Plain,
        upstream,
        upstream_tls: None,
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
