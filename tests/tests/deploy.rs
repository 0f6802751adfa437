//! The Kubernetes manifests in `deploy/`: they fit the schemas of what they are for, refer to what is there, and give
//! nothing more rights than it needs.
#![allow(missing_docs, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::scratch::Scratch;
use gatewright_tests::{kit, run, tools};
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
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "Service",
        "TCPRoute",
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
    ] {
        let mut wrong = manifest.clone();
        *wrong.pointer_mut(place).with_context(|| place.to_owned())? = value;
        let (fits, said) = schemas(&[wrong])?;
        ensure!(!fits && said.contains(words), "{place}: {said}");
    }
    Ok(())
}

/// As an installation applies them. Only where `kubectl` is: it is kustomize's own code that puts them together.
#[test]
fn the_overlay_comes_together() -> Result<()> {
    let overlay = folder().join("overlays/example");
    let Ok(rendered) = run(Command::new("kubectl").arg("kustomize").arg(&overlay)) else {
        println!("kubectl is not installed: the overlay was not put together");
        return Ok(());
    };
    ensure!(rendered.success, "{}", rendered.stderr);
    let manifests = documents(&rendered.stdout)?;
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
    ensure!(deployments.len() == 2, "{}", deployments.len());
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
            Some("NetworkPolicy") if manifest["metadata"].get("namespace").is_none() => {
                &manifest["spec"]["podSelector"]["matchLabels"]
            }
            _ => continue,
        };
        let pods = selected(labels);
        ensure!(
            if labels.is_null() { pods.len() == 2 } else { pods.len() == 1 },
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
    // Probes reach what Envoy offers: the container has no port of its own.
    let envoy = kit::read(&kit::folder().join("host.yaml"))?.to_string();
    for container in
        items(named(&manifests, "Deployment", "gatewright-host")?, "/spec/template/spec/containers")
    {
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            if let Some(port) = container.pointer(&format!("/{probe}/httpGet/port")) {
                ensure!(envoy.contains(&format!("\"port_value\":{port}")), "{probe} asks at {port}");
            }
        }
    }
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
            Some("TCPRoute") => {
                for parent in items(manifest, "/spec/parentRefs") {
                    let listener = listener(parent)?;
                    ensure!(listener["protocol"] == "TCP", "TLS is passed through: {listener}");
                    let kinds: Vec<_> =
                        items(&listener, "/allowedRoutes/kinds").map(|kind| &kind["kind"]).collect();
                    ensure!(kinds == ["TCPRoute"], "{kinds:?}");
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
    ensure!((ways, policies) == (1, 1), "{ways} ways and {policies} policies");
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
