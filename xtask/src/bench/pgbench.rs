//! One run of pgbench, and what it measured.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use gatewright_tests::client::Login;

/// What one run measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Transactions per second, without the time of connecting.
    pub(crate) tps: f64,
    /// Median latency, in microseconds.
    pub(crate) p50: f64,
    /// 99th percentile of latency, in microseconds.
    pub(crate) p99: f64,
}

/// `pgbench -S -M prepared` with that many clients for that many seconds.
pub(crate) fn select_only(login: &Login, clients: u32, seconds: u32, folder: &Path) -> Result<Sample> {
    fs::create_dir_all(folder)?;
    let prefix = folder.join("log");
    let (clients, seconds, prefix) = (clients.to_string(), seconds.to_string(), prefix.to_string_lossy());
    let jobs = if clients == "1" { "1" } else { "2" };
    let prefix = format!("--log-prefix={prefix}");
    let args = ["-n", "-S", "-M", "prepared", "-c", &clients, "-j", jobs, "-T", &seconds, "-l", &prefix];
    let output = login.pgbench(&args)?;
    ensure!(output.success, "pgbench: {}", output.stderr);
    let tps =
        output.stdout.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    let mut latencies = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        for line in fs::read_to_string(&path)?.lines() {
            latencies.extend(line.split(' ').nth(2).and_then(|latency| latency.parse::<u32>().ok()));
        }
        fs::remove_file(path)?;
    }
    ensure!(!latencies.is_empty(), "pgbench logged nothing");
    latencies.sort_unstable();
    let at = |share: f64| f64::from(latencies[((latencies.len() - 1) as f64 * share) as usize]);
    Ok(Sample { tps: tps.context("pgbench printed no tps")?, p50: at(0.50), p99: at(0.99) })
}

/// The median of each figure over several runs.
pub(crate) fn median(samples: &[Sample]) -> Sample {
    let of = |figure: fn(&Sample) -> f64| {
        let mut all: Vec<f64> = samples.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Sample { tps: of(|s| s.tps), p50: of(|s| s.p50), p99: of(|s| s.p99) }
}
