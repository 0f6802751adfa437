//! The same filter in Envoy and in `gatewright run`, beside PgBouncer and the server itself.

mod http;
mod relay;
pub(super) mod start;

use anyhow::Result;
use gatewright_tests::client::Login;
use gatewright_tests::envoy::Envoy;
use gatewright_tests::pgbouncer::PgBouncer;
use gatewright_tests::port::Port;
use gatewright_tests::proxy::Kind;
use gatewright_tests::stack::Stack;
use gatewright_tests::standalone::{Options, Standalone};
use gatewright_tests::tools::{self, Filter};

use super::cpu::{self, resident};
use super::pgbench::{Busy, Sample, median, select_only};
use super::postgres::{stack_with_accounts, until_served};
use super::with_release_host;
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
    start::print(&stack.site, &listener)?;
    let target = stack.postgres.address();
    let password = stack.postgres.support_password();
    let options = Options { workers: 2, buffer_limit: None, arguments: Vec::new() };
    let standalone =
        Standalone::start(&stack.site, "shop", listener, &tools::filter(Filter::Release)?, options)?;
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
        until_served(login)?;
    }
    let way = |name, login, process| Way { name, login, process };
    let mut ways = vec![way("direct", stack.direct(), None)];
    ways.extend(
        pgbouncer
            .as_ref()
            .map(|pooler| way("PgBouncer", Login::new(pooler.port(), password), Some(pooler.id()))),
    );
    ways.extend([
        way("Envoy, idle filter", Login::new(idle_envoy.port(), password), Some(idle_envoy.id())),
        way(
            "standalone, idle filter",
            Login::new(idle_standalone.port(), password),
            Some(idle_standalone.id()),
        ),
        way("Envoy, Gatewright", stack.login(&token)?, Some(stack.proxy()?.id())),
        way("standalone, Gatewright", gated.clone(), Some(standalone.id())),
    ]);
    let folder = stack.site.folder().join("bench");
    for clients in [1, 8] {
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); ways.len()];
        let mut processor: Vec<Vec<f64>> = vec![Vec::new(); ways.len()];
        for round in 1..=rounds {
            step("Measuring", format!("{clients} clients, round {round} of {rounds}"));
            for (way, (samples, processor)) in ways.iter().zip(samples.iter_mut().zip(&mut processor)) {
                let before = way.processor_time();
                let server = stack.postgres.id();
                let busy = Busy { proxy: way.process, host: stack.host.id(), server };
                let sample = select_only(&way.login, busy, clients, seconds, &folder)?;
                let spent = way.processor_time() - before;
                processor.push(1e6 * spent / (sample.tps * f64::from(seconds)));
                samples.push(sample);
            }
        }
        let samples: Vec<_> = samples.iter().map(|samples| median(samples)).collect();
        let processor: Vec<_> = processor.into_iter().map(middle).collect();
        print(clients, &ways, &samples, &processor);
    }
    memory(&standalone, &gated)?;
    drop((standalone, idle_standalone, idle_envoy, pgbouncer, stack));
    http::print(ready.wasm, rounds, seconds)?;
    relay::print(rounds, seconds)?;
    println!(
        "\nProxy µs each: processor time of the proxy for one transaction, which other load hardly changes."
    );
    println!("Median of {rounds} runs of {seconds} s each; all programs share this machine's cores.");
    Ok(())
}

/// A way to the server.
struct Way<'a> {
    name: &'a str,
    login: Login,
    /// The proxy in between.
    process: Option<u32>,
}

impl Way<'_> {
    /// Seconds of processor time that the proxy has used so far.
    fn processor_time(&self) -> f64 {
        self.process.map_or(0.0, |id| cpu::seconds(&id.to_string(), false))
    }
}

pub(super) fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn print(clients: u32, ways: &[Way<'_>], samples: &[Sample], processor: &[f64]) {
    println!("\n{}", paint(Paint::Bold, format!("pgbench -S -M prepared, {clients} clients")));
    let compared = ["PgBouncer", "Envoy, Gatewright"];
    println!(
        "{:<24}{:>10}{:>10}{:>10}{:>16}{:>18}{:>18}",
        "", "tps", "p50 µs", "p99 µs", "proxy µs each", "× PgBouncer", "× Envoy, Gatew."
    );
    let of = |wanted: &str| {
        ways.iter().zip(samples).find_map(|(way, sample)| (way.name == wanted).then_some(sample.tps))
    };
    for ((way, sample), processor) in ways.iter().zip(samples).zip(processor) {
        let ratios =
            compared.map(|other| of(other).map_or("-".to_owned(), |tps| format!("{:.2}", sample.tps / tps)));
        println!(
            "{:<24}{:>10.0}{:>10.0}{:>10.0}{:>16.1}{:>18}{:>18}",
            way.name, sample.tps, sample.p50, sample.p99, processor, ratios[0], ratios[1]
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
        warn(format!(
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
