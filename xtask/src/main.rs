//! `cargo xtask setup | build | demo | test | bench | package | image`: everything that Cargo alone does not do.

mod bench;
mod build;
mod command;
mod demo;
mod image;
mod package;
mod report;
mod setup;
mod test;

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
    /// Run the whole stack on this machine and show what it does
    Demo(demo::Demo),
    /// Run all checks and all tests, or only the tests whose names contain a filter
    Test {
        /// Parts of test names
        filters: Vec<String>,
    },
    /// Write what a release is made of into a folder: an OCI image of each filter, modules, SBOMs, signatures
    Package(package::Package),
    /// Build an image of the installed Envoy, with the filters, for a Docker engine that cannot pull one
    Image,
    /// Measure what the filter costs, side by side with nothing and with a plain Envoy
    Bench {
        /// What to measure
        what: Bench,
        /// Runs of each kind, of which the median counts
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        /// Seconds of each run
        #[arg(long, default_value_t = 5)]
        seconds: u32,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Bench {
    /// Megabytes of JSON bodies per second, natively and in wasm
    Body,
    /// Events per second that the host takes in, and how long it takes to acknowledge them
    Host,
    /// wrk through a plain Envoy, Envoy's own filters, and the HTTP filter
    Http,
    /// Megabytes of rows per second, masked and searched by detectors, beside Presidio
    Mask,
    /// pgbench -S through nothing, a plain Envoy, and the filter
    Postgres,
    /// What the filter costs at 1, 10, 100 and 1,000 sessions, and how long Envoy takes to load it
    Sessions,
    /// The analysis of a statement, natively and in wasm
    Sql,
    /// The filter in Envoy and in `gatewright run`, beside PgBouncer
    Standalone,
}

fn main() -> Result<()> {
    match Cli::parse().task {
        Task::Setup => setup::run(setup::Say::Everything).map(|_| ()),
        Task::Build => build::run_all(),
        Task::Demo(demo) => demo::run(&demo),
        Task::Test { filters } => test::run(&filters),
        Task::Image => image::build(),
        Task::Package(package) => package::run(&package),
        Task::Bench { what: Bench::Body, .. } => bench::guest("body"),
        Task::Bench { what: Bench::Host, seconds, .. } => bench::host(seconds),
        Task::Bench { what: Bench::Http, rounds, seconds } => bench::http(rounds, seconds),
        Task::Bench { what: Bench::Mask, seconds, .. } => bench::mask(seconds),
        Task::Bench { what: Bench::Postgres, rounds, seconds } => bench::postgres(rounds, seconds),
        Task::Bench { what: Bench::Sessions, rounds, seconds } => bench::sessions(rounds, seconds),
        Task::Bench { what: Bench::Sql, .. } => bench::guest("sql"),
        Task::Bench { what: Bench::Standalone, rounds, seconds } => bench::standalone(rounds, seconds),
    }
}
