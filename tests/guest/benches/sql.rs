//! What the analysis of a statement costs: natively, in V8 as in Envoy, and in wasmtime as in `gatewright run`, which
//! counts time in every loop so that it can stop a filter. `cargo xtask bench sql`.
#![allow(missing_docs, reason = "a program")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use gatewright_bench_guest::{fresh, prepare, seen};
use gatewright_testing::{Fault, Filter, Functions};

const ROUNDS: u32 = 2_000;
const SEEN: u32 = 50_000;
/// Many short ones: the fastest is what the work costs, the median what it cost beside all else that the machine did.
const RUNS: usize = 15;

/// Of the runs of one kind, in microseconds for each statement.
#[derive(Debug, Default, Clone, Copy)]
struct Times {
    fastest: f64,
    median: f64,
}

fn main() -> Result<(), Fault> {
    let module = std::env::var_os("GATEWRIGHT_BENCH_GUEST").map(PathBuf::from);
    let length = prepare(ROUNDS);
    println!("Microseconds for a statement of {length} bytes: the fastest of {RUNS} runs, and the median.\n");
    println!("{:<10}{:>22}{:>22}", "", "known by its shape", "new");
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
    let times: Vec<f64> = said.split_whitespace().map_while(|number| number.parse().ok()).collect();
    match times.as_slice() {
        &[fastest, median, fastest_new, median_new] => {
            print("V8", Times { fastest, median }, Times { fastest: fastest_new, median: median_new })
        }
        _ => println!("V8: not measured: {said}"),
    }
}

fn print(name: &str, known: Times, new: Times) {
    let known = format!("{:.2} ({:.2})", known.fastest, known.median);
    let new = format!("{:.1} ({:.1})", new.fastest, new.median);
    println!("{name:<10}{known:>22}{new:>22}");
}

/// Runs each kind some times.
fn row(name: &str, mut call: impl FnMut(&str, u32) -> Result<u32, Fault>) -> Result<(), Fault> {
    let mut measure = |what: &str, rounds: u32| -> Result<Times, Fault> {
        let mut each: Vec<f64> = Vec::new();
        for _ in 0..RUNS {
            let start = Instant::now();
            let understood = call(what, rounds)?;
            assert_eq!(understood, rounds, "not all statements were understood");
            each.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
        }
        each.sort_by(f64::total_cmp);
        Ok(Times { fastest: each[0], median: each[each.len() / 2] })
    };
    // Whoever sees 2,000 shapes has none of the first ones left in the cache.
    let new = measure("fresh", ROUNDS)?;
    let known = measure("seen", SEEN)?;
    print(name, known, new);
    Ok(())
}
