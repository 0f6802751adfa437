//! `cargo xtask bench`: measurements, side by side in one run, told as ratios because machines are noisy.

mod connection;
mod cpu;
mod guest;
mod host;
mod http;
mod mask;
mod pgbench;
mod postgres;
mod sessions;
mod standalone;

use anyhow::Result;

use crate::build;

pub(crate) use guest::run as guest;
pub(crate) use host::run as host;
pub(crate) use http::run as http;
pub(crate) use mask::run_all as mask;
pub(crate) use postgres::run as postgres;
pub(crate) use sessions::run as sessions;
pub(crate) use standalone::run as standalone;

/// Starts this command again, with a host that is built as users run it.
fn with_release_host() -> Result<()> {
    let host = build::release_host()?;
    let mut again = std::process::Command::new(std::env::current_exe()?);
    let status = again.args(std::env::args_os().skip(1)).env("GATEWRIGHT_BIN", host).status()?;
    anyhow::ensure!(status.success(), "the benchmark failed");
    Ok(())
}
