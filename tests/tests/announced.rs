//! The database knows who the agent is: in its log, in `pg_stat_activity`, for row-level security. The agent cannot change it.
#![allow(missing_docs, reason = "a test")]

use anyhow::{Result, ensure};
use gatewright_tests::stack::{Builder, Stack};
use gatewright_tests::wire::{Message, Wire};
use rand::prelude::*;

/// Everything but the announced settings may be set, and code that the gate does not know may run.
const SETTINGS: &str = r#"
@id("set") permit (principal, action == Action::"set", resource);
@id("call") permit (principal, action == Action::"call", resource);
"#;

const AGENT: &str = "SELECT current_setting('gatewright.agent', true)";

fn builder() -> Builder {
    Stack::builder().policy("settings.cedar", SETTINGS)
}

#[test]
fn the_database_knows_the_agent() -> Result<()> {
    let stack = builder().start()?;
    let ann = stack.login_as("ann", &["support"])?.application("loader");
    let told = ann.psql(&[
        "SELECT current_setting('gatewright.agent')",
        "SELECT current_setting('gatewright.issuer')",
        "SHOW gatewright.session",
        "SHOW application_name",
    ])?;
    let lines: Vec<&str> = told.stdout.lines().collect();
    let [agent, issuer, session, application] = lines.as_slice() else { anyhow::bail!("{told:?}") };
    ensure!((*agent, *issuer) == ("ann", stack.idp.issuer()), "{told:?}");
    ensure!(*application == "gatewright:ann:loader", "{told:?}");
    ensure!(!session.is_empty(), "{told:?}");
    // It is the session under which it was recorded.
    let verified = gatewright_tests::run(&mut stack.site.gatewright(&["sessions", "show", session])?)?;
    ensure!(verified.success && verified.stdout.contains("ann"), "{verified:?}");

    // Names of agents are values, whatever they are.
    let odd = "x'; DROP TABLE orders; --\\é";
    let told = stack.login_as(odd, &["support"])?.psql(&[AGENT])?;
    ensure!(told.stdout.trim() == odd, "{told:?}");

    // Whoever sees the sessions sees who it is.
    let mut wire = Wire::connect(&ann)?;
    wire.query("SELECT 1")?;
    let activity = stack
        .postgres
        .superuser_sql("SELECT application_name FROM pg_stat_activity WHERE usename = 'support'")?;
    ensure!(activity.contains("gatewright:ann:"), "{activity}");
    Ok(())
}

#[test]
fn row_level_security_goes_by_the_agent() -> Result<()> {
    let stack = builder().start()?;
    stack.postgres.sql(
        "CREATE TABLE notes (owner text, note text); INSERT INTO notes VALUES ('ann', 'hers'), ('bob', 'his'); \
         GRANT SELECT ON notes TO support; ALTER TABLE notes ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY own ON notes USING (owner = current_setting('gatewright.agent', true))",
    )?;
    for (who, note) in [("ann", "hers"), ("bob", "his"), ("eve", "")] {
        let login = stack.login_as(who, &["support"])?;
        gatewright_tests::wait::until(
            "the table's place in the catalogue",
            std::time::Duration::from_secs(60),
            || {
                let seen = login.psql(&["SELECT note FROM notes"])?;
                Ok((seen.success && seen.stdout.trim() == note).then_some(()))
            },
        )?;
    }
    Ok(())
}

#[test]
fn what_would_change_it_is_refused() -> Result<()> {
    let stack = builder().start()?;
    let ann = stack.login_as("ann", &["support"])?;
    for attempt in [
        "SET gatewright.agent = 'bob'",
        "SET LOCAL \"gatewright\".\"agent\" TO bob",
        "SET SESSION gatewright.anything = 1",
        "RESET gatewright.agent",
        "SELECT set_config('gatewright.agent', 'bob', false)",
        "SELECT set_config('GateWright.Agent', 'bob', true)",
        "SELECT set_config('gatewright' || '.agent', 'bob', false)",
        "RESET ALL; SELECT 1",
        "RESET ALL; BEGIN",
        "SELECT 1; RESET ALL; SELECT 2",
    ] {
        let output = ann.psql(&[attempt])?;
        ensure!(!output.success && output.stderr.contains("ERROR"), "{attempt}: {output:?}");
    }
    let mut python = stack.login_as("ann", &["support"])?.psql_command()?;
    let output =
        gatewright_tests::run(python.env("PGOPTIONS", "-c gatewright.agent=bob").args(["-c", AGENT]))?;
    ensure!(!output.success && output.stderr.contains("gatewright.agent"), "{output:?}");

    // What pools send when they take a connection back.
    for fine in [
        "RESET ALL",
        "DISCARD ALL",
        "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;",
        "BEGIN; RESET ALL; COMMIT",
    ] {
        let output = ann.psql(&[fine, AGENT])?;
        ensure!(output.stdout.lines().last() == Some("ann"), "{fine}: {output:?}");
    }
    Ok(())
}

#[test]
fn nothing_that_runs_is_nobodys() -> Result<()> {
    let stack = builder().start()?;
    let login = stack.login_as("ann", &["support"])?;
    let pieces = [
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT s",
        "ROLLBACK TO s",
        "RESET ALL",
        "DISCARD ALL",
        "BEGIN; RESET ALL",
        "RESET ALL; COMMIT",
        "RESET ALL; ROLLBACK",
        "COMMIT AND CHAIN",
        "RESET ALL; COMMIT AND CHAIN",
        "SELECT 1/0",
        "SELECT nonsense",
        "SELECT 1; SELECT 2/0",
    ];
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let (mut answered, mut rounds) = (0, 0);
    while rounds < 150 {
        rounds += 1;
        let mut wire = Wire::connect(&login)?;
        let mut sent = Vec::new();
        for _ in 0..random.random_range(2..12) {
            sent.push(*pieces.choose(&mut random).unwrap_or(&"BEGIN"));
            sent.push(AGENT);
        }
        let replies = wire.pipeline(&sent)?;
        for (sql, reply) in sent.iter().zip(&replies).filter(|(sql, _)| **sql == AGENT) {
            let values: Vec<_> =
                reply.iter().filter(|message| message.tag == b'D').map(Message::values).collect();
            let aborted = reply.iter().any(|message| message.tag == b'E' && message.field(b'C') == "25P02");
            let told = values == [[Some("ann".to_owned())]];
            ensure!(told || (aborted && values.is_empty()), "seed {seed}: {sql} in {sent:?}: {reply:?}");
            answered += usize::from(told);
        }
    }
    ensure!(answered > rounds, "most of them ran: {answered}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_after_a_reset_before_a_sync() -> Result<()> {
    let stack = builder().start()?;
    let session = stack.login_as("ann", &["support"])?.connect().await?;
    // Each of these is a Parse, Bind, Execute and Sync.
    session.client.execute("RESET ALL", &[]).await?;
    let row = session.client.query_one(AGENT, &[]).await?;
    ensure!(row.get::<_, &str>(0) == "ann");
    // In one pipeline without a Sync between them.
    let script = r#"
import psycopg
with psycopg.connect(autocommit=True) as conn:
    conn.execute("RESET ALL", prepare=True)
    assert conn.execute("SELECT current_setting('gatewright.agent', true)").fetchone() == ("ann",)
    try:
        with conn.pipeline():
            conn.execute("RESET ALL")
            value = conn.execute("SELECT current_setting('gatewright.agent', true)").fetchone()
        assert value == ("ann",), value
    except psycopg.errors.InsufficientPrivilege as refused:
        assert "RESET ALL" in str(refused), refused
    print(conn.execute("SELECT current_setting('gatewright.agent', true)").fetchone()[0])
"#;
    let output = stack.login_as("ann", &["support"])?.python(script)?;
    ensure!(output.stdout.trim() == "ann", "{output:?}");
    Ok(())
}

#[test]
fn behind_a_pooler_it_can_be_left_out() -> Result<()> {
    let stack = builder().set("/resources/0/announce_agent", false).start()?;
    let ann = stack.login_as("ann", &["support"])?;
    let output = ann.psql(&["SET application_name = 'mine'", "SHOW application_name", AGENT])?;
    ensure!(output.stdout == "mine\n\n", "{output:?}");
    Ok(())
}
