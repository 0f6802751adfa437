//! SIGHUP to `gatewright run`.
#![allow(missing_docs, reason = "a test")]

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gatewright_tests::certificates::{Authority, Certificate};
use gatewright_tests::client::Login;
use gatewright_tests::port::Port;
use gatewright_tests::process::signal;
use gatewright_tests::proxy::Kind;
use gatewright_tests::stack::Stack;
use gatewright_tests::{Output, run, tools, wait};
use rustix::process::Signal;

/// Sends SIGHUP, and waits for what comes of it: the new filters of both workers have bundles then.
fn reload(stack: &Stack, result: &str) -> Result<()> {
    let proxy = stack.proxy()?;
    let metric = format!("gatewright_reloads_total{{result=\"{result}\"}} ");
    let count = |told: &str| told.lines().find_map(|line| line.strip_prefix(&metric).map(str::to_owned));
    let bundles = || proxy.log().matches(" is in force").count();
    let (before, had) = (count(&proxy.told()?), bundles());
    signal(proxy.id(), Signal::HUP);
    wait::until(
        "the reload",
        Duration::from_secs(60),
        || Ok((count(&proxy.told()?) != before).then_some(())),
    )
    .with_context(|| proxy.log())?;
    let wanted = if result == "done" { had + 2 } else { had };
    wait::until("the new filters' bundles", Duration::from_secs(60), || {
        Ok((bundles() >= wanted).then_some(()))
    })
    .with_context(|| proxy.log())
}

fn copy(from: &Certificate, to: &Certificate) -> Result<()> {
    fs::copy(&from.certificate, &to.certificate)?;
    fs::copy(&from.key, &to.key)?;
    Ok(())
}

/// Connects anew, and trusts that authority alone.
fn anew(login: &Login, authority: &Authority) -> Result<Output> {
    let script = r#"
import psycopg, sys
c = psycopg.connect(autocommit=True, sslmode="verify-full", sslrootcert=sys.argv[1])
print(*c.execute("SELECT name, ssn FROM customers ORDER BY id LIMIT 1").fetchone())
"#;
    run(login.program(tools::python()).args(["-c", script]).arg(authority.certificate()))
}

#[test]
fn certificates_are_renewed_and_sessions_go_on() -> Result<()> {
    let (one, two) = (Authority::new()?, Authority::new()?);
    let shown = one.issue("shown", "IP:127.0.0.1")?;
    let (certificate, key) = (shown.certificate.display().to_string(), shown.key.display().to_string());
    let stack = Stack::builder().run_with(&["--tls-certificate", &certificate, "--tls-key", &key]).start()?;
    let login = stack.login_as("ann", &["support"])?;
    let mut session = login
        .program(tools::python())
        .args([
            "-c",
            r#"
import psycopg, sys
c = psycopg.connect(autocommit=True, sslmode="require")
for line in sys.stdin:
    print(*c.execute("SELECT name, ssn FROM customers ORDER BY id LIMIT 1").fetchone(), flush=True)
"#,
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let mut ask = session.stdin.take().context("its input")?;
    let mut answers = std::io::BufReader::new(session.stdout.take().context("its output")?);
    let mut asked = || -> Result<String> {
        use std::io::{BufRead as _, Write as _};
        let mut line = String::new();
        ask.write_all(b"\n")?;
        answers.read_line(&mut line)?;
        Ok(line)
    };
    let row = "Ada Marsh ***-**-**20\n";
    ensure!(asked()? == row, "before");
    let output = anew(&login, &one)?;
    ensure!(output.stdout == row, "{output:?}");

    copy(&two.issue("renewed", "IP:127.0.0.1")?, &shown)?;
    reload(&stack, "done")?;
    let (renewed, former) = (anew(&login, &two)?, anew(&login, &one)?);
    ensure!(renewed.stdout == row, "{renewed:?}");
    ensure!(!former.success && former.stderr.contains("certificate verify failed"), "{former:?}");
    ensure!(asked()? == row, "the session goes on");

    // A key that does not fit is not taken, and neither is a file that is gone.
    fs::copy(two.issue("other", "IP:127.0.0.1")?.key, &shown.key)?;
    reload(&stack, "failed")?;
    fs::remove_file(&shown.key)?;
    reload(&stack, "failed")?;
    ensure!(stack.proxy()?.log().contains(&key), "it names the file: {}", stack.proxy()?.log());
    ensure!(anew(&login, &two)?.stdout == row && asked()? == row, "everything goes on");
    drop(ask);
    session.wait()?;
    Ok(())
}

#[tokio::test]
async fn what_is_served_is_read_anew_and_a_broken_file_changes_nothing() -> Result<()> {
    let stack = Stack::builder().proxy(Kind::Standalone).start()?;
    let login = stack.login_as("ann", &["support"])?;
    let session = login.connect().await?;
    let name = "SELECT name FROM customers ORDER BY id LIMIT 1";
    let sound = fs::read_to_string(stack.site.config())?;
    let broken = sound.replacen("\"kind\": \"postgres\"", "\"kind\": \"postgrse\"", 1);
    ensure!(broken != sound, "{sound}");
    stack.site.write("gatewright.yaml", &broken)?;
    reload(&stack, "failed")?;
    let line = 1 + broken.lines().position(|line| line.contains("postgrse")).context("the line")?;
    let said = format!("gatewright.yaml:{line}:");
    let log = stack.proxy()?.log();
    let told = log.lines().find(|line| line.contains("not reloaded")).context("a word about it")?;
    ensure!(
        told.contains(&said) && told.contains("`resources[0].kind`") && told.contains("postgrse"),
        "{told}"
    );
    ensure!(login.psql(&[name])?.stdout == "Ada Marsh\n", "the one before goes on");

    stack.site.write("gatewright.yaml", &sound)?;
    let elsewhere = Port::free()?;
    stack.site.set("/resources/0/listen", elsewhere.address().into())?;
    reload(&stack, "done")?;
    let moved = Login::new(elsewhere.number(), &login.password);
    ensure!(moved.psql(&[name])?.stdout == "Ada Marsh\n", "where it says now");
    let former = login.psql(&[name])?;
    ensure!(!former.success && former.stderr.contains("Connection refused"), "{former:?}");
    let row = session.client.query_one(name, &[]).await?;
    ensure!(row.get::<_, String>(0) == "Ada Marsh", "{row:?}");
    Ok(())
}
