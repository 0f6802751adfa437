//! `cargo xtask build`: the host, and the filters as wasm.

mod strip;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gatewright_tests::tools;

use crate::command::{cargo, run, target_dir};
use crate::report::step;
use crate::setup::{self, Say, WasmToolchain};

/// The package of the PostgreSQL filter.
pub(crate) const PACKAGE: &str = "gatewright-postgres-filter";

/// The package of the HTTP filter.
pub(crate) const HTTP_PACKAGE: &str = "gatewright-http-filter";

/// A filter to build: its package, its name in `target/filters`, and its features.
struct Variant {
    package: &'static str,
    name: &'static str,
    features: &'static [&'static str],
}

const RELEASE: Variant = Variant { package: PACKAGE, name: "gatewright_postgres.wasm", features: &[] };
const HTTP: Variant = Variant { package: HTTP_PACKAGE, name: "gatewright_http.wasm", features: &[] };
const TEST_PANIC: Variant = Variant {
    package: PACKAGE,
    name: "gatewright_postgres_test_panic.wasm",
    features: &["--features", "test-panic"],
};
const GUEST: Variant =
    Variant { package: "gatewright-bench-guest", name: "gatewright_bench_guest.wasm", features: &[] };
const IDLE: Variant =
    Variant { package: "gatewright-idle-filter", name: "gatewright_idle.wasm", features: &[] };
const IDLE_HTTP: Variant = Variant {
    package: "gatewright-idle-filter",
    name: "gatewright_idle_http.wasm",
    features: &["--features", "http"],
};

pub(crate) fn run_all() -> Result<()> {
    let ready = setup::run(Say::Changes)?;
    host()?;
    filters(ready.wasm)?;
    test_filters(ready.wasm)
}

/// The filters as users get them.
pub(crate) fn filters(wasm: WasmToolchain) -> Result<()> {
    filter(wasm, &RELEASE)?;
    filter(wasm, &HTTP).map(drop)
}

/// What benchmarks run in a VM; gives its path.
pub(crate) fn bench_guest(wasm: WasmToolchain) -> Result<PathBuf> {
    filter(wasm, &GUEST)
}

/// The filter that does nothing, for benchmarks; gives its path.
pub(crate) fn idle_filter(wasm: WasmToolchain) -> Result<PathBuf> {
    filter(wasm, &IDLE)
}

/// The same for requests.
pub(crate) fn idle_http_filter(wasm: WasmToolchain) -> Result<PathBuf> {
    filter(wasm, &IDLE_HTTP)
}

/// The builds that only tests load.
pub(crate) fn test_filters(wasm: WasmToolchain) -> Result<()> {
    filter(wasm, &TEST_PANIC).map(drop)
}

/// The `gatewright` binary, beside the tests that start it; as part of the workspace, so that its dependencies have
/// the same features as in the tests and are built once.
pub(crate) fn host() -> Result<()> {
    step("Building", "host");
    run(cargo().args(["build", "--quiet", "--workspace", "--bin", "gatewright"]))
}

/// The `gatewright` binary as users run it; gives its path.
pub(crate) fn release_host() -> Result<PathBuf> {
    step("Building", "host, optimised");
    run(cargo().args(["build", "--quiet", "--release", "--package", "gatewright"]))?;
    Ok(target_dir().join("release/gatewright"))
}

/// Where wasm is built: apart from the rest, so that neither waits for the other's lock.
pub(crate) fn wasm_target_dir() -> PathBuf {
    target_dir().join("wasm")
}

fn filter(wasm: WasmToolchain, variant: &Variant) -> Result<PathBuf> {
    step("Building", variant.name);
    let target = wasm_target_dir();
    run(wasm
        .cargo("rustc")
        // Said here too, because what is also a Rust library would not be optimised across crates.
        .args(["--lib", "--crate-type", "cdylib"])
        .args(["--quiet", "--profile", "filter", "--package", variant.package, "--target-dir"])
        .arg(&target)
        .args(variant.features))?;
    let built = target.join(setup::TARGET).join("filter").join(variant.package.replace('-', "_") + ".wasm");
    let public = tools::filters().join(variant.name);
    publish(&built, &public)?;
    let size = fs::metadata(&public)?.len();
    step("Built", format!("{} ({:.2} MB)", public.display(), size as f64 / 1e6));
    Ok(public)
}

/// Copies, without what only debuggers read, in one step: an Envoy that starts meanwhile reads the old file or the new one.
fn publish(built: &Path, public: &Path) -> Result<()> {
    let built = fs::read(built).with_context(|| format!("reading `{}`", built.display()))?;
    let bytes = strip::strip(&built)?;
    if fs::read(public).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::create_dir_all(tools::filters())?;
    let partial = public.with_extension(format!("{}.partial", std::process::id()));
    fs::write(&partial, bytes)?;
    fs::rename(&partial, public).with_context(|| format!("writing `{}`", public.display()))
}
