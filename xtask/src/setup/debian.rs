//! Debian packages: installed as root, named to everybody else.

use std::process::Command;

use anyhow::{Result, bail};
use gatewright_tests::account::is_root;

use crate::command::{on_path, output, run};
use crate::report::step;

/// Whether this system has apt.
pub(crate) fn is_debian() -> bool {
    on_path("apt-get").is_some()
}

/// Installs those of `packages` that are missing. `purpose` completes "… is needed for".
pub(crate) fn ensure(packages: &[&str], purpose: &str) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !is_debian() {
        bail!("{purpose} needs what Debian calls `{list}`: install it by this system's own means");
    }
    if !is_root() {
        bail!("{purpose} needs packages that only root can install. Run:\n  sudo apt-get install {list}");
    }
    step("Installing", format!("Debian packages for {purpose}: {list}"));
    // A package list from when the image was made may name versions that are gone.
    run(apt().arg("update"))?;
    run(apt().args(["install", "--yes", "--no-install-recommends"]).args(&missing))
}

fn is_installed(package: &str) -> bool {
    output(Command::new("dpkg-query").args(["--show", "--showformat=${Status}", package]))
        .is_ok_and(|status| status == "install ok installed")
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet=2");
    command
}
