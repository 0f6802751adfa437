//! What the filter costs with few sessions and with many, and how long Envoy takes to load it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use gatewright_tests::client::Login;
use gatewright_tests::envoy::{Envoy, Ports};
use gatewright_tests::proxy::Kind;
use gatewright_tests::stack::Stack;
use gatewright_tests::tools::{self, Filter};
use gatewright_tests::{http, wait};

use super::cpu::resident;
use super::pgbench::{Busy, Sample, median, select_only};
use super::postgres::{stack_with_accounts, until_served};
use super::standalone::{middle, start::answers};
use crate::build;
use crate::report::{Paint, paint, step};
use crate::setup::{self, Say};

/// Sessions that are open, and busy, at the same time.
const SESSIONS: [u32; 4] = [1, 10, 100, 1000];
/// Starts of each kind that count.
const STARTS: usize = 5;

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
    let limit = (SESSIONS[SESSIONS.len() - 1] + 100).to_string();
    let builder = Stack::builder().proxy(Kind::Envoy).pg_setting("max_connections", &limit);
    let stack = stack_with_accounts(builder)?;
    starts(&stack)?;
    let target = stack.postgres.address();
    let (plain, idle) = (Envoy::plain(&target)?, Envoy::with_filter(&target, &idle)?);
    let login = |envoy: &Envoy| Login::new(envoy.port(), stack.postgres.support_password());
    let gated = stack.login_as("bench", &["support"])?;
    until_served(&gated)?;
    let ways = [
        ("plain Envoy", login(&plain), plain.id()),
        ("idle filter", login(&idle), idle.id()),
        ("Gatewright", gated, stack.proxy()?.id()),
    ];
    let folder = stack.site.folder().join("bench");
    for sessions in SESSIONS {
        let mut samples: [Vec<Sample>; 3] = Default::default();
        let mut peaks = [0; 3];
        for round in 1..=rounds {
            step("Measuring", format!("{sessions} sessions, round {round} of {rounds}"));
            for ((_, login, proxy), (samples, peak)) in ways.iter().zip(samples.iter_mut().zip(&mut peaks)) {
                let busy = Busy { proxy: Some(*proxy), host: stack.host.id(), server: stack.postgres.id() };
                // pgbench's clock runs while it connects: 25 ms are enough for a login by SCRAM.
                let run = || select_only(login, busy, sessions, seconds + sessions / 40, &folder);
                let (sample, most) = watching(*proxy, run)?;
                samples.push(sample);
                *peak = most.max(*peak);
            }
        }
        print(sessions, &ways.each_ref().map(|way| way.0), &samples.map(|samples| median(&samples)), &peaks);
    }
    println!(
        "\nMedian of {rounds} runs of {seconds} s each, memory at most; all programs share this machine's cores."
    );
    Ok(())
}

/// What that gives, and how many kilobytes the process held at most meanwhile.
fn watching<T>(process: u32, work: impl FnOnce() -> Result<T>) -> Result<(T, u64)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !over.load(Ordering::Relaxed) {
                most = most.max(resident(process)?);
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(most)
        });
        let result = work();
        over.store(true, Ordering::Relaxed);
        let most = watch.join().unwrap_or_else(|_| Err(anyhow::anyhow!("what watches the memory failed")));
        Ok((result?, most?))
    })
}

fn print(sessions: u32, names: &[&str; 3], samples: &[Sample; 3], peaks: &[u64; 3]) {
    println!("\n{}", paint(Paint::Bold, format!("pgbench -S -M prepared, {sessions} sessions")));
    println!(
        "{:<14}{:>10}{:>20}{:>10}{:>10}{:>22}{:>18}{:>14}",
        "",
        "tps",
        "tps of plain Envoy",
        "p50 µs",
        "p99 µs",
        "p50 over plain Envoy",
        "Envoy's CPU µs/tx",
        "memory MB"
    );
    let plain = samples[0];
    for ((name, sample), peak) in names.iter().zip(samples).zip(peaks) {
        println!(
            "{name:<14}{:>10.0}{:>18.0} %{:>10.0}{:>10.0}{:>+19.0} µs{:>18.1}{:>14.0}",
            sample.tps,
            100.0 * sample.tps / plain.tps,
            sample.p50,
            sample.p99,
            sample.p50 - plain.p50,
            sample.cpu.proxy,
            *peak as f64 / 1e3
        );
    }
}

/// Prints how long an Envoy takes from its start to its first answer, without a filter and with each of ours.
fn starts(stack: &Stack) -> Result<()> {
    step("Measuring", format!("{STARTS} starts of each kind"));
    let gated = |resource: &str, filter: Filter, answers: fn(u16) -> bool| {
        let wasm = tools::filter(filter)?;
        started(answers, |ports| {
            let bootstrap = Envoy::bootstrap(&stack.site, resource, &ports, &wasm)?;
            let begin = Instant::now();
            Ok((begin, Envoy::start(&bootstrap, ports, 2)?))
        })
    };
    let plain = started(answers, |_| {
        let begin = Instant::now();
        Ok((begin, Envoy::plain(&stack.postgres.address())?))
    })?;
    let postgres = gated("shop", Filter::Release, answers)?;
    let http = gated("shop-api", Filter::Http, |port| {
        http::get(&format!("http://127.0.0.1:{port}/"), None).is_ok()
    })?;
    println!(
        "\nFrom Envoy's start to its first answer, 2 workers, median of {STARTS}: plain {plain:.0} ms, with PostgreSQL's \
         filter {postgres:.0} ms, with HTTP's {http:.0} ms: {:.0} ms to load both",
        postgres + http - 2.0 * plain
    );
    Ok(())
}

/// Milliseconds, the median of several.
fn started(answers: fn(u16) -> bool, start: impl Fn(Ports) -> Result<(Instant, Envoy)>) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let (begin, envoy) = start(Ports::free()?)?;
        wait::until("the first answer", Duration::from_secs(60), || Ok(answers(envoy.port()).then_some(())))?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(middle(times))
}
