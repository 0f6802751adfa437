//! The operator's files in front of PostgreSQL, and the one in front of the host, with real certificates on every way.
#![allow(missing_docs, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::certificates::{Authority, Certificate};
use gatewright_tests::client::Login;
use gatewright_tests::curl::curl;
use gatewright_tests::kit::{Behind, Kit};
use gatewright_tests::{Output, wait};
use serde_json::Value;

/// libpq with TLS from the first byte, as the file says that agents come.
const DIRECT: &str = r#"
import os, sys, psycopg
ca, certificate, key, sql = sys.argv[1:5]
own = {"sslcert": certificate, "sslkey": key} if certificate else {}
with psycopg.connect(host="localhost", hostaddr="127.0.0.1", sslmode="verify-full", sslrootcert=ca,
                     sslnegotiation="direct", connect_timeout=20, autocommit=True, **own) as connection:
    print(connection.execute(sql).fetchall())
"#;

fn direct(login: &Login, ca: &Path, own: Option<&Certificate>, sql: &str) -> Result<Output> {
    let mut python = login.program(gatewright_tests::tools::python());
    python.args(["-c", DIRECT]).arg(ca);
    match own {
        Some(own) => python.arg(&own.certificate).arg(&own.key),
        None => python.args(["", ""]),
    };
    gatewright_tests::run(python.arg(sql))
}

/// Masked, denied, and nothing for a token that is none.
fn serves(behind: &Behind, ask: impl Fn(&str, &str) -> Result<Output>) -> Result<()> {
    let token = behind.stack.idp.token("ann", &["support"])?;
    let rows = ask(&token, "SELECT id, email FROM customers WHERE id = 1")?;
    ensure!(rows.success && rows.stdout.contains("***") && rows.stdout.contains('1'), "{rows:?}");
    for secret in behind.stack.secrets()? {
        ensure!(!rows.stdout.contains(&secret), "{secret} in {rows:?}");
    }
    let denied = ask(&token, "DROP TABLE orders")?;
    ensure!(!denied.success && denied.stderr.contains("no-ddl"), "{denied:?}");
    let stranger = ask("garbage", "SELECT 1")?;
    ensure!(!stranger.success && stranger.stderr.contains("not a JSON Web Token"), "{stranger:?}");
    Ok(())
}

#[test]
fn a_gateway_for_postgresql() -> Result<()> {
    let kit = Kit::new()?;
    let behind = kit.database()?;
    let envoy = kit.start("postgres-gateway.yaml", &behind.names)?;
    let ca = kit.authority.certificate();
    serves(&behind, |token, sql| direct(&Login::new(envoy.port(), token), &ca, None, sql))
        .with_context(|| behind.logs(&envoy))?;
    behind.sound(&envoy)?;

    // Without TLS the token does not even leave the agent, and what comes is no login.
    let token = behind.stack.idp.token("ann", &["support"])?;
    let plain = Login::new(envoy.port(), &token).psql(&["SELECT 1"])?;
    ensure!(!plain.success && plain.stdout.is_empty(), "{plain:?}");

    // The log says of each session what the recording says, and has no token and no value in it.
    let dba = behind.stack.idp.token("dan", &["dba"])?;
    let wanted = BTreeSet::from(["allow 1".to_owned(), "deny 1".to_owned()]);
    wait::until("the access log", Duration::from_secs(60), || {
        let sessions = behind.stack.host.get("/v1/sessions", &dba)?.json()?;
        let log = envoy.log();
        let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let of = |session: &Value| -> Option<String> {
            let line = lines.iter().find(|line| line["source"] == session["source"])?;
            let same = line["session"] == session["id"] && line["principal"] == session["principal"];
            same.then(|| line["decision"].as_str().map(str::to_owned))?
        };
        let decided: Option<BTreeSet<String>> =
            sessions.as_array().context("no sessions")?.iter().map(of).collect();
        Ok((decided.as_ref() == Some(&wanted)).then_some(()))
    })
    .with_context(|| envoy.log())?;
    ensure!(!envoy.log().contains(&token) && !envoy.log().contains("SELECT"), "{}", envoy.log());
    the_host_tells_filters_from_people(&kit, &behind)
}

fn the_host_tells_filters_from_people(kit: &Kit, behind: &Behind) -> Result<()> {
    let ca = kit.authority.certificate().display().to_string();
    let token = format!("authorization: Bearer {}", behind.names.token);
    let ask = |port: u16, path: &str, own: Option<&Certificate>| {
        let mut arguments = vec!["--cacert".to_owned(), ca.clone(), "--header".to_owned(), token.clone()];
        if let Some(own) = own {
            arguments.extend(["--cert".to_owned(), own.certificate.display().to_string()]);
            arguments.extend(["--key".to_owned(), own.key.display().to_string()]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        curl(&format!("https://localhost:{port}{path}"), &arguments)
    };
    let bundle = "/v1/filter/bundle?resource=shop";
    let (filters, people) = (behind.host.port(), behind.people.number());
    let envoy = kit.authority.issue("two", "URI:spiffe://example.org/gatewright/envoy/two")?;
    let served = ask(filters, bundle, Some(&envoy))?;
    ensure!(served.status == 200, "{served:?}");
    // The token by itself opens nothing, whoever else the authority knows, and nor does another's certificate.
    let others = [
        None,
        Some(kit.authority.issue("agent", "URI:spiffe://example.org/agents/bot")?),
        Some(kit.authority.issue("prefix", "URI:spiffe://example.org.evil/gatewright/envoy/two")?),
        Some(kit.agents.issue("foreign", "URI:spiffe://example.org/gatewright/envoy/two")?),
    ];
    for other in &others {
        let refused = ask(filters, bundle, other.as_ref())?;
        ensure!(refused.status == 0 && refused.body.is_empty(), "{other:?}: {refused:?}");
    }
    ensure!(ask(filters, "/v1/sessions", Some(&envoy))?.status == 404);
    ensure!(ask(people, "/readyz", None)?.status == 200);
    for path in [
        bundle,
        "/v1//filter/bundle?resource=shop",
        "//v1/filter/bundle?resource=shop",
        "/static/../v1/filter/bundle?resource=shop",
        "/static/%2e%2e/v1/filter/bundle?resource=shop",
        "/v1%2ffilter/bundle?resource=shop",
        "/v1/%66ilter/bundle?resource=shop",
        "/v1/filter%2fbundle?resource=shop",
        "/v1/./filter/bundle?resource=shop",
        "/V1/Filter/bundle?resource=shop",
    ] {
        let refused = ask(people, path, Some(&envoy))?;
        ensure!([400, 404].contains(&refused.status), "{path}: {refused:?}");
    }
    behind.sound(&behind.host)
}

#[test]
fn a_sidecar_for_postgresql() -> Result<()> {
    let kit = Kit::new()?;
    let behind = kit.database()?;
    let envoy = kit.start("postgres-sidecar.yaml", &behind.names)?;
    serves(&behind, |token, sql| Login::new(envoy.port(), token).psql(&[sql]))
        .with_context(|| behind.logs(&envoy))?;
    behind.sound(&envoy)?;
    drop(envoy);

    // A server that is somebody else, of the same authority, gets no login.
    let envoy = kit.start_changed("postgres-sidecar.yaml", &behind.names, |text| {
        text.replace("exact: postgres.internal.example", "exact: another.internal.example")
    })?;
    let token = behind.stack.idp.token("ann", &["support"])?;
    let refused = Login::new(envoy.port(), &token).psql(&["SELECT 1"])?;
    ensure!(!refused.success && refused.stdout.is_empty(), "{refused:?}");
    // `localhost` has two addresses for Envoy, and the log has the reason of the last one only.
    let failures = envoy.stat("cluster.gatewright_target.ssl.fail_verify_san")?;
    ensure!(failures.is_some_and(|count| count > 0), "{failures:?}: {}", behind.logs(&envoy));
    Ok(())
}

#[test]
fn a_gateway_for_postgresql_and_agents_with_certificates() -> Result<()> {
    let kit = Kit::new()?;
    let behind = kit.database()?;
    let envoy = kit.start("postgres-mtls.yaml", &behind.names)?;
    let ca = kit.authority.certificate();
    let bot = kit.agents.issue("bot", "URI:spiffe://example.org/agents/bot")?;
    serves(&behind, |token, sql| direct(&Login::new(envoy.port(), token), &ca, Some(&bot), sql))
        .with_context(|| behind.logs(&envoy))?;
    behind.sound(&envoy)?;

    // A good token is not enough.
    let token = behind.stack.idp.token("ann", &["support"])?;
    let ask = |own: Option<&Certificate>| direct(&Login::new(envoy.port(), &token), &ca, own, "SELECT 42");
    for other in [
        None,
        Some(kit.agents.issue("visitor", "URI:spiffe://example.org/visitors/eve")?),
        Some(kit.agents.issue("domain", "URI:spiffe://example.org.evil/agents/bot")?),
        Some(kit.authority.issue("foreign", "URI:spiffe://example.org/agents/bot")?),
    ] {
        let refused = ask(other.as_ref())?;
        ensure!(!refused.success && !refused.stdout.contains("42"), "{other:?}: {refused:?}");
    }
    ensure!(ask(Some(&bot))?.success, "still");

    // Another authority for agents, without a restart: theirs get in, and who got in before does not.
    let next = Authority::new()?;
    kit.replace("tls/agents-ca.pem", &fs::read_to_string(next.certificate())?)?;
    let heir = next.issue("heir", "URI:spiffe://example.org/agents/heir")?;
    wait::until("the new authority", Duration::from_secs(60), || {
        Ok(ask(Some(&heir))?.success.then_some(()))
    })?;
    let past = ask(Some(&bot))?;
    ensure!(!past.success, "{past:?}");
    Ok(())
}
