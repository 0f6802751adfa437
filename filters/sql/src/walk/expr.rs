//! Expressions: what flows into a value, and what is called and read on the way.
//!
//! A work list and not recursion: expressions are deep where the text is long. Only sub-queries recurse, and the
//! parser bounds those. What surrounds an expression decides what its columns are used for, and goes down with it.

use gatewright_core::policy::{Action, Target};
use sqlparser::ast::{
    AccessExpr, BinaryOperator, DataType, Expr, Ident, OrderByExpr, Query, Subscript, WindowFrameBound,
    WindowSpec,
};

use super::types::{is_builtin, takes_any_text};
use super::{Walker, not_modelled};
use crate::always_true::constant;
use crate::functions::{is_known_operator, never_fails};
use crate::lineage::Lineage;
use crate::scope::{Env, Resolved};
use crate::{Unparsed, names};

/// What the values of columns are used for, beside flowing into the result.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Uses {
    /// They decide which rows there are.
    pub(super) filter: bool,
    /// Some of them raise an error, or take long.
    pub(super) fail: bool,
}

impl Uses {
    pub(super) fn failing(self) -> Self {
        Self { fail: true, ..self }
    }

    pub(super) fn filtering(self) -> Self {
        Self { filter: true, ..self }
    }
}

/// Expressions that are still to be walked.
#[derive(Default)]
pub(super) struct Todo<'e> {
    list: Vec<(&'e Expr, Role, Uses)>,
    /// Those of the expression whose parts are pushed.
    pub(super) uses: Uses,
}

/// What an expression stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Value,
    Condition,
}

impl<'e> Todo<'e> {
    /// A part whose value counts as much as the whole's.
    pub(super) fn push(&mut self, expr: &'e Expr) {
        self.list.push((expr, Role::Value, self.uses));
    }

    pub(super) fn extend(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        for expr in exprs {
            self.push(expr);
        }
    }

    /// The same with other uses.
    pub(super) fn push_for(&mut self, uses: Uses, exprs: impl IntoIterator<Item = &'e Expr>) {
        self.list.extend(exprs.into_iter().map(|expr| (expr, Role::Value, uses)));
    }

    /// A part of which only matters whether it is true.
    pub(super) fn condition(&mut self, expr: &'e Expr) {
        self.list.push((expr, Role::Condition, self.uses));
    }
}

impl Walker<'_> {
    /// What flows into any of `roots`.
    pub(super) fn exprs<'e>(
        &mut self,
        roots: impl IntoIterator<Item = &'e Expr>,
        env: Env<'_>,
    ) -> Result<Lineage, Unparsed> {
        self.exprs_for(Uses::default(), roots, env)
    }

    /// The same, where the values are used for something else as well.
    pub(super) fn exprs_for<'e>(
        &mut self,
        uses: Uses,
        roots: impl IntoIterator<Item = &'e Expr>,
        env: Env<'_>,
    ) -> Result<Lineage, Unparsed> {
        let list = roots.into_iter().map(|expr| (expr, Role::Value, uses)).collect();
        self.work(Todo { list, uses }, env)
    }

    /// Conditions that decide which rows there are.
    pub(super) fn conditions<'e>(
        &mut self,
        roots: impl IntoIterator<Item = &'e Expr>,
        env: Env<'_>,
    ) -> Result<(), Unparsed> {
        let uses = Uses::default();
        let list = roots.into_iter().map(|expr| (expr, Role::Condition, uses)).collect();
        self.work(Todo { list, uses }, env)?;
        Ok(())
    }

    pub(super) fn work(&mut self, mut todo: Todo<'_>, env: Env<'_>) -> Result<Lineage, Unparsed> {
        let mut flow = Lineage::clean();
        while let Some((expr, role, uses)) = todo.list.pop() {
            todo.uses = uses;
            match role {
                Role::Value => self.step(expr, env, &mut todo, &mut flow)?,
                Role::Condition => self.condition_step(expr, env, &mut todo, &mut flow)?,
            }
        }
        Ok(flow)
    }

    /// Notes what a value that flows in is used for.
    pub(super) fn used(&mut self, lineage: &Lineage, uses: Uses) {
        if uses.filter {
            self.inferred.filtered.add(lineage);
        }
        if uses.fail {
            self.inferred.failing.add(lineage);
        }
    }

    fn step<'e>(
        &mut self,
        expr: &'e Expr,
        env: Env<'_>,
        todo: &mut Todo<'e>,
        flow: &mut Lineage,
    ) -> Result<(), Unparsed> {
        match expr {
            Expr::Value(_) | Expr::TypedString(_) => {}
            Expr::Identifier(ident) => self.identifier(ident, env, todo.uses, flow)?,
            Expr::CompoundIdentifier(parts) => self.compound(parts, env, todo.uses, flow)?,
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.field_access(root, access_chain, env, todo, flow)?;
            }
            Expr::IsFalse(e)
            | Expr::IsNotFalse(e)
            | Expr::IsTrue(e)
            | Expr::IsNotTrue(e)
            | Expr::IsNull(e)
            | Expr::IsNotNull(e)
            | Expr::IsUnknown(e)
            | Expr::IsNotUnknown(e)
            | Expr::IsJson { expr: e, .. }
            | Expr::IsNormalized { expr: e, .. }
            | Expr::Nested(e) => todo.push(e),
            Expr::Collate { expr, collation } => {
                // `a COLLATE FROM t` is a column under that name, and then FROM.
                names::qualified(collation)?;
                todo.push(expr);
            }
            Expr::Extract { expr: e, .. } => todo.push_for(todo.uses.failing(), [&**e]),
            Expr::Ceil { expr: e, .. } => {
                self.shadowable("ceil", flow);
                todo.push(e);
            }
            Expr::Floor { expr: e, .. } => {
                self.shadowable("floor", flow);
                todo.push(e);
            }
            Expr::IsDistinctFrom(a, b)
            | Expr::IsNotDistinctFrom(a, b)
            | Expr::AtTimeZone { timestamp: a, time_zone: b }
            | Expr::Position { expr: a, r#in: b } => todo.extend([&**a, &**b]),
            // Whether the right side is evaluated at all may be seen by the time it takes.
            Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
                todo.condition(left);
                todo.condition(right);
            }
            Expr::BinaryOp { left, op, right }
            | Expr::AnyOp { left, compare_op: op, right, .. }
            | Expr::AllOp { left, compare_op: op, right } => {
                self.operator(op, flow)?;
                let uses = if can_fail(op) { todo.uses.failing() } else { todo.uses };
                todo.push_for(uses, [&**left, &**right]);
            }
            Expr::UnaryOp { expr, .. } => todo.push(expr),
            Expr::InList { expr, list, .. } => {
                todo.push(expr);
                todo.extend(list);
            }
            Expr::InSubquery { expr, subquery, .. } => {
                todo.push(expr);
                self.subquery(subquery, env, todo.uses, flow)?;
            }
            Expr::Between { expr, low, high, .. } => todo.extend([&**expr, &**low, &**high]),
            Expr::Like { expr, pattern, escape_char, .. }
            | Expr::ILike { expr, pattern, escape_char, .. }
            | Expr::SimilarTo { expr, pattern, escape_char, .. } => {
                todo.extend([&**expr, &**pattern]);
                todo.extend(escape_char.as_deref());
            }
            Expr::Cast { expr, data_type, format: None, .. } => self.cast(expr, data_type, todo, flow),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                self.shadowable("substring", flow);
                self.shadowable("substr", flow);
                // A negative length is an error.
                todo.uses.fail |= substring_for.as_deref().is_some_and(|e| !constant(e));
                todo.push(expr);
                todo.extend(substring_from.as_deref());
                todo.extend(substring_for.as_deref());
            }
            Expr::Trim { trim_what, expr, trim_characters, .. } => {
                todo.push(expr);
                todo.extend(trim_what.as_deref());
                todo.extend(trim_characters.iter().flatten());
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                self.shadowable("overlay", flow);
                todo.uses.fail = true;
                todo.extend([&**expr, &**overlay_what, &**overlay_from]);
                todo.extend(overlay_for.as_deref());
            }
            Expr::Function(function) => self.function(function, env, todo, flow)?,
            Expr::Case { operand, conditions, else_result, .. } => {
                // Which branch runs may be seen by an error or by the time it takes.
                for when in conditions {
                    match operand.as_deref() {
                        Some(operand) => self.equal(operand, &when.condition, env, todo, flow),
                        None => todo.condition(&when.condition),
                    }
                    todo.push(&when.result);
                }
                todo.extend(else_result.as_deref());
            }
            // Whether there is a row; what is in it does not matter.
            Expr::Exists { subquery, .. } => {
                self.query(subquery, env)?;
            }
            Expr::Subquery(subquery) => self.subquery(subquery, env, todo.uses, flow)?,
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                todo.extend(sets.iter().flatten())
            }
            Expr::Tuple(parts) => todo.extend(parts),
            Expr::Array(array) => todo.extend(&array.elem),
            Expr::Interval(interval) => todo.push(&interval.value),
            _ => return not_modelled("an expression of another dialect"),
        }
        Ok(())
    }

    /// The rows of a sub-query as a value.
    pub(super) fn subquery(
        &mut self,
        query: &Query,
        env: Env<'_>,
        uses: Uses,
        flow: &mut Lineage,
    ) -> Result<(), Unparsed> {
        let rows = self.query(query, env)?;
        self.used(&rows.whole, uses);
        flow.add(&rows.whole);
        Ok(())
    }

    fn identifier(
        &mut self,
        ident: &Ident,
        env: Env<'_>,
        uses: Uses,
        flow: &mut Lineage,
    ) -> Result<(), Unparsed> {
        if names::is_value(ident) {
            return Ok(());
        }
        // `SELECT INTO t` has no column of that name.
        let name = names::object(ident)?;
        self.take(env.resolve(&name), uses, flow);
        Ok(())
    }

    fn take(&mut self, resolved: Option<Resolved>, uses: Uses, flow: &mut Lineage) {
        match resolved {
            Some(resolved) => {
                self.used(&resolved.lineage, uses);
                flow.add(&resolved.lineage);
                self.note_columns(resolved.columns);
            }
            None => {
                self.used(&Lineage::anything(), uses);
                flow.add(&Lineage::anything());
                self.note_columns(["*".into()]);
            }
        }
    }

    fn compound(
        &mut self,
        parts: &[Ident],
        env: Env<'_>,
        uses: Uses,
        flow: &mut Lineage,
    ) -> Result<(), Unparsed> {
        if parts.len() > 3 {
            return not_modelled("a name of more than three parts");
        }
        let resolved = resolve_compound(parts, env);
        if resolved.is_none() {
            self.attribute(&parts.last().map(names::fold).unwrap_or_default(), flow);
        }
        self.take(resolved, uses, flow);
        Ok(())
    }

    /// `row.name` may also be written for `name(row)`.
    fn attribute(&mut self, name: &str, flow: &mut Lineage) {
        flow.add(&Lineage::anything());
        self.shadowable(name, flow);
    }

    fn field_access<'e>(
        &mut self,
        root: &'e Expr,
        chain: &'e [AccessExpr],
        env: Env<'_>,
        todo: &mut Todo<'e>,
        flow: &mut Lineage,
    ) -> Result<(), Unparsed> {
        let mut chain = chain;
        match (root, chain) {
            // `c.notes['a']`: the parser took the dot for a part of the access.
            (Expr::Identifier(source), [AccessExpr::Dot(Expr::Identifier(column)), rest @ ..]) => {
                self.compound(&[source.clone(), column.clone()], env, todo.uses, flow)?;
                chain = rest;
            }
            _ => todo.push(root),
        }
        for access in chain {
            match access {
                AccessExpr::Dot(Expr::Identifier(field)) => {
                    self.shadowable(&names::fold(field), flow);
                }
                AccessExpr::Subscript(Subscript::Index { index }) => todo.push(index),
                AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride: None }) => {
                    todo.extend(lower_bound);
                    todo.extend(upper_bound);
                }
                _ => return not_modelled("a field access"),
            }
        }
        Ok(())
    }

    fn cast<'e>(&mut self, expr: &'e Expr, data_type: &DataType, todo: &mut Todo<'e>, flow: &mut Lineage) {
        let uses = if takes_any_text(data_type) { todo.uses } else { todo.uses.failing() };
        todo.push_for(uses, [expr]);
        // A literal is read by the type's input function; another value may go through a cast that somebody
        // wrote, as a function that the catalogue does not tie to the type.
        let is_literal = matches!(expr, Expr::Value(_));
        if !is_literal && !is_builtin(data_type) {
            self.give_up_proof();
            flow.add(&Lineage::anything());
        }
    }

    fn operator(&mut self, op: &BinaryOperator, flow: &mut Lineage) -> Result<(), Unparsed> {
        let (schema, symbol) = match op {
            BinaryOperator::Xor
            | BinaryOperator::DuckIntegerDivide
            | BinaryOperator::MyIntegerDivide
            | BinaryOperator::Match
            | BinaryOperator::Regexp
            | BinaryOperator::Glob
            | BinaryOperator::Assignment => return not_modelled("an operator of another dialect"),
            BinaryOperator::Custom(symbol) => (None, symbol.as_str()),
            BinaryOperator::PGCustomBinaryOperator(parts) => match parts.as_slice() {
                [symbol] => (None, symbol.as_str()),
                [schema, symbol] => (Some(schema.to_ascii_lowercase()), symbol.as_str()),
                _ => return not_modelled("an operator's name"),
            },
            _ => return Ok(()),
        };
        let builtin_schema = schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        if !(builtin_schema && is_known_operator(symbol)) {
            let schema = schema.unwrap_or_else(|| "pg_catalog".to_owned());
            self.facts.functions.insert(format!("{schema}.{symbol}"));
            self.access(Action::Call, Target::Function { schema, name: symbol.to_owned() });
            self.give_up_proof();
            flow.add(&Lineage::anything());
        }
        Ok(())
    }

    /// PARTITION BY, ORDER BY and frame of a window.
    pub(super) fn window(&mut self, spec: &WindowSpec, env: Env<'_>) -> Result<Lineage, Unparsed> {
        let mut flow = self.exprs(&spec.partition_by, env)?;
        flow.add(&self.sort_keys(&spec.order_by, env)?);
        if spec.window_name.is_some() {
            flow.add(&Lineage::anything());
        }
        if let Some(frame) = &spec.window_frame {
            for bound in std::iter::once(&frame.start_bound).chain(&frame.end_bound) {
                if let WindowFrameBound::Preceding(Some(by)) | WindowFrameBound::Following(Some(by)) = bound {
                    flow.add(&self.exprs([&**by], env)?);
                }
            }
        }
        Ok(flow)
    }

    pub(super) fn sort_keys(&mut self, keys: &[OrderByExpr], env: Env<'_>) -> Result<Lineage, Unparsed> {
        self.exprs(keys.iter().map(|key| &key.expr), env)
    }
}

/// What `name`, `source.name` or `schema.source.name` means.
pub(super) fn resolve_compound(parts: &[Ident], env: Env<'_>) -> Option<Resolved> {
    let (sources, column) = match parts {
        [column] => return env.resolve(&names::fold(column)),
        [source, column] => (env.sources(&names::fold(source)), column),
        [schema, source, column] => {
            (env.relation_sources(&names::fold(schema), &names::fold(source)), column)
        }
        _ => return None,
    };
    Env::resolve_in(&sources, &names::fold(column))
}

/// Whether an operator fails, or takes long, for some operands.
fn can_fail(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    match op {
        Op::Custom(symbol) => !never_fails(symbol),
        Op::PGCustomBinaryOperator(parts) => parts.last().is_none_or(|symbol| !never_fails(symbol)),
        Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo | Op::PGExp => true,
        Op::PGRegexMatch | Op::PGRegexIMatch | Op::PGRegexNotMatch | Op::PGRegexNotIMatch => true,
        Op::PGBitwiseShiftLeft | Op::PGBitwiseShiftRight => true,
        _ => false,
    }
}
