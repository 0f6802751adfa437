//! `cargo xtask setup | build | demo | test`: everything that Cargo alone does not do.

mod build;
mod command;
mod report;
mod setup;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set up, build, demonstrate and test Gatewright")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Bring what the other commands need: wasm target, Envoy, PostgreSQL, Python drivers
    Setup,
    /// Build the host and the filters (into target/filters)
    Build,
}

fn main() -> Result<()> {
    match Cli::parse().task {
        Task::Setup => setup::run(setup::Say::Everything).map(|_| ()),
        Task::Build => build::run_all(),
    }
}
