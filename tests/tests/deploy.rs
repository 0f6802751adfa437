//! The Kubernetes manifests in `deploy/`: they fit the schemas of what they are for, refer to what is there, and give
//! nothing more rights than it needs.
#![allow(missing_docs, reason = "a test")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use gatewright_tests::port::Port;
use gatewright_tests::process::{self, Process};
use gatewright_tests::scratch::Scratch;
use gatewright_tests::{kit, run, tools};
use rustix::process::Signal;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    tools::repo().join("deploy")
}

fn documents(text: &str) -> Result<Vec<Value>> {
    Ok(serde_saphyr::from_multiple(text)?)
}

/// Every YAML file below a folder, with its documents.
fn files(folder: &Path) -> Result<Vec<(PathBuf, Vec<Value>)>> {
    let mut found = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let text = fs::read_to_string(&path)?;
            found.push((path.clone(), documents(&text).with_context(|| path.display().to_string())?));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

/// All manifests: no parts for kustomize, no configuration.
fn manifests() -> Result<Vec<Value>> {
    let all = files(&folder())?.into_iter().flat_map(|(_, documents)| documents);
    let is = |value: &Value| {
        value["apiVersion"].as_str().is_some_and(|version| !version.starts_with("kustomize."))
            && value["kind"].is_string()
    };
    Ok(all.filter(is).collect())
}

/// What schemas say against them.
fn schemas(manifests: &[Value]) -> Result<(bool, String)> {
    tools::node_module("kubernetes-models/package.json")?;
    let mut node = Command::new("node")
        .arg(tools::repo().join("tests/deploy/validate.mjs"))
        .arg(tools::node().join("node_modules"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    node.stdin.take().context("no input")?.write_all(serde_json::to_string(manifests)?.as_bytes())?;
    let output = node.wait_with_output()?;
    Ok((output.status.success(), String::from_utf8(output.stdout)?))
}

#[test]
fn manifests_fit_their_schemas() -> Result<()> {
    let manifests = manifests()?;
    let kinds: BTreeSet<&str> = manifests.iter().filter_map(|manifest| manifest["kind"].as_str()).collect();
    for kind in [
        "ClientTrafficPolicy",
        "Deployment",
        "EnvoyFilter",
        "Gateway",
        "NetworkPolicy",
        "PeerAuthentication",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "Service",
        "TCPRoute",
        "TLSRoute",
        "WasmPlugin",
    ] {
        ensure!(kinds.contains(kind), "{kinds:?}");
    }
    let (fits, said) = schemas(&manifests)?;
    ensure!(fits && said.is_empty(), "{said}");

    // And the schemas would say so.
    let host = named(&manifests, "Deployment", "gatewright-host")?;
    let patches = named(&manifests, "EnvoyFilter", "gatewright-http")?;
    let plugin = named(&manifests, "WasmPlugin", "gatewright-postgres")?;
    let route = named(&manifests, "TCPRoute", "gatewright-postgres")?;
    let client = named(&manifests, "ClientTrafficPolicy", "gatewright-postgres")?;
    let mtls = named(&manifests, "PeerAuthentication", "gatewright-postgres")?;
    for (manifest, place, value, words) in [
        (host, "/spec/replicas", json!("one"), "must be integer"),
        (host, "/spec/template/spec/securityContext", json!({ "runAsNonroot": true }), "unknown field"),
        (host, "/spec/template/spec/containers/0/readinessProbe/httpGet", json!({ "path": "/" }), "port"),
        (host, "/metadata/labels", json!({ "app": 1 }), "must be string"),
        (patches, "/spec/configPatches/0/applyTo", json!("CLUSTERS"), "must be equal to one of"),
        (patches, "/spec/configPatches/0/match", json!({ "contxt": "SIDECAR_INBOUND" }), "unknown field"),
        (plugin, "/spec/failStrategy", json!("FAIL_SAFE"), "must be equal to one of"),
        (plugin, "/spec/match/0", json!({ "port": 5432 }), "unknown field"),
        (route, "/spec/rules/0/backendRefs/0/port", json!("5432"), "must be integer"),
        (client, "/spec/timeout/tcp", json!({ "idle": "0s" }), "unknown field"),
        (mtls, "/spec/mtls/mode", json!("STRICTLY"), "must be equal to one of"),
    ] {
        let mut wrong = manifest.clone();
        *wrong.pointer_mut(place).with_context(|| place.to_owned())? = value;
        let (fits, said) = schemas(&[wrong])?;
        ensure!(!fits && said.contains(words), "{place}: {said}");
    }
    Ok(())
}

/// Why `kubectl` cannot put the overlay together; nothing where it can. Those before 1.21 have a kustomize that knows less,
/// and none that says its version.
fn no_kustomize() -> Option<String> {
    let Ok(said) = run(Command::new("kubectl").args(["version", "--client", "--output", "json"])) else {
        return Some("kubectl is not installed".to_owned());
    };
    let said: Value = serde_json::from_str(&said.stdout).unwrap_or_default();
    let old = |minor: &str| minor.trim_end_matches('+').parse().unwrap_or(0) < 21;
    let version = &said["clientVersion"];
    let old = version["minor"].as_str().is_none_or(old);
    old.then(|| format!("kubectl is too old: {version}"))
}

/// What the overlay names is there, and it has all that an installation adds. By its own words, since kustomize is not
/// everywhere.
#[test]
fn the_overlay_refers_to_what_is_there() -> Result<()> {
    let overlay = folder().join("overlays/example");
    let read = |path: &Path| -> Result<Value> { Ok(serde_saphyr::from_str(&fs::read_to_string(path)?)?) };
    let file = read(&overlay.join("kustomization.yaml"))?;
    let base = overlay.join("../../base");
    let parts = read(&base.join("kustomization.yaml"))?;
    for (folder, file) in [(&overlay, &file), (&base, &parts)] {
        for resource in items(file, "/resources").filter_map(Value::as_str) {
            ensure!(folder.join(resource).exists(), "{resource}");
        }
        for source in items(file, "/configMapGenerator").flat_map(|map| items(map, "/files")) {
            let source = source.as_str().unwrap_or_default();
            let source = source.split_once('=').map_or(source, |(_, source)| source);
            ensure!(folder.join(source).is_file(), "{source}");
        }
    }
    // Every file of the base is part of it.
    for entry in base.read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let named = parts.to_string().contains(&format!("\"{name}\""))
            || parts.to_string().contains(&format!("={name}\""));
        ensure!(named || name == "kustomization.yaml", "{name} is left out");
    }
    let manifests = manifests()?;
    let made: Vec<&str> = [&file, &parts]
        .into_iter()
        .flat_map(|file| items(file, "/configMapGenerator"))
        .filter_map(|map| map["name"].as_str())
        .collect();
    let images: Vec<&Value> = items(&file, "/images").map(|image| &image["name"]).collect();
    for deployment in manifests.iter().filter(|manifest| manifest["kind"] == "Deployment") {
        for container in items(deployment, "/spec/template/spec/containers") {
            ensure!(images.contains(&&container["image"]), "`{}` has no place", container["image"]);
        }
        for volume in items(deployment, "/spec/template/spec/volumes") {
            if let Some(name) = volume.pointer("/configMap/name").and_then(Value::as_str) {
                ensure!(made.contains(&name), "nothing makes `{name}`");
            }
            if let Some(name) = volume.pointer("/persistentVolumeClaim/claimName").and_then(Value::as_str) {
                named(&manifests, "PersistentVolumeClaim", name)?;
            }
        }
    }
    for patch in items(&file, "/patches") {
        let target = |field: &str| patch["target"][field].as_str().unwrap_or_default();
        let patched = named(&manifests, target("kind"), target("name"))?;
        let operations: Value = serde_saphyr::from_str(patch["patch"].as_str().unwrap_or_default())?;
        for operation in items(&operations, "") {
            let place = operation["path"].as_str().unwrap_or_default();
            ensure!(patched.pointer(place).is_some(), "{operation}");
        }
    }
    Ok(())
}

/// What kustomize makes of an overlay.
fn rendered(overlay: &Path) -> Result<Vec<Value>> {
    let rendered = run(Command::new("kubectl").arg("kustomize").arg(overlay))?;
    ensure!(rendered.success, "{}", rendered.stderr);
    documents(&rendered.stdout)
}

/// As an installation applies them. Only where `kubectl` is: it is kustomize's own code that puts them together.
#[test]
fn the_overlay_comes_together() -> Result<()> {
    let overlay = folder().join("overlays/example");
    if let Some(why) = no_kustomize() {
        println!("!!! THE OVERLAY WAS NOT PUT TOGETHER: {why}");
        return Ok(());
    }
    rendered(&overlay)?;
    // And with the part for an API, as it says that overlays take it in.
    let scratch = Scratch::new("overlay")?;
    let copied = run(Command::new("cp").arg("-r").arg(folder()).arg(scratch.join("deploy")))?;
    ensure!(copied.success, "{}", copied.stderr);
    let overlay = scratch.join("deploy/overlays/example");
    let mut file = File::options().append(true).open(overlay.join("kustomization.yaml"))?;
    file.write_all(b"components: [../../api]\n")?;
    let manifests = rendered(&overlay)?;
    for kind in ["Deployment", "Service", "NetworkPolicy"] {
        ensure!(
            named(&manifests, kind, "gatewright-api")?["metadata"]["namespace"] == "gatewright",
            "{kind}"
        );
    }
    let (fits, said) = schemas(&manifests)?;
    ensure!(fits, "{said}");
    ensure!(named(&manifests, "Deployment", "gatewright-postgres")?["spec"]["replicas"] == 3, "the patch");
    // Everything that a pod mounts is there, or is a secret that the file speaks of.
    for deployment in manifests.iter().filter(|manifest| manifest["kind"] == "Deployment") {
        for container in items(deployment, "/spec/template/spec/containers") {
            let image = container["image"].as_str().unwrap_or_default();
            ensure!(image.starts_with("registry.internal.example/"), "`{image}` has no place");
        }
        for volume in items(deployment, "/spec/template/spec/volumes") {
            if let Some(name) = volume.pointer("/configMap/name").and_then(Value::as_str) {
                named(&manifests, "ConfigMap", name)?;
            }
            if let Some(name) = volume.pointer("/persistentVolumeClaim/claimName").and_then(Value::as_str) {
                named(&manifests, "PersistentVolumeClaim", name)?;
            }
        }
    }
    Ok(())
}

fn named<'m>(manifests: &'m [Value], kind: &str, name: &str) -> Result<&'m Value> {
    let mut found = manifests.iter().filter(|one| one["kind"] == kind && one["metadata"]["name"] == name);
    found.next().with_context(|| format!("no {kind} `{name}`"))
}

fn items<'v>(value: &'v Value, place: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.pointer(place).and_then(Value::as_array).into_iter().flatten()
}

#[test]
fn nothing_has_more_rights_than_it_needs() -> Result<()> {
    let manifests = manifests()?;
    let deployments: Vec<&Value> = manifests.iter().filter(|one| one["kind"] == "Deployment").collect();
    ensure!(deployments.len() == 3, "{}", deployments.len());
    for deployment in deployments {
        let (name, pod) = (&deployment["metadata"]["name"], &deployment["spec"]["template"]["spec"]);
        ensure!(pod["automountServiceAccountToken"] == false, "{name}");
        ensure!(pod["securityContext"]["runAsNonRoot"] == true, "{name}");
        ensure!(pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", "{name}");
        for forbidden in ["hostNetwork", "hostPID", "hostIPC", "initContainers"] {
            ensure!(pod.get(forbidden).is_none(), "{name}: {forbidden}");
        }
        for container in items(deployment, "/spec/template/spec/containers") {
            let context = &container["securityContext"];
            ensure!(context["readOnlyRootFilesystem"] == true, "{name}: {}", container["name"]);
            ensure!(context["allowPrivilegeEscalation"] == false, "{name}: {}", container["name"]);
            ensure!(context["capabilities"] == json!({ "drop": ["ALL"] }), "{name}: {}", container["name"]);
            ensure!(container["resources"]["limits"]["memory"].is_string(), "{name}: {}", container["name"]);
        }
        for volume in items(deployment, "/spec/template/spec/volumes") {
            ensure!(volume.get("hostPath").is_none(), "{name}: {volume}");
        }
    }
    // Nobody is let in or out who is not named.
    let closed = named(&manifests, "NetworkPolicy", "nothing-else")?;
    ensure!(closed["spec"] == json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] }), "{closed}");
    Ok(())
}

/// Selectors, ports and probes mean something that is there.
#[test]
fn manifests_refer_to_what_is_there() -> Result<()> {
    let manifests = manifests()?;
    let pods: Vec<&Value> = manifests.iter().filter_map(|one| one.pointer("/spec/template")).collect();
    let selected = |labels: &Value| -> Vec<&Value> {
        let labels: Vec<_> = labels.as_object().into_iter().flatten().collect();
        let fits = |pod: &&&Value| {
            labels.iter().all(|(key, value)| pod["metadata"]["labels"].get(*key) == Some(*value))
        };
        pods.iter().filter(fits).copied().collect()
    };
    let ports = |pod: &Value| -> Vec<Value> {
        let ports = items(pod, "/spec/containers").flat_map(|container| items(container, "/ports"));
        ports.flat_map(|port| [port["name"].clone(), port["containerPort"].clone()]).collect()
    };
    let mut looked_at = 0;
    for manifest in &manifests {
        let name = &manifest["metadata"]["name"];
        let labels = match manifest["kind"].as_str() {
            Some("Service") => &manifest["spec"]["selector"],
            Some("PodDisruptionBudget" | "Deployment") => &manifest["spec"]["selector"]["matchLabels"],
            Some("NetworkPolicy") if manifest["metadata"]["namespace"] != "database" => {
                &manifest["spec"]["podSelector"]["matchLabels"]
            }
            _ => continue,
        };
        let pods = selected(labels);
        ensure!(
            if labels.is_null() { pods.len() == 3 } else { pods.len() == 1 },
            "{name} is for {} pods",
            pods.len()
        );
        let of_service = items(manifest, "/spec/ports").map(|port| &port["targetPort"]);
        let rules = items(manifest, "/spec/ingress").flat_map(|rule| items(rule, "/ports"));
        for port in of_service.chain(rules.map(|rule| &rule["port"])) {
            ensure!(ports(pods[0]).contains(port), "{name}: nothing is at {port}");
            looked_at += 1;
        }
    }
    ensure!(looked_at >= 6, "only {looked_at} ports were looked at");
    Ok(())
}

/// A container of the host's pod.
fn container<'m>(manifests: &'m [Value], name: &str) -> Result<&'m Value> {
    let host = named(manifests, "Deployment", "gatewright-host")?;
    let found = items(host, "/spec/template/spec/containers").find(|container| container["name"] == name);
    found.with_context(|| format!("no container `{name}`"))
}

/// Each container of the host's pod is ended for what it does itself, and the pod is ready when both work.
#[test]
fn each_container_answers_for_itself() -> Result<()> {
    let manifests = manifests()?;
    let (host, envoy) = (container(&manifests, "gatewright")?, container(&manifests, "envoy")?);
    ensure!(host["livenessProbe"]["exec"].is_object(), "by something else: {}", host["livenessProbe"]);
    ensure!(host["startupProbe"]["exec"] == host["livenessProbe"]["exec"], "{}", host["startupProbe"]);
    ensure!(host["livenessProbe"].get("httpGet").is_none(), "by Envoy: {}", host["livenessProbe"]);
    // By what Envoy offers to others.
    let people =
        items(envoy, "/ports").find(|port| port["name"] == "people").context("no port for people")?;
    let offered = kit::read(&kit::folder().join("host.yaml"))?.to_string();
    ensure!(offered.contains(&format!("\"port_value\":{}", people["containerPort"])), "{people}");
    let ready = &host["readinessProbe"]["httpGet"];
    ensure!(
        *ready == json!({ "scheme": "HTTPS", "port": people["containerPort"], "path": "/readyz" }),
        "{ready}"
    );
    ensure!(envoy["livenessProbe"]["tcpSocket"] == json!({ "port": "people" }), "{}", envoy["livenessProbe"]);
    Ok(())
}

/// Whether the probe of `gatewright` is content with what is at that port.
fn probe(port: u16) -> Result<bool> {
    let manifests = manifests()?;
    let command = items(container(&manifests, "gatewright")?, "/livenessProbe/exec/command");
    let words: Vec<&str> = command.filter_map(Value::as_str).collect();
    let (program, arguments) = words.split_first().context("no command")?;
    ensure!(arguments.concat().contains("/dev/tcp/127.0.0.1/8420"), "{words:?}");
    let arguments = arguments.iter().map(|word| word.replace("/8420", &format!("/{port}")));
    Ok(run(Command::new(program).args(arguments))?.success)
}

#[test]
fn the_probe_of_the_host_says_whether_it_serves() -> Result<()> {
    let (scratch, port) = (Scratch::new("probe")?, Port::free()?);
    ensure!(!probe(port.number())?, "nobody is there");
    // The overlay's configuration, which listens where the probe asks.
    let text = fs::read_to_string(folder().join("overlays/example/gatewright.yaml"))?;
    ensure!(text.contains("listen: 127.0.0.1:8420"), "{text}");
    let policies = folder().join("overlays/example/policies").display().to_string();
    let text = text
        .replace("127.0.0.1:8420", &port.address())
        .replace("/etc/gatewright/policies", &policies)
        .replace("/var/lib/gatewright", &scratch.join("data").display().to_string());
    fs::write(scratch.join("gatewright.yaml"), text)?;
    let mut serve = process::command(tools::gatewright()?, Signal::TERM);
    serve.arg("serve").arg("--config").arg(scratch.join("gatewright.yaml"));
    serve.env("GATEWRIGHT_FILTER_TOKEN", "t".repeat(48)).env("SHOP_SUPPORT_PASSWORD", "p");
    let mut host = Process::spawn("gatewright", serve, &scratch.join("log"), Signal::TERM)?;
    host.ready(Duration::from_secs(60), |_| probe(port.number()).ok().filter(|content| *content))?;
    drop(host);

    let sick = TcpListener::bind("127.0.0.1:0")?;
    let at = sick.local_addr()?.port();
    let served = thread::spawn(move || -> Result<()> {
        let (mut asked, _) = sick.accept()?;
        asked.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")?;
        // Until the other side is done.
        let _ = asked.read_to_end(&mut Vec::new());
        Ok(())
    });
    ensure!(!probe(at)?, "503 is no health");
    served.join().map_err(|_| anyhow!("the listener failed"))??;
    Ok(())
}

/// In a mesh nobody reaches the target but in the mesh's TLS, and the filter's calls are let out to the host.
#[test]
fn the_mesh_lets_nobody_past() -> Result<()> {
    let manifests = manifests()?;
    let host = named(&manifests, "NetworkPolicy", "gatewright-host")?.to_string();
    ensure!(host.contains("\"matchLabels\":{\"gatewright/filters\":\"true\"}"), "{host}");
    let mut looked_at = 0;
    for (path, documents) in files(&folder().join("istio"))? {
        let path = path.display();
        let [patches] = documents.iter().filter(|one| one["kind"] == "EnvoyFilter").collect::<Vec<_>>()[..]
        else {
            bail!("{path}: one EnvoyFilter is expected");
        };
        let [mtls] =
            documents.iter().filter(|one| one["kind"] == "PeerAuthentication").collect::<Vec<_>>()[..]
        else {
            bail!("{path}: one PeerAuthentication is expected");
        };
        ensure!(
            mtls["metadata"]["namespace"] == patches["metadata"]["namespace"],
            "{path}: another namespace"
        );
        let own = json!({
            "selector": { "matchLabels": patches["spec"]["workloadSelector"]["labels"] },
            "mtls": { "mode": "STRICT" },
        });
        ensure!(mtls["spec"] == own, "{path}: {mtls}");
        looked_at += 1;
    }
    ensure!(looked_at == 3, "{looked_at} files");
    Ok(())
}

/// Envoy Gateway's part: from a listener, by a route, to a service that there is, and nothing ends what waits.
#[test]
fn routes_lead_to_the_gateway() -> Result<()> {
    let manifests = manifests()?;
    let listener = |reference: &Value| -> Result<Value> {
        let gateway = named(&manifests, "Gateway", reference["name"].as_str().unwrap_or_default())?;
        let mut listeners = items(gateway, "/spec/listeners");
        let found = listeners.find(|listener| listener["name"] == reference["sectionName"]);
        found.cloned().with_context(|| format!("no listener for {reference}"))
    };
    let (mut ways, mut policies) = (0, 0);
    for manifest in &manifests {
        match manifest["kind"].as_str() {
            Some(kind @ ("TCPRoute" | "TLSRoute")) => {
                for parent in items(manifest, "/spec/parentRefs") {
                    let listener = listener(parent)?;
                    // TLS is passed through, for whomever it is meant.
                    if kind == "TCPRoute" {
                        ensure!(listener["protocol"] == "TCP", "{listener}");
                    } else {
                        ensure!(listener["protocol"] == "TLS", "{listener}");
                        ensure!(listener["tls"] == json!({ "mode": "Passthrough" }), "{listener}");
                        let names = &manifest["spec"]["hostnames"];
                        ensure!(*names == json!([listener["hostname"]]) && listener["hostname"].is_string());
                    }
                    let kinds: Vec<_> =
                        items(&listener, "/allowedRoutes/kinds").map(|kind| &kind["kind"]).collect();
                    ensure!(kinds == [kind], "{kinds:?}");
                }
                for behind in items(manifest, "/spec/rules").flat_map(|rule| items(rule, "/backendRefs")) {
                    let service = named(&manifests, "Service", behind["name"].as_str().unwrap_or_default())?;
                    let mut ports = items(service, "/spec/ports").map(|port| &port["port"]);
                    ensure!(ports.any(|port| *port == behind["port"]), "nothing is at {behind}");
                    ways += 1;
                }
            }
            Some("ClientTrafficPolicy") => {
                for target in items(manifest, "/spec/targetRefs") {
                    listener(target)?;
                    policies += 1;
                }
                ensure!(manifest["spec"]["timeout"]["tcp"]["idleTimeout"] == "0s", "what is held is idle");
            }
            _ => {}
        }
    }
    ensure!((ways, policies) == (2, 2), "{ways} ways and {policies} policies");
    Ok(())
}

#[test]
fn what_is_deployed_is_what_is_tested() -> Result<()> {
    let copy = fs::read_to_string(folder().join("base/envoy-host.yaml"))?;
    ensure!(copy == fs::read_to_string(kit::folder().join("host.yaml"))?, "copy envoy/host.yaml there again");
    // The overlay's configuration is sound; its policies are where the pod has them.
    let overlay = folder().join("overlays/example");
    let scratch = Scratch::new("deploy")?;
    let text = fs::read_to_string(overlay.join("gatewright.yaml"))?;
    let mounted = "/etc/gatewright/policies";
    ensure!(text.contains(mounted) && fs::read_to_string(folder().join("base/host.yaml"))?.contains(mounted));
    fs::write(
        scratch.join("gatewright.yaml"),
        text.replace(mounted, &overlay.join("policies").display().to_string()),
    )?;
    let mut check = Command::new(tools::gatewright()?);
    check.args(["check", "--config"]).arg(scratch.join("gatewright.yaml"));
    let checked =
        run(check.env("GATEWRIGHT_FILTER_TOKEN", "t".repeat(48)).env("SHOP_SUPPORT_PASSWORD", "p"))?;
    ensure!(checked.success, "{}{}", checked.stdout, checked.stderr);
    for policy in overlay.join("policies").read_dir()? {
        let name = policy?.file_name();
        let name = format!("policies/{}", name.to_string_lossy());
        ensure!(
            fs::read_to_string(overlay.join("kustomization.yaml"))?.contains(&name),
            "{name} is left out"
        );
    }
    Ok(())
}
