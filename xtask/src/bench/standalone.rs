//! The same filter in Envoy and in `gatewright run`, beside PgBouncer and the server itself.

use std::time::Duration;

use anyhow::{Context, Result};
use gatewright_tests::client::Login;
use gatewright_tests::envoy::Envoy;
use gatewright_tests::pgbouncer::PgBouncer;
use gatewright_tests::port::Port;
use gatewright_tests::proxy::Kind;
use gatewright_tests::stack::Stack;
use gatewright_tests::standalone::{Options, Standalone};
use gatewright_tests::tools::{self, Filter};
use gatewright_tests::wait;

use super::pgbench::{Sample, median, select_only};
use super::postgres::{stack_with_accounts, with_release_host};
use crate::build;
use crate::command::on_path;
use crate::report::{Paint, paint, step, warn};
use crate::setup::{self, Say};

/// Sessions that only sit there, for what one of them costs.
const IDLE: u32 = 1000;

/// Measures and prints. Every figure is the median of `rounds` runs of `seconds` each, the ways taking turns.
pub(crate) fn run(rounds: u32, seconds: u32) -> Result<()> {
    if std::env::var_os("GATEWRIGHT_BIN").is_none() {
        return with_release_host();
    }
    let ready = setup::run(Say::Changes)?;
    build::filters(ready.wasm)?;
    let idle = build::idle_filter(ready.wasm)?;
    step("Starting", "PostgreSQL 18, the host, PgBouncer, and Envoy and `gatewright run` with each filter");
    let listener = Port::free()?;
    let builder = Stack::builder()
        .proxy(Kind::Envoy)
        .pg_setting("max_connections", &(IDLE + 100).to_string())
        .set("/resources/0/listen", listener.address());
    let stack = stack_with_accounts(builder)?;
    let target = stack.postgres.address();
    let password = stack.postgres.support_password();
    let options = Options { workers: 2, buffer_limit: None };
    let standalone = Standalone::start(&stack.site, listener, &tools::filter(Filter::Release)?, options)?;
    let idle_envoy = Envoy::with_filter(&target, &idle)?;
    let idle_standalone = Standalone::with_filter(&target, &idle)?;
    let pgbouncer = on_path("pgbouncer")
        .map(|program| PgBouncer::start(&program, stack.postgres.port(), "support", password))
        .transpose()?;
    if pgbouncer.is_none() {
        warn("PgBouncer is not installed: `apt-get install pgbouncer` brings it");
    }
    let token = stack.idp.token("bench", &["support"])?;
    let gated = Login::new(standalone.port(), &token);
    for login in [&stack.login(&token)?, &gated] {
        wait::until("the filter's bundle", Duration::from_secs(10), || {
            Ok(login.psql(&["SELECT abalance FROM pgbench_accounts WHERE aid = 1"])?.success.then_some(()))
        })?;
    }
    let mut ways = vec![("direct", stack.direct())];
    ways.extend(pgbouncer.as_ref().map(|pooler| ("PgBouncer", Login::new(pooler.port(), password))));
    ways.extend([
        ("Envoy, idle filter", Login::new(idle_envoy.port(), password)),
        ("standalone, idle filter", Login::new(idle_standalone.port(), password)),
        ("Envoy, Gatewright", stack.login(&token)?),
        ("standalone, Gatewright", gated.clone()),
    ]);
    let folder = stack.site.folder().join("bench");
    for clients in [1, 8] {
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); ways.len()];
        for round in 1..=rounds {
            step("Measuring", format!("{clients} clients, round {round} of {rounds}"));
            for ((_, login), samples) in ways.iter().zip(&mut samples) {
                samples.push(select_only(login, clients, seconds, &folder)?);
            }
        }
        print(clients, &ways, &samples.iter().map(|samples| median(samples)).collect::<Vec<_>>());
    }
    memory(&standalone, &gated)?;
    println!("\nMedian of {rounds} runs of {seconds} s each; all programs share this machine's cores.");
    Ok(())
}

fn print(clients: u32, ways: &[(&str, Login)], samples: &[Sample]) {
    println!("\n{}", paint(Paint::Bold, format!("pgbench -S -M prepared, {clients} clients")));
    let compared = ["PgBouncer", "Envoy, Gatewright"];
    println!(
        "{:<24}{:>10}{:>10}{:>10}{:>18}{:>18}",
        "", "tps", "p50 µs", "p99 µs", "× PgBouncer", "× Envoy, Gatew."
    );
    let of = |wanted: &str| {
        ways.iter().zip(samples).find_map(|((name, _), sample)| (*name == wanted).then_some(sample.tps))
    };
    for ((name, _), sample) in ways.iter().zip(samples) {
        let ratios =
            compared.map(|other| of(other).map_or("-".to_owned(), |tps| format!("{:.2}", sample.tps / tps)));
        println!(
            "{name:<24}{:>10.0}{:>10.0}{:>10.0}{:>18}{:>18}",
            sample.tps, sample.p50, sample.p99, ratios[0], ratios[1]
        );
    }
}

/// What sessions that only sit there cost.
fn memory(standalone: &Standalone, login: &Login) -> Result<()> {
    let before = resident(standalone.id())?;
    let script = format!(
        "import psycopg, os, sys\n\
         held = []\n\
         for _ in range({IDLE}):\n\
         \x20   held.append(psycopg.connect())\n\
         with open('/proc/{}/status') as f:\n\
         \x20   print([line.split()[1] for line in f if line.startswith('VmRSS')][0])\n",
        standalone.id()
    );
    let output = login.python(&script)?;
    let Ok(after) = output.stdout.trim().parse::<u64>() else {
        warn(&format!(
            "{IDLE} sessions could not be opened: {}",
            output.stderr.lines().last().unwrap_or_default()
        ));
        return Ok(());
    };
    println!(
        "\n{IDLE} idle sessions: {:.0} MB resident before, {:.0} MB with them: {:.0} KB each",
        before as f64 / 1e3,
        after as f64 / 1e3,
        after.saturating_sub(before) as f64 / f64::from(IDLE)
    );
    Ok(())
}

/// Kilobytes.
fn resident(id: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
