//! `gatewright doctor` on what a real Envoy says that it runs, as it is and with mistakes.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::envoy::Envoy;
use gatewright_tests::proxy::{Kind, Proxy};
use gatewright_tests::site::Site;
use gatewright_tests::stack::Stack;
use gatewright_tests::{Output, http, kit};
use serde_json::{Value, json};

fn doctor(site: &Site, args: &[&str]) -> Result<Output> {
    gatewright_tests::run(&mut site.gatewright(&[&["doctor"], args].concat())?)
}

/// The dump of a running Envoy.
fn dump(envoy: &Envoy) -> Result<Value> {
    http::get(&format!("{}/config_dump?include_eds", envoy.admin_url()), None)?.json()
}

/// What the doctor says of a dump.
fn says(site: &Site, dump: &Value) -> Result<Output> {
    let file = site.folder().join("dump.json");
    fs::write(&file, dump.to_string())?;
    doctor(site, &["--dump", &file.to_string_lossy()])
}

/// The list of that name, of static parts.
fn part<'d>(dump: &'d mut Value, name: &str) -> Result<&'d mut Vec<Value>> {
    let configs = dump["configs"].as_array_mut().context("no configs")?;
    let part = configs.iter_mut().find_map(|part| part.get_mut(name)?.as_array_mut());
    part.with_context(|| format!("no {name}"))
}

/// Adds a part to a dump.
fn add(dump: &mut Value, part: Value) -> Result<()> {
    dump["configs"].as_array_mut().context("no configs")?.push(part);
    Ok(())
}

/// Takes a field away, which must be there.
fn take(from: &mut Value, field: &str) -> Result<Value> {
    let fields = from.as_object_mut().context("not an object")?;
    fields.remove(field).with_context(|| format!("there is no `{field}`"))
}

fn listener(dump: &mut Value) -> Result<&mut Value> {
    Ok(&mut part(dump, "static_listeners")?.first_mut().context("no listener")?["listener"])
}

fn cluster<'d>(dump: &'d mut Value, name: &str) -> Result<&'d mut Value> {
    let mut clusters = part(dump, "static_clusters")?.iter_mut();
    let found = clusters.find(|cluster| cluster["cluster"]["name"] == name).context("no such cluster")?;
    Ok(&mut found["cluster"])
}

/// Another listener to the same place, without the filter.
fn second(dump: &mut Value) -> Result<Value> {
    let mut second = listener(dump)?.clone();
    second["name"] = "second".into();
    second["filter_chains"][0]["filters"].as_array_mut().context("filters")?.remove(0);
    Ok(second)
}

fn manager(dump: &mut Value) -> Result<&mut Value> {
    Ok(&mut listener(dump)?["filter_chains"][0]["filters"][0]["typed_config"])
}

type Mistake = fn(&mut Value) -> Result<()>;

fn check(site: &Site, good: &Value, mistakes: &[(&str, &str, Mistake)]) -> Result<()> {
    let sound = says(site, good)?;
    ensure!(sound.success && sound.stdout == "0 holes, 0 warnings\n", "{}{}", sound.stdout, sound.stderr);
    for (severity, words, mistake) in mistakes {
        let mut dump = good.clone();
        mistake(&mut dump)?;
        let found = says(site, &dump)?;
        let line = found.stdout.lines().find(|line| line.contains(words));
        ensure!(
            line.is_some_and(|line| line.starts_with(severity)),
            "{words}: {}{}",
            found.stdout,
            found.stderr
        );
        ensure!(found.success == (*severity == "warning"), "{words}: {}", found.stdout);
    }
    Ok(())
}

#[test]
fn mistakes_in_front_of_a_database() -> Result<()> {
    let stack = Stack::builder().proxy(Kind::Envoy).start()?;
    let Proxy::Envoy(envoy) = stack.proxy()? else { anyhow::bail!("it is not Envoy") };
    let direct = doctor(&stack.site, &["--admin", &envoy.admin_url()])?;
    ensure!(direct.success && direct.stdout == "0 holes, 0 warnings\n", "{}{}", direct.stdout, direct.stderr);
    let other = doctor(&stack.site, &["--admin", &envoy.admin_url(), "--wasm", &"0".repeat(64)])?;
    ensure!(!other.success && other.stdout.contains("runs another module"), "{}", other.stdout);
    check(
        &stack.site,
        &dump(envoy)?,
        &[
            ("HOLE", "past the gate", |dump| {
                let filters =
                    listener(dump)?["filter_chains"][0]["filters"].as_array_mut().context("filters")?;
                filters.remove(0);
                Ok(())
            }),
            ("HOLE", "behind tcp_proxy", |dump| {
                let filters =
                    listener(dump)?["filter_chains"][0]["filters"].as_array_mut().context("filters")?;
                filters.reverse();
                Ok(())
            }),
            ("HOLE", "past the gate", |dump| {
                let bare = listener(dump)?["filter_chains"][0]["filters"][1].clone();
                listener(dump)?["default_filter_chain"] = json!({ "filters": [bare] });
                Ok(())
            }),
            ("HOLE", "lets everything pass", |dump| {
                let filter = &mut listener(dump)?["filter_chains"][0]["filters"][0];
                filter["typed_config"]["config"]["failure_policy"] = "FAIL_OPEN".into();
                Ok(())
            }),
            ("HOLE", "without TLS at 0.0.0.0", |dump| {
                listener(dump)?["address"]["socket_address"]["address"] = "0.0.0.0".into();
                Ok(())
            }),
            ("warning", "without TLS at 10.1.2.3", |dump| {
                listener(dump)?["address"]["socket_address"]["address"] = "10.1.2.3".into();
                Ok(())
            }),
            ("HOLE", "the host is asked without TLS", |dump| {
                let host = cluster(dump, "gatewright_host")?;
                let endpoint = &mut host["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
                endpoint["address"]["socket_address"]["address"] = "10.1.2.3".into();
                Ok(())
            }),
            ("HOLE", "believes whoever answers", |dump| {
                let host = cluster(dump, "gatewright_host")?;
                let endpoint = &mut host["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
                endpoint["address"]["socket_address"]["address"] = "10.1.2.3".into();
                let tls = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
                let context = json!({ "@type": tls, "sni": "host", "common_tls_context": {} });
                host["transport_socket"] = json!({ "name": "tls", "typed_config": context });
                Ok(())
            }),
            // What Envoy may not call sees nothing, and lets it pass.
            ("HOLE", "add proxy_on_downstream_data", |dump| {
                let filter = &mut listener(dump)?["filter_chains"][0]["filters"][0]["typed_config"]["config"];
                let allowed =
                    &mut filter["vm_config"]["capability_restriction_config"]["allowed_capabilities"];
                take(allowed, "proxy_on_downstream_data").map(drop)
            }),
            // A cluster that says nothing of its endpoints has them resolved, elsewhere in the dump.
            ("HOLE", "past the gate", |dump| {
                let _ = take(cluster(dump, "gatewright_target")?, "load_assignment")?;
                let filters =
                    listener(dump)?["filter_chains"][0]["filters"].as_array_mut().context("filters")?;
                filters.remove(0);
                Ok(())
            }),
            ("warning", "leads to no target", |dump| {
                let proxy = &mut listener(dump)?["filter_chains"][0]["filters"][1]["typed_config"];
                proxy["cluster"] = "elsewhere".into();
                Ok(())
            }),
            ("warning", "longer messages wait for ever", |dump| {
                listener(dump)?["per_connection_buffer_limit_bytes"] = 4096.into();
                Ok(())
            }),
            ("warning", "has no `per_connection_buffer_limit_bytes`", |dump| {
                take(listener(dump)?, "per_connection_buffer_limit_bytes").map(drop)
            }),
            ("HOLE", "listener `second`: leads to `shop` past the gate", |dump| {
                let second = json!({ "listener": second(dump)? });
                part(dump, "static_listeners")?.push(second);
                Ok(())
            }),
            ("HOLE", "listener `second`: leads to `shop` past the gate", |dump| {
                let second = json!({ "name": "second", "active_state": { "listener": second(dump)? } });
                add(dump, json!({ "dynamic_listeners": [second] }))
            }),
            ("warning", "idle_timeout", |dump| {
                let proxy = &mut listener(dump)?["filter_chains"][0]["filters"][1]["typed_config"];
                take(proxy, "idle_timeout").map(drop)
            }),
        ],
    )
}

#[test]
fn mistakes_in_front_of_an_api() -> Result<()> {
    let stack = Stack::builder().api().start()?;
    check(
        &stack.site,
        &dump(stack.api_envoy()?)?,
        &[
            ("HOLE", "past the gate", |dump| {
                let manager = manager(dump)?;
                manager["http_filters"].as_array_mut().context("filters")?.remove(0);
                Ok(())
            }),
            ("HOLE", "switches the filter off", |dump| {
                let manager = manager(dump)?;
                let route = &mut manager["route_config"]["virtual_hosts"][0]["routes"][0];
                route["typed_per_filter_config"] = json!({ "envoy.filters.http.wasm": { "disabled": true } });
                Ok(())
            }),
            ("HOLE", "allow_on_headers_stop_iteration", |dump| {
                let manager = manager(dump)?;
                let config = &mut manager["http_filters"][0]["typed_config"]["config"];
                config["allow_on_headers_stop_iteration"] = false.into();
                Ok(())
            }),
            ("warning", "normalize_path", |dump| {
                let manager = manager(dump)?;
                manager["normalize_path"] = true.into();
                Ok(())
            }),
            ("warning", "stream_idle_timeout", |dump| take(manager(dump)?, "stream_idle_timeout").map(drop)),
            ("HOLE", "with the policies of", |dump| {
                let manager = manager(dump)?;
                let config = &mut manager["http_filters"][0]["typed_config"]["config"]["configuration"];
                let plugin = config["value"].as_str().context("no plugin configuration")?;
                config["value"] = plugin.replace("shop-api", "shop-mcp").into();
                Ok(())
            }),
        ],
    )
}

/// What an Envoy with a file of `envoy/` says that it runs, as far as the file goes. Both targets are at 10.1.2.3.
fn written(file: &str) -> Result<Value> {
    let text = fs::read_to_string(kit::folder().join(file))?;
    let text =
        text.replace("postgres.internal.example", "10.1.2.3").replace("api.internal.example", "10.1.2.3");
    let file: Value = serde_saphyr::from_str(&text)?;
    let all = |list: &str, one: &str| -> Result<Vec<Value>> {
        let items = file["static_resources"][list].as_array().context("no such list")?;
        Ok(items.iter().map(|item| json!({ one: item })).collect())
    };
    Ok(json!({ "configs": [
        { "bootstrap": { "admin": file["admin"] } },
        { "static_listeners": all("listeners", "listener")? },
        { "static_clusters": all("clusters", "cluster")? },
    ] }))
}

/// The shop with its targets there. Nothing of it runs.
fn site() -> Result<Site> {
    let secrets = ["GATEWRIGHT_FILTER_TOKEN", "SHOP_SUPPORT_PASSWORD", "SHOP_API_KEY", "SHOP_MCP_KEY"];
    let env = secrets.map(|name| (name, "CHANGE-ME-CHANGE-ME-CHANGE-ME-CHANGE-ME"));
    let targets = [("GW_PG_TARGET", "10.1.2.3:5432"), ("GW_API_TARGET", "10.1.2.3:443")];
    Site::shop(env.into_iter().chain(targets).map(|(name, value)| (name.into(), value.into())).collect())
}

fn socket(kind: &str, more: Value) -> Value {
    let mut config = more;
    config["@type"] = format!("type.googleapis.com/envoy.extensions.transport_sockets.{kind}").into();
    json!({ "name": kind, "typed_config": config })
}

fn raw_buffer() -> Value {
    socket("raw_buffer.v3.RawBuffer", json!({}))
}

fn validation_of_host(dump: &mut Value) -> Result<&mut Value> {
    let tls = &mut cluster(dump, "gatewright_host")?["transport_socket"]["typed_config"];
    Ok(&mut tls["common_tls_context"]["validation_context"])
}

#[test]
fn what_is_called_a_transport_socket_and_is_no_tls() -> Result<()> {
    check(
        &site()?,
        &written("postgres-gateway.yaml")?,
        &[
            ("HOLE", "takes tokens without TLS at 0.0.0.0", |dump| {
                listener(dump)?["filter_chains"][0]["transport_socket"] = raw_buffer();
                Ok(())
            }),
            // Envoy finds it by its name alone.
            ("HOLE", "takes tokens without TLS at 0.0.0.0", |dump| {
                let socket = json!({ "name": "envoy.transport_sockets.raw_buffer" });
                listener(dump)?["filter_chains"][0]["transport_socket"] = socket;
                Ok(())
            }),
            ("HOLE", "the host is asked without TLS", |dump| {
                cluster(dump, "gatewright_host")?["transport_socket"] = raw_buffer();
                Ok(())
            }),
            ("HOLE", "the host is asked without TLS", |dump| {
                let later = socket("starttls.v3.UpstreamStartTlsConfig", json!({ "tls_socket_config": {} }));
                cluster(dump, "gatewright_host")?["transport_socket"] = later;
                Ok(())
            }),
            ("HOLE", "the host is asked without TLS", |dump| {
                let inner = json!({ "transport_socket": raw_buffer() });
                let outer = socket("proxy_protocol.v3.ProxyProtocolUpstreamTransport", inner);
                cluster(dump, "gatewright_host")?["transport_socket"] = outer;
                Ok(())
            }),
            ("HOLE", "the host is asked without TLS", |dump| {
                let all = json!([{ "name": "all", "match": {}, "transport_socket": raw_buffer() }]);
                cluster(dump, "gatewright_host")?["transport_socket_matches"] = all;
                Ok(())
            }),
            ("warning", "by `transport_socket_matches`", |dump| {
                let some =
                    json!([{ "name": "some", "match": { "tls": "no" }, "transport_socket": raw_buffer() }]);
                cluster(dump, "gatewright_host")?["transport_socket_matches"] = some;
                Ok(())
            }),
            ("HOLE", "believes whoever answers", |dump| {
                validation_of_host(dump)?["trust_chain_verification"] = "ACCEPT_UNTRUSTED".into();
                Ok(())
            }),
            // The authority's other certificates would do as well.
            ("warning", "takes everybody whom the authority knows for the host", |dump| {
                take(validation_of_host(dump)?, "match_typed_subject_alt_names").map(drop)
            }),
            ("warning", "takes everybody whom the authority knows for the host", |dump| {
                let context = validation_of_host(dump)?;
                let secret =
                    json!({ "name": "host", "validation_context": { "trusted_ca": context["trusted_ca"] } });
                *context = Value::Null;
                let tls = &mut cluster(dump, "gatewright_host")?["transport_socket"]["typed_config"];
                tls["common_tls_context"] =
                    json!({ "validation_context_sds_secret_config": { "name": "host" } });
                add(dump, json!({ "dynamic_active_secrets": [{ "name": "host", "secret": secret }] }))
            }),
            ("warning", "leads to `shop` at 10.1.2.3:5432 without TLS", |dump| {
                take(cluster(dump, "gatewright_target")?, "transport_socket").map(drop)
            }),
            ("warning", "leads to `shop` at 10.1.2.3:5432 without TLS", |dump| {
                cluster(dump, "gatewright_target")?["transport_socket"] = raw_buffer();
                Ok(())
            }),
        ],
    )
}

#[test]
fn agents_that_need_not_ask_for_tls() -> Result<()> {
    check(
        &site()?,
        &written("postgres-starttls.yaml")?,
        &[
            ("HOLE", "if the agent does not ask for it", |dump| {
                let filters = &mut listener(dump)?["filter_chains"][0]["filters"];
                filters[0]["typed_config"]["downstream_ssl"] = "ALLOW".into();
                Ok(())
            }),
            ("HOLE", "if the agent does not ask for it", |dump| {
                let filters = &mut listener(dump)?["filter_chains"][0]["filters"];
                filters.as_array_mut().context("filters")?.remove(0);
                Ok(())
            }),
            ("HOLE", "if the agent does not ask for it", |dump| {
                let filters = &mut listener(dump)?["filter_chains"][0]["filters"];
                filters.as_array_mut().context("filters")?.swap(0, 1);
                Ok(())
            }),
        ],
    )
}

/// A chain to that cluster without the filter.
fn leads_to(dump: &mut Value, name: &str, more: Value) -> Result<()> {
    let mut second = second(dump)?;
    second["filter_chains"][0]["filters"][0]["typed_config"]["cluster"] = name.into();
    part(dump, "static_listeners")?.push(json!({ "listener": second }));
    let mut cluster = more;
    cluster["name"] = name.into();
    part(dump, "static_clusters")?.push(json!({ "cluster": cluster }));
    Ok(())
}

#[test]
fn clusters_that_lead_elsewhere() -> Result<()> {
    check(
        &site()?,
        &written("postgres-gateway.yaml")?,
        &[
            ("HOLE", "listener `second`: leads to `shop` past the gate", |dump| {
                let config =
                    json!({ "@type": "aggregate.v3.ClusterConfig", "clusters": ["gatewright_target"] });
                leads_to(dump, "all", json!({ "cluster_type": { "typed_config": config } }))
            }),
            ("warning", "listener `second`: cluster `any` leads to wherever", |dump| {
                leads_to(dump, "any", json!({ "type": "ORIGINAL_DST" }))
            }),
            ("warning", "listener `second`: cluster `any` leads to whatever name", |dump| {
                let kind = json!({ "name": "envoy.clusters.dynamic_forward_proxy" });
                leads_to(dump, "any", json!({ "cluster_type": kind }))
            }),
            ("warning", "listener `second`: the agent says to which cluster", |dump| {
                leads_to(dump, "any", json!({}))?;
                let second = &mut part(dump, "static_listeners")?[1]["listener"]["filter_chains"][0];
                let sni = json!({ "name": "sni", "typed_config": { "@type": "sni_cluster.v3.SniCluster" } });
                second["filters"].as_array_mut().context("filters")?.insert(0, sni);
                Ok(())
            }),
        ],
    )
}

fn off() -> Value {
    json!({ "envoy.filters.http.wasm": { "disabled": true } })
}

fn host(dump: &mut Value) -> Result<&mut Value> {
    Ok(&mut manager(dump)?["route_config"]["virtual_hosts"][0])
}

/// Takes the filter away, and has the one route do that instead.
fn bare(dump: &mut Value, action: Value) -> Result<()> {
    manager(dump)?["http_filters"].as_array_mut().context("filters")?.remove(0);
    host(dump)?["routes"][0]["route"] = action;
    Ok(())
}

/// Has the manager find its routes by scopes, and takes the filter away.
fn scoped(dump: &mut Value) -> Result<Value> {
    let manager = manager(dump)?;
    manager["http_filters"].as_array_mut().context("filters")?.remove(0);
    let routes = manager.as_object_mut().and_then(|manager| manager.remove("route_config"));
    manager["scoped_routes"] = json!({ "name": "scopes" });
    routes.context("no routes")
}

#[test]
fn routes_past_the_filter() -> Result<()> {
    let site = site()?;
    let good = written("http-gateway.yaml")?;
    check(
        &site,
        &good,
        &[
            ("HOLE", "a route to `shop-api` switches the filter off", |dump| {
                manager(dump)?["route_config"]["typed_per_filter_config"] = off();
                Ok(())
            }),
            ("HOLE", "a route to `shop-api` switches the filter off", |dump| {
                host(dump)?["typed_per_filter_config"] = off();
                Ok(())
            }),
            ("HOLE", "a route to `shop-api` switches the filter off", |dump| {
                let drawn =
                    json!({ "name": "gatewright_target", "weight": 1, "typed_per_filter_config": off() });
                host(dump)?["routes"][0]["route"] = json!({ "weighted_clusters": { "clusters": [drawn] } });
                Ok(())
            }),
            ("HOLE", "copies requests to `shop-api` past the gate", |dump| {
                let mirrors = json!([{ "cluster": "gatewright_target" }]);
                bare(dump, json!({ "cluster": "elsewhere", "request_mirror_policies": mirrors }))
            }),
            ("HOLE", "copies requests to `shop-api` past the gate", |dump| {
                bare(dump, json!({ "cluster": "elsewhere" }))?;
                host(dump)?["request_mirror_policies"] = json!([{ "cluster": "gatewright_target" }]);
                Ok(())
            }),
            ("warning", "`cluster_header`", |dump| bare(dump, json!({ "cluster_header": "x-to" }))),
            ("warning", "`cluster_header`", |dump| {
                let drawn = json!({ "cluster_header": "x-to", "weight": 1 });
                bare(dump, json!({ "weighted_clusters": { "clusters": [drawn] } }))
            }),
            ("warning", "`cluster_specifier_plugin`", |dump| {
                bare(dump, json!({ "cluster_specifier_plugin": "lua" }))
            }),
            // With the filter before the router, but not on this route.
            ("warning", "`cluster_header`", |dump| {
                host(dump)?["routes"][0]["route"] = json!({ "cluster_header": "x-to" });
                host(dump)?["typed_per_filter_config"] = off();
                Ok(())
            }),
            ("warning", "cluster `any` leads to wherever", |dump| {
                let any = json!({ "cluster": { "name": "any", "type": "ORIGINAL_DST" } });
                part(dump, "static_clusters")?.push(any);
                bare(dump, json!({ "cluster": "any" }))
            }),
            ("HOLE", "leads to `shop-api` past the gate", |dump| {
                bare(dump, json!({ "cluster": "gatewright_target" }))?;
                let route = host(dump)?.as_object_mut().and_then(|host| host.remove("routes"));
                let mut action = route.context("no routes")?[0].take();
                action["@type"] = "type.googleapis.com/envoy.config.route.v3.Route".into();
                let action = json!({ "action": { "name": "route", "typed_config": action } });
                host(dump)?["matcher"] = json!({ "matcher_list": { "matchers": [{ "on_match": action }] } });
                Ok(())
            }),
            ("HOLE", "leads to `shop-api` past the gate", |dump| {
                let scope = json!({ "name": "one", "route_configuration": scoped(dump)? });
                manager(dump)?["scoped_routes"]["scoped_route_configurations_list"] =
                    json!({ "scoped_route_configurations": [scope] });
                Ok(())
            }),
            ("HOLE", "leads to `shop-api` past the gate", |dump| {
                let routes = scoped(dump)?;
                let scope = json!({ "name": "one", "route_configuration_name": routes["name"] });
                let scopes = json!([{ "name": "scopes", "scoped_route_configs": [scope] }]);
                add(dump, json!({ "dynamic_scoped_route_configs": scopes }))?;
                add(dump, json!({ "dynamic_route_configs": [{ "route_config": routes }] }))
            }),
            ("warning", "not all of its routes are in the config dump", |dump| scoped(dump).map(drop)),
        ],
    )?;
    // What a route says of the filter counts more than what is said of all routes.
    let mut on = good;
    host(&mut on)?["typed_per_filter_config"] = off();
    host(&mut on)?["routes"][0]["typed_per_filter_config"] = json!({ "envoy.filters.http.wasm": {} });
    let said = says(&site, &on)?;
    ensure!(said.success && said.stdout == "0 holes, 0 warnings\n", "{said:?}");
    // And a filter that is only there for who asks for it is off for all others.
    let mut off = written("http-gateway.yaml")?;
    manager(&mut off)?["http_filters"][0]["disabled"] = true.into();
    let said = says(&site, &off)?;
    ensure!(!said.success && said.stdout.contains("switches the filter off"), "{said:?}");
    Ok(())
}
