//! `gatewright doctor` on what a real Envoy says that it runs, as it is and with mistakes.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::envoy::Envoy;
use gatewright_tests::proxy::{Kind, Proxy};
use gatewright_tests::stack::Stack;
use gatewright_tests::{Output, http};
use serde_json::{Value, json};

fn doctor(stack: &Stack, args: &[&str]) -> Result<Output> {
    gatewright_tests::run(&mut stack.site.gatewright(&[&["doctor"], args].concat())?)
}

/// The dump of a running Envoy.
fn dump(envoy: &Envoy) -> Result<Value> {
    http::get(&format!("{}/config_dump?include_eds", envoy.admin_url()), None)?.json()
}

/// What the doctor says of a dump.
fn says(stack: &Stack, dump: &Value) -> Result<Output> {
    let file = stack.site.folder().join("dump.json");
    fs::write(&file, dump.to_string())?;
    doctor(stack, &["--dump", &file.to_string_lossy()])
}

fn listener(dump: &mut Value) -> Result<&mut Value> {
    let configs = dump["configs"].as_array_mut().context("no configs")?;
    let part = configs.iter_mut().find(|part| part.get("static_listeners").is_some());
    Ok(&mut part.context("no listeners")?["static_listeners"][0]["listener"])
}

fn cluster<'d>(dump: &'d mut Value, name: &str) -> Result<&'d mut Value> {
    let configs = dump["configs"].as_array_mut().context("no configs")?;
    let part =
        configs.iter_mut().find(|part| part.get("static_clusters").is_some()).context("no clusters")?;
    let mut clusters = part["static_clusters"].as_array_mut().into_iter().flatten();
    let found = clusters.find(|cluster| cluster["cluster"]["name"] == name).context("no such cluster")?;
    Ok(&mut found["cluster"])
}

fn manager(dump: &mut Value) -> Result<&mut Value> {
    Ok(&mut listener(dump)?["filter_chains"][0]["filters"][0]["typed_config"])
}

type Mistake = fn(&mut Value) -> Result<()>;

fn check(stack: &Stack, good: &Value, mistakes: &[(&str, &str, Mistake)]) -> Result<()> {
    let sound = says(stack, good)?;
    ensure!(sound.success && sound.stdout == "0 holes, 0 warnings\n", "{}{}", sound.stdout, sound.stderr);
    for (severity, words, mistake) in mistakes {
        let mut dump = good.clone();
        mistake(&mut dump)?;
        let found = says(stack, &dump)?;
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
    let direct = doctor(&stack, &["--admin", &envoy.admin_url()])?;
    ensure!(direct.success && direct.stdout == "0 holes, 0 warnings\n", "{}{}", direct.stdout, direct.stderr);
    let other = doctor(&stack, &["--admin", &envoy.admin_url(), "--wasm", &"0".repeat(64)])?;
    ensure!(!other.success && other.stdout.contains("runs another module"), "{}", other.stdout);
    check(
        &stack,
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
                let removed = allowed.as_object_mut().context("nothing is restricted")?;
                removed.remove("proxy_on_downstream_data").context("it was not there")?;
                Ok(())
            }),
            // A cluster that says nothing of its endpoints has them resolved, elsewhere in the dump.
            ("HOLE", "past the gate", |dump| {
                let target = cluster(dump, "gatewright_target")?;
                target
                    .as_object_mut()
                    .context("cluster")?
                    .remove("load_assignment")
                    .context("no endpoints")?;
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
            ("warning", "idle_timeout", |dump| {
                let proxy = &mut listener(dump)?["filter_chains"][0]["filters"][1]["typed_config"];
                proxy.as_object_mut().context("tcp_proxy")?.remove("idle_timeout");
                Ok(())
            }),
        ],
    )
}

#[test]
fn mistakes_in_front_of_an_api() -> Result<()> {
    let stack = Stack::builder().api().start()?;
    check(
        &stack,
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
            ("warning", "stream_idle_timeout", |dump| {
                let manager = manager(dump)?;
                manager.as_object_mut().context("manager")?.remove("stream_idle_timeout");
                Ok(())
            }),
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
