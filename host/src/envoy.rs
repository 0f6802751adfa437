//! `gatewright envoy`: a complete bootstrap for one resource.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use crate::config::{At, Endpoint, Kind, Tls};
use crate::secret::Secret;
use crate::settings::Settings;

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
pub(crate) fn bootstrap(settings: &Settings, asked: &Asked) -> anyhow::Result<String> {
    let config = &settings.loaded.config;
    let name = &asked.resource;
    let known =
        || config.resources.value.iter().map(|r| r.name.value.0.as_str()).collect::<Vec<_>>().join(", ");
    let resource = settings
        .loaded
        .resource(name)
        .with_context(|| format!("there is no resource `{name}`, but {}", known()))?;
    let wasm = asked.wasm.to_str().context("the module's path is not text")?;
    let filter = filter(resource.kind);
    Ok(TEMPLATE
        .replace("@filter", filter)
        .replace("@resource", name)
        .replace("@admin", &address(asked.admin))
        .replace("@listen", &address(asked.listen))
        .replace("@wasm", &quoted(wasm))
        .replace("@host", &address(config.host.listen.0))
        .replace("@target", &target(&resource.target)?)
        .replace("@tls", tls(&resource.target))
        // Last: what secrets hold is not looked at again.
        .replace("@plugin", &quoted(&plugin(&settings.filter_token, name))))
}

/// The filter of a kind of resource; its module's file is named so, and ends in `.wasm`.
pub(crate) fn filter(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "gatewright_postgres",
    }
}

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
    format!(
        "{{ socket_address: {{ address: {}, port_value: {} }} }}",
        quoted(&address.ip().to_string()),
        address.port()
    )
}

fn target(endpoint: &Endpoint) -> anyhow::Result<String> {
    let mut text = String::new();
    match &endpoint.at {
        At::Tcp(at) => write!(text, "{}", address(*at))?,
        At::Unix(path) => {
            write!(
                text,
                "{{ pipe: {{ path: {} }} }}",
                quoted(path.to_str().context("the socket's path is not text")?)
            )?;
        }
    }
    Ok(text)
}

fn tls(endpoint: &Endpoint) -> &'static str {
    match endpoint.tls {
        Tls::None => "",
        Tls::Direct => DIRECT_TLS,
    }
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

const TEMPLATE: &str = r#"# Envoy bootstrap for the Gatewright resource `@resource`, printed by `gatewright envoy`.
#
# Who can read Envoy's config dump (the admin interface) sees the filter's token below. With it one can ask the
# host for the bundle and send events, but never gets a database password, nor a login proof: each login also needs
# a valid token of an agent that policy lets connect. Keep the admin interface on loopback all the same.
node:
  id: gatewright-@resource
  cluster: gatewright
admin:
  address: @admin
static_resources:
  listeners:
    - name: @resource
      address: @listen
      # A message is inspected whole, so all of it must fit: at this limit Envoy stops reading, without an error.
      per_connection_buffer_limit_bytes: 4194304
      filter_chains:
        - filters:
            - name: envoy.filters.network.wasm
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm
                config:
                  name: @filter
                  root_id: @filter
                  # Should the module ever fail, its connections close, and new ones get a new instance. Nothing
                  # passes unseen in between.
                  failure_policy: FAIL_RELOAD
                  reload_config:
                    backoff:
                      base_interval: 0.1s
                  vm_config:
                    vm_id: @filter
                    runtime: envoy.wasm.runtime.v8
                    code:
                      local:
                        filename: @wasm
                  configuration:
                    "@type": type.googleapis.com/google.protobuf.StringValue
                    value: @plugin
            - name: envoy.filters.network.tcp_proxy
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                stat_prefix: gatewright_@resource
                cluster: gatewright_target
                # A command that waits for an approval is an idle connection: no limit.
                idle_timeout: 0s
  clusters:
    # The companion host. HTTP/1.1.
    - name: gatewright_host
      type: STATIC
      connect_timeout: 1s
      # Every held approval keeps one request open; the default of 1024 would refuse the next.
      circuit_breakers:
        thresholds:
          - max_connections: 100000
            max_pending_requests: 100000
            max_requests: 100000
      load_assignment:
        cluster_name: gatewright_host
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address: @host
    # The database.
    - name: gatewright_target
      type: STATIC
      connect_timeout: 5s
      per_connection_buffer_limit_bytes: 4194304
      circuit_breakers:
        thresholds:
          - max_connections: 100000
            max_pending_requests: 100000
            max_requests: 100000
      load_assignment:
        cluster_name: gatewright_target
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address: @target
@tls
"#;
