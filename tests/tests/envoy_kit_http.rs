//! The operator's files in front of a REST API, with real certificates on every way.
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::certificates::Certificate;
use gatewright_tests::curl::{Fetched, curl};
use gatewright_tests::kit::{Behind, Kit};
use gatewright_tests::wait;
use serde_json::{Value, json};

/// Masked, denied, and nothing for nobody.
fn serves(behind: &Behind, ask: impl Fn(&str, &[&str]) -> Result<Fetched>) -> Result<()> {
    let customer = ask("/customers/2", &[])?;
    ensure!(customer.status == 200 && customer.body.contains("Bruno"), "{customer:?}");
    for secret in behind.stack.secrets()? {
        ensure!(!customer.body.contains(&secret), "{secret} in {customer:?}");
    }
    ensure!(ask("/admin/settings", &[])?.status == 403);
    Ok(())
}

#[test]
fn a_gateway_for_an_api() -> Result<()> {
    let kit = Kit::new()?;
    let behind = kit.api(|builder| builder)?;
    let envoy = kit.start("http-gateway.yaml", &behind.names)?;
    let ca = kit.authority.certificate().display().to_string();
    let token = behind.stack.idp.token("ann", &["support"])?;
    let bearer = format!("authorization: Bearer {token}");
    let url = |path: &str| format!("https://localhost:{}{path}", envoy.port());
    for version in ["--http1.1", "--http2"] {
        serves(&behind, |path, more| {
            curl(&url(path), &[&["--cacert", &ca, "--header", &bearer, version], more].concat())
        })?;
    }
    ensure!(curl(&url("/customers/2?q=hidden"), &["--cacert", &ca])?.status == 401, "nobody");
    let plain = curl(&format!("http://localhost:{}/customers/2", envoy.port()), &["--header", &bearer])?;
    ensure!(plain.status == 0 || plain.status == 400, "{plain:?}");
    behind.sound(&envoy)?;
    // The log says of each request who asked, what was decided, and in which session of the recording that stands.
    let dba = behind.stack.idp.token("dan", &["dba"])?;
    for (path, status, who, decision) in [
        ("/customers/2", 200, "ann", "allow"),
        ("/admin/settings", 403, "ann", "deny"),
        ("/customers/2", 401, "", "deny"),
    ] {
        wait::until("the access log", Duration::from_secs(60), || {
            let log = envoy.log();
            let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let line = lines.find(|line| line["path"] == path && line["status"] == status);
            let Some(line) = line else { return Ok(None) };
            ensure!(line["decision"] == decision && line["principal"] == who, "{line}");
            let sessions = behind.stack.host.get("/v1/sessions", &dba)?.json()?;
            let mut sessions = sessions.as_array().into_iter().flatten();
            Ok(sessions.any(|one| one["id"] == line["session"] && one["principal"] == who).then_some(()))
        })?;
    }
    ensure!(!envoy.log().contains(&token) && !envoy.log().contains("hidden"), "{}", envoy.log());
    Ok(())
}

#[test]
fn a_sidecar_for_an_api() -> Result<()> {
    let kit = Kit::new()?;
    let behind = kit.api(|builder| builder)?;
    let envoy = kit.start("http-sidecar.yaml", &behind.names)?;
    let bearer = format!("authorization: Bearer {}", behind.stack.idp.token("ann", &["support"])?);
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", envoy.port());
    serves(&behind, |path, more| curl(&url(path), &[&["--header", &bearer], more].concat()))?;
    behind.sound(&envoy)
}

#[test]
fn a_gateway_for_an_api_and_agents_with_certificates() -> Result<()> {
    let kit = Kit::new()?;
    let groups = json!({ "spiffe://example.org/agents": ["support"] });
    let behind =
        kit.api(|builder| builder.set("/apis/0/identity", json!([{ "mtls": { "groups": groups } }])))?;
    let envoy = kit.start("http-mtls.yaml", &behind.names)?;
    let ca = kit.authority.certificate().display().to_string();
    let ask = |path: &str, own: Option<&Certificate>, more: &[&str]| {
        let own = own.map(|own| [own.certificate.display().to_string(), own.key.display().to_string()]);
        let mut arguments = vec!["--cacert", &ca];
        if let Some([certificate, key]) = &own {
            arguments.extend(["--cert", certificate, "--key", key]);
        }
        curl(&format!("https://localhost:{}{path}", envoy.port()), &[&arguments, more].concat())
    };
    let bot = kit.agents.issue("bot", "URI:spiffe://example.org/agents/bot")?;
    serves(&behind, |path, more| ask(path, Some(&bot), more)).with_context(|| behind.logs(&envoy))?;
    behind.sound(&envoy)?;
    // Without a CA, Envoy takes any certificate at its word, and the filter Envoy.
    let trusting = envoy.config_dump()?.replace("\"validation_context_sds_secret_config\"", "\"nothing\"");
    let file = behind.stack.site.folder().join("dump.json");
    std::fs::write(&file, trusting)?;
    let mut doctor = behind.stack.site.gatewright(&["doctor", "--dump", &file.to_string_lossy()])?;
    let found = gatewright_tests::run(&mut doctor)?;
    ensure!(!found.success && found.stdout.contains("believes any client certificate"), "{found:?}");
    let said = "x-forwarded-client-cert: URI=spiffe://example.org/agents/bot";
    for other in [
        None,
        Some(kit.agents.issue("visitor", "URI:spiffe://example.org/visitors/eve")?),
        Some(kit.authority.issue("foreign", "URI:spiffe://example.org/agents/bot")?),
    ] {
        let refused = ask("/customers/2", other.as_ref(), &["--header", said])?;
        ensure!(refused.status == 0 && refused.body.is_empty(), "{other:?}: {refused:?}");
    }
    Ok(())
}
