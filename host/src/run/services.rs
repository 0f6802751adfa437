//! What to serve: the configuration's resources, or the command line's filter.

mod filter;
mod tls;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use gatewright_runner::proxy::{ClientSide, Filter, HttpOptions, Protocol, ServerSide, Service, Target};
use gatewright_runner::{Engine, Limits, Module, Plugin};

use super::Args;
use crate::config::values::Address;
use crate::config::{At, Endpoint, Loaded};
use crate::secret::Sources;
use crate::{deployments, envoy};

type Clusters = HashMap<String, SocketAddr>;

/// What the arguments say.
pub(super) fn of(args: &Args) -> anyhow::Result<(Vec<Service>, Clusters)> {
    match (args.listen, &args.upstream) {
        (Some(listen), Some(upstream)) => filter::service(args, listen, upstream),
        _ => of_resources(args),
    }
}

/// How a resource or an API is served.
struct Serve {
    filter: &'static str,
    protocol: Protocol,
    /// How agents begin.
    client: ClientSide,
    /// TLS with its target.
    server: Option<ServerSide>,
}

/// What the configuration's services are made of.
struct Maker<'a> {
    args: &'a Args,
    engine: Engine,
    loaded: &'a Loaded,
    /// What several share is fetched once.
    sources: Sources,
    modules: HashMap<&'static str, Module>,
    services: Vec<Service>,
}

fn of_resources(args: &Args) -> anyhow::Result<(Vec<Service>, Clusters)> {
    let loaded = Loaded::read(&args.config.config)?;
    for name in &args.resource {
        let known = loaded.resource(name).is_some() || loaded.api(name).is_some();
        ensure!(known, "--resource: there is no resource and no API `{name}`");
    }
    let engine = Engine::new(Limits::default())?;
    let mut maker = Maker {
        args,
        engine,
        loaded: &loaded,
        sources: Sources::of(&loaded),
        modules: HashMap::new(),
        services: Vec::new(),
    };
    for resource in &loaded.config.resources.value {
        let name = &resource.name.value.0;
        let Some(listen) = maker.listens(name, resource.listen) else { continue };
        let in_resource = || format!("`{name}`");
        let server = tls::of_resource(args, &loaded, resource).with_context(in_resource)?;
        let client = tls::agents_of_resource(args, server.as_ref()).with_context(in_resource)?;
        let filter = envoy::filter(resource.kind);
        maker.add(
            name,
            listen,
            &resource.target,
            Serve { filter, protocol: Protocol::Tcp, client, server },
        )?;
    }
    for api in &loaded.config.apis.value {
        let name = &api.name.value.0;
        let Some(listen) = maker.listens(name, api.listen) else { continue };
        if !api.upgrades.is_empty() {
            tracing::warn!(api = name, "`upgrades` are refused: `gatewright run` serves none; Envoy can");
        }
        let in_api = || format!("API `{name}`");
        let server = tls::of_api(args, api).with_context(in_api)?;
        let client = tls::agents_of_api(args, &loaded, api).with_context(in_api)?;
        let protocol = Protocol::Http(HttpOptions { upstream_http2: api.http2 });
        maker.add(
            name,
            listen,
            &api.target,
            Serve { filter: envoy::HTTP_FILTER, protocol, client, server },
        )?;
    }
    ensure!(
        !maker.services.is_empty(),
        "no resource and no API has `listen`, the address that agents connect to: nothing to serve"
    );
    let clusters = [(envoy::HOST_CLUSTER.to_owned(), loaded.config.host.listen.0)];
    Ok((maker.services, clusters.into()))
}

impl Maker<'_> {
    /// Where agents connect to, if they do.
    fn listens(&self, name: &str, listen: Option<Address>) -> Option<Address> {
        if !self.args.resource.is_empty() && !self.args.resource.iter().any(|asked| asked == name) {
            return None;
        }
        if listen.is_none() {
            tracing::info!(resource = name, "not served: it has no `listen`");
        }
        listen
    }

    fn add(&mut self, name: &str, listen: Address, target: &Endpoint, what: Serve) -> anyhow::Result<()> {
        let Serve { filter, protocol, client, server } = what;
        let module = match self.modules.get(filter) {
            Some(module) => module.clone(),
            None => {
                let module = self.engine.load(&module(self.args, filter)?)?;
                self.modules.entry(filter).or_insert(module).clone()
            }
        };
        let upstream = match &target.at {
            At::Tcp(address) => Target::Tcp(*address),
            At::Name(..) => Target::Host(target.at.to_string()),
            At::Unix(path) => Target::Unix(path.clone()),
        };
        // Of the secrets, the filter's token alone: passwords have no business in a process that agents' bytes pass through.
        let token = deployments::token_for(self.loaded, &self.sources, name)?;
        let plugin = Plugin {
            name: filter.to_owned(),
            root_id: filter.to_owned(),
            vm_id: format!("{filter}/{name}"),
            configuration: envoy::plugin(&token, name).into_bytes(),
            body_of_stopped_head: true,
            ..Plugin::default()
        };
        self.services.push(Service {
            name: name.to_owned(),
            listen: listen.0,
            client,
            upstream,
            upstream_tls: server,
            protocol,
            filters: vec![Filter { module, plugin }],
            buffer_limit: self.args.buffer_limit,
        });
        Ok(())
    }
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
