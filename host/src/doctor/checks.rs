//! The mistakes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use serde_json::Value;

use super::dump::{Dump, Filter, Reach, address, chains, kind, list, reach, text};
use super::routes::{self, To, Way};
use super::targets::{DATABASE, HTTP, Target};
use super::tls::{encrypts, is_starttls, verifies};
use super::{Finding, Severity};

/// What Envoy buffers of a connection where nothing says otherwise, in bytes.
const DEFAULT_BUFFER: u64 = 1 << 20;

pub(super) struct Doctor<'a> {
    pub(super) dump: Dump<'a>,
    /// By address.
    pub(super) targets: BTreeMap<String, Target>,
    /// SHA-256 that modules may have.
    pub(super) wasm: &'a [String],
    found: BTreeSet<Finding>,
}

/// Everything that is wrong, holes first.
pub(super) fn all(
    targets: BTreeMap<String, Target>,
    dump: &Value,
    wasm: &[String],
) -> anyhow::Result<Vec<Finding>> {
    let dump = Dump::of(dump);
    ensure!(
        !dump.listeners.is_empty() || !dump.clusters.is_empty(),
        "there is neither a listener nor a cluster in the config dump"
    );
    let mut doctor = Doctor { dump, targets, wasm, found: BTreeSet::new() };
    doctor.admin();
    for listener in doctor.dump.listeners.clone() {
        doctor.listener(listener);
    }
    Ok(doctor.found.into_iter().collect())
}

impl Doctor<'_> {
    pub(super) fn hole(&mut self, at: &str, what: impl Into<String>) {
        self.found.insert(Finding { severity: Severity::Hole, at: at.to_owned(), what: what.into() });
    }

    pub(super) fn warn(&mut self, at: &str, what: impl Into<String>) {
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
            let behind = self.chain(&name, listener, &filters);
            if behind.is_empty() && filters.iter().any(|filter| self.has_gate(filter)) {
                self.warn(&name, "has the filter, and leads to no target that the configuration names: nothing can be said of what is behind it");
            }
            if behind.is_empty() {
                continue;
            }
            let socket = chain.get("transport_socket");
            // What asks for TLS stands before the filter, which would pass the agent's question on to the server.
            let gate = filters.iter().position(|filter| self.has_gate(filter)).unwrap_or(filters.len());
            if !encrypts(&self.dump, socket, filters.get(..gate).unwrap_or_default()) {
                self.in_the_clear(&name, listener, socket);
            } else if behind.iter().any(|target| target.certificates) && !socket.is_some_and(verifies) {
                self.hole(
                    &name,
                    "believes any client certificate: without `trusted_ca` everybody is who they say",
                );
            }
        }
    }

    /// Gives the targets of the configuration that are behind it.
    fn chain(&mut self, name: &str, listener: &Value, filters: &[&Value]) -> Vec<Target> {
        let mut behind = Vec::new();
        for (position, filter) in filters.iter().enumerate() {
            let Some(config) = self.dump.config(Filter(filter)) else { continue };
            let before = filters.get(..position).unwrap_or_default();
            match kind(config) {
                "TcpProxy" => behind.extend(self.tcp_proxy(name, listener, config, before, filters)),
                "HttpConnectionManager" => behind.extend(self.http(name, listener, config)),
                _ => {}
            }
        }
        behind
    }

    /// A plain way to a target, with the filter in front of it, or without.
    fn tcp_proxy(
        &mut self,
        name: &str,
        listener: &Value,
        config: &Value,
        before: &[&Value],
        all: &[&Value],
    ) -> Vec<Target> {
        let clusters = text(config, "/cluster").into_iter();
        let weighted = list(config, "/weighted_clusters/clusters").filter_map(|one| text(one, "/name"));
        let clusters: Vec<&str> = clusters.chain(weighted).collect();
        if self.gate(before, DATABASE).is_none() {
            let by_name = |filter: &&Value| {
                self.dump.config(Filter(filter)).is_some_and(|config| kind(config) == "SniCluster")
            };
            if before.iter().any(by_name) {
                self.anywhere(name, "the agent says to which cluster it goes (`sni_cluster`)");
            }
            clusters.iter().for_each(|cluster| self.leads_anywhere(name, cluster));
        }
        let behind: Vec<Target> = clusters.iter().flat_map(|cluster| self.reached(cluster)).collect();
        for Target { resource, filter: needed, most, .. } in &behind {
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
            self.filter(name, gate, resource);
            self.buffers(name, listener, *most);
            let idle = text(config, "/idle_timeout");
            if idle != Some("0s") {
                self.warn(name, format!("tcp_proxy ends connections that are idle for {}, and a held command is: `idle_timeout: 0s`", idle.unwrap_or("an hour")));
            }
        }
        behind
    }

    fn http(&mut self, name: &str, listener: &Value, manager: &Value) -> Vec<Target> {
        let filters: Vec<&Value> = list(manager, "/http_filters").collect();
        let router = filters.iter().position(|filter| {
            self.dump.config(Filter(filter)).is_some_and(|config| kind(config) == "Router")
        });
        let before = filters.get(..router.unwrap_or(filters.len())).unwrap_or_default();
        let (configs, complete) = routes::configs(&self.dump, manager);
        if !complete {
            self.warn(
                name,
                "not all of its routes are in the config dump: nothing can be said of where they lead",
            );
        }
        let mut behind = Vec::new();
        for way in configs.into_iter().flat_map(routes::ways) {
            let (cluster, copies) = match way.to {
                To::Cluster(cluster) => (cluster, false),
                To::Mirror(cluster) => (cluster, true),
                To::Unknown(how) => {
                    if !self.guarded(before, &way) {
                        self.anywhere(name, how);
                    }
                    continue;
                }
            };
            if !self.guarded(before, &way) {
                self.leads_anywhere(name, cluster);
            }
            for target in self.reached(cluster) {
                behind.push(target.clone());
                let Target { resource, filter: needed, most, upgrades, .. } = target;
                let Some(gate) = self.gate(before, needed) else {
                    self.hole(name, if copies {
                        format!("copies requests to `{resource}` past the gate: put the filter `{needed}` before the router, or take `request_mirror_policies` with cluster `{cluster}` away")
                    } else {
                        format!("leads to `{resource}` past the gate: put the filter `{needed}` before the router, or take the route to cluster `{cluster}` away")
                    });
                    continue;
                };
                if way.is_off(gate) {
                    self.hole(name, format!("a route to `{resource}` switches the filter off (`typed_per_filter_config`): take that away"));
                }
                self.filter(name, gate, &resource);
                self.http_filter(name, manager, gate, upgrades);
                self.buffers(name, listener, most);
            }
        }
        behind
    }

    /// Whether requests that go this way are seen by the filter.
    fn guarded(&self, before: &[&Value], way: &Way<'_>) -> bool {
        self.gate(before, HTTP).is_some_and(|gate| !way.is_off(gate))
    }

    /// A cluster that leads wherever it is told, with no filter before it.
    fn leads_anywhere(&mut self, name: &str, cluster: &str) {
        for member in self.dump.members(cluster) {
            let Some(found) = self.dump.cluster(member) else { continue };
            let custom = ["/cluster_type/name", "/cluster_type/typed_config/@type"];
            let is = |kind| custom.iter().any(|at| text(found, at).is_some_and(|own| own.contains(kind)));
            if text(found, "/type") == Some("ORIGINAL_DST") || is("original_dst") {
                self.anywhere(
                    name,
                    &format!("cluster `{member}` leads to wherever the agent was going (ORIGINAL_DST)"),
                );
            } else if is("dynamic_forward_proxy") {
                self.anywhere(
                    name,
                    &format!(
                        "cluster `{member}` leads to whatever name the agent says (dynamic forward proxy)"
                    ),
                );
            }
        }
    }

    fn anywhere(&mut self, name: &str, how: &str) {
        self.warn(name, format!("{how}, which may be a target, past the gate: put the filter before it, or name where it may lead"));
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

    /// The targets behind a cluster.
    fn reached(&mut self, cluster: &str) -> Vec<Target> {
        let mut by_name = BTreeMap::new();
        for member in self.dump.members(cluster) {
            self.way_to_target(member);
            let endpoints = self.dump.endpoints(member);
            let targets = endpoints.iter().filter_map(|endpoint| self.targets.get(endpoint));
            by_name.extend(targets.map(|target| (target.resource.clone(), target.clone())));
        }
        by_name.into_values().collect()
    }

    /// Whether it is one of the filters, or a connection manager with one.
    fn has_gate(&self, filter: &Value) -> bool {
        let Some(config) = self.dump.config(Filter(filter)) else { return false };
        let root = text(config, "/config/root_id");
        root == Some(DATABASE)
            || root == Some(HTTP)
            || list(config, "/http_filters").any(|inner| self.has_gate(inner))
    }

    /// The gate among these filters.
    fn gate<'f>(&self, filters: &[&'f Value], root: &str) -> Option<&'f Value> {
        filters.iter().copied().find(|filter| {
            let config = self.dump.config(Filter(filter));
            config.and_then(|config| text(config, "/config/root_id")) == Some(root)
        })
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
    fn in_the_clear(&mut self, name: &str, listener: &Value, socket: Option<&Value>) {
        let Some(address_of) = listener.get("address") else { return };
        let at = address(address_of).unwrap_or_default();
        let (how, mend) = if socket.is_some_and(is_starttls) {
            (
                ", if the agent does not ask for it (`starttls`)",
                "begin the chain with `postgres_proxy` and `downstream_ssl: REQUIRE`",
            )
        } else {
            ("", "give the chain a `transport_socket` with TLS")
        };
        match reach(address_of) {
            Reach::Loopback => {}
            Reach::Private => self.warn(name, format!("takes tokens without TLS at {at}{how}")),
            Reach::Public => self.hole(
                name,
                format!("takes tokens without TLS at {at}, which anybody may reach{how}: {mend}"),
            ),
        }
    }
}
