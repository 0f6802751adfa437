//! Where the routes of a connection manager lead.

use serde_json::Value;

use super::dump::{Dump, list, text};

/// Where requests of a route go.
#[derive(Debug, Clone, Copy)]
pub(super) enum To<'a> {
    Cluster(&'a str),
    /// A copy of them.
    Mirror(&'a str),
    /// Whatever something else says, and what that is.
    Unknown(&'static str),
}

/// One way that requests may take.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub(super) to: To<'a>,
    /// What may switch filters off on it. Envoy goes by the first that says something of a filter.
    levels: Vec<&'a Value>,
}

impl Way<'_> {
    /// Whether that filter is switched off on it.
    pub(super) fn is_off(&self, filter: &Value) -> bool {
        let Some(name) = text(filter, "/name") else { return false };
        let configs = self.levels.iter().filter_map(|level| level.get("typed_per_filter_config")?.get(name));
        configs.chain([filter]).next().and_then(|config| config.get("disabled")) == Some(&Value::Bool(true))
    }
}

/// The route configurations of a connection manager, and whether the dump has all of them.
pub(super) fn configs<'a>(dump: &Dump<'a>, manager: &'a Value) -> (Vec<&'a Value>, bool) {
    let mut found: Vec<&Value> = manager.get("route_config").into_iter().collect();
    let name = text(manager, "/route_config/name").or_else(|| text(manager, "/rds/route_config_name"));
    found.extend(dump.routes_named(name));
    let mut complete = !found.is_empty();
    if let Some(scoped) = manager.get("scoped_routes") {
        let here = list(scoped, "/scoped_route_configurations_list/scoped_route_configurations");
        let scopes: Vec<&Value> = here.chain(dump.scopes(text(scoped, "/name"))).collect();
        complete = !scopes.is_empty();
        for scope in scopes {
            let before = found.len();
            found.extend(scope.get("route_configuration"));
            found.extend(dump.routes_named(text(scope, "/route_configuration_name")));
            complete &= found.len() > before;
        }
    }
    (found, complete)
}

/// Every way that requests may take by a route configuration.
pub(super) fn ways(config: &Value) -> Vec<Way<'_>> {
    let mut ways = Vec::new();
    for host in list(config, "/virtual_hosts") {
        let mut routes: Vec<&Value> = list(host, "/routes").collect();
        if let Some(matcher) = host.get("matcher") {
            matched(matcher, &mut routes);
        }
        for route in routes {
            of_route([route, host, config], &mut ways);
        }
    }
    ways
}

/// Routes stand anywhere in a matcher's tree.
fn matched<'a>(part: &'a Value, routes: &mut Vec<&'a Value>) {
    match part {
        Value::Array(items) => items.iter().for_each(|item| matched(item, routes)),
        Value::Object(fields) if fields.contains_key("route") => routes.push(part),
        Value::Object(fields) => fields.values().for_each(|field| matched(field, routes)),
        _ => {}
    }
}

fn of_route<'a>([route, host, config]: [&'a Value; 3], ways: &mut Vec<Way<'a>>) {
    let Some(action) = route.get("route") else { return };
    let plugins = ["cluster_specifier_plugin", "inline_cluster_specifier_plugin"];
    let mirrors =
        [action, host, config].into_iter().flat_map(|level| list(level, "/request_mirror_policies"));
    // The most particular mirrors count; the others are looked at all the same.
    let mirrors: Vec<&Value> = mirrors.collect();
    let weighted: Vec<&Value> = list(action, "/weighted_clusters/clusters").collect();
    // What a request is drawn for has the first word on filters.
    let drawn = weighted
        .iter()
        .map(|cluster| (text(cluster, "/name"), *cluster, vec![*cluster, route, host, config]));
    let own = (text(action, "/cluster"), action, vec![route, host, config]);
    for (cluster, place, levels) in drawn.chain(weighted.is_empty().then_some(own)) {
        let mut add = |to| ways.push(Way { to, levels: levels.clone() });
        if let Some(cluster) = cluster {
            add(To::Cluster(cluster));
        }
        if place.get("cluster_header").is_some() {
            add(To::Unknown("a header says to which cluster requests go (`cluster_header`)"));
        }
        if plugins.iter().any(|plugin| action.get(plugin).is_some()) {
            add(To::Unknown("a plugin says to which cluster requests go (`cluster_specifier_plugin`)"));
        }
        for mirror in &mirrors {
            if let Some(cluster) = text(mirror, "/cluster") {
                add(To::Mirror(cluster));
            }
            if mirror.get("cluster_header").is_some() {
                add(To::Unknown("a header says to which cluster copies go (`request_mirror_policies`)"));
            }
        }
    }
}
