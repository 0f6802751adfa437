//! What is looked at in the filter itself, and on its way to the host.

use gatewright_core::digest::sha256;
use serde_json::Value;

use super::checks::Doctor;
use super::dump::{Filter, Reach, address, reach, text};
use super::tls::{encrypts, names_whom, sockets, verifies};
use crate::envoy::capabilities;

impl Doctor<'_> {
    /// The filter's own configuration.
    pub(super) fn filter(&mut self, name: &str, filter: &Value, resource: &str) {
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
        self.capabilities(name, &config);
    }

    /// A callback that Envoy may not call is a filter that does not see.
    fn capabilities(&mut self, name: &str, config: &Value) {
        let root = text(config, "/root_id").unwrap_or_default();
        for place in ["/vm_config/capability_restriction_config", "/capability_restriction_config"] {
            let allowed =
                config.pointer(place).and_then(|restriction| restriction.get("allowed_capabilities"));
            // Envoy takes an empty list for no restriction.
            let Some(allowed) = allowed.and_then(Value::as_object).filter(|allowed| !allowed.is_empty())
            else {
                continue;
            };
            let missing = capabilities::of(root).into_iter().filter(|name| !allowed.contains_key(*name));
            let missing: Vec<&str> = missing.collect();
            if !missing.is_empty() {
                self.hole(name, format!("takes from the filter what it needs, and what it does not see passes: add {} to `allowed_capabilities`", missing.join(", ")));
            }
        }
    }

    /// What goes to the host is token and recording, and the answers are policies.
    fn host(&mut self, cluster: &str) {
        let name = format!("cluster `{cluster}`");
        let Some(found) = self.dump.cluster(cluster) else {
            self.warn(&name, "does not exist: the filter never gets its policies");
            return;
        };
        let local = self.dump.addresses(cluster).into_iter().map(reach).all(|reach| reach == Reach::Loopback);
        if local {
            return;
        }
        let all = sockets(found);
        let tls: Vec<&Value> =
            all.iter().filter(|s| encrypts(&self.dump, **s, &[])).copied().flatten().collect();
        if tls.is_empty() {
            self.hole(
                &name,
                "the host is asked without TLS over a network: give the cluster a `transport_socket` with TLS",
            );
        } else if tls.len() < all.len() {
            self.warn(
                &name,
                "by `transport_socket_matches` there may be endpoints of the host that are asked without TLS",
            );
        }
        if tls.iter().any(|socket| !verifies(socket)) {
            self.hole(
                &name,
                "believes whoever answers as the host: `validation_context` with `trusted_ca`, and `sni`",
            );
        } else if tls.iter().any(|socket| !names_whom(&self.dump, found, socket)) {
            self.warn(
                &name,
                "takes everybody whom the authority knows for the host: name it in `match_typed_subject_alt_names`",
            );
        }
    }

    /// What goes to a target is agents' data and, with a login, the proof of who Gatewright is.
    pub(super) fn way_to_target(&mut self, cluster: &str) {
        let Some(found) = self.dump.cluster(cluster) else { return };
        if sockets(found).into_iter().all(|socket| encrypts(&self.dump, socket, &[])) {
            return;
        }
        for endpoint in self.dump.addresses(cluster) {
            let here = reach(endpoint) == Reach::Loopback
                || text(endpoint, "/socket_address/address") == Some("localhost");
            let Some(at) = address(endpoint).filter(|_| !here) else { continue };
            let Some(resource) = self.targets.get(&at).map(|target| target.resource.clone()) else {
                continue;
            };
            self.warn(&format!("cluster `{cluster}`"), format!("leads to `{resource}` at {at} without TLS, and data and logins go in the clear: give it a `transport_socket` with TLS"));
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
}
