//! What must not be reached past the gate.

use std::collections::BTreeMap;

use gatewright_core::bundle::Limits;

use crate::config::identity::Identity;
use crate::config::model::LimitsSection;
use crate::config::{At, Loaded};

/// The modules' root ids, which say what a filter is.
pub(super) const DATABASE: &str = "gatewright_postgres";
pub(super) const HTTP: &str = "gatewright_http";

/// A target of the configuration.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) resource: String,
    /// The filter that must stand before it.
    pub(super) filter: &'static str,
    /// Largest message that the filter takes, in bytes.
    pub(super) most: u64,
    /// Whether requests may be upgraded.
    pub(super) upgrades: bool,
    /// Whether a client certificate says who an agent is.
    pub(super) certificates: bool,
}

/// By address, and the names of which the address could not be found out.
pub(super) async fn of(loaded: &Loaded) -> (BTreeMap<String, Target>, Vec<String>) {
    let databases = loaded.config.resources.value.iter().map(|resource| {
        let target = Target {
            resource: resource.name.value.0.clone(),
            filter: DATABASE,
            most: most(&resource.limits),
            upgrades: false,
            certificates: false,
        };
        (&resource.target.at, target)
    });
    let apis = loaded.config.apis.value.iter().map(|api| {
        let target = Target {
            resource: api.name.value.0.clone(),
            filter: HTTP,
            most: most(&api.limits),
            upgrades: !api.upgrades.is_empty(),
            certificates: api.identity.value.iter().any(|source| matches!(source, Identity::Mtls(_))),
        };
        (&api.target.at, target)
    });
    let (mut targets, mut unknown) = (BTreeMap::new(), Vec::new());
    for (at, target) in databases.chain(apis) {
        targets.insert(at.to_string(), target.clone());
        // Envoy may have the same server by its address.
        if let At::Name(name, port) = at {
            match tokio::net::lookup_host((name.as_str(), *port)).await {
                Ok(found) => targets.extend(found.map(|address| (address.to_string(), target.clone()))),
                Err(_) => unknown.push(name.clone()),
            }
        }
    }
    (targets, unknown)
}

fn most(limits: &LimitsSection) -> u64 {
    let cap = limits.max_message.as_ref().map(|cap| cap.value.0);
    u64::from(cap.unwrap_or(Limits::default().max_message))
}
