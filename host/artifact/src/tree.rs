//! A folder of files in memory.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::fault::{Error, Result};

/// Most bytes of one file, far above any module.
pub(crate) const MAX_FILE: u64 = 128 << 20;
/// Most files; a release has some thirty.
const MAX_FILES: usize = 1_000;

/// Files by their path below the folder, with `/` between names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree(BTreeMap<String, Vec<u8>>);

impl Tree {
    /// Everything below a folder. What is no plain file, a symbolic link too, is wrong: it may be something else the next
    /// time that it is read.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.read_into(folder, "")?;
        Ok(tree)
    }

    fn read_into(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries = folder.read_dir().map_err(|cause| Error::io(folder, cause))?;
        for entry in entries {
            let entry = entry.map_err(|cause| Error::io(folder, cause))?;
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| {
                Error::wrong(format!("{prefix}{}", name.to_string_lossy()), "its name is not UTF-8")
            })?;
            let name = format!("{prefix}{name}");
            let kind = entry.file_type().map_err(|cause| Error::io(&path, cause))?;
            if kind.is_dir() {
                self.read_into(&path, &format!("{name}/"))?;
            } else if kind.is_file() {
                if self.0.len() >= MAX_FILES {
                    return Err(Error::wrong(name, "there are more files than a release has"));
                }
                let bytes = read_file(&path, &name)?;
                self.0.insert(name, bytes);
            } else {
                return Err(Error::wrong(name, "it is neither a file nor a folder"));
            }
        }
        Ok(())
    }

    /// Writes all of it into a folder, in whose place it is put as a whole: whoever reads sees the old one or the new one.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let fresh = folder.with_extension(format!("{}.partial", std::process::id()));
        let io = |path: &Path| {
            let path = path.to_owned();
            move |cause| Error::io(&path, cause)
        };
        remove(&fresh)?;
        for (name, bytes) in &self.0 {
            let path = fresh.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(io(parent))?;
            }
            fs::write(&path, bytes).map_err(io(&path))?;
        }
        remove(folder)?;
        fs::rename(&fresh, folder).map_err(io(folder))
    }

    /// A file's bytes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// A file's bytes; it is wrong that there is none.
    pub(crate) fn need(&self, name: &str) -> Result<&[u8]> {
        self.get(name).ok_or_else(|| Error::wrong(name, "it is missing"))
    }

    /// Puts a file in, or another one in its place.
    pub fn put(&mut self, name: impl Into<String>, bytes: Vec<u8>) {
        self.0.insert(name.into(), bytes);
    }

    /// Puts the files of a folder in.
    pub fn put_all(&mut self, folder: &str, files: Self) {
        self.0.extend(files.0.into_iter().map(|(name, bytes)| (format!("{folder}/{name}"), bytes)));
    }

    /// The folder of that name.
    #[must_use]
    pub fn folder(&self, name: &str) -> Self {
        let prefix = format!("{name}/");
        let files = self.0.iter().filter_map(|(path, bytes)| {
            path.strip_prefix(&prefix).map(|rest| (rest.to_owned(), bytes.clone()))
        });
        Self(files.collect())
    }

    /// Names and bytes, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A file of no more than the most that is read.
pub(crate) fn read_file(path: &Path, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|cause| Error::io(path, cause))?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|cause| Error::io(path, cause))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Error::wrong(name, format!("it is larger than {MAX_FILE} bytes")));
    }
    Ok(bytes)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(Error::io(folder, cause)),
        _ => Ok(()),
    }
}
