//! What to serve: the configuration's resources, or the command line's filter.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use axum::http::uri::Authority;
use gatewright_runner::proxy::{
    Begin, ClientSide, Filter, HttpOptions, Identity, Protocol, ServerSide, Service, Target, Tls,
};
use gatewright_runner::{Engine, Limits, Module, Plugin};

use super::Args;
use crate::config::identity::Identity as AgentIdentity;
use crate::config::values::Address;
use crate::config::{Api, At, Endpoint, Loaded, Tls as TargetTls};
use crate::envoy;
use crate::secret::Secret;

type Clusters = HashMap<String, SocketAddr>;

/// What the arguments say.
pub(super) fn of(args: &Args) -> anyhow::Result<(Vec<Service>, Clusters)> {
    match (args.listen, &args.upstream) {
        (Some(listen), Some(upstream)) => of_filter(args, listen, upstream),
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
    tls: Option<ServerSide>,
}

/// What the configuration's services are made of.
struct Maker<'a> {
    args: &'a Args,
    engine: Engine,
    token: Secret,
    modules: HashMap<&'static str, Module>,
    services: Vec<Service>,
}

fn of_resources(args: &Args) -> anyhow::Result<(Vec<Service>, Clusters)> {
    // Of the secrets, the filter's token alone: passwords have no business in a process that agents' bytes pass through.
    let loaded = Loaded::read(&args.config.config)?;
    let token = &loaded.config.host.filter_token.value;
    let token = token.fetch(&loaded.folder).context("host.filter_token")?;
    for name in &args.resource {
        let known = loaded.resource(name).is_some() || loaded.api(name).is_some();
        ensure!(known, "--resource: there is no resource and no API `{name}`");
    }
    let engine = Engine::new(Limits::default())?;
    let mut maker = Maker { args, engine, token, modules: HashMap::new(), services: Vec::new() };
    for resource in &loaded.config.resources.value {
        let name = &resource.name.value.0;
        let filter = envoy::filter(resource.kind);
        let what = Serve { filter, protocol: Protocol::Tcp, client: ClientSide::Plain, tls: None };
        maker.add(name, resource.listen, &resource.target, what)?;
    }
    for api in &loaded.config.apis.value {
        let name = &api.name.value.0;
        let options = HttpOptions { upstream_http2: api.http2 };
        let tls = (api.listen.is_some() && api.target.tls == TargetTls::Direct).then(|| api_tls(args, api));
        if api.listen.is_some() && !api.upgrades.is_empty() {
            tracing::warn!(api = name, "`upgrades` are refused: `gatewright run` serves none; Envoy can");
        }
        let client = match api.listen {
            Some(_) => agents_tls(&loaded, api).with_context(|| format!("API `{name}`"))?,
            None => ClientSide::Plain,
        };
        let (filter, protocol) = (envoy::HTTP_FILTER, Protocol::Http(options));
        let what = Serve { filter, protocol, client, tls: tls.transpose()? };
        maker.add(name, api.listen, &api.target, what)?;
    }
    ensure!(
        !maker.services.is_empty(),
        "no resource and no API has `listen`, the address that agents connect to: nothing to serve"
    );
    let clusters = [(envoy::HOST_CLUSTER.to_owned(), loaded.config.host.listen.0)];
    Ok((maker.services, clusters.into()))
}

/// TLS with an API's agents, where it says so.
fn agents_tls(loaded: &Loaded, api: &Api) -> anyhow::Result<ClientSide> {
    let Some(tls) = api.listen_tls.as_ref().map(|tls| &tls.value) else { return Ok(ClientSide::Plain) };
    let only_mtls = api.identity.value.iter().all(|source| matches!(source, AgentIdentity::Mtls(_)));
    ensure!(
        tls.client_ca.is_none() || only_mtls,
        "`gatewright run` cannot leave it to agents whether they show a certificate; leave out `listen_tls.client_ca`, or \
         let `mtls` be the only `identity`, or use Envoy"
    );
    let file = |path: &Path| loaded.folder.join(path);
    let identity = Identity { certificate: file(&tls.certificate), key: file(&tls.key) };
    let client_ca = tls.client_ca.as_deref().map(file);
    Ok(ClientSide::Tls(Tls::for_http(&identity, client_ca.as_deref())?))
}

/// TLS with an API, by the name that it is called by.
fn api_tls(args: &Args, api: &Api) -> anyhow::Result<ServerSide> {
    let authority = api.authority.clone().unwrap_or_else(|| api.target.at.authority());
    // INVARIANT: what is no name is refused below.
    let name = authority.parse::<Authority>().map_or(authority, |authority| authority.host().to_owned());
    let begin = if api.http2 { Begin::Http2 } else { Begin::Http1 };
    let tls = ServerSide::new(&name, begin, args.target_ca.as_deref(), None);
    tls.with_context(|| format!("API `{}`", api.name.value.0))
}

impl Maker<'_> {
    fn add(
        &mut self,
        name: &str,
        listen: Option<Address>,
        target: &Endpoint,
        what: Serve,
    ) -> anyhow::Result<()> {
        if !self.args.resource.is_empty() && !self.args.resource.iter().any(|asked| asked == name) {
            return Ok(());
        }
        let Some(listen) = listen else {
            tracing::info!(resource = name, "not served: it has no `listen`");
            return Ok(());
        };
        let Serve { filter, protocol, client, tls } = what;
        if target.tls != TargetTls::None && tls.is_none() {
            bail!("`{name}`: `gatewright run` cannot speak TLS to the target; Envoy can");
        }
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
        let plugin = Plugin {
            name: filter.to_owned(),
            root_id: filter.to_owned(),
            vm_id: format!("{filter}/{name}"),
            configuration: envoy::plugin(&self.token, name).into_bytes(),
            body_of_stopped_head: true,
            ..Plugin::default()
        };
        self.services.push(Service {
            name: name.to_owned(),
            listen: listen.0,
            client,
            upstream,
            upstream_tls: tls,
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
        let plugin = Plugin {
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
        client: client(args)?,
        upstream,
        upstream_tls: None,
        protocol,
        filters,
        buffer_limit: args.buffer_limit,
    };
    Ok((vec![service], args.cluster.iter().cloned().collect()))
}

/// How clients of `--filter` begin.
fn client(args: &Args) -> anyhow::Result<ClientSide> {
    let (Some(certificate), Some(key)) = (args.tls_certificate.clone(), args.tls_key.clone()) else {
        return Ok(ClientSide::Plain);
    };
    let identity = Identity { certificate, key };
    Ok(ClientSide::Tls(Tls::for_http(&identity, args.tls_client_ca.as_deref())?))
}

fn configuration(text: &str) -> anyhow::Result<Vec<u8>> {
    match text.strip_prefix('@') {
        Some(path) => std::fs::read(Path::new(path)).with_context(|| format!("--filter-config `{text}`")),
        None => Ok(text.as_bytes().to_vec()),
    }
}
