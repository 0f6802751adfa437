//! pgbench through nothing, through a plain Envoy, and through the filter with everything on.

use std::time::Duration;

use anyhow::Result;
use gatewright_tests::client::Login;
use gatewright_tests::envoy::Envoy;
use gatewright_tests::proxy::Kind;
use gatewright_tests::stack::{Builder, Stack};
use gatewright_tests::wait;

use super::pgbench::{Busy, Sample, median, select_only};
use crate::build;
use crate::report::{Paint, paint, step};
use crate::setup::{self, Say};

/// Rows of `pgbench_accounts`, in units of 100,000.
const SCALE: &str = "5";

/// Measures and prints. Every figure is the median of `rounds` runs of `seconds` each, the ways taking turns.
pub(crate) fn run(rounds: u32, seconds: u32) -> Result<()> {
    if std::env::var_os("GATEWRIGHT_BIN").is_none() {
        return super::with_release_host();
    }
    let ready = setup::run(Say::Changes)?;
    build::filters(ready.wasm)?;
    let idle = build::idle_filter(ready.wasm)?;
    step(
        "Starting",
        "PostgreSQL 18, the host, Envoy with the filter, with an idle filter, and a plain Envoy",
    );
    let stack = stack_with_accounts(Stack::builder().proxy(Kind::Envoy))?;
    let plain = Envoy::plain(&stack.postgres.address())?;
    let direct = stack.direct();
    let idle = Envoy::with_filter(&stack.postgres.address(), &idle)?;
    let through_plain = Login::new(plain.port(), stack.postgres.support_password());
    let through_idle = Login::new(idle.port(), stack.postgres.support_password());
    let gated = stack.login_as("bench", &["support"])?;
    until_served(&gated)?;
    let server = stack.postgres.id();
    let busy = |envoy: Option<&Envoy>| Busy { proxy: envoy.map(Envoy::id), host: None, server };
    let ours = Busy { proxy: Some(stack.proxy()?.id()), host: stack.host.id(), server };
    let ways = [
        ("direct", &direct, busy(None)),
        ("plain Envoy", &through_plain, busy(Some(&plain))),
        ("idle filter", &through_idle, busy(Some(&idle))),
        ("Gatewright", &gated, ours),
    ];
    let folder = stack.site.folder().join("bench");
    for clients in [1, 8] {
        let mut samples: [Vec<Sample>; 4] = Default::default();
        for round in 1..=rounds {
            step("Measuring", format!("{clients} clients, round {round} of {rounds}"));
            for ((_, login, busy), samples) in ways.iter().zip(&mut samples) {
                samples.push(select_only(login, *busy, clients, seconds, &folder)?);
            }
        }
        print(clients, &ways.map(|(name, ..)| name), &samples.map(|samples| median(&samples)));
    }
    println!(
        "\nIdentity, policy, masking (a masked column in the statement's table) and buffered recording are on."
    );
    println!("The idle filter only reads what passes: it costs what any filter in wasm costs in this proxy.");
    println!(
        "Median of {rounds} runs of {seconds} s each; client, Envoy, host and server share this machine's cores."
    );
    Ok(())
}

/// A stack with pgbench's tables and buffered recording. Masked is a column that every statement's table has, so that
/// each row's columns are checked for masks.
pub(super) fn stack_with_accounts(builder: Builder) -> Result<Stack> {
    let masks = serde_json::json!([
        { "columns": ["*.email", "*.ssn"], "method": "partial" },
        { "columns": ["pgbench_accounts.filler"], "method": "redact" },
    ]);
    let mut stack = builder.set("/resources/0/recording/mode", "buffered").host_down().start()?;
    let init = Login::new(stack.postgres.port(), &password(&stack.postgres.admin_url())).user("shop_owner");
    anyhow::ensure!(init.pgbench(&["-i", "-q", "-s", SCALE])?.success, "pgbench -i failed");
    stack.postgres.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO support")?;
    stack.site.set("/resources/0/masks", masks)?;
    stack.start_host()?;
    Ok(stack)
}

/// Waits until the filter has its bundle, so that agents are served.
pub(super) fn until_served(login: &Login) -> Result<()> {
    wait::until("the filter's bundle", Duration::from_secs(10), || {
        Ok(login.psql(&["SELECT abalance FROM pgbench_accounts WHERE aid = 1"])?.success.then_some(()))
    })
}

fn password(url: &str) -> String {
    let before_host = url.split('@').next().unwrap_or_default();
    before_host.rsplit(':').next().unwrap_or_default().to_owned()
}

fn print(clients: u32, names: &[&str; 4], samples: &[Sample; 4]) {
    println!("\n{}", paint(Paint::Bold, format!("pgbench -S -M prepared, {clients} clients")));
    println!(
        "{:<14}{:>10}{:>10}{:>10}{:>22}{:>20}{:>12}{:>34}",
        "",
        "tps",
        "p50 µs",
        "p99 µs",
        "p50 over plain Envoy",
        "tps of plain Envoy",
        "CPU µs/tx",
        "client + Envoy + host + server"
    );
    let plain = samples[1];
    for (name, sample) in names.iter().zip(samples) {
        let (over, share) = (sample.p50 - plain.p50, 100.0 * sample.tps / plain.tps);
        let cpu = sample.cpu;
        let parts = format!("{:.1} + {:.1} + {:.1} + {:.1}", cpu.client, cpu.proxy, cpu.host, cpu.server);
        println!(
            "{name:<14}{:>10.0}{:>10.0}{:>10.0}{over:>+19.0} µs{share:>18.0} %{:>12.1}{parts:>34}",
            sample.tps,
            sample.p50,
            sample.p99,
            cpu.total()
        );
    }
}
