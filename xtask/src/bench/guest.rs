//! What the filters compute, natively and in wasm.

use anyhow::Result;

use crate::build;
use crate::command::{cargo, run as run_command};
use crate::setup::{self, Say};

/// Measures and prints one of the guest's benchmarks.
pub(crate) fn run(name: &str) -> Result<()> {
    let ready = setup::run(Say::Changes)?;
    let guest = build::bench_guest(ready.wasm)?;
    let bench = ["bench", "--quiet", "--package", "gatewright-bench-guest", "--bench", name];
    run_command(cargo().args(bench).env("GATEWRIGHT_BENCH_GUEST", guest))
}
