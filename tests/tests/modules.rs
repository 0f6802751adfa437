//! The built modules: nothing in them tells of the machine that built them, or depends on it.
#![allow(missing_docs, reason = "a test")]

use std::env;
use std::fs;

use anyhow::{Result, ensure};
use gatewright_tests::tools::{self, Filter};
use wasmparser::{Parser, Payload};

/// Folders of this machine, and how those of other machines begin.
fn machine_paths() -> Vec<String> {
    let known = ["HOME", "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_HOME", "GATEWRIGHT_CACHE", "TMPDIR"];
    let set = known.iter().filter_map(|name| env::var(name).ok()).filter(|path| path.len() > 1);
    let own = set
        .chain([tools::repo().display().to_string()])
        .map(|path| format!("{}/", path.trim_end_matches('/')));
    let usual = ["/home/", "/root/", "/Users/", "/tmp/", "registry/src/", "C:\\"];
    own.chain(usual.map(str::to_owned)).collect()
}

#[test]
fn no_path_of_a_machine_is_in_them() -> Result<()> {
    for filter in [Filter::Release, Filter::Http] {
        let path = tools::filter(filter)?;
        let module = fs::read(&path)?;
        for needle in machine_paths() {
            let at = memchr::memmem::find(&module, needle.as_bytes());
            let around = at.map(|at| {
                let end = module.len().min(at + 120);
                String::from_utf8_lossy(module.get(at..end).unwrap_or_default()).into_owned()
            });
            ensure!(
                around.is_none(),
                "`{}` holds `{needle}`: {}",
                path.display(),
                around.unwrap_or_default()
            );
        }
        // Where panics happen is still told, by paths that are the same everywhere.
        for told in ["/crates/sqlparser-", "filters/sql/src/"] {
            ensure!(memchr::memmem::find(&module, told.as_bytes()).is_some(), "{told}");
        }
    }
    Ok(())
}

/// Names of functions, of the compiler and of files are in custom sections.
#[test]
fn nothing_is_in_them_that_only_debuggers_read() -> Result<()> {
    for filter in [Filter::Release, Filter::Http] {
        for payload in Parser::new(0).parse_all(&fs::read(tools::filter(filter)?)?) {
            if let Payload::CustomSection(section) = payload? {
                anyhow::bail!("{filter:?} has the section `{}`", section.name());
            }
        }
    }
    Ok(())
}
