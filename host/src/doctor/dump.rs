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
    routes: Vec<&'a Value>,
    /// Lists of scopes, which say what routes there are for which request.
    scopes: Vec<&'a Value>,
    secrets: Vec<&'a Value>,
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
            found.scopes.extend(list(part, "/inline_scoped_route_configs"));
            found.scopes.extend(list(part, "/dynamic_scoped_route_configs"));
            found.secrets.extend(parts("static_secrets", "/secret"));
            found.secrets.extend(parts("dynamic_active_secrets", "/secret"));
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

    /// The route configurations of that name.
    pub(super) fn routes_named(&self, name: Option<&str>) -> impl Iterator<Item = &'a Value> {
        let named = move |route: &&Value| name.is_some() && text(route, "/name") == name;
        self.routes.iter().copied().filter(named)
    }

    /// What the lists of scopes of that name have in them.
    pub(super) fn scopes(&self, name: Option<&str>) -> impl Iterator<Item = &'a Value> {
        let lists = self.scopes.iter().copied().filter(move |scopes| text(scopes, "/name") == name);
        lists.flat_map(|scopes| list(scopes, "/scoped_route_configs"))
    }

    /// How certificates are looked at, by the secret of that name.
    pub(super) fn validation(&self, name: Option<&str>) -> Option<&'a Value> {
        let mut secrets = self.secrets.iter().copied();
        secrets.find(|secret| text(secret, "/name") == name)?.get("validation_context")
    }

    /// The cluster of that name, or those that it is an aggregate of.
    pub(super) fn members(&self, name: &'a str) -> BTreeSet<&'a str> {
        let (mut next, mut seen, mut members) = (vec![name], BTreeSet::new(), BTreeSet::new());
        while let Some(name) = next.pop() {
            if !seen.insert(name) {
                continue;
            }
            let cluster = self.cluster(name);
            let inside =
                cluster.into_iter().flat_map(|cluster| list(cluster, "/cluster_type/typed_config/clusters"));
            let inside: Vec<&str> =
                inside.filter_map(|inside| text(inside, "").or_else(|| text(inside, "/name"))).collect();
            if inside.is_empty() {
                members.insert(name);
            }
            next.extend(inside);
        }
        members
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

/// The last part of a configuration's type.
pub(super) fn kind(config: &Value) -> &str {
    text(config, "/@type").and_then(|kind| kind.rsplit('.').next()).unwrap_or_default()
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
