//! The wasm32-wasip1 standard library: rustup's, or Debian's Rust with the standard library built from source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use gatewright_tests::tools;

use super::{Say, debian};
use crate::build::Place;
use crate::command::{cargo, on_path, output, succeeds_within};
use crate::report::{step, warn};

pub(crate) const TARGET: &str = "wasm32-wasip1";

const DEBIAN_PACKAGES: [&str; 6] =
    ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22", "wasi-libc"];
const DEBIAN_LIBC: &str = "/usr/lib/wasm32-wasi";

/// How long a failed download is remembered.
const RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What compiles the filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WasmToolchain {
    /// The toolchain in use has the target.
    Own,
    /// Debian's Cargo and rustc, which build the standard library as well.
    Debian,
}

impl WasmToolchain {
    /// A Cargo command for wasm32-wasip1: `subcommand`, with what this toolchain needs, to be run in that place.
    pub(crate) fn cargo(self, subcommand: &str, place: &Place) -> Result<Command> {
        match self {
            Self::Own => {
                let mut command = cargo();
                place.set(&mut command, &[])?;
                command.args([subcommand, "--target", TARGET]);
                Ok(command)
            }
            Self::Debian => {
                let mut command = Command::new("/usr/bin/cargo");
                let flags = [format!("-Lnative={DEBIAN_LIBC}"), "-Clink-self-contained=no".to_owned()];
                place.set(&mut command, &flags)?;
                command
                    .args([subcommand, "-Z", "build-std=std,panic_abort", "--target", TARGET])
                    .env("RUSTC", "/usr/bin/rustc")
                    .env("RUSTC_BOOTSTRAP", "1");
                // What rustup's Cargo sets for its children would lead Debian's to the other toolchain.
                for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTDOC", "RUSTC_WRAPPER"] {
                    command.env_remove(name);
                }
                Ok(command)
            }
        }
    }

    /// The version of the compiler, whose standard library is in every module.
    pub(crate) fn rustc_version(self) -> Result<String> {
        let rustc = match self {
            Self::Own => "rustc",
            Self::Debian => "/usr/bin/rustc",
        };
        let version = output(Command::new(rustc).arg("--version"))?;
        version.split(' ').nth(1).map(str::to_owned).context("rustc does not say its version")
    }
}

pub(super) fn ensure(say: Say) -> Result<WasmToolchain> {
    match std::env::var("GATEWRIGHT_WASM_TOOLCHAIN").as_deref() {
        Ok("debian") => return use_debian(say),
        Ok("own") | Err(_) => {}
        Ok(other) => bail!("GATEWRIGHT_WASM_TOOLCHAIN is `{other}`: expected `own` or `debian`"),
    }
    let library = own_library()?;
    if has_std(&library) || (on_path("rustup").is_some() && add_by_rustup() && has_std(&library)) {
        say.there(format!("{TARGET} in {}", library.display()));
        return Ok(WasmToolchain::Own);
    }
    use_debian(say)
}

fn use_debian(say: Say) -> Result<WasmToolchain> {
    debian::ensure(&DEBIAN_PACKAGES, "compiling filters to wasm without rustup")?;
    if !Path::new(DEBIAN_LIBC).join("libc.a").exists() {
        bail!("`{DEBIAN_LIBC}/libc.a` of Debian's wasi-libc is missing");
    }
    say.there(format!("{TARGET} by Debian's Rust, standard library from source"));
    Ok(WasmToolchain::Debian)
}

fn own_library() -> Result<PathBuf> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))
        .context("asking rustc where its libraries are")?;
    Ok(Path::new(&sysroot).join("lib/rustlib").join(TARGET).join("lib"))
}

fn has_std(library: &Path) -> bool {
    let Ok(entries) = library.read_dir() else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// On a closed network rustup waits without end, hence the limit, and the memory of having tried.
fn add_by_rustup() -> bool {
    let failed = tools::cache().join("rustup-target-failed");
    let recent = fs::metadata(&failed)
        .and_then(|file| file.modified())
        .is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age < RETRY_AFTER));
    if recent {
        return false;
    }
    // Where Debian's way is open there is no need to wait long.
    let limit = Duration::from_secs(if debian::is_debian() { 20 } else { 600 });
    step("Installing", format!("{TARGET} by rustup (at most {} s)", limit.as_secs()));
    if succeeds_within(Command::new("rustup").args(["target", "add", TARGET]), limit) {
        return true;
    }
    warn(format!(
        "rustup could not bring {TARGET}; trying again after a day, or once `{}` is deleted",
        failed.display()
    ));
    let _ = fs::create_dir_all(tools::cache());
    let _ = fs::write(&failed, "");
    false
}
