//! One run of wrk, and what it measured.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::bench::cpu;
use crate::command::output;

/// What to ask for, and how.
pub(in crate::bench) struct Load<'a> {
    /// Where.
    pub(in crate::bench) url: String,
    /// Bearer token.
    pub(in crate::bench) token: &'a str,
    /// Connections.
    pub(in crate::bench) clients: u32,
    /// How long.
    pub(in crate::bench) seconds: u32,
    /// Process id of the proxy.
    pub(in crate::bench) envoy: u32,
}

/// What one run measured.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Sample {
    /// Requests per second.
    pub(in crate::bench) rate: f64,
    /// Median latency, in microseconds.
    pub(in crate::bench) p50: f64,
    /// 99th percentile of latency, in microseconds.
    pub(in crate::bench) p99: f64,
    /// Processor time of the proxy for each request, in microseconds.
    pub(in crate::bench) cpu: f64,
}

/// Runs wrk.
pub(in crate::bench) fn run(load: &Load<'_>) -> Result<Sample> {
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
pub(in crate::bench) fn median(samples: &[Sample]) -> Sample {
    let of = |figure: fn(&Sample) -> f64| {
        let mut all: Vec<f64> = samples.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Sample { rate: of(|s| s.rate), p50: of(|s| s.p50), p99: of(|s| s.p99), cpu: of(|s| s.cpu) }
}
