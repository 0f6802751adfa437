//! Whether the modules depend on where they are built: a second build, from a copy of the source tree in another folder,
//! with another folder for Cargo's own files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use gatewright_artifact::Digest;
use gatewright_tests::tools;

use super::elsewhere;
use crate::build::{self, Place};
use crate::command::output;
use crate::report::{seconds, step};
use crate::setup::WasmToolchain;

/// Compares the modules in `target/filters` with those of a second build.
pub(super) fn prove(wasm: WasmToolchain) -> Result<()> {
    let start = Instant::now();
    let here = Place::here()?;
    // Not of the same length either: what shifts by it would be seen.
    let top = elsewhere().join("a-folder-with-a-longer-name");
    let there = Place { repo: top.join("source"), target: top.join("built"), cargo_home: top.join("home") };
    if top.exists() {
        fs::remove_dir_all(&top).with_context(|| format!("removing `{}`", top.display()))?;
    }
    copy(&here.repo, &there.repo)?;
    link(&here.cargo_home, &there.cargo_home)?;
    step("Comparing", format!("with a second build in {}", top.display()));
    for (name, second) in build::filters_in(wasm, &there)? {
        let first = fs::read(tools::filters().join(name))?;
        if first != second {
            // Left where it is, to be looked at.
            let kept = top.join(name);
            fs::write(&kept, &second)?;
            bail!("`{name}` depends on where it is built: see `{}`", kept.display());
        }
        step("Same", format!("{name} {}", Digest::of(&second)));
    }
    fs::remove_dir_all(elsewhere())?;
    step("Finished", format!("the second build in {}", seconds(start.elapsed())));
    Ok(())
}

/// The source tree as it lies there: what git knows, and what it does not ignore.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let names = output(Command::new("git").args(listed).current_dir(from))?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (from.join(name), to.join(name));
        // One that git knows may have been removed.
        if !from.is_file() {
            continue;
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(&from, &to).with_context(|| format!("copying `{}`", from.display()))?;
    }
    Ok(())
}

/// Cargo's folder under another name: its settings and what it has downloaded.
fn link(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading `{}`", from.display()))? {
        let entry = entry?;
        symlink(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
