//! What `gatewright relay` adds to a connection that is encrypted with and without it.

use std::path::Path;

use anyhow::{Result, ensure};
use gatewright_tests::client::Login;
use gatewright_tests::postgres::{Auth, PgOptions, Postgres};
use gatewright_tests::relay::Relay;
use gatewright_tests::run;
use gatewright_tests::scratch::Scratch;
use gatewright_tests::tools::{self, PgVersion};

use super::super::pgbench::{Busy, Sample, measured, median};
use crate::report::{Paint, paint, step};

/// Measures and prints. The server and pgbench are Debian's, which know TLS.
pub(super) fn print(rounds: u32, seconds: u32) -> Result<()> {
    // SCRAM would be offered with a binding to the channel, which libpq does not take without TLS.
    let options = PgOptions { version: PgVersion::V15, tls: true, auth: Auth::Md5, ..PgOptions::default() };
    let postgres = Postgres::start(&options)?;
    let relay = Relay::start(postgres.port(), "localhost", &postgres.certificate())?;
    let straight = Login::new(postgres.port(), postgres.support_password());
    let owner = postgres.admin_url();
    ensure!(
        run(straight.program(program()?).args(["-i", "-q", "-s", "1", &owner]))?.success,
        "pgbench -i failed"
    );
    postgres.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO support")?;
    let relayed = Login::new(relay.port(), postgres.support_password());
    let ways = [("TLS, straight", &straight, "require"), ("through the relay", &relayed, "disable")];
    let folder = Scratch::new("bench-relay")?;
    let mut samples: [Vec<Sample>; 2] = Default::default();
    for round in 1..=rounds {
        step("Measuring", format!("the relay, round {round} of {rounds}"));
        for ((_, login, mode), samples) in ways.iter().zip(&mut samples) {
            samples.push(way(login, mode, postgres.id(), seconds, folder.path())?);
        }
    }
    println!("\n{}", paint(Paint::Bold, "pgbench -S -M prepared, 1 client, a server that wants TLS"));
    println!("{:<24}{:>10}{:>10}{:>10}{:>12}", "", "tps", "p50 µs", "p99 µs", "added µs");
    let samples = samples.map(|samples| median(&samples));
    for ((name, ..), sample) in ways.iter().zip(&samples) {
        let added = sample.p50 - samples[0].p50;
        println!("{name:<24}{:>10.0}{:>10.0}{:>10.0}{added:>12.0}", sample.tps, sample.p50, sample.p99);
    }
    Ok(())
}

fn program() -> Result<std::path::PathBuf> {
    Ok(tools::postgres(PgVersion::V15)?.join("pgbench"))
}

fn way(login: &Login, mode: &str, server: u32, seconds: u32, folder: &Path) -> Result<Sample> {
    let busy = Busy { proxy: None, host: None, server };
    let mut pgbench = login.program(program()?);
    pgbench.env("PGSSLMODE", mode);
    measured(pgbench, busy, 1, seconds, folder)
}
