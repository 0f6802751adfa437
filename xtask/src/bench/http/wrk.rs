//! One run of wrk, and what it measured.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::bench::cpu;
use crate::command::output;

/// What to ask for, and how.
pub(super) struct Load<'a> {
    /// Where.
    pub(super) url: String,
    /// Bearer token.
    pub(super) token: &'a str,
    /// Connections.
    pub(super) clients: u32,
    /// How long.
    pub(super) seconds: u32,
    /// Process id of the proxy.
    pub(super) envoy: u32,
}

/// What one run measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Requests per second.
    pub(super) rate: f64,
    /// Median latency, in microseconds.
    pub(super) p50: f64,
    /// 99th percentile of latency, in microseconds.
    pub(super) p99: f64,
    /// Processor time of the proxy for each request, in microseconds.
    pub(super) cpu: f64,
}

/// Runs wrk.
pub(super) fn run(load: &Load<'_>) -> Result<Sample> {
    let envoy = load.envoy.to_string();
    let before = cpu::seconds(&envoy, false);
    let mut wrk = Command::new("wrk");
    wrk.args(["--latency", "--threads", if load.clients == 1 { "1" } else { "2" }])
        .args(["--connections", &load.clients.to_string()])
        .args(["--duration", &format!("{}s", load.seconds)])
        .args(["--header", &format!("authorization: Bearer {}", load.token)])
        .arg(&load.url);
    let report = output(&mut wrk)?;
    let spent = cpu::seconds(&envoy, false) - before;
    ensure!(!report.contains("Non-2xx"), "wrk got refusals:\n{report}");
    let field = |label: &str| report.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim);
    let latency = |label: &str| field(label).and_then(microseconds).context("wrk printed no latency");
    let total = report
        .lines()
        .find_map(|line| line.split_once(" requests in ")?.0.trim().parse::<f64>().ok())
        .context("wrk printed no number of requests")?;
    let rate = field("Requests/sec:").and_then(|rate| rate.parse().ok()).context("wrk printed no rate")?;
    Ok(Sample { rate, p50: latency("50%")?, p99: latency("99%")?, cpu: spent * 1e6 / total.max(1.0) })
}

/// `75.00us`, `1.20ms`, `2.00s`.
fn microseconds(text: &str) -> Option<f64> {
    [("us", 1.0), ("ms", 1e3), ("s", 1e6)]
        .into_iter()
        .find_map(|(unit, scale)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * scale))
}

/// The median of each figure over several runs.
pub(super) fn median(samples: &[Sample]) -> Sample {
    let of = |figure: fn(&Sample) -> f64| {
        let mut all: Vec<f64> = samples.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Sample { rate: of(|s| s.rate), p50: of(|s| s.p50), p99: of(|s| s.p99), cpu: of(|s| s.cpu) }
}
