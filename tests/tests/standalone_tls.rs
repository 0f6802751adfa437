//! `gatewright run` between clients and a PostgreSQL that encrypt, each by their own means.
#![allow(missing_docs, reason = "a test")]

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gatewright_tests::certificates::{Authority, Certificate};
use gatewright_tests::client::{CANCELLING, Login};
use gatewright_tests::proxy::Kind;
use gatewright_tests::stack::{Builder, Stack};
use gatewright_tests::tools::{self, PgVersion};
use gatewright_tests::{Output, run, wait};

const ROWS: &str = "SELECT name, ssn FROM customers ORDER BY id LIMIT 1";
const MASKED: &str = "Ada Marsh|***-**-**20\n";

/// Clients are shown that certificate.
fn shows(builder: Builder, server: &Certificate) -> Builder {
    let path = |path: &Path| path.display().to_string();
    builder.run_with(&["--tls-certificate", &path(&server.certificate), "--tls-key", &path(&server.key)])
}

/// psql of Debian, which is built with TLS, with more of libpq's variables.
fn psql(login: &Login, variables: &[(&str, &str)], sql: &str) -> Result<Output> {
    let mut psql = login.program(tools::postgres(PgVersion::V15)?.join("psql"));
    psql.args(["--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align", "--command", sql]);
    run(psql.envs(variables.iter().copied()))
}

#[test]
fn clients_encrypt_and_verify_whom_they_talk_to() -> Result<()> {
    let (authority, other) = (Authority::new()?, Authority::new()?);
    let server = authority.issue("server", "IP:127.0.0.1")?;
    let stack = shows(Stack::builder(), &server).start()?;
    let login = stack.login_as("ann", &["support"])?;
    let (ca, foreign) = (authority.certificate(), other.certificate());
    let (ca, foreign) = (ca.to_str().context("text")?, foreign.to_str().context("text")?);
    for variables in [
        &[("PGSSLMODE", "prefer")][..],
        &[("PGSSLMODE", "require")],
        &[("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", ca)],
    ] {
        let output = psql(&login, variables, ROWS)?;
        ensure!(output.success && output.stdout == MASKED, "{variables:?}: {output:?}");
    }
    for (variables, said) in [
        (&[("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", foreign)][..], "certificate verify failed"),
        (&[("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", ca), ("PGHOST", "localhost")], "does not match"),
        (&[("PGSSLMODE", "disable")], "FATAL:  connections to this gate must be encrypted"),
    ] {
        let output = psql(&login, variables, ROWS)?;
        ensure!(!output.success && output.stdout.is_empty(), "{variables:?}: {output:?}");
        ensure!(output.stderr.contains(said), "{variables:?}: {output:?}");
    }
    // libpq 18 with OpenSSL: TLS from the first byte. Cancelling is a connection of its own.
    let script = r#"
for negotiation in "direct", "postgres":
    c = psycopg.connect(autocommit=True, sslmode="verify-full", sslrootcert=sys.argv[1], sslnegotiation=negotiation)
    print(c.pgconn.ssl_in_use, *c.execute(sys.argv[2]).fetchone())
    for cancel in c.cancel, c.cancel_safe:
        print(cancelled(c, "SELECT count(*) FROM generate_series(1, 10000000000)", cancel))
    print(len(c.execute("SELECT repeat('x', 3000000)").fetchone()[0]))
"#;
    let script = format!("import psycopg, sys\n{CANCELLING}{script}");
    let output = run(login.program(tools::python()).args(["-c", &script, ca, ROWS]))?;
    let each = "True Ada Marsh ***-**-**20\ncancelled\ncancelled\n3000000\n";
    ensure!(output.stdout == each.repeat(2), "{output:?}");
    Ok(())
}

#[test]
fn clients_must_show_certificates_where_an_authority_is_named() -> Result<()> {
    let (authority, other) = (Authority::new()?, Authority::new()?);
    let server = authority.issue("server", "IP:127.0.0.1")?;
    let ca = authority.certificate();
    let ca = ca.to_str().context("text")?;
    let stack = shows(Stack::builder(), &server).run_with(&["--tls-client-ca", ca]).start()?;
    let login = stack.login_as("ann", &["support"])?;
    let id = "URI:spiffe://shop.example/agents/bot";
    for (issued, works) in [(authority.issue("bot", id)?, true), (other.issue("bot", id)?, false)] {
        let (certificate, key) = (issued.certificate.display().to_string(), issued.key.display().to_string());
        let variables = [("PGSSLMODE", "require"), ("PGSSLCERT", &*certificate), ("PGSSLKEY", &key)];
        let output = psql(&login, &variables, ROWS)?;
        ensure!(output.success == works && (output.stdout == MASKED) == works, "{output:?}");
    }
    let nobody = psql(&login, &[("PGSSLMODE", "require"), ("PGSSLCERT", "/nowhere")], ROWS)?;
    ensure!(!nobody.success && nobody.stdout.is_empty(), "{nobody:?}");
    Ok(())
}

#[test]
fn the_server_is_spoken_to_in_tls() -> Result<()> {
    let clients = Authority::new()?;
    let gate = clients.issue("gate", "DNS:gate")?;
    let path = |path: &Path| path.display().to_string();
    let stack = Stack::builder()
        .pg(PgVersion::V15)
        .server_tls()
        .server_client_ca(&clients.certificate())
        .target_tls()
        .run_with(&["--target-certificate", &path(&gate.certificate), "--target-key", &path(&gate.key)])
        .start()?;
    let login = stack.login_as("ann", &["support"])?;
    // In plain with the client, whose requests for encryption the server must not see.
    let script = r#"
import psycopg, sys
c = psycopg.connect(autocommit=True)
print(c.pgconn.ssl_in_use, *c.execute(sys.argv[1]).fetchone(), flush=True)
sys.stdin.read()
"#;
    let mut agent = login
        .program(tools::python())
        .args(["-c", script, ROWS])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(agent.stdout.take().context("its output")?),
        &mut line,
    )?;
    let session = "SELECT ssl, version, client_dn FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                   WHERE usename = 'support' AND application_name <> 'gatewright-host'";
    let session = stack.postgres.superuser_sql(session)?;
    let catalogue = "SELECT count(*) > 0, bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE application_name = 'gatewright-host'";
    let catalogue = stack.postgres.superuser_sql(catalogue)?;
    drop(agent.stdin.take());
    ensure!(agent.wait()?.success() && line == "False Ada Marsh ***-**-**20\n", "{line}");
    ensure!(session == "t|TLSv1.3|/CN=somebody", "{session}");
    ensure!(catalogue == "t|t", "the host encrypts too: {catalogue}");
    Ok(())
}

#[test]
fn a_server_that_refuses_to_encrypt_ends_the_session_in_words() -> Result<()> {
    // Built without TLS: it answers no, to the host as well.
    let stack = Stack::builder().target_tls().host_down().start()?;
    let output = psql(&stack.login_as("ann", &["support"])?, &[], ROWS)?;
    ensure!(!output.success && output.stdout.is_empty(), "{output:?}");
    let said =
        "FATAL:  the database server behind this gate refuses to encrypt, which its configuration demands";
    ensure!(output.stderr.contains(said) && output.stderr.contains("HINT:"), "{output:?}");
    ensure!(stack.proxy()?.log().contains("does not speak TLS"), "{}", stack.proxy()?.log());
    // Encrypting with the client changes nothing.
    let authority = Authority::new()?;
    let server = authority.issue("server", "IP:127.0.0.1")?;
    let stack = shows(Stack::builder().target_tls().host_down(), &server).start()?;
    let output = psql(&stack.login_as("ann", &["support"])?, &[("PGSSLMODE", "require")], ROWS)?;
    ensure!(!output.success && output.stderr.contains(said), "{output:?}");
    Ok(())
}

#[test]
fn a_server_that_is_not_trusted_is_told_nothing() -> Result<()> {
    let other = Authority::new()?;
    let ca = other.certificate();
    let stack = Stack::builder()
        .pg(PgVersion::V15)
        .server_tls()
        .set("/resources/0/target/tls", "request")
        .set("/resources/0/target/ca", ca.to_str().context("text")?)
        .proxy(Kind::Standalone)
        .host_down()
        .start()?;
    let output = psql(&stack.login_as("ann", &["support"])?, &[], ROWS)?;
    ensure!(!output.success && output.stderr.contains("does not prove who it is"), "{output:?}");
    let log = stack.postgres.log();
    ensure!(log.contains("could not accept SSL connection") && !log.contains("SELECT name, ssn"), "{log}");
    let mut stack = stack;
    stack.host.launch(&stack.site)?;
    wait::until("the host to give up", Duration::from_secs(60), || {
        let said = stack.host.log();
        let why = said.contains("the catalogue of `shop` cannot be read")
            && said.contains("invalid peer certificate");
        Ok(why.then_some(()))
    })?;
    Ok(())
}

#[test]
fn a_server_of_18_is_spoken_to_in_tls_from_the_first_byte() -> Result<()> {
    let stack = Stack::builder().pg(PgVersion::V18Tls).target_direct_tls().start()?;
    let login = stack.login_as("ann", &["support"])?;
    let output = psql(&login, &[], ROWS)?;
    ensure!(output.success && output.stdout == MASKED, "{output:?}");
    // More than one record of TLS each way, and a cancel, which is a connection of its own.
    let script = r#"
c = psycopg.connect(autocommit=True, sslmode="disable")
print(len(c.execute("SELECT repeat('x', 3000000)").fetchone()[0]), len(c.execute("SELECT %s::text", ("y" * 1000000,)).fetchone()[0]))
print(cancelled(c, "SELECT count(*) FROM generate_series(1, 10000000000)"))
print("ready", flush=True)
sys.stdin.read()
"#;
    let mut agent = login
        .program(tools::python())
        .args(["-c", &format!("import psycopg, sys\n{CANCELLING}{script}")])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(agent.stdout.take().context("its output")?));
    for expected in ["3000000 1000000", "cancelled", "ready"] {
        let line = lines.next().context("a line")??;
        ensure!(line == expected, "{line}");
    }
    let sessions = "SELECT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                    WHERE usename = 'support' AND application_name <> 'gatewright-host'";
    let sessions = stack.postgres.superuser_sql(sessions)?;
    drop(agent.stdin.take());
    ensure!(agent.wait()?.success() && sessions == "t|TLSv1.3", "{sessions}");
    ensure!(stack.postgres.superuser_sql("SHOW server_version_num")?.starts_with("18"), "its version");
    Ok(())
}

/// With a `ca` the host reads the catalogue in TLS too, from the first byte.
#[test]
fn a_server_of_18_is_read_in_tls_by_the_host_too() -> Result<()> {
    let stack = Stack::builder().pg(PgVersion::V18Tls).target_direct_tls_of_both().start()?;
    let output = psql(&stack.login_as("ann", &["support"])?, &[], ROWS)?;
    ensure!(output.success && output.stdout == MASKED, "{output:?}");
    let catalogue = "SELECT count(*) > 0, bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE application_name = 'gatewright-host'";
    let catalogue = stack.postgres.superuser_sql(catalogue)?;
    ensure!(catalogue == "t|t", "{catalogue}");
    Ok(())
}

#[test]
fn a_server_of_18_with_another_name_is_told_nothing() -> Result<()> {
    let stack = Stack::builder()
        .pg(PgVersion::V18Tls)
        .target_direct_tls()
        // Its certificate is trusted, and is not for 127.0.0.1.
        .server_names("DNS:other.example")
        .start()?;
    let output = psql(&stack.login_as("ann", &["support"])?, &[], ROWS)?;
    ensure!(!output.success && output.stdout.is_empty(), "{output:?}");
    ensure!(output.stderr.contains("does not prove who it is"), "{output:?}");
    // The host reads the catalogue in plain; nobody else came as far as that.
    let log = stack.postgres.log();
    ensure!(log.contains("support@shop LOG:") && !log.contains("SELECT name, ssn"), "{log}");
    Ok(())
}
