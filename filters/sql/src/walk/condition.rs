//! Conditions: what it tells of a masked column that a row is there.
//!
//! Whoever may ask whether a value equals one that he knows already learns little; whoever may ask for a part of it, or
//! whether it is smaller, has all of it after a few questions. So the two are told apart.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator,
};

use super::Walker;
use super::expr::{Todo, resolve_compound};
use super::types::takes_any_text;
use crate::always_true::constant;
use crate::facts::Derivation;
use crate::lineage::Lineage;
use crate::scope::{Env, Resolved};
use crate::{Unparsed, names};

impl Walker<'_> {
    /// One step into a condition.
    pub(super) fn condition_step<'e>(
        &mut self,
        expr: &'e Expr,
        env: Env<'_>,
        todo: &mut Todo<'e>,
        flow: &mut Lineage,
    ) -> Result<(), Unparsed> {
        match expr {
            Expr::Nested(inner)
            | Expr::UnaryOp { op: UnaryOperator::Not, expr: inner }
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner) => todo.condition(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
                todo.condition(left);
                todo.condition(right);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right }
            | Expr::IsDistinctFrom(left, right)
            | Expr::IsNotDistinctFrom(left, right)
            // `ssn = ANY ($1)`
            | Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. }
            | Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => {
                self.equal(left, right, env, todo, flow);
            }
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => match self.column(inner, env) {
                Some(column) => self.compared(column, flow),
                None => self.filter(inner, todo),
            },
            Expr::InList { expr, list, .. } => match self.column_in_any_case(expr, env) {
                Some(column) if list.iter().all(constant) => {
                    self.compared(column, flow);
                    todo.extend(list);
                }
                _ => {
                    self.filter(expr, todo);
                    list.iter().for_each(|item| self.filter(item, todo));
                }
            },
            Expr::InSubquery { expr, subquery, .. } => {
                let rows = self.query(subquery, env)?;
                let identical = rows
                    .columns
                    .as_ref()
                    .is_some_and(|columns| columns.iter().all(|c| c.kind == Derivation::Identity));
                match self.column(expr, env) {
                    Some(column) if identical && !column.lineage.is_clean() && !rows.whole.is_clean() => {
                        self.inferred.joined.add(&column.lineage);
                        self.inferred.joined.add(&rows.whole);
                        flow.add(&column.lineage);
                        self.note_columns(column.columns);
                    }
                    _ => {
                        self.filter(expr, todo);
                        self.inferred.filtered.add(&rows.whole);
                    }
                }
                flow.add(&rows.whole);
            }
            // The sub-query's own conditions say what is learnt.
            Expr::Exists { .. } => todo.push(expr),
            other => self.filter(other, todo),
        }
        Ok(())
    }

    /// `left = right`, or its opposite.
    pub(super) fn equal<'e>(
        &mut self,
        left: &'e Expr,
        right: &'e Expr,
        env: Env<'_>,
        todo: &mut Todo<'e>,
        flow: &mut Lineage,
    ) {
        if let (Expr::Tuple(left), Expr::Tuple(right)) = (bare(left), bare(right))
            && left.len() == right.len()
        {
            // INVARIANT: tuples do not nest deeper than the parser lets them.
            for (left, right) in left.iter().zip(right) {
                self.equal(left, right, env, todo, flow);
            }
            return;
        }
        for (one, other) in [(left, right), (right, left)] {
            if constant(other)
                && let Some(column) = self.column_in_any_case(one, env)
            {
                self.compared(column, flow);
                todo.push(other);
                return;
            }
        }
        match (self.column(left, env), self.column(right, env)) {
            (Some(left), Some(right)) => {
                let kind = if left.lineage.is_clean() == right.lineage.is_clean() {
                    &mut self.inferred.joined
                } else {
                    // The column that is not masked tells the value of the one that is.
                    &mut self.inferred.filtered
                };
                for column in [left, right] {
                    kind.add(&column.lineage);
                    flow.add(&column.lineage);
                    self.facts.columns_read.extend(column.columns);
                }
            }
            _ => {
                self.filter(left, todo);
                self.filter(right, todo);
            }
        }
    }

    fn filter<'e>(&mut self, expr: &'e Expr, todo: &mut Todo<'e>) {
        todo.push_for(todo.uses.filtering(), [expr]);
    }

    fn compared(&mut self, column: Resolved, flow: &mut Lineage) {
        self.inferred.compared.add(&column.lineage);
        flow.add(&column.lineage);
        self.note_columns(column.columns);
    }

    /// The very column, whatever its letters' case: people look for addresses by `lower(email) = lower($1)`.
    fn column_in_any_case(&mut self, expr: &Expr, env: Env<'_>) -> Option<Resolved> {
        if let Expr::Function(function) = bare(expr)
            && let Some(inner) = in_other_case(function)
        {
            let name = names::last(&function.name)?;
            if self.catalogue.functions(&name).next().is_some() {
                return None;
            }
            let column = self.column(inner, env)?;
            self.builtin(&name);
            return Some(column);
        }
        self.column(expr, env)
    }

    /// The very column.
    pub(super) fn column(&self, expr: &Expr, env: Env<'_>) -> Option<Resolved> {
        let resolved = match bare(expr) {
            Expr::Identifier(ident) if names::is_value(ident) => return None,
            Expr::Identifier(ident) => resolve_compound(std::slice::from_ref(ident), env)?,
            Expr::CompoundIdentifier(parts) => resolve_compound(parts, env)?,
            _ => return None,
        };
        (resolved.lineage.is_clean() || resolved.kind == Some(Derivation::Identity)).then_some(resolved)
    }
}

/// Without brackets, and casts that leave text what it is.
fn bare(mut expr: &Expr) -> &Expr {
    loop {
        expr = match expr {
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => inner,
            Expr::Cast { expr: inner, data_type, format: None, .. } if takes_any_text(data_type) => inner,
            _ => return expr,
        };
    }
}

fn in_other_case(function: &Function) -> Option<&Expr> {
    let name = names::last(&function.name)?;
    if function.name.0.len() != 1 || !matches!(&*name, "lower" | "upper") {
        return None;
    }
    match &function.args {
        FunctionArguments::List(list) if list.clauses.is_empty() => match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(inner))] => Some(inner),
            _ => None,
        },
        _ => None,
    }
}
