//! Where a value comes from.

use std::sync::Arc;

use gatewright_core::catalogue::Taint;

use crate::Columns;
use crate::facts::Derivation;

/// What a value may carry. The statement's scope is known only when all of it has been walked, so "everything in
/// scope" is a mark that is resolved at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lineage {
    /// Masked columns that flow in.
    pub(crate) taint: Taint,
    /// Whether anything in the statement's scope may flow in as well.
    pub(crate) scope: bool,
    /// Base columns that flow in, masked or not, as `table.column`.
    pub(crate) columns: Columns,
}

impl Lineage {
    /// Nothing masked.
    pub(crate) fn clean() -> Self {
        Self::default()
    }

    /// Anything in scope.
    pub(crate) fn anything() -> Self {
        Self { scope: true, ..Self::default() }
    }

    /// Adds what flows into `other`.
    pub(crate) fn add(&mut self, other: &Self) {
        self.taint.extend(&other.taint);
        self.scope |= other.scope;
        self.columns.add(&other.columns);
    }

    /// How a value that is computed is made of it.
    pub(crate) fn computed(&self) -> Derivation {
        if *self == Self::clean() { Derivation::Constant } else { Derivation::Transformed }
    }

    /// Whether nothing masked is certain to flow in.
    pub(crate) fn is_clean(&self) -> bool {
        self.taint.is_clean() && !self.scope
    }
}

impl From<Taint> for Lineage {
    fn from(taint: Taint) -> Self {
        Self { taint, ..Self::default() }
    }
}

/// One column of a row source.
#[derive(Debug, Clone)]
pub(crate) struct OutColumn {
    /// Its name; `None` where it is not certain, so that any reference may mean it.
    pub(crate) name: Option<Arc<str>>,
    /// What it carries.
    pub(crate) lineage: Lineage,
    /// How it was made of that.
    pub(crate) kind: Derivation,
    /// `table.column` for the columns of a catalogue relation.
    pub(crate) origin: Option<Arc<str>>,
}

/// The columns of a query or relation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    /// In order; `None` where the list is not certain.
    pub(crate) columns: Option<Vec<OutColumn>>,
    /// What any of them carries.
    pub(crate) whole: Lineage,
}

impl Shape {
    /// Columns that are all known.
    pub(crate) fn known(columns: Vec<OutColumn>) -> Self {
        let mut whole = Lineage::clean();
        for column in &columns {
            whole.add(&column.lineage);
        }
        Self { columns: Some(columns), whole }
    }

    /// Some columns, each of which may carry `whole`.
    pub(crate) fn unknown(whole: Lineage) -> Self {
        Self { columns: None, whole }
    }

    /// The same columns under the names of an alias list, which may be shorter than the list of columns.
    pub(crate) fn renamed(mut self, names: &[Arc<str>]) -> Self {
        if let Some(columns) = &mut self.columns {
            for (column, name) in columns.iter_mut().zip(names) {
                column.name = Some(name.clone());
            }
        }
        self
    }
}
