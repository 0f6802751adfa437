//! What tests want from npm: MCP's own test server and inspector, the schemas of Kubernetes and Istio, a
//! PostgreSQL with TLS, AssemblyScript with two of its SDKs for filters, and asciinema's player.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use gatewright_tests::tools;

use super::Say;
use crate::command::{on_path, output};
use crate::report::{step, warn};

/// The inspector is of its first line: the second wants a newer Node.js than Debian has.
const PACKAGES: &str = include_str!("packages.txt");

/// Only tests want them, so a system without npm goes on without.
pub(super) fn ensure(say: Say) -> Result<()> {
    let folder = tools::node();
    let marker = folder.join("gatewright-packages.txt");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == PACKAGES) {
        say.there(format!("MCP's test server and inspector and Kubernetes' schemas in {}", folder.display()));
        return Ok(());
    }
    if on_path("npm").is_none() {
        warn(
            "Node.js and npm are not installed: the tests with MCP's own server and inspector, and of manifests, will fail",
        );
        return Ok(());
    }
    step("Installing", "MCP's test server and inspector and Kubernetes' schemas from npm");
    fs::create_dir_all(&folder).with_context(|| format!("creating `{}`", folder.display()))?;
    // Quietly: the inspector would like a newer Node.js, and says so at length.
    output(
        Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
            .arg(&folder)
            // Programs of one kind of machine are refused by others.
            .args(PACKAGES.lines().filter(|name| cfg!(target_arch = "x86_64") || !name.contains("-x64"))),
    )?;
    // The marker comes last: a setup that was interrupted starts again.
    fs::write(&marker, PACKAGES).with_context(|| format!("writing `{}`", marker.display()))
}
