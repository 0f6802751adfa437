//! `gatewright envoy`: a complete bootstrap for one resource.

pub(crate) mod capabilities;
mod http;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::config::{At, Endpoint, Kind, Loaded, Tls};
use crate::deployments;
use crate::secret::{Secret, Sources};

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Resource of the configuration.
    pub(crate) resource: String,
    /// Where agents connect to.
    pub(crate) listen: SocketAddr,
    /// The filter's module.
    pub(crate) wasm: PathBuf,
    /// Envoy's admin interface.
    pub(crate) admin: SocketAddr,
}

/// The bootstrap as YAML. It was made for Envoy 1.40.
pub(crate) fn bootstrap(loaded: &Loaded, asked: &Asked) -> anyhow::Result<String> {
    let config = &loaded.config;
    let name = &asked.resource;
    let (template, endpoint) = match (loaded.resource(name), loaded.api(name)) {
        (Some(resource), _) => match resource.kind {
            Kind::Postgres => {
                let capabilities = capabilities::yaml(filter(resource.kind), 20);
                let template = POSTGRES.replace("@capabilities", &capabilities);
                (template.replace("@tls", tls(name, &resource.target)?), &resource.target)
            }
        },
        (None, Some(api)) => (http::template(api, loaded)?, &api.target),
        (None, None) => {
            let databases = config.resources.value.iter().map(|resource| &resource.name);
            let known = databases.chain(config.apis.value.iter().map(|api| &api.name));
            let known: Vec<&str> = known.map(|name| name.value.0.as_str()).collect();
            bail!("there is no resource `{name}`, but {}", known.join(", "));
        }
    };
    // Of the secrets, the filter's token alone: it is the only one that a proxy has.
    let token = deployments::token_for(loaded, &Sources::of(loaded), name)?;
    let wasm = asked.wasm.to_str().context("the module's path is not text")?;
    Ok(template
        .replace("@resource", name)
        .replace("@admin", &address(asked.admin))
        .replace("@listen", &address(asked.listen))
        .replace("@wasm", &quoted(wasm))
        .replace("@host", &address(config.host.listen.0))
        .replace("@discovery", discovery(endpoint))
        .replace("@target", &target(endpoint)?)
        // Last: what secrets hold is not looked at again.
        .replace("@plugin", &quoted(&plugin(&token, name))))
}

/// The filter of a kind of resource; its module's file is named so, and ends in `.wasm`.
pub(crate) fn filter(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "gatewright_postgres",
    }
}

/// The filter of APIs; named likewise.
pub(crate) const HTTP_FILTER: &str = "gatewright_http";

/// What the filters know the host by.
pub(crate) const HOST_CLUSTER: &str = "gatewright_host";

/// The configuration of a resource's filter.
pub(crate) fn plugin(filter_token: &Secret, resource: &str) -> String {
    let plugin = json!({
        "resource": resource,
        "host_cluster": HOST_CLUSTER,
        "filter_token": filter_token.reveal(),
    });
    plugin.to_string()
}

/// A double-quoted YAML scalar: JSON strings are.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}

fn address(address: SocketAddr) -> String {
    socket(&address.ip().to_string(), address.port())
}

fn socket(host: &str, port: u16) -> String {
    format!("{{ socket_address: {{ address: {}, port_value: {port} }} }}", quoted(host))
}

fn target(endpoint: &Endpoint) -> anyhow::Result<String> {
    Ok(match &endpoint.at {
        At::Tcp(at) => address(*at),
        At::Name(name, port) => socket(name, *port),
        At::Unix(path) => {
            let path = path.to_str().context("the socket's path is not text")?;
            format!("{{ pipe: {{ path: {} }} }}", quoted(path))
        }
    })
}

/// How Envoy finds the target. With STRICT_DNS every address of a name would be a server of its own, the unreachable
/// one of two families too.
fn discovery(endpoint: &Endpoint) -> &'static str {
    match endpoint.at {
        At::Tcp(_) | At::Unix(_) => "STATIC",
        At::Name(..) => "LOGICAL_DNS\n      dns_lookup_family: ALL",
    }
}

fn tls(name: &str, endpoint: &Endpoint) -> anyhow::Result<&'static str> {
    Ok(match endpoint.tls {
        Tls::None => "",
        Tls::Direct => DIRECT_TLS,
        Tls::Request => bail!(
            "`{name}`: Envoy cannot begin TLS by SSLRequest (`tls: request`). Let `address` be that of a `gatewright relay`, \
             or serve it by `gatewright run`"
        ),
    })
}

const DIRECT_TLS: &str = r#"
      # TLS from the first byte (PostgreSQL 17 and later), which ALPN must announce. Add the server's CA and name
      # (`validation_context`, `sni`) before this leaves a trusted network.
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
          common_tls_context:
            alpn_protocols: [postgresql]
"#;

const POSTGRES: &str = include_str!("envoy/postgres.yaml");
