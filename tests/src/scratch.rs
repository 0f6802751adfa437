//! Temporary folders that do not outlive the program, even one that was killed: the next program removes them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use crate::account::Account;

const PREFIX: &str = "gatewright-";

static COUNTER: AtomicU32 = AtomicU32::new(0);
static LIVE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// A new folder that only this process's account may enter.
    pub fn new(purpose: &str) -> Result<Self> {
        Self::with_mode(purpose, 0o700)
    }

    /// A new folder that belongs to `account`, where one is given.
    pub fn owned_by(purpose: &str, account: Option<Account>) -> Result<Self> {
        let scratch = Self::with_mode(purpose, 0o700)?;
        if let Some(account) = account {
            chown(&scratch.path, Some(account.uid), Some(account.gid))?;
        }
        Ok(scratch)
    }

    fn with_mode(purpose: &str, mode: u32) -> Result<Self> {
        if COUNTER.load(Ordering::Relaxed) == 0 {
            sweep();
        }
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        // A Unix socket's path has room for some hundred bytes, so the name is short.
        let path = base().join(format!("{PREFIX}{}-{number}-{purpose}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("creating `{}`", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        lock().insert(path.clone());
        Ok(Self { path })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of something in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.path);
        lock().remove(&self.path);
    }
}

/// Removes every folder that this program still has. For the way out after a signal.
pub(crate) fn remove_all() {
    for path in lock().iter() {
        remove(path);
    }
}

fn lock() -> std::sync::MutexGuard<'static, BTreeSet<PathBuf>> {
    LIVE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A server that is just ending may still create files while its folder is being removed.
fn remove(path: &Path) {
    for _ in 0..20 {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            _ => return,
        }
    }
}

/// The system's folder for temporary files if every account can get to it, and `/var/tmp` otherwise.
fn base() -> PathBuf {
    let temp = std::env::temp_dir();
    let open = temp
        .ancestors()
        .filter(|dir| !dir.as_os_str().is_empty())
        .all(|dir| fs::metadata(dir).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0));
    if open && temp.is_absolute() && temp.as_os_str().len() < 40 { temp } else { PathBuf::from("/var/tmp") }
}

/// Removes the folders of programs that were killed before they could.
pub fn sweep() {
    let Ok(entries) = base().read_dir() else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let Some(pid) = rest.split('-').next().and_then(|pid| pid.parse::<u32>().ok()) else { continue };
        if !Path::new(&format!("/proc/{pid}")).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
