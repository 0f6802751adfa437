//! FROM: what rows there are to take columns from.

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlparser::ast::{
    FunctionArg, FunctionArgExpr, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableAlias,
    TableFactor, TableFunctionArgs, TableSampleKind, TableWithJoins,
};

use super::expr::Uses;
use super::query::origins;
use super::{Walker, not_modelled};
use crate::facts::Derivation;
use crate::lineage::{Lineage, Shape};
use crate::scope::{Env, Frame, Source};
use crate::{Unparsed, names};

/// The sources of one FROM.
#[derive(Default)]
pub(super) struct From {
    /// From left to right.
    pub(super) sources: Vec<Source>,
    /// Whether USING or NATURAL merges columns, so that `*` is not just one source after the other.
    pub(super) merged: bool,
}

impl Walker<'_> {
    /// A FROM list, behind sources that are there already (the target of an UPDATE).
    pub(super) fn from(
        &mut self,
        tables: &[TableWithJoins],
        env: Env<'_>,
        before: Vec<Source>,
    ) -> Result<From, Unparsed> {
        let mut from = From { sources: before, merged: false };
        for table in tables {
            self.joined(table, env, &mut from)?;
        }
        Ok(from)
    }

    fn joined(&mut self, table: &TableWithJoins, env: Env<'_>, from: &mut From) -> Result<(), Unparsed> {
        self.factor(&table.relation, env, from)?;
        for join in &table.joins {
            if join.global {
                return not_modelled("a join of another dialect");
            }
            self.factor(&join.relation, env, from)?;
            let constraint = match &join.join_operator {
                JoinOperator::Join(c)
                | JoinOperator::Inner(c)
                | JoinOperator::Left(c)
                | JoinOperator::LeftOuter(c)
                | JoinOperator::Right(c)
                | JoinOperator::RightOuter(c)
                | JoinOperator::FullOuter(c)
                | JoinOperator::CrossJoin(c) => c,
                _ => return not_modelled("a join of another dialect"),
            };
            let frame = Frame { outer: env.frame, sources: &from.sources };
            let inner = Env { frame: Some(&frame), ctes: env.ctes };
            match constraint {
                JoinConstraint::None => {}
                JoinConstraint::On(condition) => self.conditions([condition], inner)?,
                JoinConstraint::Using(columns) => {
                    for column in columns {
                        self.merged(&names::last(column).unwrap_or_default(), &from.sources);
                    }
                    from.merged = true;
                }
                JoinConstraint::Natural => {
                    self.note_columns(["*".into()]);
                    let shared: BTreeSet<Arc<str>> = from
                        .sources
                        .iter()
                        .flat_map(|source| source.shape.columns.iter().flatten())
                        .filter_map(|column| column.name.clone())
                        .collect();
                    shared.iter().for_each(|name| self.merged(name, &from.sources));
                    for source in from.sources.iter().filter(|source| source.shape.columns.is_none()) {
                        self.inferred.filtered.add(&source.shape.whole);
                    }
                    from.merged = true;
                }
            }
        }
        Ok(())
    }

    /// A column that two sources have, and that must be equal in both.
    fn merged(&mut self, name: &str, sources: &[Source]) {
        let mut flow = Lineage::clean();
        let (mut sides, mut masked) = (0_usize, 0_usize);
        for source in sources {
            let Some(side) = Env::resolve_in(&[source], name) else { continue };
            sides = sides.saturating_add(1);
            let identical = side.kind == Some(Derivation::Identity);
            masked = masked.saturating_add(usize::from(identical && !side.lineage.is_clean()));
            flow.add(&side.lineage);
            self.facts.columns_read.extend(side.columns);
        }
        if sides > 1 {
            let kind = if sides == masked { &mut self.inferred.joined } else { &mut self.inferred.filtered };
            kind.add(&flow);
        }
    }

    pub(super) fn factor(
        &mut self,
        factor: &TableFactor,
        env: Env<'_>,
        from: &mut From,
    ) -> Result<(), Unparsed> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version: None,
                with_ordinality,
                partitions,
                json_path: None,
                sample,
                index_hints,
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                if let Some(
                    TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample),
                ) = sample
                {
                    self.exprs(sample.quantity.iter().map(|quantity| &quantity.value), env)?;
                }
                let source = match args {
                    None if *with_ordinality => return not_modelled("WITH ORDINALITY of a table"),
                    None => self.named_source(name, env)?,
                    Some(TableFunctionArgs { args, settings: None }) => {
                        self.function_source(name, args, env, &from.sources)?
                    }
                    Some(_) => return not_modelled("a table function of another dialect"),
                };
                from.sources.push(aliased(source, alias.as_ref())?);
            }
            TableFactor::Function { name, args, alias, .. } => {
                let source = self.function_source(name, args, env, &from.sources)?;
                from.sources.push(aliased(source, alias.as_ref())?);
            }
            TableFactor::UNNEST {
                alias, array_exprs, with_offset: false, with_offset_alias: None, ..
            } => {
                self.builtin("unnest");
                let frame = Frame { outer: env.frame, sources: &from.sources };
                let inner = Env { frame: Some(&frame), ctes: env.ctes };
                let whole = self.exprs_for(Uses::default().filtering(), array_exprs, inner)?;
                let source = Source { name: Some("unnest".into()), ..anonymous(Shape::unknown(whole)) };
                from.sources.push(aliased(source, alias.as_ref())?);
            }
            TableFactor::Derived { lateral, subquery, alias, sample: None } => {
                let frame = Frame { outer: env.frame, sources: &from.sources };
                let inner = if *lateral { Env { frame: Some(&frame), ctes: env.ctes } } else { env };
                let shape = self.query(subquery, inner)?;
                from.sources.push(aliased(anonymous(shape), alias.as_ref())?);
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.joined(table_with_joins, env, from)?;
            }
            TableFactor::NestedJoin { table_with_joins, alias: Some(alias) } => {
                let first = from.sources.len();
                self.joined(table_with_joins, env, from)?;
                // The alias hides the names within; any column may then be any of theirs.
                let mut whole = Lineage::clean();
                for source in from.sources.drain(first..) {
                    whole.add(&source.shape.whole);
                    self.facts.columns_read.extend(origins(&source.shape));
                }
                from.sources.push(aliased(anonymous(Shape::unknown(whole)), Some(alias))?);
            }
            _ => return not_modelled("something in FROM"),
        }
        Ok(())
    }

    /// A WITH query, table or view by name.
    pub(super) fn named_source(&mut self, name: &ObjectName, env: Env<'_>) -> Result<Source, Unparsed> {
        let (schema, relation) = names::qualified(name)?;
        if schema.is_none()
            && let Some(shape) = env.cte(&relation)
        {
            return Ok(Source { name: Some(relation.into()), ..anonymous(shape.clone()) });
        }
        let named = self.lookup_parts(schema.as_deref(), &relation)?;
        Ok(self.read(&named))
    }

    /// A function in FROM: its rows come from its arguments. How many columns it has is not looked up.
    fn function_source(
        &mut self,
        name: &ObjectName,
        args: &[FunctionArg],
        env: Env<'_>,
        left: &[Source],
    ) -> Result<Source, Unparsed> {
        if let [ObjectNamePart::Identifier(only)] = name.0.as_slice() {
            // `ONLY (t)` is no call.
            if names::object(only)? == "rows" {
                return not_modelled("ROWS FROM");
            }
        }
        let frame = Frame { outer: env.frame, sources: left };
        let inner = Env { frame: Some(&frame), ctes: env.ctes };
        let mut whole = Lineage::clean();
        let mut values = Vec::new();
        for arg in args {
            let value = match arg {
                FunctionArg::Unnamed(value) | FunctionArg::Named { arg: value, .. } => value,
                FunctionArg::ExprNamed { .. } => return not_modelled("an argument of a table function"),
            };
            let FunctionArgExpr::Expr(value) = value else {
                return not_modelled("an argument of a table function");
            };
            values.push(value);
        }
        self.call(name, &values, &mut whole)?;
        // How many rows there are depends on the arguments.
        whole.add(&self.exprs_for(Uses::default().filtering().failing(), values, inner)?);
        Ok(Source { name: names::last(name).map(Arc::from), ..anonymous(Shape::unknown(whole)) })
    }
}

/// A source that cannot be named.
pub(super) fn anonymous(shape: Shape) -> Source {
    Source { name: None, relation: None, shape, is_table: false }
}

/// A source under its alias, which hides its own name.
pub(super) fn aliased(source: Source, alias: Option<&TableAlias>) -> Result<Source, Unparsed> {
    let Some(alias) = alias else { return Ok(source) };
    if alias.at.is_some() {
        return not_modelled("an alias of another dialect");
    }
    let columns: Vec<Arc<str>> =
        alias.columns.iter().map(|column| names::fold(&column.name).into()).collect();
    Ok(Source {
        name: Some(names::object(&alias.name)?.into()),
        relation: None,
        shape: source.shape.renamed(&columns),
        is_table: source.is_table,
    })
}
