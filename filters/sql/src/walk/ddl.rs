//! Statements that define things.

use std::ops::ControlFlow;

use gatewright_core::policy::{Action, Target};
use sqlparser::ast::{
    AlterTableOperation, CommentObject, Expr, ObjectName, ObjectNamePart, ObjectType, Query,
    RenameTableNameKind, SchemaName, SelectInto, Statement, TableConstraint, Visit, Visitor,
};

use super::{NOWHERE, Walker, not_modelled, references};
use crate::lineage::{Lineage, Shape};
use crate::{Unparsed, names};

impl Walker<'_> {
    /// Gives false for any other kind of statement.
    pub(super) fn ddl(&mut self, statement: &Statement) -> Result<bool, Unparsed> {
        let (label, action, targets) = match statement {
            Statement::CreateTable(table) => {
                self.facts.statement = "CREATE TABLE";
                if let Some(query) = &table.query {
                    self.facts.statement = "CREATE TABLE AS";
                    let rows = self.query(query, NOWHERE)?;
                    self.create_from_rows(&table.name, table.temporary, &rows);
                    return Ok(true);
                }
                if table.temporary {
                    self.temporary(&table.name);
                    let mut targets = vec![Target::Schema { schema: "pg_temp".to_owned() }];
                    targets.extend(references::of_table(table).map(|other| self.object(other)));
                    ("CREATE TABLE", Action::Create, targets)
                } else {
                    self.create("CREATE TABLE", &table.name);
                    let mut targets = vec![self.object(&table.name)];
                    targets.extend(references::of_table(table).map(|other| self.object(other)));
                    ("CREATE TABLE", Action::Create, targets)
                }
            }
            Statement::CreateView(view) => {
                self.facts.statement = "CREATE VIEW";
                let rows = self.query(&view.query, NOWHERE)?;
                let target = if view.temporary {
                    self.temporary(&view.name);
                    Target::Schema { schema: "pg_temp".to_owned() }
                } else {
                    self.object(&view.name)
                };
                self.access(Action::Create, target);
                // The catalogue learns of the view only after a while, and until then may know an older one.
                self.spreads.add(&rows.whole);
                return Ok(true);
            }
            Statement::CreateIndex(index) => {
                ("CREATE INDEX", Action::Create, vec![self.object(&index.table_name)])
            }
            Statement::CreateTrigger(t) => {
                let tables = [&t.table_name].into_iter().chain(&t.referenced_table_name);
                ("CREATE TRIGGER", Action::Create, tables.map(|name| self.object(name)).collect())
            }
            Statement::CreatePolicy(p) => ("CREATE POLICY", Action::Create, vec![self.object(&p.table_name)]),
            Statement::CreateFunction(function) => self.create("CREATE FUNCTION", &function.name),
            Statement::CreateSequence { temporary: false, name, .. } => self.create("CREATE SEQUENCE", name),
            Statement::CreateType { name, .. } => self.create("CREATE TYPE", name),
            Statement::CreateDomain(domain) => self.create("CREATE DOMAIN", &domain.name),
            Statement::CreateSchema { schema_name, .. } => {
                let target = match schema_name {
                    SchemaName::Simple(name) => schema(name),
                    _ => Target::Database,
                };
                ("CREATE SCHEMA", Action::Create, vec![target])
            }
            Statement::CreateSequence { .. }
            | Statement::CreateExtension(_)
            | Statement::CreateDatabase { .. }
            | Statement::CreateServer(_)
            | Statement::CreateOperator(_)
            | Statement::CreateOperatorClass(_)
            | Statement::CreateOperatorFamily(_)
            | Statement::CreateCollation(_)
            | Statement::CreateTextSearch(_) => ("CREATE", Action::Create, vec![Target::Database]),
            Statement::AlterTable(table) => {
                // What the catalogue does not know may be temporary.
                if self.lookup(&table.name).is_err() {
                    for operation in &table.operations {
                        if let AlterTableOperation::RenameTable { table_name } = operation {
                            let (RenameTableNameKind::As(name) | RenameTableNameKind::To(name)) = table_name;
                            self.temporary(name);
                        }
                    }
                }
                let others = table.operations.iter().flat_map(references::of_change);
                let mut targets = vec![self.object(&table.name)];
                targets.extend(others.map(|other| self.object(other)));
                ("ALTER TABLE", Action::Alter, targets)
            }
            Statement::AlterView { name, query, .. } => {
                let rows = self.query(query, NOWHERE)?;
                self.spreads.add(&rows.whole);
                ("ALTER VIEW", Action::Alter, vec![self.object(name)])
            }
            Statement::AlterIndex { .. } => ("ALTER INDEX", Action::Alter, vec![Target::Database]),
            Statement::AlterSchema(alter) => ("ALTER SCHEMA", Action::Alter, vec![schema(&alter.name)]),
            Statement::AlterType(_)
            | Statement::AlterFunction(_)
            | Statement::AlterOperator(_)
            | Statement::AlterOperatorClass(_)
            | Statement::AlterOperatorFamily(_)
            | Statement::AlterCollation(_)
            | Statement::AlterTextSearch(_)
            | Statement::AlterPolicy(_) => ("ALTER", Action::Alter, vec![Target::Database]),
            Statement::Comment { object_type, object_name, .. } => {
                let target = match object_type {
                    CommentObject::Table | CommentObject::View | CommentObject::MaterializedView => {
                        self.object(object_name)
                    }
                    CommentObject::Column => self.object(&without_last(object_name)),
                    CommentObject::Schema => schema(object_name),
                    _ => Target::Database,
                };
                ("COMMENT", Action::Alter, vec![target])
            }
            Statement::Drop { object_type, names, table, .. } => {
                let mut targets: Vec<Target> = Vec::new();
                for name in names.iter().chain(table) {
                    targets.push(match object_type {
                        ObjectType::Schema => schema(name),
                        ObjectType::Role | ObjectType::User => Target::Database,
                        _ => self.object(name),
                    });
                }
                let roles = matches!(object_type, ObjectType::Role | ObjectType::User);
                (drop_label(*object_type), if roles { Action::Grant } else { Action::Drop }, targets)
            }
            Statement::DropTrigger(trigger) => {
                let target = trigger.table_name.as_ref().map_or(Target::Database, |name| self.object(name));
                ("DROP TRIGGER", Action::Drop, vec![target])
            }
            Statement::DropPolicy(policy) => {
                ("DROP POLICY", Action::Drop, vec![self.object(&policy.table_name)])
            }
            Statement::DropFunction(_)
            | Statement::DropProcedure { .. }
            | Statement::DropDomain(_)
            | Statement::DropExtension(_)
            | Statement::DropOperator(_)
            | Statement::DropOperatorClass(_)
            | Statement::DropOperatorFamily(_) => ("DROP", Action::Drop, vec![Target::Database]),
            Statement::Grant(_) => ("GRANT", Action::Grant, vec![Target::Database]),
            Statement::Revoke(_) => ("REVOKE", Action::Grant, vec![Target::Database]),
            Statement::CreateRole(_) | Statement::CreateUser(_) => {
                ("CREATE ROLE", Action::Grant, vec![Target::Database])
            }
            Statement::AlterRole { .. } | Statement::AlterUser(_) => {
                ("ALTER ROLE", Action::Grant, vec![Target::Database])
            }
            _ => return Ok(false),
        };
        self.facts.statement = label;
        for target in targets {
            self.access(action, target);
        }
        self.contents(statement)?;
        self.meanings(statement);
        Ok(true)
    }

    fn create(&mut self, label: &'static str, name: &ObjectName) -> (&'static str, Action, Vec<Target>) {
        if names::qualified(name).is_ok_and(|(schema, _)| schema.is_some_and(|s| s.starts_with("pg_temp"))) {
            self.temporary(name);
        }
        (label, Action::Create, vec![self.object(name)])
    }

    /// SELECT … INTO creates a table.
    pub(super) fn select_into(&mut self, into: &SelectInto, rows: &Shape) -> Result<(), Unparsed> {
        let parts = match into.targets.as_slice() {
            [Expr::Identifier(name)] => vec![name.clone()],
            [Expr::CompoundIdentifier(parts)] => parts.clone(),
            _ => return not_modelled("SELECT INTO of another dialect"),
        };
        let name = ObjectName(parts.into_iter().map(ObjectNamePart::Identifier).collect());
        self.create_from_rows(&name, into.temporary, rows);
        Ok(())
    }

    /// Queries and calls within a definition: defaults, checks, conditions, USING of a changed type.
    fn contents(&mut self, statement: &Statement) -> Result<(), Unparsed> {
        let mut contents = Contents { walker: self, depth: 0, moves_data: false };
        if let ControlFlow::Break(error) = statement.visit(&mut contents) {
            return Err(error);
        }
        if contents.moves_data
            && let Statement::AlterTable(table) = statement
            && !table.operations.iter().all(is_key)
        {
            // `ALTER COLUMN … TYPE … USING ssn`, generated columns: values move between columns. A CHECK that does not
            // hold tells of them too.
            self.spreads.add(&Lineage::anything());
        }
        Ok(())
    }
}

/// Whether a change only makes columns a key.
fn is_key(operation: &AlterTableOperation) -> bool {
    matches!(
        operation,
        AlterTableOperation::AddConstraint {
            constraint: TableConstraint::Unique(_)
                | TableConstraint::PrimaryKey(_)
                | TableConstraint::ForeignKey(_),
            ..
        }
    )
}

struct Contents<'w, 'c> {
    walker: &'w mut Walker<'c>,
    depth: u32,
    moves_data: bool,
}

impl Visitor for Contents<'_, '_> {
    type Break = Unparsed;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Unparsed> {
        if self.depth == 0
            && let Err(error) = self.walker.query(query, NOWHERE)
        {
            return ControlFlow::Break(error);
        }
        self.depth = self.depth.saturating_add(1);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Unparsed> {
        self.depth = self.depth.saturating_sub(1);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Unparsed> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        self.moves_data |= matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        if let Expr::Function(function) = expr
            && let Err(error) = self.walker.call(&function.name, &[], &mut Lineage::clean())
        {
            return ControlFlow::Break(error);
        }
        ControlFlow::Continue(())
    }
}

fn schema(name: &ObjectName) -> Target {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Target::Schema { schema: names::fold(name).into_owned() },
        _ => Target::Database,
    }
}

/// Part by part: to clone whole names would bring the cloning of every kind of expression into the module.
fn without_last(name: &ObjectName) -> ObjectName {
    let parts = name.0.split_last().map(|(_, parts)| parts).unwrap_or_default();
    let parts = parts.iter().map(|part| part.as_ident().cloned().map(ObjectNamePart::Identifier));
    ObjectName(parts.collect::<Option<_>>().unwrap_or_default())
}

fn drop_label(object: ObjectType) -> &'static str {
    match object {
        ObjectType::Table => "DROP TABLE",
        ObjectType::View | ObjectType::MaterializedView => "DROP VIEW",
        ObjectType::Index => "DROP INDEX",
        ObjectType::Schema => "DROP SCHEMA",
        ObjectType::Sequence => "DROP SEQUENCE",
        ObjectType::Type => "DROP TYPE",
        ObjectType::Role | ObjectType::User => "DROP ROLE",
        _ => "DROP",
    }
}
