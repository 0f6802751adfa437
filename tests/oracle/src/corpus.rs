//! The texts: this project's corpora, and PostgreSQL's regression scripts where they are present.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One file's statements.
#[derive(Debug, Clone)]
pub struct File {
    /// File name without its ending.
    pub name: String,
    /// Each one text, which may be several statements where the file wants that.
    pub statements: Vec<String>,
}

fn repo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn scripts(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    let read = |file: PathBuf| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // Some scripts are in other encodings on purpose; the gate never sees those.
        Ok((name, String::from_utf8_lossy(&fs::read(&file)?).into_owned()))
    };
    files.into_iter().map(read).collect()
}

/// `tests/corpora/statements`: texts with an empty line between them.
///
/// # Errors
/// The files cannot be read.
pub fn own() -> io::Result<Vec<File>> {
    let files = scripts(&repo().join("tests/corpora/statements"))?;
    let split = |(name, text): (String, String)| {
        let statements = text.split("\n\n").filter(|text| !text.trim().is_empty()).map(str::to_owned);
        File { name, statements: statements.collect() }
    };
    Ok(files.into_iter().map(split).collect())
}

/// The corpora that the end-to-end tests send through the gate.
///
/// # Errors
/// The files cannot be read.
pub fn sent() -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    for folder in ["leaks", "ordinary"] {
        for (name, text) in scripts(&repo().join("tests/corpora").join(folder))? {
            let statements = text.split(";\n").filter(|text| !text.trim().is_empty()).map(str::to_owned);
            files.push(File { name: format!("{folder}/{name}"), statements: statements.collect() });
        }
    }
    Ok(files)
}

/// PostgreSQL's regression scripts; `None` where they are not beside the repository.
///
/// # Errors
/// The files are there and cannot be read.
pub fn regress() -> io::Result<Option<Vec<File>>> {
    let beside = repo().canonicalize()?.parent().map(|parent| parent.join("shared/corpora/postgres_regress"));
    let named = std::env::var_os("GATEWRIGHT_REGRESS").map(PathBuf::from);
    let Some(folder) = named.or(beside).filter(|folder| folder.is_dir()) else { return Ok(None) };
    let split = |(name, text): (String, String)| {
        let text = without_psql(&text);
        let statements = pg_query::split_with_scanner(&text).unwrap_or_default();
        File { name, statements: statements.into_iter().map(str::to_owned).collect() }
    };
    Ok(Some(scripts(&folder)?.into_iter().map(split).collect()))
}

/// A script without what psql keeps to itself: its own commands, and the rows that follow `COPY … FROM STDIN`.
fn without_psql(script: &str) -> String {
    let mut text = String::new();
    let mut rows = false;
    for line in script.split_inclusive('\n') {
        if rows {
            rows = line.trim_end() != "\\.";
            continue;
        }
        let lower = line.to_ascii_lowercase();
        rows = lower.starts_with("copy ") && lower.contains("from stdin");
        match line.find('\\') {
            Some(0) => {}
            // `SELECT … \gset` ends a statement too.
            Some(at) if lower.get(at..).is_some_and(|rest| rest.starts_with("\\g")) => {
                text.push_str(line.get(..at).unwrap_or_default());
                text.push_str(";\n");
            }
            _ => text.push_str(line),
        }
    }
    text
}
