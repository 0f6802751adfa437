//! Which kind of statement: every kind that PostgreSQL has goes to its own part, everything else is refused.

use gatewright_core::policy::{Action, Target};
use sqlparser::ast::{
    AnalyzeFormatKind, DescribeAlias, Expr, ObjectName, ObjectNamePart, Query, SetExpr, Statement,
};

use super::{NOWHERE, Walker, copy, not_modelled};
use crate::lineage::Shape;
use crate::{Handle, PreparedNames, Transaction, Unparsed, names};

impl Walker<'_> {
    /// A top-level statement; the shape of its rows if they are known.
    pub(super) fn statement(&mut self, statement: &Statement) -> Result<Option<Shape>, Unparsed> {
        match statement {
            Statement::Query(query) => self.query(query, NOWHERE).map(Some),
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) | Statement::Merge(_) => {
                self.modify(statement, NOWHERE).map(Some)
            }
            Statement::Copy { source, to, target, options, legacy_options, values } if values.is_empty() => {
                self.copy(source, *to, target, copy::form(options, legacy_options))
            }
            Statement::Explain {
                describe_alias: DescribeAlias::Explain,
                query_plan: false,
                estimate: false,
                statement,
                format: None | Some(AnalyzeFormatKind::Keyword(_)),
                options,
                ..
            } => {
                self.facts.statement = "EXPLAIN";
                for option in options.iter().flatten() {
                    self.exprs(option.arg.iter().filter(|arg| !matches!(arg, Expr::Identifier(_))), NOWHERE)?;
                }
                match **statement {
                    Statement::Explain { .. } => return not_modelled("EXPLAIN of EXPLAIN"),
                    Statement::Execute { .. } => self.statement(statement)?,
                    Statement::Query(_)
                    | Statement::Insert(_)
                    | Statement::Update(_)
                    | Statement::Delete(_)
                    | Statement::Merge(_)
                    | Statement::CreateTable(_) => self.statement(statement)?,
                    _ => return not_modelled("EXPLAIN of this statement"),
                };
                self.facts.statement = "EXPLAIN";
                // A plan shows the conditions' values, and is not the rows.
                Ok(None)
            }
            Statement::Prepare { name, statement, .. } => {
                let Statement::Query(query) = &**statement else {
                    return not_modelled("PREPARE of a change");
                };
                if modifies(query) {
                    return not_modelled("PREPARE of a change");
                }
                self.facts.statement = "PREPARE";
                self.facts.renames = Some(PreparedNames::One(names::fold(name).into_owned()));
                self.facts.defines_outputs = true;
                self.facts.handle = Some(Handle::Statement(names::fold(name).into_owned()));
                self.query(query, NOWHERE).map(Some)
            }
            Statement::Declare { stmts } => {
                let [cursor] = stmts.as_slice() else { return not_modelled("DECLARE of another dialect") };
                let (Some(query), None, None) = (&cursor.for_query, &cursor.data_type, &cursor.assignment)
                else {
                    return not_modelled("DECLARE of another dialect");
                };
                self.facts.statement = "DECLARE";
                self.facts.defines_outputs = true;
                if let [name] = cursor.names.as_slice() {
                    self.facts.handle = Some(Handle::Cursor(names::fold(name).into_owned()));
                }
                self.query(query, NOWHERE).map(Some)
            }
            Statement::Execute {
                name,
                parameters,
                immediate: false,
                into,
                using,
                output: false,
                default: false,
                ..
            } if into.is_empty() && using.is_empty() => {
                self.facts.statement = "EXECUTE";
                self.facts.uses_defined_outputs = true;
                if let Some([ObjectNamePart::Identifier(name)]) = name.as_ref().map(|name| name.0.as_slice())
                {
                    self.facts.handle = Some(Handle::Statement(names::fold(name).into_owned()));
                }
                self.exprs(parameters, NOWHERE)?;
                Ok(None)
            }
            Statement::Fetch { name, into: None, .. } => {
                self.facts.statement = "FETCH";
                self.facts.uses_defined_outputs = true;
                self.facts.handle = Some(Handle::Cursor(names::fold(name).into_owned()));
                Ok(None)
            }
            Statement::Close { .. } => self.plain("CLOSE"),
            Statement::Deallocate { name, .. } => {
                let all = name.quote_style.is_none() && name.value.eq_ignore_ascii_case("all");
                let one = PreparedNames::One(names::fold(name).into_owned());
                self.facts.renames = Some(if all { PreparedNames::All } else { one });
                self.plain("DEALLOCATE")
            }
            Statement::Call(function) => {
                self.facts.statement = "CALL";
                self.procedure(function)?;
                Ok(None)
            }
            Statement::StartTransaction {
                transaction: _,
                modifier: None,
                statements,
                exception: None,
                ..
            } if statements.is_empty() => self.transaction("BEGIN", Transaction::Begin),
            Statement::Commit { modifier: None, .. } => self.transaction("COMMIT", Transaction::Commit),
            Statement::Rollback { savepoint: None, .. } => {
                self.transaction("ROLLBACK", Transaction::Rollback)
            }
            Statement::Rollback { .. } => self.transaction("ROLLBACK TO", Transaction::Savepoint),
            Statement::Savepoint { .. } => self.transaction("SAVEPOINT", Transaction::Savepoint),
            Statement::ReleaseSavepoint { .. } => self.transaction("RELEASE", Transaction::Savepoint),
            other => {
                if self.session(other)? || self.maintenance(other)? || self.ddl(other)? {
                    Ok(None)
                } else {
                    not_modelled("this kind of statement")
                }
            }
        }
    }

    fn plain(&mut self, name: &'static str) -> Result<Option<Shape>, Unparsed> {
        self.facts.statement = name;
        Ok(None)
    }

    fn transaction(&mut self, name: &'static str, kind: Transaction) -> Result<Option<Shape>, Unparsed> {
        self.facts.statement = name;
        self.facts.transaction = Some(kind);
        Ok(None)
    }

    /// The target of SELECT INTO and CREATE TABLE AS.
    pub(super) fn create_from_rows(&mut self, name: &ObjectName, temporary: bool, rows: &Shape) {
        let target = if temporary {
            self.temporary(name);
            Target::Schema { schema: "pg_temp".to_owned() }
        } else {
            match names::qualified(name) {
                Ok((Some(schema), _)) => {
                    if schema.starts_with("pg_temp") {
                        self.temporary(name);
                    }
                    Target::Schema { schema: schema.into_owned() }
                }
                _ => Target::Database,
            }
        };
        self.access(Action::Create, target);
        self.spreads.add(&rows.whole);
    }
}

/// Whether a query changes rows: only then has it another body than SELECT at the top, or in a WITH there.
fn modifies(query: &Query) -> bool {
    let changes = |body: &SetExpr| {
        matches!(body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_))
    };
    let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
    changes(&query.body)
        || matches!(&*query.body, SetExpr::Query(inner) if modifies(inner))
        || { ctes.into_iter().any(|cte| modifies(&cte.query)) }
        || matches!(&*query.body, SetExpr::Select(select) if select.into.is_some())
}
