//! The files in `envoy/` by themselves: Envoy takes them, they say what `gatewright envoy` says, and the filters may do
//! what they need and no more.
#![allow(missing_docs, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::curl::curl;
use gatewright_tests::envoy::{Envoy, Ports};
use gatewright_tests::kit::{self, Kit, Names};
use gatewright_tests::port::Port;
use gatewright_tests::site::Site;
use gatewright_tests::tools::{self, Filter};
use gatewright_tests::wait;
use serde_json::{Value, json};
use wasmparser::{Parser, Payload};

/// All bootstraps. A file that is added is tested or it is not there.
const BOOTSTRAPS: [&str; 9] = [
    "host.yaml",
    "http-gateway.yaml",
    "http-mtls.yaml",
    "http-sidecar.yaml",
    "postgres-gateway.yaml",
    "postgres-mtls.yaml",
    "postgres-sidecar.yaml",
    "postgres-starttls.yaml",
    "xds/bootstrap.yaml",
];

/// The one that Envoy's release build cannot take whole.
const STARTTLS: &str = "postgres-starttls.yaml";

/// A module that does nothing.
const NOTHING: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 0)))"#;

#[test]
fn envoy_takes_every_file() -> Result<()> {
    ensure!(kit::bootstraps()? == BOOTSTRAPS, "{:?}", kit::bootstraps()?);
    let kit = Kit::new()?;
    let names = Names { listen: 1, admin: 2, target: 3, host: 4, people: 5, serve: 6, token: "t".to_owned() };
    // It is the files that are looked at here, over and over; the filters themselves run in the other suites.
    let module = wat::parse_str(NOTHING)?;
    for name in ["gatewright_postgres.wasm", "gatewright_http.wasm"] {
        fs::remove_file(kit.path(name))?;
        fs::write(kit.path(name), &module)?;
    }
    kit.write_xds(&names)?;
    for file in BOOTSTRAPS {
        let text = kit.text(file, &names)?;
        // Nothing that an operator has to change was overlooked here, nor is more marked than the head says.
        for left in
            ["/etc/gatewright", "CHANGE-ME", "address: postgres.", "address: api.", "address: gatewright."]
        {
            ensure!(!text.contains(left), "{file} still has `{left}`");
        }
        if file == STARTTLS {
            contrib_takes(&text)?;
        } else {
            Envoy::validate(&text).context(file)?;
        }
    }
    Ok(())
}

/// The one file that needs Envoy's contrib build, which has to be given: without it, what Envoy's release build knows of
/// the file is tried, and the rest is held to what the contrib build's API has (envoy 1.40,
/// `contrib/envoy/extensions/filters/network/postgres_proxy/v3alpha/postgres_proxy.proto`).
fn contrib_takes(text: &str) -> Result<()> {
    if let Some(envoy) = std::env::var_os("GATEWRIGHT_ENVOY_CONTRIB") {
        return Envoy::validate_by(envoy.as_ref(), text).context(STARTTLS);
    }
    println!("GATEWRIGHT_ENVOY_CONTRIB names no Envoy: `{STARTTLS}` was tried without its `postgres_proxy`");
    let mut file: Value = serde_saphyr::from_str(text)?;
    let chain = "/static_resources/listeners/0/filter_chains/0";
    let filters = file.pointer_mut(&format!("{chain}/filters")).and_then(Value::as_array_mut);
    let filters = filters.context("no filters")?;
    let proxy = filters.remove(0);
    ensure!(
        proxy
            == json!({
                "name": "envoy.filters.network.postgres_proxy",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.network.postgres_proxy.v3alpha.PostgresProxy",
                    "stat_prefix": "gatewright_shop",
                    "downstream_ssl": "REQUIRE",
                    "enable_sql_parsing": false,
                },
            }),
        "{proxy}"
    );
    let next: Vec<_> = filters.iter().map(|filter| &filter["name"]).collect();
    ensure!(next == ["envoy.filters.network.wasm", "envoy.filters.network.tcp_proxy"], "{next:?}");
    let socket = file.pointer(&format!("{chain}/transport_socket/name"));
    ensure!(socket.is_some_and(|name| name == "envoy.transport_sockets.starttls"), "{socket:?}");
    Envoy::validate(&file.to_string()).context(STARTTLS)
}

/// Connections that say nothing, until Envoy has closed one of them.
fn crowd(port: u16) -> Result<Vec<TcpStream>> {
    let crowd: Vec<TcpStream> =
        (0..8).map(|_| TcpStream::connect(("127.0.0.1", port))).collect::<Result<_, _>>()?;
    for one in &crowd {
        one.set_nonblocking(true)?;
    }
    wait::until("a connection too many", Duration::from_secs(60), || {
        let open = |error: std::io::Error| error.kind() == ErrorKind::WouldBlock;
        let closed = |mut one: &TcpStream| !one.read(&mut [0]).is_err_and(open);
        Ok(crowd.iter().any(closed).then_some(()))
    })?;
    Ok(crowd)
}

/// Every held command is a connection: where there is room for no more, people can come in all the same, and no more of
/// them than there is room for.
#[test]
fn people_come_in_whatever_is_held() -> Result<()> {
    let kit = Kit::new()?;
    let people = Port::free()?;
    let names = Names { people: people.number(), serve: 1, ..Names::default() };
    let small = |text: String| {
        text.replace("max_active_downstream_connections: 10000", "max_active_downstream_connections: 3")
            .replace("max_connections: 1000\n", "max_connections: 3\n")
    };
    let envoy = kit.start_changed("host.yaml", &names, small)?;
    let filters = envoy.port();
    let held = crowd(filters)?;
    let ca = kit.authority.certificate().display().to_string();
    let page = curl(&format!("https://localhost:{}/", people.number()), &["--cacert", &ca])?;
    // Nothing is behind it here.
    ensure!(page.status == 503, "{page:?}");
    drop(held);
    drop(crowd(people.number())?);

    let stat = |name: String| -> Result<u64> {
        let limit = Duration::from_secs(60);
        // The admin interface has no room either, until those that are gone are gone for Envoy too.
        let counted = wait::until("statistics", limit, || Ok(envoy.stat(&name).ok()))?;
        counted.with_context(|| format!("no `{name}`"))
    };
    let refused = |port: u16| stat(format!("listener.0.0.0.0_{port}.downstream_global_cx_overflow"));
    ensure!(refused(filters)? > 0, "there was room");
    ensure!(refused(people.number())? == 0, "people were turned away for what was held");
    ensure!(stat("connection_limit.people.limited_connections".to_owned())? > 0, "people have no limit");
    Ok(())
}

fn shop(database: &str) -> Result<Site> {
    let secrets = ["GATEWRIGHT_FILTER_TOKEN", "SHOP_SUPPORT_PASSWORD", "SHOP_API_KEY", "SHOP_MCP_KEY"];
    let env = secrets.map(|name| (name, "CHANGE-ME-CHANGE-ME-CHANGE-ME-CHANGE-ME"));
    let env = env.into_iter().chain([("GW_PG_TARGET", database)]);
    Site::shop(env.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// What `gatewright envoy` prints for a resource of the shop.
fn printed(resource: &str) -> Result<Value> {
    let site = shop("127.0.0.1:5432")?;
    let text = Envoy::bootstrap(&site, resource, &Ports::free()?, Path::new("filter.wasm"))?;
    Ok(serde_saphyr::from_str(&text)?)
}

/// The first object below `value` that has a `@type` ending so.
fn typed<'v>(value: &'v Value, kind: &str) -> Option<&'v Value> {
    if value.get("@type").and_then(Value::as_str).is_some_and(|name| name.ends_with(kind)) {
        return Some(value);
    }
    match value {
        Value::Array(items) => items.iter().find_map(|item| typed(item, kind)),
        Value::Object(fields) => fields.values().find_map(|field| typed(field, kind)),
        _ => None,
    }
}

/// The filter's configuration without the names that an operator changes.
fn filter(file: &Value) -> Result<Value> {
    let mut config = typed(file, "wasm.v3.Wasm").context("no filter")?["config"].clone();
    // Where an Envoy before 1.40 has it.
    if let Some(old) =
        config.as_object_mut().and_then(|config| config.remove("capability_restriction_config"))
    {
        config["vm_config"]["capability_restriction_config"] = old;
    }
    *config.pointer_mut("/vm_config/code/local/filename").context("no module")? = "module".into();
    let plugin = config.pointer_mut("/configuration/value").context("no configuration")?;
    let mut names: Value = serde_json::from_str(plugin.as_str().context("not text")?)?;
    for changed in ["resource", "filter_token"] {
        ensure!(names[changed].is_string(), "{names}");
        names[changed] = "changed".into();
    }
    *plugin = names;
    Ok(config)
}

/// Listeners or clusters of a bootstrap, or of files for xDS.
fn parts<'v>(file: &'v Value, name: &str) -> Vec<&'v Value> {
    let items = file.pointer(&format!("/static_resources/{name}")).or_else(|| file.get("resources"));
    items.and_then(Value::as_array).into_iter().flatten().collect()
}

fn named<'v>(file: &'v Value, list: &str, name: &str) -> Result<&'v Value> {
    parts(file, list).into_iter().find(|part| part["name"] == name).with_context(|| format!("no `{name}`"))
}

#[test]
fn the_files_say_what_the_command_prints() -> Result<()> {
    let (postgres, http) = (printed("shop")?, printed("shop-api")?);
    let mut seen = 0;
    for entry in kit::folder().read_dir()?.chain(kit::folder().join("xds").read_dir()?) {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let (name, file) = (path.display(), kit::read(&path)?);
        let printed = if path.to_string_lossy().contains("http-") { &http } else { &postgres };
        if typed(&file, "wasm.v3.Wasm").is_some() {
            ensure!(filter(&file)? == filter(printed)?, "{name}: the filter is not as it is printed");
            seen += 1;
        }
        // Of what is printed, everything but what names something.
        let manager = typed(printed, "HttpConnectionManager").zip(typed(&file, "HttpConnectionManager"));
        let manager = manager.filter(|_| std::ptr::eq(printed, &http));
        for (printed, there) in
            manager.into_iter().chain(typed(printed, "TcpProxy").zip(typed(&file, "TcpProxy")))
        {
            for (key, value) in printed.as_object().context("not an object")? {
                if !["http_filters", "route_config", "stat_prefix"].contains(&key.as_str()) {
                    ensure!(there.get(key) == Some(value), "{name}: `{key}` is not as it is printed");
                    seen += 1;
                }
            }
        }
        for cluster in ["gatewright_host", "gatewright_target"] {
            let Ok(there) = named(&file, "clusters", cluster) else { continue };
            for key in ["connect_timeout", "circuit_breakers", "per_connection_buffer_limit_bytes"] {
                let printed = named(printed, "clusters", cluster)?.get(key);
                ensure!(there.get(key) == printed, "{name}: `{key}` of {cluster} is not as it is printed");
                seen += 1;
            }
        }
        for listener in parts(&file, "listeners").into_iter().filter(|part| typed(part, "TcpProxy").is_some())
        {
            let printed = parts(printed, "listeners")[0];
            let key = "per_connection_buffer_limit_bytes";
            ensure!(listener.get(key) == printed.get(key), "{name}: `{key}` is not as it is printed");
            seen += 1;
        }
    }
    ensure!(seen > 60, "only {seen} things were compared");
    Ok(())
}

#[test]
fn a_target_may_have_a_name() -> Result<()> {
    let site = shop("db.internal.example:5432")?;
    let kit = Kit::new()?;
    let module = kit.path("nothing.wasm");
    fs::write(&module, wat::parse_str(NOTHING)?)?;
    let text = Envoy::bootstrap(&site, "shop", &Ports::free()?, &module)?;
    ensure!(
        text.contains("LOGICAL_DNS") && text.contains("\"db.internal.example\", port_value: 5432"),
        "{text}"
    );
    Envoy::validate(&text)
}

/// What a file in `deploy/istio` has of a kind.
fn of_kind(file: &str, kind: &str) -> Result<Value> {
    let text = fs::read_to_string(tools::repo().join("deploy/istio").join(file))?;
    let documents = serde_saphyr::from_multiple::<Value>(&text).with_context(|| file.to_owned())?;
    let found = documents.into_iter().find(|one| one["kind"] == kind);
    found.with_context(|| format!("{file} has no {kind}"))
}

/// Whether protobuf knows it from what was never set. Durations are messages: theirs is not, even of nothing.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    }
}

/// Merges as Istio does (its `pkg/proto/merge`): by protobuf's rule, so that what is zero changes nothing, a boxed `false`
/// included; and a duration stands in the other's place.
fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(patch)) => into.extend(patch.iter().cloned()),
        (_, patch) if is_zero(patch) => {}
        (into, patch) => *into = patch.clone(),
    }
}

/// What stands there without the patch, where `meshConfig.pathNormalization` is NONE or BASE, which is Istio's default (its
/// `buildHTTPConnectionManager`). Its timeouts are worse than Istio's own.
fn of_istio(kind: &str, normalize: bool) -> Value {
    if kind == "TcpProxy" {
        return json!({ "stat_prefix": "inbound", "cluster": "inbound", "idle_timeout": "3600s" });
    }
    json!({
        "stat_prefix": "inbound",
        "normalize_path": normalize,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "stream_idle_timeout": "300s",
    })
}

/// What has to hold of what a patch was merged into, as far as it can.
fn merged_is_printed(printed: &Value, kind: &str, patch: &Value) -> Result<()> {
    let there = typed(printed, kind).context("nothing to merge with")?;
    for (key, value) in patch.as_object().context("nothing to merge")? {
        ensure!(there.get(key) == Some(value), "`{key}` is not as it is printed");
        ensure!(!is_zero(value), "`{key}` changes nothing: Istio merges by protobuf's rule");
    }
    let wanted: &[&str] = match kind {
        "TcpProxy" => &["idle_timeout"],
        _ => &[
            "normalize_path",
            "merge_slashes",
            "path_with_escaped_slashes_action",
            "stream_idle_timeout",
            "request_headers_timeout",
        ],
    };
    for normalize in [false, true] {
        let mut merged = of_istio(kind, normalize);
        merge(&mut merged, patch);
        for key in wanted {
            let printed = there.get(*key).with_context(|| format!("`{key}` is not printed"))?;
            let is = merged.get(*key).unwrap_or(&Value::Null);
            let same = is == printed || is_zero(is) && is_zero(printed);
            // No patch can change this one, which is why the mesh has to.
            let beyond = normalize && *key == "normalize_path";
            ensure!(same != beyond, "`{key}` is {is}, where the mesh says normalize_path: {normalize}");
        }
    }
    Ok(())
}

/// What the mesh itself has to be told is said where somebody who applies the patches looks.
#[test]
fn the_mesh_has_to_leave_paths_as_they_are() -> Result<()> {
    for file in ["deploy/istio/http.yaml", "docs/kubernetes.md"] {
        let text = fs::read_to_string(tools::repo().join(file))?;
        ensure!(text.contains("meshConfig.pathNormalization.normalization: NONE"), "{file}");
    }
    Ok(())
}

/// Istio's patches, put together as its control plane would, are what is printed, and Envoy takes them.
#[test]
fn istio_makes_the_same_of_its_patches() -> Result<()> {
    let kit = Kit::new()?;
    let module = kit.path("nothing.wasm");
    fs::write(&module, wat::parse_str(NOTHING)?)?;
    for (file, resource, kind) in
        [("postgres.yaml", "shop", "TcpProxy"), ("http.yaml", "shop-api", "HttpConnectionManager")]
    {
        let printed = printed(resource)?;
        let patches = of_kind(file, "EnvoyFilter")?;
        ensure!(filter(&patches)? == filter(&printed)?, "{file}: the filter is not as it is printed");

        let mut bootstrap = printed.clone();
        let mut wanted = vec!["CLUSTER", "LISTENER", "MERGE", "INSERT_BEFORE"];
        for patch in patches["spec"]["configPatches"].as_array().context("no patches")? {
            let value = &patch["patch"]["value"];
            let operation = patch["patch"]["operation"].as_str().unwrap_or_default();
            match (patch["applyTo"].as_str().unwrap_or_default(), operation) {
                ("CLUSTER", "ADD") => {
                    let breakers = &named(&printed, "clusters", "gatewright_host")?["circuit_breakers"];
                    ensure!(value["circuit_breakers"] == *breakers, "{file}: circuit breakers");
                    let clusters =
                        bootstrap["static_resources"]["clusters"].as_array_mut().context("clusters")?;
                    clusters.retain(|cluster| cluster["name"] != "gatewright_host");
                    clusters.push(value.clone());
                    wanted.retain(|done| *done != "CLUSTER");
                }
                ("LISTENER", "MERGE") => {
                    let limit = "per_connection_buffer_limit_bytes";
                    ensure!(value[limit] == parts(&printed, "listeners")[0][limit], "{file}: {limit}");
                    wanted.retain(|done| *done != "LISTENER");
                }
                ("NETWORK_FILTER", "MERGE") => {
                    merged_is_printed(&printed, kind, &value["typed_config"]).context(file)?;
                    wanted.retain(|done| *done != operation);
                }
                ("NETWORK_FILTER" | "HTTP_FILTER", "INSERT_BEFORE") => {
                    let chain = "/static_resources/listeners/0/filter_chains/0/filters";
                    let place = if kind == "TcpProxy" { "" } else { "/0/typed_config/http_filters" };
                    let filters =
                        bootstrap.pointer_mut(&format!("{chain}{place}")).and_then(Value::as_array_mut);
                    let first = filters.and_then(|filters| filters.first_mut()).context("no filters")?;
                    *first = value.clone();
                    let config = &mut first["typed_config"]["config"];
                    let old = config
                        .as_object_mut()
                        .and_then(|config| config.remove("capability_restriction_config"));
                    config["vm_config"]["capability_restriction_config"] =
                        old.context("nothing is restricted")?;
                    config["vm_config"]["code"]["local"]["filename"] = module.display().to_string().into();
                    wanted.retain(|done| *done != operation);
                }
                (what, operation) => anyhow::bail!("{file}: {operation} of {what} is not looked at"),
            }
        }
        ensure!(wanted.is_empty(), "{file} has no {wanted:?}");
        let folder = kit.path("tls").with_file_name("");
        let text = bootstrap.to_string().replace("/etc/gatewright/", &folder.display().to_string());
        Envoy::validate(&text).context(file)?;
    }
    Ok(())
}

/// The filter that Istio makes of a WasmPlugin (its `pilot/pkg/model/extensions.go`), with the module in a file as its agent
/// puts it there.
fn of_plugin(plugin: &Value, module: &Path) -> Result<Value> {
    let spec = &plugin["spec"];
    ensure!((&spec["type"], &spec["phase"]) == (&json!("NETWORK"), &json!("AUTHN")), "{spec}");
    Ok(json!({
        "name": "database.gatewright-postgres",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm",
            "config": {
                "name": "database.gatewright-postgres",
                "root_id": spec["pluginName"],
                "failure_policy": spec["failStrategy"],
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": spec["pluginConfig"].to_string(),
                },
                "vm_config": {
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": module } },
                },
            },
        },
    }))
}

/// What comes of the WasmPlugin and of the patches beside it is what is printed, less what a WasmPlugin cannot say.
#[test]
fn istio_makes_the_same_of_its_plugin() -> Result<()> {
    let file = "postgres-wasmplugin.yaml";
    let (plugin, rest) = (of_kind(file, "WasmPlugin")?, of_kind(file, "EnvoyFilter")?);
    let whole = of_kind("postgres.yaml", "EnvoyFilter")?;
    let patches = whole["spec"]["configPatches"].as_array().context("no patches")?;
    let (last, others) = patches.split_last().context("no patches")?;
    ensure!(last["patch"]["operation"] == "INSERT_BEFORE", "{last}");
    ensure!(rest["spec"]["configPatches"] == json!(others), "the patches beside the filter are others");
    let labels = &rest["spec"]["workloadSelector"]["labels"];
    ensure!(plugin["spec"]["selector"]["matchLabels"] == *labels, "they are for other workloads");

    let kit = Kit::new()?;
    let module = kit.path("nothing.wasm");
    fs::write(&module, wat::parse_str(NOTHING)?)?;
    let made = of_plugin(&plugin, &module)?;
    let mut bootstrap = printed("shop")?;
    let (mut is, mut wanted) = (filter(&made)?, filter(&bootstrap)?);
    for left_out in ["name", "reload_config"] {
        is.as_object_mut().context("not an object")?.remove(left_out);
        wanted.as_object_mut().context("not an object")?.remove(left_out);
    }
    let vm = wanted["vm_config"].as_object_mut().context("no VM")?;
    vm.remove("vm_id");
    vm.remove("capability_restriction_config").context("nothing is restricted")?;
    ensure!(is == wanted, "{is}\n{wanted}");

    let place = "/static_resources/listeners/0/filter_chains/0/filters/0";
    *bootstrap.pointer_mut(place).context("no filter")? = made;
    Envoy::validate(&bootstrap.to_string())
}

/// What a module imports, and what it exports for the proxy to call.
fn interface(filter: Filter) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let module = fs::read(tools::filter(filter)?)?;
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    for payload in Parser::new(0).parse_all(&module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imports.insert(import?.name.to_owned());
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    exports.insert(export?.name.to_owned());
                }
            }
            _ => {}
        }
    }
    // Memory is not a capability: Envoy may always ask for it.
    exports.retain(|name| name.starts_with("proxy_on_") && name != "proxy_on_memory_allocate");
    Ok((imports, exports))
}

/// Linked by the SDK into every module, and used by no filter.
const UNUSED: &[&str] = &[
    "proxy_call_foreign_function",
    "proxy_dequeue_shared_queue",
    "proxy_done",
    "proxy_enqueue_shared_queue",
    "proxy_get_status",
    "proxy_grpc_call",
    "proxy_grpc_cancel",
    "proxy_grpc_close",
    "proxy_grpc_send",
    "proxy_grpc_stream",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
];

#[test]
fn filters_may_do_what_they_need_and_no_more() -> Result<()> {
    // The rest of what the SDK links into both, and each filter leaves to the other.
    let cases = [
        ("shop", Filter::Release, &["proxy_get_header_map_pairs"][..], ["_request_", "_response_"]),
        (
            "shop-api",
            Filter::Http,
            &[
                "proxy_get_shared_data",
                "proxy_set_shared_data",
                "proxy_set_header_map_pairs",
                "proxy_add_header_map_value",
            ],
            ["stream_data", "connection"],
        ),
    ];
    for (resource, module, others, foreign) in cases {
        let (imports, exports) = interface(module)?;
        let printed = printed(resource)?;
        let place = "/config/vm_config/capability_restriction_config/allowed_capabilities";
        let allowed = typed(&printed, "wasm.v3.Wasm").and_then(|filter| filter.pointer(place));
        let allowed = allowed.and_then(Value::as_object).context("nothing is restricted")?;
        for name in allowed.keys() {
            ensure!(
                imports.contains(name) || exports.contains(name),
                "{resource}: `{name}` is not in the module"
            );
            // The SDK links more than a filter uses: that it is in the module does not say that it is needed.
            ensure!(
                !UNUSED.contains(&name.as_str()) && !others.contains(&name.as_str()),
                "{resource}: `{name}` is allowed, and the filter does not use it"
            );
        }
        for name in imports.iter().filter(|name| !allowed.contains_key(*name)) {
            ensure!(
                UNUSED.contains(&name.as_str()) || others.contains(&name.as_str()),
                "{resource}: the module imports `{name}`: allow it, or say here that it is not used"
            );
        }
        for name in exports.iter().filter(|name| !allowed.contains_key(*name)) {
            let unused =
                ["_grpc_", "_queue_", "_foreign_"].iter().chain(&foreign).any(|part| name.contains(part));
            ensure!(
                unused,
                "{resource}: Envoy may not call `{name}`, and the filter would not see what it shows"
            );
        }
    }
    Ok(())
}
