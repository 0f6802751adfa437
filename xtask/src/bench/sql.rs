//! The analysis of statements, natively and in wasm.

use anyhow::Result;

use crate::build;
use crate::command::{cargo, run as run_command};
use crate::setup::{self, Say};

/// Measures and prints.
pub(crate) fn run() -> Result<()> {
    let ready = setup::run(Say::Changes)?;
    let guest = build::bench_guest(ready.wasm)?;
    let bench = ["bench", "--quiet", "--package", "gatewright-bench-guest", "--bench", "sql"];
    run_command(cargo().args(bench).env("GATEWRIGHT_BENCH_GUEST", guest))
}
