//! A clock of their own for processes: libfaketime, which is loaded into them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The library, to be preloaded.
pub fn library() -> Result<PathBuf> {
    let folders = [format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH), "/usr/lib".to_owned()];
    let mut places = folders.iter().map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"));
    places.find(|place| place.is_file()).context("libfaketime is not installed: run `cargo xtask setup`")
}
