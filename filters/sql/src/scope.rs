//! Which row source a column reference means: PostgreSQL's name spaces (`parse_relation.c`).

use std::sync::Arc;

use smallvec::SmallVec;

use crate::facts::Derivation;
use crate::lineage::{Lineage, Shape};

/// Something in FROM that columns can be taken from.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Alias or relation name.
    pub(crate) name: Option<Arc<str>>,
    /// Schema and name, where no alias hides them.
    pub(crate) relation: Option<(Arc<str>, Arc<str>)>,
    /// Its columns.
    pub(crate) shape: Shape,
    /// Whether it has a table's system columns (`ctid`): sub-queries and views have none.
    pub(crate) is_table: bool,
}

/// Sources that a qualifier may mean: one, as a rule.
pub(crate) type Found<'a> = SmallVec<[&'a Source; 2]>;

/// The sources of one query level, and those around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) outer: Option<&'a Frame<'a>>,
    pub(crate) sources: &'a [Source],
}

/// WITH queries in force, and those around them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctes<'a> {
    pub(crate) outer: Option<&'a Ctes<'a>>,
    pub(crate) queries: &'a [(Arc<str>, Shape)],
}

/// What names mean at one place of a statement.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Env<'a> {
    pub(crate) frame: Option<&'a Frame<'a>>,
    pub(crate) ctes: Option<&'a Ctes<'a>>,
}

impl<'a> Env<'a> {
    /// The WITH query of that name.
    pub(crate) fn cte(&self, name: &str) -> Option<&'a Shape> {
        let levels = std::iter::successors(self.ctes, |level| level.outer);
        levels.flat_map(|level| level.queries).find(|(known, _)| **known == *name).map(|(_, shape)| shape)
    }

    fn frames(&self) -> impl Iterator<Item = &'a Frame<'a>> + use<'a> {
        std::iter::successors(self.frame, |frame| frame.outer)
    }

    /// The sources that an alias names: those of the innermost level that has any.
    pub(crate) fn sources(&self, name: &str) -> Found<'a> {
        self.frames()
            .map(|frame| {
                frame.sources.iter().filter(|s| s.name.as_deref() == Some(name)).collect::<Found<'a>>()
            })
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// The sources that `schema.name` names.
    pub(crate) fn relation_sources(&self, schema: &str, name: &str) -> Found<'a> {
        let wanted = |s: &&Source| s.relation.as_ref().is_some_and(|(a, b)| **a == *schema && **b == *name);
        self.frames()
            .map(|frame| frame.sources.iter().filter(wanted).collect::<Found<'a>>())
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// What an unqualified name means; `None` if nothing that we know has it.
    pub(crate) fn resolve(&self, name: &str) -> Option<Resolved> {
        let mut found = Resolved::default();
        let mut maybe = false;
        for frame in self.frames() {
            for source in frame.sources {
                match find_column(source, name, &mut found) {
                    Match::Exact => found.exact = true,
                    Match::Maybe => maybe = true,
                    Match::No => {}
                }
            }
            if found.exact {
                return Some(found);
            }
        }
        // No column: the name of a source stands for its whole row.
        let rows = self.sources(name);
        for source in &rows {
            found.lineage.add(&source.shape.whole);
            found.note_row(source);
        }
        if rows.is_empty() && !maybe { None } else { Some(found) }
    }

    /// What `source.name` means, for the sources that the qualifier may mean.
    pub(crate) fn resolve_in(sources: &[&Source], name: &str) -> Option<Resolved> {
        let mut found = Resolved::default();
        let mut any = false;
        for source in sources {
            any |= !matches!(find_column(source, name, &mut found), Match::No);
        }
        any.then_some(found)
    }
}

/// What a reference means.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// What it carries.
    pub(crate) lineage: Lineage,
    /// How it was made of that; `None` where that is not certain.
    pub(crate) kind: Option<Derivation>,
    /// Columns of relations, as `table.column`.
    pub(crate) columns: SmallVec<[Arc<str>; 2]>,
    exact: bool,
}

impl Resolved {
    fn note_row(&mut self, source: &Source) {
        self.kind = Some(Derivation::Transformed);
        self.columns.extend(source.shape.columns.iter().flatten().filter_map(|column| column.origin.clone()));
    }
}

enum Match {
    Exact,
    /// A column whose name is not certain may be meant.
    Maybe,
    No,
}

/// Columns that every table has.
const SYSTEM_COLUMNS: &[&str] = &["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

fn find_column(source: &Source, name: &str, found: &mut Resolved) -> Match {
    let Some(columns) = &source.shape.columns else {
        found.lineage.add(&source.shape.whole);
        return Match::Maybe;
    };
    let mut exact = false;
    for column in columns.iter().filter(|column| column.name.as_deref() == Some(name)) {
        exact = true;
        found.kind = Some(found.kind.map_or(column.kind, |kind| kind.or(column.kind)));
        found.lineage.add(&column.lineage);
        found.columns.extend(column.origin.clone());
    }
    if exact || (source.is_table && SYSTEM_COLUMNS.contains(&name)) {
        return Match::Exact;
    }
    let mut unnamed = false;
    for column in columns.iter().filter(|column| column.name.is_none()) {
        unnamed = true;
        found.lineage.add(&column.lineage);
    }
    if unnamed { Match::Maybe } else { Match::No }
}
