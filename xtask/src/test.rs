//! `cargo xtask test`: all checks and all tests. Every group runs, whatever became of those before it; the tests
//! themselves come last, so that the runner's summary is what one sees.

mod deny;
mod fuzz;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use gatewright_tests::container;

use crate::build;
use crate::command::{cargo, on_path, run as run_command};
use crate::image;
use crate::report::{Paint, paint, seconds, step, warn};
use crate::setup::{self, Say, WasmToolchain};

/// What became of a group.
enum Outcome {
    Passed,
    /// Only in part, or not at all, because something is not to be had here.
    Incomplete(String),
    Failed(String),
}

struct Line {
    group: &'static str,
    outcome: Outcome,
    time: Duration,
}

/// Runs everything; with filters, only the tests whose names contain one of them.
pub(crate) fn run(filters: &[String]) -> Result<()> {
    let mut table = Vec::new();
    let mut wasm = None;
    group(&mut table, "setup", || {
        wasm = Some(setup::run(Say::Changes)?.wasm);
        Ok(Outcome::Passed)
    });
    thread::scope(|scope| {
        // Beside the lints: it has a target folder of its own, and half of it occupies one processor alone.
        let building = scope.spawn(|| build_all(wasm));
        if filters.is_empty() {
            group(&mut table, "format", || passed(run_command(cargo().args(["fmt", "--all", "--check"]))));
            group(&mut table, "lints", || {
                passed(run_command(clippy(cargo().args(["clippy", "--workspace", "--all-targets"]))))
            });
            group(&mut table, "licences and sources", deny::check);
        }
        group(&mut table, "the rest of the build of the filters", || {
            passed(building.join().unwrap_or_else(|_| bail!("the build's thread failed")))
        });
    });
    if filters.is_empty() {
        group(&mut table, "lints of the filters as wasm", || wasm_lints(wasm));
        group(&mut table, "examples in the documentation", || {
            passed(run_command(cargo().args(["test", "--quiet", "--workspace", "--doc"])))
        });
        group(&mut table, "fuzz targets, briefly", fuzz::smoke);
    }
    print(&table);
    let failed = table.iter().any(|line| matches!(line.outcome, Outcome::Failed(_)));
    let (without, contained) = match filters {
        [] => (end_to_end_without_envoy(), end_to_end_in_a_container()),
        _ => (Ok(()), Ok(())),
    };
    // Last, so that the summary at the end is that of everything.
    tests(filters).and(without).and(contained)?;
    if failed {
        bail!("the tests passed, but not every other check: see the table above");
    }
    Ok(())
}

fn group(table: &mut Vec<Line>, group: &'static str, body: impl FnOnce() -> Result<Outcome>) {
    step("Checking", group);
    let start = Instant::now();
    let outcome = body().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
    if let Outcome::Failed(why) = &outcome {
        println!("{} {group}: {why}", paint(Paint::Red, format!("{:>12}", "Failed")));
    }
    table.push(Line { group, outcome, time: start.elapsed() });
}

fn passed(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

fn clippy(command: &mut std::process::Command) -> &mut std::process::Command {
    command.args(["--quiet", "--", "--deny", "warnings"])
}

fn wasm_lints(wasm: Option<WasmToolchain>) -> Result<Outcome> {
    match wasm {
        Some(wasm @ WasmToolchain::Own) => {
            let mut command = wasm.cargo("clippy", &build::Place::here()?)?;
            command
                .args(["--package", build::PACKAGE, "--package", build::HTTP_PACKAGE, "--target-dir"])
                .arg(build::wasm_target_dir());
            passed(run_command(clippy(&mut command)))
        }
        Some(WasmToolchain::Debian) => {
            Ok(Outcome::Incomplete("Debian's Rust for wasm has no clippy".to_owned()))
        }
        None => Ok(Outcome::Incomplete("there is no toolchain for wasm".to_owned())),
    }
}

/// The host is built with the tests that start it.
fn build_all(wasm: Option<WasmToolchain>) -> Result<()> {
    let Some(wasm) = wasm else { bail!("there is no toolchain for wasm: see setup") };
    build::filters(wasm)?;
    build::test_filters(wasm)
}

/// Unit, property, native-and-wasm and end-to-end tests.
fn tests(filters: &[String]) -> Result<()> {
    step("Testing", if filters.is_empty() { "everything".to_owned() } else { filters.join(" ") });
    if on_path("cargo-nextest").is_some() {
        let mut command = cargo();
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(filters);
        // A filter that fits nothing is a mistake; a workspace always has tests.
        return run_command(command.arg("--no-tests=fail"));
    }
    warn("cargo-nextest is not installed: `cargo test` runs the tests, which is slower");
    run_command(
        cargo()
            .args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests", "--"])
            .args(filters),
    )
}

/// The suites that are run with Envoy in a container: all pass there, and starting containers takes its time.
const CONTAINED: &[&str] = &["policy", "login", "masking", "http_api"];

/// What of end to end shows that the filter is the same in a container; says loudly when it could not be run.
fn end_to_end_in_a_container() -> Result<()> {
    if let Err(why) = container::engine() {
        warn(
            "!!! NOT TESTED: Envoy in a container. A Docker engine is needed, and `.ci/run` could not start one",
        );
        warn(format!("!!! {why:#}"));
        return Ok(());
    }
    step("Testing", "end to end, with Envoy in a container");
    if std::env::var_os("GATEWRIGHT_ENVOY_IMAGE").is_some() {
        return end_to_end_on("container", CONTAINED, &[]);
    }
    image::build()?;
    end_to_end_on("container", CONTAINED, &[("GATEWRIGHT_ENVOY_IMAGE", &image::name())])
}

/// The end-to-end suites that the proxy has a part in, once more: with `gatewright run` in Envoy's place.
fn end_to_end_without_envoy() -> Result<()> {
    step("Testing", "end to end, without Envoy");
    // Cargo builds it along with its own tests only.
    build::host()?;
    let suites = [
        "login",
        "policy",
        "approval",
        "masking",
        "recording",
        "fail_closed",
        "drivers",
        "copy_out",
        "detectors",
        "explain",
        "functions",
        "shadow",
        "announced",
        "ephemeral",
        "pipelines",
        "http_api",
        "http_mcp",
        "http_identity",
        "http_credentials",
        "http_protocol",
        "http_everything",
        "http_strangers",
    ];
    end_to_end_on("standalone", &suites, &[])
}

/// Suites with that proxy, less what is about Envoy alone.
fn end_to_end_on(proxy: &str, suites: &[&str], more: &[(&str, &str)]) -> Result<()> {
    let mut command = cargo();
    let suites = suites.iter().flat_map(|suite| ["--test", suite]);
    if on_path("cargo-nextest").is_some() {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(suites);
        command.args(["--filterset", "not test(/_in_envoy$/)"]);
    } else {
        command.args(["test", "--workspace", "--no-fail-fast"]).args(suites).args([
            "--",
            "--skip",
            "_in_envoy",
        ]);
    }
    run_command(command.env("GATEWRIGHT_PROXY", proxy).envs(more.iter().copied()))
}

fn print(table: &[Line]) {
    println!();
    for Line { group, outcome, time } in table {
        let (word, why) = match outcome {
            Outcome::Passed => (paint(Paint::Green, "passed    "), ""),
            Outcome::Incomplete(why) => (paint(Paint::Yellow, "incomplete"), why.as_str()),
            Outcome::Failed(why) => (paint(Paint::Red, "FAILED    "), why.lines().next().unwrap_or_default()),
        };
        println!("  {word}  {:>12}  {group}{}{why}", seconds(*time), if why.is_empty() { "" } else { ": " });
    }
    println!();
}
