//! One run of pgbench, and what it measured.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gatewright_tests::client::Login;
use gatewright_tests::tools::{self, PgVersion};

use super::cpu;

/// The processes that a run keeps busy, by id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Busy {
    /// Envoy, where there is one.
    pub(crate) proxy: Option<u32>,
    /// The companion host.
    pub(crate) host: Option<u32>,
    /// PostgreSQL, whose children do the work.
    pub(crate) server: u32,
}

/// Processor time of each part.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// pgbench.
    pub(crate) client: f64,
    /// Envoy.
    pub(crate) proxy: f64,
    /// The companion host.
    pub(crate) host: f64,
    /// PostgreSQL.
    pub(crate) server: f64,
}

impl Cpu {
    fn read(busy: Busy) -> Self {
        let own = |id: Option<u32>| id.map_or(0.0, |id| cpu::seconds(&id.to_string(), false));
        Self {
            client: cpu::seconds("self", true),
            proxy: own(busy.proxy),
            host: own(busy.host),
            server: cpu::seconds(&busy.server.to_string(), true),
        }
    }

    /// All parts together.
    pub(crate) fn total(self) -> f64 {
        self.client + self.proxy + self.host + self.server
    }
}

/// What one run measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Processor time for each transaction, in microseconds.
    pub(crate) cpu: Cpu,
    /// Transactions per second, without the time of connecting.
    pub(crate) tps: f64,
    /// Median latency, in microseconds.
    pub(crate) p50: f64,
    /// 99th percentile of latency, in microseconds.
    pub(crate) p99: f64,
}

/// `pgbench -S -M prepared` with that many clients for that many seconds.
pub(crate) fn select_only(
    login: &Login,
    busy: Busy,
    clients: u32,
    seconds: u32,
    folder: &Path,
) -> Result<Sample> {
    measured(login.program(tools::postgres(PgVersion::V18)?.join("pgbench")), busy, clients, seconds, folder)
}

/// The same by a pgbench that knows where to connect.
pub(crate) fn measured(
    mut pgbench: Command,
    busy: Busy,
    clients: u32,
    seconds: u32,
    folder: &Path,
) -> Result<Sample> {
    fs::create_dir_all(folder)?;
    let before = Cpu::read(busy);
    let prefix = folder.join("log");
    let (clients, seconds, prefix) = (clients.to_string(), seconds.to_string(), prefix.to_string_lossy());
    let jobs = if clients == "1" { "1" } else { "2" };
    let prefix = format!("--log-prefix={prefix}");
    let args = ["-n", "-S", "-M", "prepared", "-c", &clients, "-j", jobs, "-T", &seconds, "-l", &prefix];
    let output = gatewright_tests::run(pgbench.args(args))?;
    ensure!(output.success, "pgbench: {}", output.stderr);
    // What is recorded comes in batches, and the server's processes end a moment after their clients.
    std::thread::sleep(Duration::from_millis(300));
    let after = Cpu::read(busy);
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
    let each = |after: f64, before: f64| (after - before) * 1e6 / latencies.len() as f64;
    let cpu = Cpu {
        client: each(after.client, before.client),
        proxy: each(after.proxy, before.proxy),
        host: each(after.host, before.host),
        server: each(after.server, before.server),
    };
    Ok(Sample { cpu, tps: tps.context("pgbench printed no tps")?, p50: at(0.50), p99: at(0.99) })
}

/// The median of each figure over several runs.
pub(crate) fn median(samples: &[Sample]) -> Sample {
    let of = |figure: fn(&Sample) -> f64| {
        let mut all: Vec<f64> = samples.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let cpu = Cpu {
        client: of(|s| s.cpu.client),
        proxy: of(|s| s.cpu.proxy),
        host: of(|s| s.cpu.host),
        server: of(|s| s.cpu.server),
    };
    Sample { cpu, tps: of(|s| s.tps), p50: of(|s| s.p50), p99: of(|s| s.p99) }
}
