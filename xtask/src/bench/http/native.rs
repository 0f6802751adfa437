//! Envoy with filters of its own.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use gatewright_tests::envoy::{Envoy, Ports};
use gatewright_tests::idp::AUDIENCE;
use serde_json::{Value, json};

use super::typed;

/// Starts an Envoy with these HTTP filters in front of `target`.
pub(in crate::bench) fn start(target: SocketAddr, filters: &[Value]) -> Result<Envoy> {
    let ports = Ports::free()?;
    let router = typed("envoy.filters.http.router", "http.router.v3.Router", json!({}));
    let manager = typed(
        "envoy.filters.network.http_connection_manager",
        "network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "native",
            "route_config": { "virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "target", "timeout": "0s" } }],
            }]},
            "http_filters": filters.iter().cloned().chain([router]).collect::<Vec<_>>(),
        }),
    );
    let bootstrap = json!({
        "admin": { "address": socket(ports.admin.address().parse()?) },
        "static_resources": {
            "listeners": [{
                "name": "native",
                "address": socket(ports.listener.address().parse()?),
                "filter_chains": [{ "filters": [manager] }],
            }],
            "clusters": [{
                "name": "target",
                "type": "STATIC",
                "connect_timeout": "5s",
                "load_assignment": { "cluster_name": "target", "endpoints": [{ "lb_endpoints": [
                    { "endpoint": { "address": socket(target) } },
                ]}]},
            }],
        },
    });
    Envoy::start(&bootstrap.to_string(), ports, 2).context("an Envoy with filters of its own")
}

fn socket(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } })
}

/// Verifies the token, and keeps what it says for [`rbac`].
pub(in crate::bench) fn jwt_authn(issuer: &str, jwks: &str) -> Value {
    let provider = json!({
        "issuer": issuer,
        "audiences": [AUDIENCE],
        "local_jwks": { "inline_string": jwks },
        "payload_in_metadata": "payload",
        // Tokens that were verified are not verified again.
        "jwt_cache_config": { "jwt_cache_size": 100 },
    });
    typed(
        "envoy.filters.http.jwt_authn",
        "http.jwt_authn.v3.JwtAuthentication",
        json!({
            "providers": { "idp": provider },
            "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "idp" } }],
        }),
    )
}

/// Lets a group read.
pub(in crate::bench) fn rbac() -> Value {
    let group = json!({ "metadata": {
        "filter": "envoy.filters.http.jwt_authn",
        "path": [{ "key": "payload" }, { "key": "groups" }],
        "value": { "list_match": { "one_of": { "string_match": { "exact": "support" } } } },
    }});
    let reads = json!({ "header": { "name": ":method", "string_match": { "exact": "GET" } } });
    typed(
        "envoy.filters.http.rbac",
        "http.rbac.v3.RBAC",
        json!({ "rules": { "action": "ALLOW", "policies": {
            "read": { "permissions": [reads], "principals": [group] },
        }}}),
    )
}

/// Asks a server, which always agrees.
pub(in crate::bench) fn ext_authz(server: SocketAddr) -> Value {
    let uri = json!({ "uri": format!("http://{server}"), "cluster": "target", "timeout": "1s" });
    let service = json!({ "server_uri": uri, "path_prefix": "/authorise" });
    typed("envoy.filters.http.ext_authz", "http.ext_authz.v3.ExtAuthz", json!({ "http_service": service }))
}
