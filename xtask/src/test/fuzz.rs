//! A short run of every fuzz target: its committed corpus, and then some seconds of new inputs.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail};
use gatewright_tests::{corpus, tools};

use super::Outcome;
use crate::command::{cargo, on_path, output, run, target_dir};

/// How long each target looks for something new.
const SECONDS: u32 = 10;

/// What cargo-fuzz passes, less the sanitizers, which need a nightly compiler: coverage is what guides libFuzzer.
const FLAGS: &str = "--cfg fuzzing -C passes=sancov-module -C llvm-args=-sanitizer-coverage-level=4 \
    -C llvm-args=-sanitizer-coverage-inline-8bit-counters -C llvm-args=-sanitizer-coverage-pc-table \
    -C codegen-units=1 -C debug-assertions";

pub(super) fn smoke() -> Result<Outcome> {
    if on_path("c++").is_none() {
        return Ok(Outcome::Incomplete("libFuzzer is C++, and there is no C++ compiler".to_owned()));
    }
    let fuzz = tools::repo().join("fuzz");
    let target = target_dir().join("fuzz");
    let platform = platform()?;
    let mut build = cargo();
    build
        .args(["build", "--quiet", "--release", "--manifest-path"])
        .arg(fuzz.join("Cargo.toml"))
        // Naming the platform keeps the flags from build scripts.
        .args(["--target", &platform, "--target-dir"])
        .arg(&target)
        .env("RUSTFLAGS", FLAGS);
    run(&mut build)?;
    let statements = statements(&target)?;
    let built = target.join(&platform).join("release");
    let names = targets(&fuzz)?;
    // As many at a time as there are processors: each uses one.
    let at_a_time = thread::available_parallelism().map_or(1, NonZero::get);
    for some in names.chunks(at_a_time) {
        thread::scope(|scope| {
            let running: Vec<_> = some
                .iter()
                .map(|name| {
                    let more = (name == "sql").then_some(statements.as_path());
                    let (built, fuzz, target) = (&built, &fuzz, &target);
                    scope.spawn(move || fuzz_one(name, built, fuzz, target, more))
                })
                .collect();
            running
                .into_iter()
                .try_for_each(|one| one.join().unwrap_or_else(|_| bail!("a fuzzer's thread failed")))
        })?;
    }
    Ok(Outcome::Passed)
}

fn fuzz_one(name: &str, built: &Path, fuzz: &Path, target: &Path, more: Option<&Path>) -> Result<()> {
    let found = target.join("corpus").join(name);
    fs::create_dir_all(&found)?;
    let mut fuzzer = Command::new(built.join(name));
    fuzzer
        .args(["-verbosity=0", "-print_final_stats=0", "-close_fd_mask=1"])
        .arg(format!("-max_total_time={SECONDS}"))
        .arg(format!("-artifact_prefix={}/", target.display()))
        // New inputs go to the first folder, not to the committed one.
        .arg(&found)
        .arg(fuzz.join("corpus").join(name))
        .args(more)
        .current_dir(target);
    run(&mut fuzzer).with_context(|| format!("fuzz target `{name}`; the input is in {}", target.display()))
}

/// A folder of the statements of the end-to-end corpora, a file for each.
fn statements(target: &Path) -> Result<PathBuf> {
    let folder = target.join("statements");
    fs::create_dir_all(&folder)?;
    for case in [corpus::read("leaks")?, corpus::read("ordinary")?].concat() {
        fs::write(folder.join(&case.name), case.statements.join(";\n"))?;
    }
    Ok(folder)
}

fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fuzz.join("fuzz_targets").read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    if names.is_empty() {
        bail!("there is no fuzz target in `{}`", fuzz.display());
    }
    Ok(names)
}

fn platform() -> Result<String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its platform")?.to_owned())
}
