//! The companion host of the Gatewright filters: it holds what the filters must not (credentials, approvals,
//! recordings) and compiles what they need (the bundle). See `gatewright --help`.

mod approvals;
mod catalogue;
mod cli;
mod client;
mod compile;
mod config;
mod credentials;
mod doctor;
mod envoy;
mod explain;
mod http;
mod keys;
mod log;
mod login;
mod metrics;
mod notify;
mod policies;
mod policy_test;
mod recordings;
mod relay;
mod report;
mod run;
mod secret;
mod serve;
mod settings;
mod store;
mod table;
mod time;
mod tools;
mod ui;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match cli::run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gatewright: {error:#}");
            ExitCode::from(2)
        }
    }
}
