//! Reading Envoy's config dump (`envoy.admin.v3.ConfigDump`), static and dynamic parts alike.

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
        }
        found
    }

    /// The cluster of that name.
    pub(super) fn cluster(&self, name: &str) -> Option<&'a Value> {
        self.clusters.iter().copied().find(|cluster| text(cluster, "/name") == Some(name))
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

/// Addresses of a cluster's endpoints: `ADDRESS:PORT`, or a path.
pub(super) fn endpoints(cluster: &Value) -> Vec<String> {
    list(cluster, "/load_assignment/endpoints")
        .flat_map(|locality| list(locality, "/lb_endpoints"))
        .filter_map(|endpoint| address(endpoint.pointer("/endpoint/address")?))
        .collect()
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
        _ => format!("{host}:{port}"),
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
