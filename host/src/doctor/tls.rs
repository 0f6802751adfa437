//! Whether what a transport socket says is TLS, and who is believed at its other end.

use serde_json::{Map, Value};

use super::dump::{Dump, Filter, kind, list, text};

/// Whether what goes through is encrypted. `before` are the filters of a listener that come before whatever reads it:
/// with `starttls` one of them has to ask for TLS. A socket of a kind that is not known here is left to the mesh.
pub(super) fn encrypts(dump: &Dump<'_>, socket: Option<&Value>, before: &[&Value]) -> bool {
    let Some(socket) = socket.map(innermost) else { return false };
    match socket.get("typed_config").map(kind) {
        // The last two wrap plain bytes unless they say what else.
        Some(
            "RawBuffer"
            | "UpstreamStartTlsConfig"
            | "ProxyProtocolUpstreamTransport"
            | "Http11ProxyUpstreamTransport",
        ) => false,
        Some("StartTlsConfig") => before.iter().any(|filter| {
            dump.config(Filter(filter)).is_some_and(|config| {
                kind(config) == "PostgresProxy" && text(config, "/downstream_ssl") == Some("REQUIRE")
            })
        }),
        Some(_) => true,
        None => {
            !text(socket, "/name").is_some_and(|name| name.ends_with("raw_buffer") || is_starttls(socket))
        }
    }
}

/// Whether TLS comes later, if it does.
pub(super) fn is_starttls(socket: &Value) -> bool {
    text(innermost(socket), "/name").is_some_and(|name| name.ends_with("starttls"))
        || innermost(socket)
            .get("typed_config")
            .is_some_and(|config| kind(config).ends_with("StartTlsConfig"))
}

/// Every socket that an endpoint of a cluster may get; none is plain bytes.
pub(super) fn sockets(cluster: &Value) -> Vec<Option<&Value>> {
    let matches = || list(cluster, "/transport_socket_matches");
    // One that takes every endpoint leaves none for the cluster's own.
    let all = matches().any(|one| one.get("match").and_then(Value::as_object).is_none_or(Map::is_empty));
    let own = (!all).then(|| cluster.get("transport_socket"));
    matches().map(|one| one.get("transport_socket")).chain(own).collect()
}

/// Whether a transport socket with TLS looks at who is at the other end. What is no TLS as Envoy knows it is left to
/// the mesh.
pub(super) fn verifies(socket: &Value) -> bool {
    let Some(common) = common(socket) else {
        let kind = text(innermost(socket), "/typed_config/@type");
        return !kind.is_some_and(|kind| {
            kind.contains(".transport_sockets.tls.") || kind.contains(".transport_sockets.starttls.")
        });
    };
    let context = context(common);
    if context.and_then(|context| text(context, "/trust_chain_verification")) == Some("ACCEPT_UNTRUSTED") {
        return false;
    }
    secret(common).is_some()
        || context.is_some_and(|context| {
            [
                "trusted_ca",
                "system_root_certs",
                "verify_certificate_spki",
                "verify_certificate_hash",
                "custom_validator_config",
            ]
            .iter()
            .any(|way| context.get(way).is_some())
        })
}

/// Whether it is somebody in particular who is believed, and not everybody whom the authority knows.
pub(super) fn names_whom(dump: &Dump<'_>, cluster: &Value, socket: &Value) -> bool {
    let Some(common) = common(socket) else { return true };
    let options = "/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let from_name = [
        innermost(socket).pointer("/typed_config/auto_sni_san_validation"),
        cluster.pointer("/upstream_http_protocol_options/auto_san_validation"),
        cluster.pointer(&format!("{options}/upstream_http_protocol_options/auto_san_validation")),
    ];
    if from_name.contains(&Some(&Value::Bool(true))) {
        return true;
    }
    let secret = match secret(common).map(|secret| dump.validation(text(secret, "/name"))) {
        // It comes from elsewhere, and is not in the dump.
        Some(None) => return true,
        Some(Some(context)) => Some(context),
        None => None,
    };
    context(common).into_iter().chain(secret).any(|context| {
        [
            "match_typed_subject_alt_names",
            "match_subject_alt_names",
            "verify_certificate_spki",
            "verify_certificate_hash",
            "custom_validator_config",
        ]
        .iter()
        .any(|way| context.get(way).is_some_and(|way| way.as_array().is_none_or(|list| !list.is_empty())))
    })
}

/// What is inside of sockets that only look or add something (`tap`, `proxy_protocol`, `tcp_stats`).
fn innermost(socket: &Value) -> &Value {
    let mut socket = socket;
    while let Some(inner) = socket.pointer("/typed_config/transport_socket") {
        socket = inner;
    }
    socket
}

/// What the kinds of TLS have in common.
fn common(socket: &Value) -> Option<&Value> {
    let config = innermost(socket).get("typed_config")?;
    let inside = ["tls_socket_config", "downstream_tls_context", "upstream_tls_context"];
    let inside = inside.iter().filter_map(|name| config.get(name));
    [config].into_iter().chain(inside).find_map(|context| context.get("common_tls_context"))
}

/// How certificates are looked at, as far as it stands there.
fn context(common: &Value) -> Option<&Value> {
    let both = common.pointer("/combined_validation_context/default_validation_context");
    both.or_else(|| common.get("validation_context"))
}

/// The same, where it comes as a secret.
fn secret(common: &Value) -> Option<&Value> {
    let both = common.pointer("/combined_validation_context/validation_context_sds_secret_config");
    both.or_else(|| common.get("validation_context_sds_secret_config"))
}
