//! What is wrong with a file, and where.

use std::path::{Path, PathBuf};

use serde_saphyr::Location;

/// One fault: `file:line:column: field: what was expected`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Which file.
    pub(crate) file: PathBuf,
    /// Line and column, from 1, where they are known.
    pub(crate) at: Option<(u64, u64)>,
    /// Path of the field, such as `resources[0].target`; empty for the file as a whole.
    pub(crate) field: String,
    /// What is wrong, and what was expected.
    pub(crate) message: String,
}

impl Fault {
    /// Of the file as a whole.
    pub(crate) fn file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), at: None, field: String::new(), message: message.into() }
    }

    /// Of one field.
    pub(crate) fn field(at: Location, field: impl Into<String>, message: impl Into<String>) -> Self {
        let at = (at != Location::UNKNOWN).then(|| (at.line(), at.column()));
        Self { file: PathBuf::new(), at, field: field.into(), message: message.into() }
    }

    /// The same, in that file.
    pub(crate) fn in_file(mut self, file: &Path) -> Self {
        file.clone_into(&mut self.file);
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        if self.field.is_empty() {
            write!(f, ": {}", self.message)
        } else {
            write!(f, ": `{}`: {}", self.field, self.message)
        }
    }
}

/// All faults found, one per line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// A fault that the YAML parser or a field's type found.
pub(super) fn from_yaml(error: &serde_saphyr::Error, path: &str) -> Fault {
    let error = error.without_snippet();
    let shown = error.to_string();
    // The parser ends its messages with the location, which stands in front of ours already.
    let message = match shown.find(" at line ").or_else(|| shown.find("line ").filter(|at| *at == 0)) {
        Some(end) if end > 0 => shown[..end].to_owned(),
        _ => shown,
    };
    let message = match message.as_str() {
        "expected mapping start" => "expected a mapping, such as `{ name: value }`".to_owned(),
        "expected sequence start" => "expected a list, such as `[one, two]`".to_owned(),
        _ => message,
    };
    // `Spanned` keeps what it wraps in a field of its own, which the file does not have.
    let field = path.replace(".value", "");
    let field = if field == "." { String::new() } else { field };
    Fault::field(error.location().unwrap_or(Location::UNKNOWN), field, message)
}
