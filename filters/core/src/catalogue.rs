//! The catalogue: what the target database holds, as far as decisions need it. The host reads it with the
//! target's credential and puts it into the bundle; the filter only looks things up.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::mask::Method;

/// Relations with an OID below this belong to the system (PostgreSQL: `FirstNormalObjectId`).
pub const FIRST_NORMAL_OID: u32 = 16_384;

/// Index of a column in [`Catalogue::masked`].
pub type MaskId = u32;

/// A set of masked columns: what an output may carry. Bit `i` stands for `MaskId` `i`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Taint(Vec<u64>);

impl Taint {
    /// The empty set: nothing masked can be in there.
    pub const CLEAN: Taint = Taint(Vec::new());

    /// The set of one masked column.
    #[must_use]
    pub fn of(id: MaskId) -> Self {
        let mut taint = Self::CLEAN;
        taint.insert(id);
        taint
    }

    /// Adds one masked column.
    pub fn insert(&mut self, id: MaskId) {
        let word = (id >> 6) as usize;
        if self.0.len() <= word {
            self.0.resize(word.saturating_add(1), 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1_u64 << (id & 63);
        }
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: &Taint) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }

    /// Takes out every column that is also in `other`.
    pub fn remove(&mut self, other: &Taint) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine &= !theirs;
        }
    }

    /// Whether `id` is in the set.
    #[must_use]
    pub fn contains(&self, id: MaskId) -> bool {
        self.0.get((id >> 6) as usize).is_some_and(|bits| bits & (1_u64 << (id & 63)) != 0)
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    /// The masked columns in the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = MaskId> + '_ {
        let words = self.0.iter().zip(0_u32..);
        words.flat_map(|(bits, word)| {
            (0..64).filter(move |bit| bits & (1_u64 << bit) != 0).map(move |bit| (word << 6) | bit)
        })
    }
}

/// What kind of relation, by PostgreSQL's `pg_class.relkind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// `r`, and `p` (partitioned).
    Table,
    /// `v`.
    View,
    /// `m`.
    MaterializedView,
    /// `f`.
    ForeignTable,
    /// `S`.
    Sequence,
}

/// One column of a relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name as stored (folded as the server folded it).
    pub name: String,
    /// `pg_attribute.attnum`, from 1.
    pub attnum: i16,
    /// `pg_attribute.atttypid`.
    #[serde(default)]
    pub type_oid: u32,
    /// Masked columns that this column carries: itself for a masked base column; for a view's column what the
    /// host found out about its definition.
    #[serde(default, skip_serializing_if = "Taint::is_clean")]
    pub taint: Taint,
    /// Whether a view makes something of what it carries, so that it is not the value of one masked column.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub derived: bool,
}

/// One relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Schema name.
    pub schema: String,
    /// Relation name.
    pub name: String,
    /// Kind.
    pub kind: RelationKind,
    /// Columns, dropped ones left out.
    pub columns: Vec<Column>,
    /// A view's query, as `pg_get_viewdef` prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Tags from the configuration, for policies (`resource.tags`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Relation {
    /// Everything masked that any column of this relation carries.
    #[must_use]
    pub fn taint(&self) -> Taint {
        let mut all = Taint::CLEAN;
        for column in &self.columns {
            all.extend(&column.taint);
        }
        all
    }

    /// The column of that (already folded) name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A masked base column: the resource of an `unmask` decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskedColumn {
    /// Schema name.
    pub schema: String,
    /// Table name.
    pub table: String,
    /// Column name.
    pub column: String,
    /// How its values are masked.
    pub method: Method,
    /// Tags from the configuration, for policies (`resource.tags`).
    #[serde(default)]
    pub tags: Vec<String>,
}

/// What a function's owner promises of it (`pg_proc.provolatile`); PostgreSQL does not check it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Volatility {
    /// Its result depends on its arguments only, and it does nothing else.
    Immutable,
    /// It changes nothing, but may read tables.
    Stable,
    /// Nothing is promised.
    #[default]
    Volatile,
}

/// Functions that somebody created (not those of `pg_catalog`) of one schema and name, whatever their arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserFunction {
    /// Schema name.
    pub schema: String,
    /// Function name.
    pub name: String,
    /// What holds for each of them; [`Volatility::Volatile`] where one is an aggregate, a window function or a
    /// procedure, for which the server's word says nothing.
    #[serde(default)]
    pub volatility: Volatility,
    /// The languages that they are written in, with `, ` between.
    #[serde(default)]
    pub language: String,
    /// Whether one of them gives any number of rows.
    #[serde(default)]
    pub gives_rows: bool,
    /// Whether `pg_catalog` has functions of that name, so that an unqualified call may mean those.
    #[serde(default)]
    pub shadows: bool,
    /// Whether the configuration declares, and the owner promises, that the result depends on the arguments only.
    #[serde(default)]
    pub harmless: bool,
}

/// The catalogue as it travels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Relations outside `pg_catalog` and `information_schema`.
    pub relations: Vec<Relation>,
    /// Masked base columns; a [`MaskId`] is an index into this list.
    pub masked: Vec<MaskedColumn>,
    /// Functions outside `pg_catalog`.
    #[serde(default)]
    pub functions: Vec<UserFunction>,
    /// Schemas that unqualified names are looked up in, in order (`pg_catalog` first is implied).
    pub search_path: Vec<String>,
}

impl Catalogue {
    /// The set of all masked columns: the taint of what nothing is known about.
    #[must_use]
    pub fn everything(&self) -> Taint {
        let mut all = Taint::CLEAN;
        for (id, _) in (0_u32..).zip(&self.masked) {
            all.insert(id);
        }
        all
    }
}

/// What a column is called: made once, and shared by the facts of all statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Name as stored.
    pub name: Arc<str>,
    /// `table.column`.
    pub origin: Arc<str>,
}

/// The catalogue with look-ups by name and by OID.
#[derive(Debug, Default)]
pub struct CatalogueIndex {
    catalogue: Catalogue,
    by_name: HashMap<String, HashMap<String, usize>>,
    by_oid: HashMap<u32, usize>,
    functions: HashMap<String, Vec<usize>>,
    /// What a whole row of each relation carries.
    rows: Vec<Taint>,
    /// The columns of each relation.
    labels: Vec<Vec<Label>>,
    everything: Taint,
}

impl CatalogueIndex {
    /// Builds the look-ups.
    #[must_use]
    pub fn new(catalogue: Catalogue) -> Self {
        let mut by_name: HashMap<String, HashMap<String, usize>> = HashMap::new();
        let mut by_oid = HashMap::new();
        for (position, relation) in catalogue.relations.iter().enumerate() {
            by_name.entry(relation.schema.clone()).or_default().insert(relation.name.clone(), position);
            by_oid.insert(relation.oid, position);
        }
        let mut functions: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, function) in catalogue.functions.iter().enumerate() {
            functions.entry(function.name.clone()).or_default().push(position);
        }
        let everything = catalogue.everything();
        let rows = catalogue.relations.iter().map(Relation::taint).collect();
        let labels = catalogue.relations.iter().map(labels).collect();
        Self { catalogue, by_name, by_oid, functions, rows, labels, everything }
    }

    /// The relation of that schema and name.
    #[must_use]
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Relation> {
        let position = *self.by_name.get(schema)?.get(name)?;
        self.catalogue.relations.get(position)
    }

    /// What the columns of one of its relations are called, in the order of [`Relation::columns`].
    #[must_use]
    pub fn labels(&self, relation: &Relation) -> &[Label] {
        let named = self.by_name.get(&relation.schema).and_then(|names| names.get(&relation.name));
        named.and_then(|position| self.labels.get(*position)).map_or(&[], Vec::as_slice)
    }

    /// The relation that an unqualified name means, by the search path.
    #[must_use]
    pub fn unqualified(&self, name: &str) -> Option<&Relation> {
        self.catalogue.search_path.iter().find_map(|schema| self.relation(schema, name))
    }

    /// Whether column `attnum` of the relation with that OID shows masked column `id` as it is: the column itself, or
    /// that of a view which does nothing with it.
    #[must_use]
    pub fn is_masked_column(&self, oid: u32, attnum: i16, id: MaskId) -> bool {
        let column = self.by_oid(oid).and_then(|r| r.columns.iter().find(|column| column.attnum == attnum));
        column.is_some_and(|column| !column.derived && column.taint == Taint::of(id))
    }

    /// Schemas that unqualified names are looked up in, in order.
    #[must_use]
    pub fn search_path(&self) -> &[String] {
        &self.catalogue.search_path
    }

    /// The relation with that OID.
    #[must_use]
    pub fn by_oid(&self, oid: u32) -> Option<&Relation> {
        self.catalogue.relations.get(*self.by_oid.get(&oid)?)
    }

    /// User functions of that name, in any schema.
    pub fn functions(&self, name: &str) -> impl Iterator<Item = &UserFunction> {
        self.functions.get(name).into_iter().flatten().filter_map(|i| self.catalogue.functions.get(*i))
    }

    /// The masked base column of that id.
    #[must_use]
    pub fn masked(&self, id: MaskId) -> Option<&MaskedColumn> {
        self.catalogue.masked.get(id as usize)
    }

    /// All masked base columns with their ids.
    pub fn all_masked(&self) -> impl Iterator<Item = (MaskId, &MaskedColumn)> {
        (0_u32..).zip(&self.catalogue.masked)
    }

    /// The taint of what nothing is known about.
    #[must_use]
    pub fn everything(&self) -> &Taint {
        &self.everything
    }

    /// The taint of a result column that the server says is column `attnum` of relation `oid`
    /// (RowDescription). An unknown user relation or column may carry anything. `None`: a system relation.
    #[must_use]
    pub fn column_taint(&self, oid: u32, attnum: i16) -> Option<&Taint> {
        match self.by_oid(oid) {
            // A whole row.
            Some(_) if attnum == 0 => self.by_oid.get(&oid).and_then(|position| self.rows.get(*position)),
            // `ctid` and its like tell where a row is.
            Some(_) if attnum < 0 => Some(const { &Taint::CLEAN }),
            Some(relation) => Some(
                relation
                    .columns
                    .iter()
                    .find(|column| column.attnum == attnum)
                    .map_or(&self.everything, |column| &column.taint),
            ),
            None if oid < FIRST_NORMAL_OID => None,
            None => Some(&self.everything),
        }
    }
}

fn labels(relation: &Relation) -> Vec<Label> {
    let label = |column: &Column| Label {
        name: column.name.as_str().into(),
        origin: format!("{}.{}", relation.name, column.name).into(),
    };
    relation.columns.iter().map(label).collect()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn taint_is_a_set() {
        let mut taint = Taint::of(3);
        taint.insert(130);
        assert_eq!(taint.iter().collect::<Vec<_>>(), [3, 130]);
        let mut other = Taint::of(3);
        other.extend(&Taint::of(64));
        taint.remove(&other);
        assert_eq!(taint.iter().collect::<Vec<_>>(), [130]);
        assert!(!taint.contains(3) && taint.contains(130) && !taint.contains(4000));
        taint.remove(&Taint::of(130));
        assert!(taint.is_clean());
    }
}
