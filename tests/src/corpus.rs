//! The corpora of statements in `tests/corpora`.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::tools;

/// One case: statements that are sent one by one on a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    /// Unique within its corpus.
    pub name: String,
    /// File name without its ending.
    pub category: String,
    /// Output columns that come masked.
    pub masked: Vec<String>,
    /// Each one Query, without the semicolon that ends it.
    pub statements: Vec<String>,
}

/// All cases of a corpus, by category and then as written.
pub fn read(corpus: &str) -> Result<Vec<Case>> {
    let folder = tools::repo().join("tests/corpora").join(corpus);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .with_context(|| format!("reading `{}`", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let category = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // Lines end with `\n` alone: a carriage return may be a part of a case.
        for block in fs::read_to_string(&file)?.split("-- case: ").skip(1) {
            let (name, rest) = block.split_once('\n').context("a case without statements")?;
            let mut case = Case { name: name.to_owned(), category: category.clone(), ..Case::default() };
            let mut text = String::new();
            for line in rest.split_inclusive('\n') {
                if let Some(columns) = line.strip_prefix("-- masked: ") {
                    case.masked = columns.trim().split(", ").map(str::to_owned).collect();
                } else if !line.starts_with("-- why: ") {
                    text.push_str(line);
                }
            }
            // What is behind the last semicolon is none; between two of them an empty one counts.
            let (text, _) = text.rsplit_once(";\n").unwrap_or_default();
            case.statements = text.split(";\n").map(str::to_owned).collect();
            ensure!(!case.statements.is_empty(), "case `{}` has no statement", case.name);
            cases.push(case);
        }
    }
    Ok(cases)
}
