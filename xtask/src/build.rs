//! `cargo xtask build`: the host, and the filters as wasm.

mod place;
mod strangers;
mod strip;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gatewright_tests::tools;

use crate::command::{cargo, run, target_dir};
use crate::report::step;
use crate::setup::{self, Say, WasmToolchain};
pub(crate) use place::Place;

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
    filter(wasm, &TEST_PANIC)?;
    strangers::build(wasm)
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

/// A filter as users get it: its package, and its name in `target/filters`.
pub(crate) const RELEASED: [(&str, &str); 2] = [(PACKAGE, RELEASE.name), (HTTP_PACKAGE, HTTP.name)];

/// The bytes of the filters as users get them, built in another place.
pub(crate) fn filters_in(wasm: WasmToolchain, place: &Place) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let built = |variant: &Variant| Ok((variant.name, compile(wasm, variant, place)?));
    [RELEASE, HTTP].iter().map(built).collect()
}

fn filter(wasm: WasmToolchain, variant: &Variant) -> Result<PathBuf> {
    let public = tools::filters().join(variant.name);
    publish(&compile(wasm, variant, &Place::here()?)?, &public)?;
    let size = fs::metadata(&public)?.len();
    step("Built", format!("{} ({:.2} MB)", public.display(), size as f64 / 1e6));
    Ok(public)
}

/// A module, without what only debuggers read.
fn compile(wasm: WasmToolchain, variant: &Variant, place: &Place) -> Result<Vec<u8>> {
    step("Building", variant.name);
    run(wasm
        .cargo("rustc", place)?
        // Said here too, because what is also a Rust library would not be optimised across crates.
        .args(["--lib", "--crate-type", "cdylib"])
        .args(["--quiet", "--profile", "filter", "--package", variant.package, "--target-dir"])
        .arg(&place.target)
        .args(variant.features))?;
    let name = variant.package.replace('-', "_") + ".wasm";
    let built = place.target.join(setup::TARGET).join("filter").join(name);
    strip::strip(&fs::read(&built).with_context(|| format!("reading `{}`", built.display()))?)
}

/// Writes in one step: an Envoy that starts meanwhile reads the old file or the new one.
fn publish(bytes: &[u8], public: &Path) -> Result<()> {
    if fs::read(public).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::create_dir_all(tools::filters())?;
    let partial = public.with_extension(format!("{}.partial", std::process::id()));
    fs::write(&partial, bytes)?;
    fs::rename(&partial, public).with_context(|| format!("writing `{}`", public.display()))
}
