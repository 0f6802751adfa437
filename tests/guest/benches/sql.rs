//! What the analysis of a statement costs: natively, in V8 as in Envoy, and in wasmtime as in `gatewright run`, which
//! counts time in every loop so that it can stop a filter. `cargo xtask bench sql`.
#![allow(missing_docs, reason = "a program")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use gatewright_bench_guest::{fresh, prepare, seen};
use gatewright_testing::{Fault, Filter, Functions};

const ROUNDS: u32 = 2_000;
const SEEN: u32 = 200_000;
const RUNS: usize = 5;

fn main() -> Result<(), Fault> {
    let module = std::env::var_os("GATEWRIGHT_BENCH_GUEST").map(PathBuf::from);
    let length = prepare(ROUNDS);
    println!("{:<10}{:>22}{:>26}", "", "known by its shape", format!("new, {length} bytes"));
    row("native", |name, rounds| Ok(if name == "seen" { seen(rounds) } else { fresh(rounds) }))?;
    let Some(module) = module else {
        println!("wasm: not measured, because GATEWRIGHT_BENCH_GUEST names no module");
        return Ok(());
    };
    v8(&module);
    let filter = Filter::load(&module)?;
    let mut guest = Functions::start(&filter)?;
    guest.call("prepare", ROUNDS)?;
    row("wasmtime", |name, rounds| guest.call(name, rounds))
}

/// In V8, as Node has it.
fn v8(module: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/sql.mjs");
    let numbers = [ROUNDS, SEEN].map(|number| number.to_string());
    let output = Command::new("node").arg(script).arg(module).args(numbers).arg(RUNS.to_string()).output();
    let said = match &output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout),
        Ok(output) => String::from_utf8_lossy(&output.stderr),
        Err(error) => error.to_string().into(),
    };
    match said.trim().split_once(' ').map(|(known, new)| (known.parse(), new.parse())) {
        Some((Ok(known), Ok(new))) => print("V8", known, new),
        _ => println!("V8: not measured: {said}"),
    }
}

fn print(name: &str, known: f64, new: f64) {
    println!("{name:<10}{known:>19.2} µs{new:>23.1} µs");
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
    let new = median("fresh", ROUNDS, RUNS)?;
    let known = median("seen", SEEN, RUNS)?;
    print(name, known, new);
    Ok(())
}
