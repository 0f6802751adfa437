//! The walk over one statement's tree, which gathers its facts.

use std::collections::BTreeSet;
use std::sync::Arc;

use gatewright_core::catalogue::{CatalogueIndex, Label, Relation, RelationKind, Taint};
use gatewright_core::policy::{Action, Target};
use sqlparser::ast::{ObjectName, Statement};

use crate::facts::{Derivation, Inference, Output};
use crate::functions::is_known_type;
use crate::lineage::{Lineage, OutColumn, Shape};
use crate::scope::{Env, Source};
use crate::system::{System, classify};
use crate::{Access, StatementFacts, Unparsed, names};

mod call;
pub(crate) use call::arguments as call_arguments;
mod condition;
mod copy;
mod ddl;
mod dml;
mod expr;
mod from;
mod maintenance;
mod meanings;
mod query;
mod references;
mod returning;
mod session;
mod statement;
mod types;

/// The facts of one statement.
pub(crate) fn facts_of(
    statement: &Statement,
    catalogue: &CatalogueIndex,
) -> Result<StatementFacts, Unparsed> {
    let mut walker = Walker::new(catalogue);
    let shape = walker.statement(statement)?;
    Ok(walker.finish(shape))
}

/// A refusal that names what is not understood.
fn not_modelled<T>(what: impl Into<String>) -> Result<T, Unparsed> {
    Err(Unparsed::NotModelled(what.into()))
}

/// A relation that a name means.
enum Named<'c> {
    User(&'c Relation),
    System { schema: String, name: String, kind: System },
}

struct Walker<'c> {
    catalogue: &'c CatalogueIndex,
    facts: StatementFacts,
    /// Set by what could bring in data from anywhere: no output is then proved.
    uncertain: bool,
    /// What flows into places that do not carry its mask.
    spreads: Lineage,
    /// What masked columns decide beside the outputs.
    inferred: Inferred,
    /// How often queries that read their own rows may still be walked.
    rounds: u32,
    /// Relations read so far, in order, for row locks.
    reads: Vec<Target>,
}

/// See [`Walker::rounds`].
const ROUNDS: u32 = 32;

/// [`Inference`] while the scope is not known.
#[derive(Default)]
struct Inferred {
    compared: Lineage,
    joined: Lineage,
    grouped: Lineage,
    filtered: Lineage,
    sorted: Lineage,
    failing: Lineage,
}

impl<'c> Walker<'c> {
    fn new(catalogue: &'c CatalogueIndex) -> Self {
        let facts = StatementFacts {
            statement: "",
            accesses: BTreeSet::new(),
            has_where: true,
            columns_read: BTreeSet::new(),
            columns_written: BTreeSet::new(),
            functions: BTreeSet::new(),
            scope: Taint::CLEAN,
            opaque: false,
            outputs: None,
            inference: Inference::default(),
            spreads: Taint::CLEAN,
            hides: false,
            transaction: None,
            copy: None,
            copy_form: None,
            renames: None,
            defines_outputs: false,
            uses_defined_outputs: false,
            handle: None,
        };
        Self {
            catalogue,
            facts,
            uncertain: false,
            spreads: Lineage::clean(),
            inferred: Inferred::default(),
            rounds: ROUNDS,
            reads: Vec::new(),
        }
    }

    fn finish(self, shape: Option<Shape>) -> StatementFacts {
        let mut facts = self.facts;
        let resolve = |lineage: Lineage| {
            let mut taint = lineage.taint;
            if lineage.scope {
                taint.extend(&facts.scope);
            }
            taint
        };
        facts.spreads = resolve(self.spreads);
        facts.inference = Inference {
            compared: resolve(self.inferred.compared),
            joined: resolve(self.inferred.joined),
            grouped: resolve(self.inferred.grouped),
            filtered: resolve(self.inferred.filtered),
            sorted: resolve(self.inferred.sorted),
            failing: resolve(self.inferred.failing),
        };
        let columns = shape.and_then(|shape| shape.columns).filter(|_| !self.uncertain && !facts.opaque);
        let outputs = columns.map(|columns| {
            let output = |mut column: OutColumn| {
                if column.lineage.scope {
                    column.lineage.columns.insert("*".into());
                }
                Output {
                    name: column.name,
                    columns: std::mem::take(&mut column.lineage.columns),
                    kind: if column.lineage.scope { Derivation::Transformed } else { column.kind },
                    taint: resolve(column.lineage),
                }
            };
            columns.into_iter().map(output).collect()
        });
        facts.outputs = outputs;
        facts
    }

    fn access(&mut self, action: Action, target: Target) {
        self.facts.accesses.insert(Access { action, target });
    }

    /// From here on anything may be in the results.
    fn give_up_proof(&mut self) {
        self.uncertain = true;
        self.facts.scope.extend(self.catalogue.everything());
    }

    fn lookup(&self, name: &ObjectName) -> Result<Named<'c>, Unparsed> {
        let (schema, relation) = names::qualified(name)?;
        self.lookup_parts(schema.as_deref(), &relation)
    }

    fn lookup_parts(&self, schema: Option<&str>, name: &str) -> Result<Named<'c>, Unparsed> {
        let unknown = || Unparsed::UnknownRelation(name.to_owned());
        if let Some(schema) = schema {
            if let Some(kind) = classify(schema, name) {
                return Ok(Named::System { schema: schema.to_owned(), name: name.to_owned(), kind });
            }
            return self.catalogue.relation(schema, name).map(Named::User).ok_or_else(unknown);
        }
        // `pg_catalog` is searched before everything else.
        if name.starts_with("pg_") {
            let kind = classify("pg_catalog", name).unwrap_or(System::Opaque);
            return Ok(Named::System { schema: "pg_catalog".to_owned(), name: name.to_owned(), kind });
        }
        self.catalogue.unqualified(name).map(Named::User).ok_or_else(unknown)
    }

    /// Notes what a relation brings into the statement, and gives its resource.
    fn bring_in(&mut self, named: &Named<'_>) -> Target {
        match named {
            Named::User(relation) => {
                self.facts.scope.extend(&relation.taint());
                table(relation)
            }
            Named::System { schema, name, kind } => {
                if *kind == System::Opaque {
                    self.facts.opaque = true;
                    self.give_up_proof();
                }
                Target::Table { schema: schema.clone(), name: name.clone(), tags: Vec::new() }
            }
        }
    }

    /// Notes that a relation is read, and gives what it is in FROM.
    fn read(&mut self, named: &Named<'_>) -> Source {
        let target = self.bring_in(named);
        self.reads.push(target.clone());
        self.access(Action::Select, target);
        source(named, self.catalogue)
    }

    /// Notes an action on a relation; for what takes real relations only, so that WITH names mean nothing.
    fn act(&mut self, action: Action, name: &ObjectName) -> Result<Named<'c>, Unparsed> {
        let named = self.lookup(name)?;
        let target = self.bring_in(&named);
        self.access(action, target);
        Ok(named)
    }

    /// The resource that a name in DDL stands for: the relation, or what it would be created in.
    fn object(&mut self, name: &ObjectName) -> Target {
        if let Ok(named @ Named::User(_)) = self.lookup(name) {
            return self.bring_in(&named);
        }
        match names::qualified(name) {
            Ok((Some(schema), _)) => Target::Schema { schema: schema.into_owned() },
            _ => Target::Database,
        }
    }

    /// Notes that something temporary gets a name.
    fn temporary(&mut self, name: &ObjectName) {
        let name = names::last(name).unwrap_or_default();
        let known = self.catalogue.unqualified(&name).is_some() || name.starts_with("pg_");
        self.facts.hides |= known || is_known_type(&name);
    }

    fn note_columns(&mut self, columns: impl IntoIterator<Item = Arc<str>>) {
        self.facts.columns_read.extend(columns);
    }

    fn within(&mut self, statement: &'static str) {
        if self.facts.statement.is_empty() {
            self.facts.statement = statement;
        }
    }
}

/// A relation as a resource.
fn table(relation: &Relation) -> Target {
    Target::Table {
        schema: relation.schema.clone(),
        name: relation.name.clone(),
        tags: relation.tags.clone(),
    }
}

/// A relation as something in FROM.
fn source(named: &Named<'_>, catalogue: &CatalogueIndex) -> Source {
    match named {
        Named::User(relation) => Source {
            name: Some(relation.name.as_str().into()),
            relation: Some((relation.schema.as_str().into(), relation.name.as_str().into())),
            shape: shape(relation, catalogue.labels(relation)),
            is_table: !matches!(relation.kind, RelationKind::View | RelationKind::Sequence),
        },
        Named::System { schema, name, .. } => Source {
            name: Some(name.as_str().into()),
            relation: Some((schema.as_str().into(), name.as_str().into())),
            shape: Shape::unknown(Lineage::clean()),
            is_table: true,
        },
    }
}

fn shape(relation: &Relation, labels: &[Label]) -> Shape {
    let whole = Lineage::from(relation.taint());
    // Positions are the server's only if the columns stand in its order.
    let ordered = relation.columns.is_sorted_by(|a, b| a.attnum < b.attnum);
    if relation.columns.is_empty() || !ordered {
        return Shape::unknown(whole);
    }
    let columns = relation.columns.iter().zip(labels).map(|(column, label)| {
        let mut lineage = Lineage::from(column.taint.clone());
        lineage.columns.insert(Arc::clone(&label.origin));
        OutColumn {
            name: Some(Arc::clone(&label.name)),
            lineage,
            kind: if column.derived { Derivation::Transformed } else { Derivation::Identity },
            origin: Some(Arc::clone(&label.origin)),
        }
    });
    Shape { columns: Some(columns.collect()), whole }
}

/// Where nothing is in scope.
const NOWHERE: Env<'static> = Env { frame: None, ctes: None };
