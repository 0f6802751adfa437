//! A user of the database for each session: made when it is known who asks, dropped when the session is over.
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;

use anyhow::{Result, ensure};
use gatewright_tests::client::Login;
use gatewright_tests::idp::Forgery;
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::PgVersion;
use gatewright_tests::wire::Wire;
use gatewright_tests::{Output, run, secret, wait};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(30);
const WHO: &str = "SELECT session_user, current_user, current_setting('gatewright.agent', true)";

/// The shop, whose users are made by somebody who may do that and nothing else.
fn start(version: PgVersion) -> Result<Stack> {
    let password = secret();
    let role = json!([{
        "name": "support", "ephemeral": { "made_by": "maker", "password": { "file": "maker.password" } },
    }]);
    let mut stack = Stack::builder().pg(version).set("/resources/0/roles", role).host_down().start()?;
    stack.site.write("maker.password", &password)?;
    let admin = if version == PgVersion::V15 { "" } else { "; GRANT support TO maker WITH ADMIN OPTION" };
    stack.postgres.superuser_sql(&format!(
        "CREATE ROLE maker LOGIN CREATEROLE PASSWORD '{password}'; GRANT support TO maker{admin}; \
         ALTER ROLE support NOLOGIN"
    ))?;
    stack.start_host()?;
    Ok(stack)
}

/// With the token where it is known before the server is spoken to; any password does.
fn ask(login: &Login, token: &str, sql: &str) -> Result<Output> {
    let mut psql = login.psql_command()?;
    run(psql
        .env("PGOPTIONS", format!("-c gatewright.token={token} -c statement_timeout=9000"))
        .args(["-c", sql]))
}

fn made(stack: &Stack) -> Result<Vec<String>> {
    let all = stack.postgres.superuser_sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'gw\\_%'")?;
    Ok(all.lines().map(str::trim).filter(|line| line.starts_with("gw_")).map(str::to_owned).collect())
}

fn each_session_has_its_own_user(version: PgVersion) -> Result<()> {
    let mut stack = start(version)?;
    let token = stack.idp.token("ann", &["support"])?;
    let login = stack.login("not the token")?;
    let first = wait::until("a login", LIMIT, || {
        let output = ask(&login, &token, WHO)?;
        Ok(output.success.then_some(output.stdout))
    })?;
    let parts: Vec<&str> = first.trim().split('|').collect();
    ensure!(parts[0].starts_with("gw_support_") && parts[1..] == ["support", "ann"], "{first}");
    let second = ask(&login, &token, WHO)?;
    ensure!(second.success && second.stdout != first, "{second:?}");
    // It may what the role may, and masks are the same.
    let masked = ask(&login, &token, "SELECT email FROM customers LIMIT 1")?;
    ensure!(masked.success && masked.stdout.starts_with("***"), "{masked:?}");
    let denied = ask(&login, &token, "SET ROLE NONE")?;
    ensure!(!denied.success, "{denied:?}");
    ensure!(ask(&login, &token, "SHOW statement_timeout")?.stdout.trim() == "9s");
    // The database's own log tells them apart.
    ensure!(stack.postgres.log().contains(parts[0]), "the server's log names the user");

    // Whoever has no good token gets nothing made, and is told what to do.
    let before = made(&stack)?.len();
    for forgery in [Forgery::AlgNone, Forgery::Expired, Forgery::ForeignKey, Forgery::Garbage] {
        let forged = stack.idp.forged("ann", &["support"], forgery)?;
        let output = ask(&login, &forged, WHO)?;
        ensure!(!output.success && !output.stderr.contains(&forged), "{forgery:?}: {output:?}");
    }
    let outsider = ask(&login, &stack.idp.token("eve", &["marketing"])?, WHO)?;
    ensure!(outsider.stderr.contains("no policy permits `connect`"), "{outsider:?}");
    let as_password = stack.login(&token)?.psql(&[WHO])?;
    ensure!(as_password.stderr.contains("gatewright.token"), "{as_password:?}");
    ensure!(made(&stack)?.len() <= before, "nothing was made for them");
    ensure!(!stack.host.log().contains(&token) && !stack.proxy()?.log().contains(&token));

    // A user ends with its session, also where the host that made it was killed meanwhile.
    stack.host.kill();
    let lines = made(&stack)?;
    ensure!(!lines.is_empty(), "those of before");
    stack.postgres.superuser_sql(
        "DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'gw\\_%' LOOP \
         EXECUTE format('ALTER ROLE %I VALID UNTIL ''2020-01-01''', r); END LOOP; END $$; \
         CREATE ROLE gw_support_of_somebody_else VALID UNTIL '2020-01-01'",
    )?;
    stack.start_host()?;
    wait::until("the users of sessions that are over to go", LIMIT, || {
        Ok((made(&stack)? == ["gw_support_of_somebody_else"]).then_some(()))
    })
}

#[test]
fn each_session_has_its_own_user_in_18() -> Result<()> {
    each_session_has_its_own_user(PgVersion::V18)
}

#[test]
fn each_session_has_its_own_user_in_15() -> Result<()> {
    each_session_has_its_own_user(PgVersion::V15)
}

#[test]
fn a_session_that_is_open_keeps_its_user() -> Result<()> {
    let stack = start(PgVersion::V18)?;
    let token = stack.idp.token("ann", &["support"])?;
    let login = Login { options: Some(format!("-c gatewright.token={token}")), ..stack.login("any")? };
    let mut wire = wait::until("a login", LIMIT, || Ok(Wire::connect(&login).ok()))?;
    wire.query("SELECT 1")?;
    stack.postgres.superuser_sql(
        "DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'gw\\_%' LOOP \
         EXECUTE format('ALTER ROLE %I VALID UNTIL ''2020-01-01''', r); END LOOP; END $$",
    )?;
    std::thread::sleep(Duration::from_secs(12));
    ensure!(made(&stack)?.len() == 1, "it is in use");
    let rows = wire.query("SELECT session_user")?;
    ensure!(rows.iter().any(|message| message.tag == b'D'), "{rows:?}");
    drop(wire);
    wait::until("it to go", LIMIT, || Ok(made(&stack)?.is_empty().then_some(())))
}
