//! The companion host of the Gatewright filters: it holds what the filters must not (credentials, approvals,
//! recordings) and compiles what they need (the bundle). See `gatewright --help`.

mod approvals;
mod artifact;
mod catalogue;
mod cli;
mod client;
mod compile;
mod config;
mod credentials;
mod deployments;
mod doctor;
mod each;
mod envoy;
mod ephemeral;
mod estimate;
mod explain;
mod http;
mod keys;
mod lease;
mod log;
mod login;
mod mac;
mod metrics;
mod notify;
mod policies;
mod policy_test;
mod progress;
mod recordings;
mod relay;
mod report;
mod retention;
mod rewrap;
mod run;
mod secret;
mod serve;
mod settings;
mod siem;
mod slack;
mod store;
mod table;
#[cfg(test)]
mod testing;
mod time;
mod tokens;
mod tools;
mod trace;
mod ui;
mod vault;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // One for everything that speaks TLS; none is there before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = cli::Cli::parse();
    match cli::run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gatewright: {error:#}");
            ExitCode::from(2)
        }
    }
}
