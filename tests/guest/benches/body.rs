//! How many megabytes of JSON are masked in a second on one core: natively, and in a wasm VM (wasmtime).
//! `cargo xtask bench body`.
#![allow(missing_docs, reason = "a program")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use gatewright_bench_guest::body::{SIZES, body, mask};
use gatewright_testing::{Fault, Filter, Functions};

/// How long each measurement takes, of which the best of five counts. Time is this thread's on the processor, where the
/// system tells it, because others use the machine too.
const TIME: Duration = Duration::from_millis(400);
const RUNS: usize = 5;
/// At least so many MB/s in wasm, without detectors.
const BAR: f64 = 150.0;

fn main() -> Result<(), Fault> {
    let module = std::env::var_os("GATEWRIGHT_BENCH_GUEST").map(PathBuf::from);
    println!("JSON of records with 20 fields, 3 of them masked, in pieces of 64 KiB; MB/s on one core");
    println!("{:<10}{:>12}{:>12}{:>12}{:>32}", "", "1 KB", "64 KB", "10 MB", "with all detectors, the same");
    row("native", |name, argument| Ok(if name == "body" { body(argument) } else { mask(argument) }))?;
    let Some(module) = module else {
        println!("wasm: not measured, because GATEWRIGHT_BENCH_GUEST names no module");
        return Ok(());
    };
    let filter = Filter::load(&module)?;
    let mut guest = Functions::start(&filter)?;
    let slowest = row("wasm", |name, argument| guest.call(name, argument))?;
    let verdict = if slowest >= BAR { "reached" } else { "missed" };
    println!("at least {BAR:.0} MB/s in wasm without detectors: {verdict}");
    Ok(())
}

/// Measures and prints each size; gives the slowest rate without detectors.
fn row(name: &str, mut call: impl FnMut(&str, u32) -> Result<u32, Fault>) -> Result<f64, Fault> {
    print!("{name:<10}");
    let mut slowest = f64::INFINITY;
    for detectors in [0, 16] {
        for size in (0..).take(SIZES.len()) {
            let rate = rate(size | detectors, &mut call)?;
            print!("{rate:>12.0}");
            if detectors == 0 {
                slowest = slowest.min(rate);
            }
        }
    }
    println!();
    Ok(slowest)
}

fn rate(which: u32, call: &mut impl FnMut(&str, u32) -> Result<u32, Fault>) -> Result<f64, Fault> {
    let length = call("body", which)?;
    let rounds = (2_000_000 / length).max(1);
    let mut best = 0_f64;
    for _ in 0..RUNS {
        let (started, begin, mut bytes) = (Instant::now(), processor(), 0_u64);
        while started.elapsed() < TIME {
            assert_eq!(call("mask", rounds)?, rounds, "not every body was masked");
            bytes += u64::from(length) * u64::from(rounds);
        }
        let taken =
            processor().zip(begin).map_or(started.elapsed(), |(end, begin)| end.saturating_sub(begin));
        best = best.max(bytes as f64 / 1e6 / taken.as_secs_f64());
    }
    Ok(best)
}

/// How long this thread has run (Linux, `proc_pid_schedstat(5)`).
fn processor() -> Option<Duration> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(statistics.split(' ').next()?.parse().ok()?))
}
