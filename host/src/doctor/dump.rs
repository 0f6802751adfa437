//! Reading Envoy's config dump (`envoy.admin.v3.ConfigDump`), static and dynamic parts alike.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

/// A filter of a chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter<'a>(pub(super) &'a Value);

/// The parts that matter.
#[derive(Debug, Default)]
pub(super) struct Dump<'a> {
    pub(super) listeners: Vec<&'a Value>,
    pub(super) clusters: Vec<&'a Value>,
    pub(super) routes: Vec<&'a Value>,
    /// Endpoints as they were resolved (`include_eds`).
    assignments: Vec<&'a Value>,
    /// Filters that come by themselves (ECDS), by name.
    pub(super) extensions: Vec<&'a Value>,
    pub(super) admin: Option<&'a Value>,
}

impl<'a> Dump<'a> {
    /// Finds them.
    pub(super) fn of(dump: &'a Value) -> Self {
        let mut found = Self::default();
        for part in list(dump, "/configs") {
            found.admin = found.admin.or_else(|| part.pointer("/bootstrap/admin"));
            let parts = |name: &str, inner: &str| -> Vec<&'a Value> {
                list(part, &format!("/{name}")).filter_map(|item| item.pointer(inner)).collect()
            };
            found.listeners.extend(parts("static_listeners", "/listener"));
            found.listeners.extend(parts("dynamic_listeners", "/active_state/listener"));
            found.clusters.extend(parts("static_clusters", "/cluster"));
            found.clusters.extend(parts("dynamic_active_clusters", "/cluster"));
            found.routes.extend(parts("static_route_configs", "/route_config"));
            found.routes.extend(parts("dynamic_route_configs", "/route_config"));
            found.extensions.extend(parts("ecds_filters", "/ecds_filter"));
            found.assignments.extend(parts("static_endpoint_configs", "/endpoint_config"));
            found.assignments.extend(parts("dynamic_endpoint_configs", "/endpoint_config"));
        }
        found
    }

    /// The cluster of that name.
    pub(super) fn cluster(&self, name: &str) -> Option<&'a Value> {
        self.clusters.iter().copied().find(|cluster| text(cluster, "/name") == Some(name))
    }

    /// Addresses behind the cluster of that name, as configured and as resolved.
    pub(super) fn addresses(&self, name: &str) -> Vec<&'a Value> {
        let cluster = self.cluster(name);
        let service = cluster.and_then(|cluster| text(cluster, "/eds_cluster_config/service_name"));
        let resolved = self.assignments.iter().copied().filter(|assignment| {
            text(assignment, "/cluster_name").is_some_and(|of| of == name || Some(of) == service)
        });
        let configured = cluster.and_then(|cluster| cluster.get("load_assignment"));
        let all = configured.into_iter().chain(resolved);
        let endpoints = all.flat_map(|assignment| list(assignment, "/endpoints"));
        let endpoints = endpoints.flat_map(|locality| list(locality, "/lb_endpoints"));
        endpoints.filter_map(|endpoint| endpoint.pointer("/endpoint/address")).collect()
    }

    /// The same as text: `ADDRESS:PORT`, or a path.
    pub(super) fn endpoints(&self, name: &str) -> BTreeSet<String> {
        self.addresses(name).into_iter().filter_map(address).collect()
    }

    /// A filter's configuration, wherever it comes from.
    pub(super) fn config(&self, filter: Filter<'a>) -> Option<&'a Value> {
        filter.0.get("typed_config").or_else(|| {
            let name = text(filter.0, "/name");
            let mut extensions = self.extensions.iter().copied();
            extensions.find(|extension| text(extension, "/name") == name)?.get("typed_config")
        })
    }
}

/// The filter chains of a listener, the default one too.
pub(super) fn chains(listener: &Value) -> impl Iterator<Item = &Value> {
    list(listener, "/filter_chains").chain(listener.get("default_filter_chain"))
}

/// Items of a list that need not be there.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// A text that need not be there.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// Whether a transport socket with TLS looks at who is at the other end. What is no TLS as Envoy knows it is left to
/// the mesh.
pub(super) fn verifies(socket: &Value) -> bool {
    let Some(common) = socket.pointer("/typed_config/common_tls_context") else {
        return !text(socket, "/typed_config/@type")
            .is_some_and(|kind| kind.contains(".transport_sockets.tls."));
    };
    let context = common.get("combined_validation_context");
    let context = context.and_then(|both| both.get("default_validation_context"));
    let context = context.or_else(|| common.get("validation_context"));
    common.pointer("/combined_validation_context/validation_context_sds_secret_config").is_some()
        || common.get("validation_context_sds_secret_config").is_some()
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

/// An address as text.
pub(super) fn address(address: &Value) -> Option<String> {
    if let Some(path) = text(address, "/pipe/path") {
        return Some(path.to_owned());
    }
    let host = text(address, "/socket_address/address")?;
    let port = address.pointer("/socket_address/port_value").and_then(Value::as_u64).unwrap_or(0);
    Some(match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(host)) => format!("[{host}]:{port}"),
        // Names are the same in any case.
        _ => format!("{}:{port}", host.to_ascii_lowercase()),
    })
}

/// Who can reach an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Only this machine.
    Loopback,
    /// A private network.
    Private,
    /// Anybody, as far as the address tells.
    Public,
}

/// By the address alone. A name counts as private: meshes name what is inside.
pub(super) fn reach(address: &Value) -> Reach {
    let Some(host) = text(address, "/socket_address/address") else { return Reach::Loopback };
    match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() => Reach::Loopback,
        Ok(IpAddr::V4(ip)) if ip.is_private() || ip.is_link_local() => Reach::Private,
        Ok(IpAddr::V6(ip)) if ip.is_unique_local() || ip.is_unicast_link_local() => Reach::Private,
        Ok(_) => Reach::Public,
        Err(_) => Reach::Private,
    }
}
