//! What a SQL text does, found out from its syntax tree and the catalogue: never from patterns in the text.
//!
//! [`analyse`] gives one [`StatementFacts`] per statement. What cannot be proved is not guessed: text that does
//! not parse, or a name that the catalogue does not know, is [`Unparsed`]; an output whose origin is not
//! certain carries the taint of everything in scope.
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(clippy::arithmetic_side_effects, clippy::string_slice, clippy::unreachable)]

mod always_true;
mod columns;
mod facts;
mod functions;
mod lineage;
mod names;
#[cfg(feature = "oracle")]
pub mod oracle;
mod parse;
mod postgres_lexer;
mod scope;
mod shape;
mod system;
mod walk;

#[cfg(test)]
mod tests;

use gatewright_core::catalogue::{CatalogueIndex, Taint};

pub use columns::Columns;
pub use facts::{
    Access, CopyDirection, CopyForm, Derivation, Handle, Inference, Output, PreparedNames, StatementFacts,
    Transaction, Unparsed,
};
pub use shape::shape;

/// What each statement of `sql` does; empty for text without a statement (blank, comments).
///
/// Assumes a PostgreSQL session with `standard_conforming_strings = on`, client encoding UTF-8, and the
/// search path of the catalogue.
///
/// # Errors
/// [`Unparsed`] if any of the statements is not understood: none of them may then be forwarded.
pub fn analyse(sql: &str, catalogue: &CatalogueIndex) -> Result<Vec<StatementFacts>, Unparsed> {
    let statements = parse::parse(sql)?;
    statements.iter().map(|statement| walk::facts_of(statement, catalogue)).collect()
}

/// What a view's column carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewColumn {
    /// Masked columns that flow in.
    pub taint: Taint,
    /// Whether the view makes something of them, so that it is not the value of one column.
    pub derived: bool,
}

/// What each of a view's `columns` carries, from its definition as `pg_get_viewdef` prints it.
///
/// Views that the definition names are taken as the catalogue has them, so a host works from the inner views to
/// the outer ones. What is not understood carries everything.
#[must_use]
pub fn view_columns(definition: &str, columns: usize, catalogue: &CatalogueIndex) -> Vec<ViewColumn> {
    let each = |taint: &Taint| vec![ViewColumn { taint: taint.clone(), derived: true }; columns];
    let Ok(statements) = analyse(definition, catalogue) else { return each(catalogue.everything()) };
    let [facts] = statements.as_slice() else { return each(catalogue.everything()) };
    if facts.opaque || facts.statement != "SELECT" {
        return each(catalogue.everything());
    }
    match &facts.outputs {
        Some(outputs) if outputs.len() == columns => outputs
            .iter()
            .map(|output| ViewColumn {
                taint: output.taint.clone(),
                derived: output.kind != Derivation::Identity,
            })
            .collect(),
        _ => each(&facts.scope),
    }
}
