//! What the analysis of a statement costs: natively, and in a wasm VM (wasmtime). `cargo xtask bench sql`.
#![allow(missing_docs, reason = "a program")]

use std::path::PathBuf;
use std::time::Instant;

use gatewright_bench_guest::{fresh, prepare, seen};
use gatewright_testing::{Fault, Filter, Functions};

const ROUNDS: u32 = 2_000;
const SEEN: u32 = 200_000;

fn main() -> Result<(), Fault> {
    let module = std::env::var_os("GATEWRIGHT_BENCH_GUEST").map(PathBuf::from);
    let length = prepare(ROUNDS);
    println!("{:<10}{:>22}{:>26}", "", "known by its shape", format!("new, {length} bytes"));
    row("native", |name, rounds| Ok(if name == "seen" { seen(rounds) } else { fresh(rounds) }))?;
    let Some(module) = module else {
        println!("wasm: not measured, because GATEWRIGHT_BENCH_GUEST names no module");
        return Ok(());
    };
    let filter = Filter::load(&module)?;
    let mut guest = Functions::start(&filter)?;
    guest.call("prepare", ROUNDS)?;
    row("wasm", |name, rounds| guest.call(name, rounds))
}

/// Runs each kind some times, and prints the median.
fn row(name: &str, mut call: impl FnMut(&str, u32) -> Result<u32, Fault>) -> Result<(), Fault> {
    let mut median = |what: &str, rounds: u32, runs: usize| -> Result<f64, Fault> {
        let mut each: Vec<f64> = Vec::new();
        for _ in 0..runs {
            let start = Instant::now();
            let understood = call(what, rounds)?;
            assert_eq!(understood, rounds, "not all statements were understood");
            each.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
        }
        each.sort_by(f64::total_cmp);
        Ok(each[each.len() / 2])
    };
    // Whoever sees 2,000 shapes has none of the first ones left in the cache.
    let new = median("fresh", ROUNDS, 5)?;
    let known = median("seen", SEEN, 5)?;
    println!("{name:<10}{known:>19.2} µs{new:>23.1} µs");
    Ok(())
}
