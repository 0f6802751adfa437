//! The mistakes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use gatewright_core::bundle::Limits;
use gatewright_core::digest::sha256;
use serde_json::Value;

use super::dump::{Dump, Filter, Reach, address, chains, endpoints, list, reach, text};
use super::{Finding, Severity};
use crate::config::model::LimitsSection;
use crate::config::{At, Loaded};

/// The modules' root ids, which say what a filter is.
const DATABASE: &str = "gatewright_postgres";
const HTTP: &str = "gatewright_http";
/// What Envoy buffers of a connection where nothing says otherwise, in bytes.
const DEFAULT_BUFFER: u64 = 1 << 20;

/// A target of the configuration.
struct Target {
    resource: String,
    /// The filter that must stand before it.
    filter: &'static str,
    /// Largest message that the filter takes, in bytes.
    most: u64,
    /// Whether requests may be upgraded.
    upgrades: bool,
}

struct Doctor<'a> {
    dump: Dump<'a>,
    /// By address.
    targets: BTreeMap<String, Target>,
    /// SHA-256 that modules may have.
    wasm: &'a [String],
    found: BTreeSet<Finding>,
}

/// Everything that is wrong, holes first.
pub(super) fn all(loaded: &Loaded, dump: &Value, wasm: &[String]) -> anyhow::Result<Vec<Finding>> {
    let dump = Dump::of(dump);
    ensure!(
        !dump.listeners.is_empty() || !dump.clusters.is_empty(),
        "there is neither a listener nor a cluster in the config dump"
    );
    let mut doctor = Doctor { dump, targets: targets(loaded), wasm, found: BTreeSet::new() };
    doctor.admin();
    for listener in doctor.dump.listeners.clone() {
        doctor.listener(listener);
    }
    Ok(doctor.found.into_iter().collect())
}

fn targets(loaded: &Loaded) -> BTreeMap<String, Target> {
    let address = |at: &At| match at {
        At::Tcp(address) => address.to_string(),
        At::Unix(path) => path.display().to_string(),
    };
    let databases = loaded.config.resources.value.iter().map(|resource| {
        let target = Target {
            resource: resource.name.value.0.clone(),
            filter: DATABASE,
            most: most(&resource.limits),
            upgrades: false,
        };
        (address(&resource.target.at), target)
    });
    let apis = loaded.config.apis.value.iter().map(|api| {
        let target = Target {
            resource: api.name.value.0.clone(),
            filter: HTTP,
            most: most(&api.limits),
            upgrades: !api.upgrades.is_empty(),
        };
        (address(&api.target.at), target)
    });
    databases.chain(apis).collect()
}

fn most(limits: &LimitsSection) -> u64 {
    let cap = limits.max_message.as_ref().map(|cap| cap.value.0);
    u64::from(cap.unwrap_or(Limits::default().max_message))
}

impl Doctor<'_> {
    fn hole(&mut self, at: &str, what: impl Into<String>) {
        self.found.insert(Finding { severity: Severity::Hole, at: at.to_owned(), what: what.into() });
    }

    fn warn(&mut self, at: &str, what: impl Into<String>) {
        self.found.insert(Finding { severity: Severity::Warning, at: at.to_owned(), what: what.into() });
    }

    /// The config dump has the filters' token in it.
    fn admin(&mut self) {
        let Some(address) = self.dump.admin.and_then(|admin| admin.get("address")) else { return };
        let what = "whoever reaches it reads the filter's token and can change Envoy: keep it on loopback";
        match reach(address) {
            Reach::Loopback => {}
            Reach::Private => self.warn("admin interface", what),
            Reach::Public => self.hole("admin interface", what),
        }
    }

    fn listener(&mut self, listener: &Value) {
        let name = format!("listener `{}`", text(listener, "/name").unwrap_or("?"));
        for chain in chains(listener) {
            let filters: Vec<&Value> = list(chain, "/filters").collect();
            let before = self.chain(&name, listener, &filters);
            if before && chain.get("transport_socket").is_none() {
                self.in_the_clear(&name, listener);
            }
        }
    }

    /// Gives whether a target of the configuration is behind it.
    fn chain(&mut self, name: &str, listener: &Value, filters: &[&Value]) -> bool {
        let mut leads = false;
        for (position, filter) in filters.iter().enumerate() {
            let Some(config) = self.dump.config(Filter(filter)) else { continue };
            let before = filters.get(..position).unwrap_or_default();
            match kind(config) {
                "TcpProxy" => leads |= self.tcp_proxy(name, listener, config, before, filters),
                "HttpConnectionManager" => leads |= self.http(name, listener, config),
                _ => {}
            }
        }
        leads
    }

    /// A plain way to a target, with the filter in front of it, or without.
    fn tcp_proxy(
        &mut self,
        name: &str,
        listener: &Value,
        config: &Value,
        before: &[&Value],
        all: &[&Value],
    ) -> bool {
        let clusters = text(config, "/cluster").into_iter();
        let weighted = list(config, "/weighted_clusters/clusters").filter_map(|one| text(one, "/name"));
        let clusters: Vec<String> = clusters.chain(weighted).map(str::to_owned).collect();
        let mut leads = false;
        for cluster in clusters {
            for (resource, needed, most, _) in self.reached(&cluster) {
                leads = true;
                let gate = self.gate(before, needed);
                let Some(gate) = gate else {
                    let elsewhere = self.gate(all, needed).is_some();
                    self.hole(
                        name,
                        if elsewhere {
                            format!("the filter stands behind tcp_proxy, where it sees nothing: put it before it, for `{resource}`")
                        } else {
                            format!("leads to `{resource}` past the gate: put the filter `{needed}` before tcp_proxy, or close this listener")
                        },
                    );
                    continue;
                };
                self.filter(name, gate, &resource);
                self.buffers(name, listener, most);
                let idle = text(config, "/idle_timeout");
                if idle != Some("0s") {
                    self.warn(name, format!("tcp_proxy ends connections that are idle for {}, and a held command is: `idle_timeout: 0s`", idle.unwrap_or("an hour")));
                }
            }
        }
        leads
    }

    fn http(&mut self, name: &str, listener: &Value, config: &Value) -> bool {
        let filters: Vec<&Value> = list(config, "/http_filters").collect();
        let route = text(config, "/route_config/name").or_else(|| text(config, "/rds/route_config_name"));
        let known = self.dump.routes.iter().copied().filter(|known| text(known, "/name") == route);
        let routes: Vec<&Value> = config.get("route_config").into_iter().chain(known).collect();
        let mut leads = false;
        for route in routes.iter().flat_map(|routes| routes_of(routes)) {
            for cluster in clusters_of(route) {
                for (resource, needed, most, upgrades) in self.reached(cluster) {
                    leads = true;
                    let router = filters.iter().position(|filter| {
                        self.dump.config(Filter(filter)).is_some_and(|config| kind(config) == "Router")
                    });
                    let before = filters.get(..router.unwrap_or(filters.len())).unwrap_or_default();
                    let Some(gate) = self.gate(before, needed) else {
                        self.hole(name, format!("leads to `{resource}` past the gate: put the filter `{needed}` before the router, or take the route to cluster `{cluster}` away"));
                        continue;
                    };
                    if is_off(route, gate) {
                        self.hole(name, format!("a route to `{resource}` switches the filter off (`typed_per_filter_config`): take that away"));
                    }
                    self.filter(name, gate, &resource);
                    self.http_filter(name, config, gate, upgrades);
                    self.buffers(name, listener, most);
                }
            }
        }
        leads
    }

    /// What the HTTP filter needs of the connection manager.
    fn http_filter(&mut self, name: &str, manager: &Value, gate: &Value, upgrades: bool) {
        let config = self.dump.config(Filter(gate)).and_then(|config| config.get("config"));
        if config.and_then(|config| config.get("allow_on_headers_stop_iteration")) != Some(&Value::Bool(true))
        {
            self.hole(name, "without `allow_on_headers_stop_iteration: true` the target gets a request's head before its body is decided about");
        }
        for setting in ["normalize_path", "merge_slashes"] {
            if manager.get(setting) == Some(&Value::Bool(true)) {
                self.warn(
                    name,
                    format!(
                        "`{setting}` lets the filter see another path than the agent sent: `{setting}: false`"
                    ),
                );
            }
        }
        if text(manager, "/stream_idle_timeout") != Some("0s") {
            self.warn(
                name,
                "a request that waits for an approval is an idle stream: `stream_idle_timeout: 0s`",
            );
        }
        if list(manager, "/upgrade_configs").next().is_some() && !upgrades {
            self.warn(name, "permits upgrades that the configuration does not name: the filter refuses them");
        }
    }

    /// The resources behind a cluster: name, filter, largest message, upgrades.
    fn reached(&self, cluster: &str) -> Vec<(String, &'static str, u64, bool)> {
        let endpoints = self.dump.cluster(cluster).map(endpoints).unwrap_or_default();
        let targets = endpoints.iter().filter_map(|endpoint| self.targets.get(endpoint));
        targets.map(|t| (t.resource.clone(), t.filter, t.most, t.upgrades)).collect()
    }

    /// The gate among these filters.
    fn gate<'f>(&self, filters: &[&'f Value], root: &str) -> Option<&'f Value> {
        filters.iter().copied().find(|filter| {
            let config = self.dump.config(Filter(filter));
            config.and_then(|config| text(config, "/config/root_id")) == Some(root)
        })
    }

    /// The filter's own configuration.
    fn filter(&mut self, name: &str, filter: &Value, resource: &str) {
        let Some(config) = self.dump.config(Filter(filter)).and_then(|config| config.get("config")) else {
            return;
        };
        let config = config.clone();
        if config.get("fail_open") == Some(&Value::Bool(true))
            || text(&config, "/failure_policy") == Some("FAIL_OPEN")
        {
            self.hole(name, "lets everything pass when the filter fails: `failure_policy: FAIL_RELOAD`");
        } else if text(&config, "/failure_policy") != Some("FAIL_RELOAD") {
            self.warn(
                name,
                "stays closed for good once the filter has failed: `failure_policy: FAIL_RELOAD`",
            );
        }
        let plugin = text(&config, "/configuration/value").and_then(|text| serde_json::from_str(text).ok());
        let plugin: Value = plugin.or_else(|| config.pointer("/configuration").cloned()).unwrap_or_default();
        if let Some(configured) = text(&plugin, "/resource")
            && configured != resource
        {
            self.hole(name, format!("leads to `{resource}` with the policies of `{configured}`"));
        }
        match text(&plugin, "/host_cluster") {
            Some(cluster) => self.host(cluster),
            None => self.warn(name, "the filter's configuration names no `host_cluster`"),
        }
        self.module(name, &config);
    }

    /// What goes to the host is token and recording, and the answers are policies.
    fn host(&mut self, cluster: &str) {
        let name = format!("cluster `{cluster}`");
        let Some(found) = self.dump.cluster(cluster) else {
            self.warn(&name, "does not exist: the filter never gets its policies");
            return;
        };
        let places =
            list(found, "/load_assignment/endpoints").flat_map(|locality| list(locality, "/lb_endpoints"));
        let local = places.filter_map(|place| place.pointer("/endpoint/address"));
        let local = local.map(reach).all(|reach| reach == Reach::Loopback);
        if !local
            && found.get("transport_socket").is_none()
            && found.get("transport_socket_matches").is_none()
        {
            self.hole(
                &name,
                "the host is asked without TLS over a network: give the cluster a `transport_socket`",
            );
        }
    }

    fn module(&mut self, name: &str, config: &Value) {
        if self.wasm.is_empty() {
            return;
        }
        let code = "/vm_config/code";
        let digest = text(config, &format!("{code}/remote/sha256")).map(str::to_owned).or_else(|| {
            let file = std::fs::read(text(config, &format!("{code}/local/filename"))?).ok()?;
            Some(hex::encode(sha256(&file)))
        });
        match digest {
            Some(digest) if self.wasm.iter().any(|known| known.eq_ignore_ascii_case(&digest)) => {}
            Some(digest) => {
                self.hole(name, format!("runs another module than expected: its SHA-256 is {digest}"))
            }
            None => self.warn(name, "the module cannot be read from here, so its SHA-256 is not known"),
        }
    }

    fn buffers(&mut self, name: &str, listener: &Value, most: u64) {
        let limit = listener.get("per_connection_buffer_limit_bytes").and_then(Value::as_u64);
        if limit.unwrap_or(DEFAULT_BUFFER) < most {
            self.warn(name, format!("buffers less than the {most} bytes of `limits.max_message`: longer messages wait for ever; set `per_connection_buffer_limit_bytes`"));
        } else if limit.is_none() {
            self.warn(name, "has no `per_connection_buffer_limit_bytes`: say what a connection may hold");
        }
    }

    /// Tokens are passwords.
    fn in_the_clear(&mut self, name: &str, listener: &Value) {
        let Some(address_of) = listener.get("address") else { return };
        let at = address(address_of).unwrap_or_default();
        match reach(address_of) {
            Reach::Loopback => {}
            Reach::Private => self.warn(name, format!("takes tokens without TLS at {at}")),
            Reach::Public => self.hole(name, format!("takes tokens without TLS at {at}, which anybody may reach: give the chain a `transport_socket`")),
        }
    }
}

/// The last part of a configuration's type.
fn kind(config: &Value) -> &str {
    text(config, "/@type").and_then(|kind| kind.rsplit('.').next()).unwrap_or_default()
}

fn routes_of(config: &Value) -> impl Iterator<Item = &Value> {
    list(config, "/virtual_hosts").flat_map(|host| list(host, "/routes"))
}

fn clusters_of(route: &Value) -> impl Iterator<Item = &str> {
    let weighted = list(route, "/route/weighted_clusters/clusters").filter_map(|one| text(one, "/name"));
    text(route, "/route/cluster").into_iter().chain(weighted)
}

/// Whether a route has the filter switched off.
fn is_off(route: &Value, gate: &Value) -> bool {
    let Some(name) = text(gate, "/name") else { return false };
    let of_route = route.get("typed_per_filter_config").and_then(|filters| filters.get(name));
    gate.get("disabled") == Some(&Value::Bool(true))
        || of_route.and_then(|config| config.get("disabled")) == Some(&Value::Bool(true))
}
