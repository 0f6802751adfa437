//! Where a build happens, and how nothing of that gets into a module.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use gatewright_tests::tools;

use super::wasm_target_dir;
use crate::command::{cargo, run};

/// Folders of a build.
pub(crate) struct Place {
    /// The source tree.
    pub(crate) repo: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    /// Where Cargo keeps the sources of dependencies.
    pub(crate) cargo_home: PathBuf,
}

impl Place {
    /// This source tree, with its own folder for wasm.
    pub(crate) fn here() -> Result<Self> {
        let cargo_home = match env::var_os("CARGO_HOME") {
            Some(home) => PathBuf::from(home),
            None => PathBuf::from(env::var_os("HOME").context("neither $CARGO_HOME nor $HOME is set")?)
                .join(".cargo"),
        };
        // What a link leads to, so that two clones with one target folder share what is built in it.
        let target = wasm_target_dir();
        fs::create_dir_all(&target)?;
        Ok(Self { repo: tools::repo(), target: target.canonicalize()?, cargo_home })
    }

    /// What rustc is told to write instead of these folders, which are in the messages of panics. Where two fit, the last
    /// counts.
    pub(crate) fn remapped(&self) -> Result<Vec<String>> {
        let sources = self.cargo_home.join("registry/src");
        if !sources.is_dir() {
            run(cargo().args(["fetch", "--quiet", "--locked"]))?;
        }
        // One folder for each registry, named after its address.
        let mut registries: Vec<PathBuf> = fs::read_dir(&sources)
            .with_context(|| format!("reading `{}`", sources.display()))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        registries.sort();
        let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
        // The source tree is not among them: Cargo tells rustc of its own files relative to it.
        let mut flags = vec![remap(&self.cargo_home, "/cargo")];
        flags.extend(registries.iter().map(|registry| remap(registry, "/crates")));
        flags.push(remap(&self.target, "/target"));
        Ok(flags)
    }

    /// Lets a Cargo command build here, with flags for what it compiles to wasm.
    pub(crate) fn set(&self, command: &mut Command, flags: &[String]) -> Result<()> {
        let flags: Vec<String> = flags.iter().cloned().chain(self.remapped()?).collect();
        command
            .current_dir(&self.repo)
            .env("CARGO_HOME", &self.cargo_home)
            // A folder's name may hold spaces.
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
            .env_remove("RUSTFLAGS");
        Ok(())
    }
}
