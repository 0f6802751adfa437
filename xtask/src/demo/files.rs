//! What a running demo leaves in `target/demo` for others: how to connect, and which processes belong to it.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use gatewright_tests::process;
use gatewright_tests::tools;

pub(super) fn folder() -> PathBuf {
    tools::repo().join("target/demo")
}

/// `KEY=VALUE` lines, there once the demo is ready.
pub(super) fn env() -> PathBuf {
    folder().join("env")
}

/// What the background process prints.
pub(super) fn log() -> PathBuf {
    folder().join("log")
}

fn state() -> PathBuf {
    folder().join("state")
}

/// A process of the demo. Ids are used again, so its start time belongs to its name.
pub(super) struct Owned {
    pub(super) name: String,
    pub(super) id: u32,
    started: u64,
}

impl Owned {
    /// A process that runs now.
    pub(super) fn new(name: &str, id: u32) -> Option<Self> {
        Some(Self { name: name.to_owned(), id, started: process::start_time(id)? })
    }

    /// Whether it is still that process.
    pub(super) fn is_running(&self) -> bool {
        process::is_running(self.id) && process::start_time(self.id) == Some(self.started)
    }
}

/// Writes down the processes, the demo's own first.
pub(super) fn write_state(children: &[(&'static str, u32)]) -> Result<()> {
    let own = ("demo", std::process::id());
    let owned = std::iter::once(&own).chain(children).filter_map(|(name, id)| Owned::new(name, *id));
    let lines: String =
        owned.map(|owned| format!("{} {} {}\n", owned.name, owned.id, owned.started)).collect();
    write(&state(), &lines)
}

/// The processes of the last demo, whether or not they run; the demo's own first.
pub(super) fn read_state() -> Vec<Owned> {
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let name = words.next()?.to_owned();
        Some(Owned { name, id: words.next()?.parse().ok()?, started: words.next()?.parse().ok()? })
    };
    fs::read_to_string(state()).unwrap_or_default().lines().filter_map(parse).collect()
}

pub(super) fn write_env(values: &[(&str, String)]) -> Result<()> {
    let lines: String = values.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    write(&env(), &lines)
}

/// Forgets a demo that has ended.
pub(super) fn remove() {
    let _ = fs::remove_file(env());
    let _ = fs::remove_file(state());
}

/// Writes in one step, readable by this account alone: there are tokens and a password in it.
fn write(path: &PathBuf, text: &str) -> Result<()> {
    fs::create_dir_all(folder())?;
    let partial = path.with_extension("partial");
    let _ = fs::remove_file(&partial);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&partial)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&partial, path).with_context(|| format!("writing `{}`", path.display()))
}
