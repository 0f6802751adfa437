//! `gatewright relay` in front of a PostgreSQL that has TLS by SSLRequest only.
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gatewright_tests::client::{CANCELLING, Login};
use gatewright_tests::postgres::{PgOptions, Postgres};
use gatewright_tests::relay::Relay;
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::PgVersion;
use gatewright_tests::wait;

#[test]
fn the_gates_sessions_are_encrypted_and_work() -> Result<()> {
    let stack = Stack::builder()
        .pg(PgVersion::V15)
        .server_tls()
        .relay()
        .pg_setting("log_connections", "on")
        .policy(
            "sleep.cedar",
            "@id(\"sleep\") @reason(\"test\") permit (principal, action == Action::\"call\", resource);",
        )
        .start()?;
    let login = stack.login_as("ann", &["support"])?;
    let script = r#"
c = psycopg.connect(autocommit=True)
print(cancelled(c, "SELECT pg_sleep(120)"))
print(len(c.execute("SELECT repeat('x', 5000000)").fetchone()[0]))
print(c.execute("SELECT length(%s)", ("y" * 500000,)).fetchone())
"#;
    let output = login.python(&format!("import psycopg\n{CANCELLING}{script}"))?;
    ensure!(output.stdout == "cancelled\n5000000\n(500000,)\n", "{output:?}");
    let log = stack.postgres.log();
    let mut sessions = log.lines().filter(|line| line.contains("connection authorized: user=support"));
    ensure!(
        sessions.clone().count() > 0 && sessions.all(|line| line.contains("SSL enabled (protocol=TLSv1.3")),
        "{log}"
    );
    Ok(())
}

#[test]
fn a_server_of_another_name_is_not_talked_to() -> Result<()> {
    let options = PgOptions { version: PgVersion::V15, tls: true, ..PgOptions::default() };
    let postgres = Postgres::start(&options)?;
    let relay = Relay::start(postgres.port(), "db.example", &postgres.certificate())?;
    let refused = Login::new(relay.port(), postgres.support_password()).psql(&["SELECT 1"])?;
    ensure!(!refused.success && refused.stdout.is_empty(), "{refused:?}");
    wait::until("the reason in the log", Duration::from_secs(30), || {
        Ok(relay.log().contains("not valid for name").then_some(()))
    })
    .with_context(|| relay.log())?;
    ensure!(!postgres.log().contains("support@"), "{}", postgres.log());
    Ok(())
}
