//! Queries: WITH, set operations, VALUES, SELECT.

use std::sync::Arc;

use gatewright_core::policy::Action;
use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, GroupByWithModifier, Ident, LimitClause, NamedWindowExpr, ObjectName,
    ObjectNamePart, OrderBy, OrderByKind, Query, Select, SelectFlavor, SetExpr, SetOperator, SetQuantifier,
    Value, ValueWithSpan, Values, With,
};

use super::expr::Uses;
use super::{Walker, not_modelled};
use crate::facts::Derivation;
use crate::lineage::{Lineage, OutColumn, Shape};
use crate::scope::{Ctes, Env, Frame};
use crate::{Unparsed, names};

impl Walker<'_> {
    /// A query, at the top or anywhere below.
    pub(super) fn query(&mut self, query: &Query, env: Env<'_>) -> Result<Shape, Unparsed> {
        if query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty()
        {
            return not_modelled("a query with clauses of another dialect");
        }
        // What changes rows is called so, whatever its WITH reads.
        match &*query.body {
            SetExpr::Insert(_) => self.within("INSERT"),
            SetExpr::Update(_) => self.within("UPDATE"),
            SetExpr::Delete(_) => self.within("DELETE"),
            SetExpr::Merge(_) => self.within("MERGE"),
            _ => {}
        }
        let reads_before = self.reads.len();
        let with = query.with.as_ref().map(|with| self.with(with, env)).transpose()?.unwrap_or_default();
        let ctes = Ctes { outer: env.ctes, queries: &with };
        let inner = Env { frame: env.frame, ctes: Some(&ctes) };
        let shape = self.set_expr(&query.body, inner, query.order_by.as_ref())?;
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                let counts = limit.iter().chain(offset.iter().map(|offset| &offset.value));
                self.exprs_for(Uses::default().filtering(), counts, inner)?;
            }
            Some(_) => return not_modelled("LIMIT of another dialect"),
        }
        if let Some(fetch) = &query.fetch {
            self.exprs_for(Uses::default().filtering(), &fetch.quantity, inner)?;
        }
        if !query.locks.is_empty() {
            // With OF fewer are locked; which, is not worth a doubt.
            let locked: Vec<_> = self.reads.iter().skip(reads_before).cloned().collect();
            for target in locked {
                self.access(Action::Lock, target);
            }
        }
        Ok(shape)
    }

    /// The queries of a WITH, in order; each sees those before it, with RECURSIVE itself and those after it as well.
    pub(super) fn with(&mut self, with: &With, env: Env<'_>) -> Result<Vec<(Arc<str>, Shape)>, Unparsed> {
        let mut known = Vec::new();
        if with.recursive {
            // Of those that are still to come nothing is known, so each may carry anything in scope.
            for cte in &with.cte_tables {
                known.push((names::object(&cte.alias.name)?.into(), Shape::unknown(Lineage::anything())));
            }
        }
        for (position, cte) in with.cte_tables.iter().enumerate() {
            if cte.from.is_some() {
                return not_modelled("WITH of another dialect");
            }
            let columns: Vec<Arc<str>> =
                cte.alias.columns.iter().map(|c| names::fold(&c.name).into()).collect();
            if !with.recursive {
                let shape = self.cte(&cte.query, &known, env)?.renamed(&columns);
                known.push((names::object(&cte.alias.name)?.into(), shape));
                continue;
            }
            let shape = self.recursive(cte, position, &columns, &mut known, env)?;
            if let Some((_, slot)) = known.get_mut(position) {
                *slot = shape;
            }
        }
        Ok(known)
    }

    fn cte(&mut self, query: &Query, known: &[(Arc<str>, Shape)], env: Env<'_>) -> Result<Shape, Unparsed> {
        let ctes = Ctes { outer: env.ctes, queries: known };
        self.query(query, Env { frame: env.frame, ctes: Some(&ctes) })
    }

    /// A query that may read its own rows: those of the first arm, then what the second makes of them, and so on until
    /// nothing new flows in.
    fn recursive(
        &mut self,
        cte: &Cte,
        position: usize,
        columns: &[Arc<str>],
        known: &mut Vec<(Arc<str>, Shape)>,
        env: Env<'_>,
    ) -> Result<Shape, Unparsed> {
        let (SetExpr::SetOperation { left, .. }, None) = (&*cte.query.body, &cte.query.with) else {
            return Ok(self.cte(&cte.query, known, env)?.renamed(columns));
        };
        let ctes = Ctes { outer: env.ctes, queries: known };
        let mut shape =
            self.set_expr(left, Env { frame: env.frame, ctes: Some(&ctes) }, None)?.renamed(columns);
        loop {
            if self.rounds == 0 {
                // Too many queries within queries to find out.
                return Ok(Shape::unknown(Lineage::anything()));
            }
            self.rounds = self.rounds.saturating_sub(1);
            if let Some((_, slot)) = known.get_mut(position) {
                *slot = shape.clone();
            }
            let next = self.cte(&cte.query, known, env)?.renamed(columns);
            let flows = |shape: &Shape| {
                let each = shape.columns.as_ref();
                let each =
                    each.map(|all| all.iter().map(|c| (c.lineage.clone(), c.kind)).collect::<Vec<_>>());
                (each, shape.whole.clone())
            };
            if flows(&next) == flows(&shape) {
                return Ok(next);
            }
            shape = next;
        }
    }

    fn set_expr(
        &mut self,
        body: &SetExpr,
        env: Env<'_>,
        order_by: Option<&OrderBy>,
    ) -> Result<Shape, Unparsed> {
        match body {
            SetExpr::Select(select) => self.select(select, env, order_by),
            SetExpr::Query(query) => {
                let shape = self.query(query, env)?;
                self.sort(order_by, &shape, env)?;
                Ok(shape)
            }
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                if *op == SetOperator::Minus
                    || !matches!(
                        set_quantifier,
                        SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None
                    )
                {
                    return not_modelled("a set operation of another dialect");
                }
                self.within("SELECT");
                let left = self.set_expr(left, env, None)?;
                let right = self.set_expr(right, env, None)?;
                if *op == SetOperator::Union {
                    if *set_quantifier != SetQuantifier::All {
                        self.distinct(&left);
                        self.distinct(&right);
                    }
                } else {
                    // Which rows are left says what is in both.
                    self.matched(&left, &right);
                }
                let shape = both(left, right);
                self.sort(order_by, &shape, env)?;
                Ok(shape)
            }
            SetExpr::Values(values) => {
                let shape = self.values(values, env)?;
                self.sort(order_by, &shape, env)?;
                Ok(shape)
            }
            SetExpr::Table(table) => {
                self.within("SELECT");
                // The tree has lost the quotes, and with them the folding.
                let parts = table.schema_name.iter().chain(&table.table_name);
                if parts.clone().any(|part| part.chars().any(|c| c.is_ascii_uppercase() || c == '"')) {
                    return not_modelled("TABLE with a name in upper case");
                }
                let name = ObjectName(parts.map(|p| ObjectNamePart::Identifier(Ident::new(p))).collect());
                let source = self.named_source(&name, env)?;
                let noted: Vec<_> = origins(&source.shape).collect();
                self.note_columns(noted);
                self.sort(order_by, &source.shape, env)?;
                Ok(source.shape)
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => self.modify(statement, env),
        }
    }

    /// ORDER BY of what has no row source of its own: it may name outputs only.
    fn sort(&mut self, order_by: Option<&OrderBy>, shape: &Shape, env: Env<'_>) -> Result<(), Unparsed> {
        let source = super::from::anonymous(shape.clone());
        let frame = Frame { outer: env.frame, sources: std::slice::from_ref(&source) };
        self.order_by(order_by, Env { frame: Some(&frame), ctes: env.ctes }, shape)
    }

    fn order_by(
        &mut self,
        order_by: Option<&OrderBy>,
        env: Env<'_>,
        outputs: &Shape,
    ) -> Result<(), Unparsed> {
        let Some(order_by) = order_by else { return Ok(()) };
        let OrderByKind::Expressions(keys) = &order_by.kind else {
            return not_modelled("ORDER BY ALL");
        };
        for key in keys {
            if order_by.interpolate.is_some() || key.with_fill.is_some() {
                return not_modelled("ORDER BY of another dialect");
            }
            // A bare name is an output's first of all.
            let flow = match output(&key.expr, outputs) {
                Some(flow) => flow,
                None => self.exprs([&key.expr], env)?,
            };
            self.inferred.sorted.add(&flow);
        }
        Ok(())
    }

    /// Equal rows are left out: how many rows there are tells something of the values, unless they are whole columns.
    fn distinct(&mut self, rows: &Shape) {
        match &rows.columns {
            Some(columns) => columns.iter().for_each(|column| self.grouped(column)),
            None => self.inferred.filtered.add(&rows.whole),
        }
    }

    /// Equal values count as one: of a part of a value that is a condition on it.
    fn grouped(&mut self, column: &OutColumn) {
        let kind = match column.kind {
            Derivation::Identity => &mut self.inferred.grouped,
            _ => &mut self.inferred.filtered,
        };
        kind.add(&column.lineage);
    }

    /// INTERSECT and EXCEPT: rows of one arm are compared with those of the other.
    fn matched(&mut self, left: &Shape, right: &Shape) {
        let (Some(left_columns), Some(right_columns)) = (&left.columns, &right.columns) else {
            self.inferred.filtered.add(&left.whole);
            self.inferred.filtered.add(&right.whole);
            return;
        };
        for (left, right) in left_columns.iter().zip(right_columns) {
            let masked =
                |column: &OutColumn| !column.lineage.is_clean() && column.kind == Derivation::Identity;
            let kind = if masked(left) && masked(right) {
                &mut self.inferred.joined
            } else {
                &mut self.inferred.filtered
            };
            kind.add(&left.lineage);
            kind.add(&right.lineage);
        }
    }

    pub(super) fn values(&mut self, values: &Values, env: Env<'_>) -> Result<Shape, Unparsed> {
        self.within("VALUES");
        let mut columns: Vec<OutColumn> = Vec::new();
        let width = values.rows.first().map_or(0, |row| row.content.len());
        for (row_number, row) in values.rows.iter().enumerate() {
            if row.content.len() != width {
                return not_modelled("VALUES with rows of different lengths");
            }
            for (position, value) in (0_usize..).zip(&row.content) {
                let lineage = self.exprs([value], env)?;
                match columns.get_mut(position) {
                    Some(column) => column.lineage.add(&lineage),
                    None if row_number == 0 => columns.push(OutColumn {
                        name: Some(format!("column{}", position.saturating_add(1)).into()),
                        kind: lineage.computed(),
                        lineage,
                        origin: None,
                    }),
                    None => {}
                }
            }
        }
        Ok(Shape::known(columns))
    }

    fn select(
        &mut self,
        select: &Select,
        env: Env<'_>,
        order_by: Option<&OrderBy>,
    ) -> Result<Shape, Unparsed> {
        self.within("SELECT");
        check_dialect(select)?;
        let from = self.from(&select.from, env, Vec::new())?;
        let frame = Frame { outer: env.frame, sources: &from.sources };
        let env = Env { frame: Some(&frame), ctes: env.ctes };

        let shape = self.projection(&select.projection, &from, env)?;
        self.conditions(select.selection.iter().chain(&select.having), env)?;
        match &select.distinct {
            None | Some(Distinct::All) => {}
            Some(Distinct::Distinct) => self.distinct(&shape),
            // Which row of each group stands for it is chosen by the order.
            Some(Distinct::On(keys)) => self.keys(keys, env, &shape)?,
        }
        match &select.group_by {
            GroupByExpr::Expressions(keys, modifiers) => {
                self.keys(keys, env, &shape)?;
                for modifier in modifiers {
                    let GroupByWithModifier::GroupingSets(sets) = modifier else {
                        return not_modelled("GROUP BY of another dialect");
                    };
                    self.keys(std::slice::from_ref(sets), env, &shape)?;
                }
            }
            GroupByExpr::All(_) => return not_modelled("GROUP BY ALL"),
        }
        for window in &select.named_window {
            if let NamedWindowExpr::WindowSpec(spec) = &window.1 {
                self.window(spec, env)?;
            }
        }
        self.order_by(order_by, env, &shape)?;
        if let Some(into) = &select.into {
            self.select_into(into, &shape)?;
        }
        Ok(shape)
    }

    /// GROUP BY and DISTINCT ON; they take names of outputs too, where no column has that name.
    fn keys(&mut self, keys: &[Expr], env: Env<'_>, outputs: &Shape) -> Result<(), Unparsed> {
        let mut todo: Vec<&Expr> = keys.iter().collect();
        while let Some(key) = todo.pop() {
            if let Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) = key {
                todo.extend(sets.iter().flatten());
            } else if let Expr::Tuple(parts) = key {
                todo.extend(parts);
            } else if let Some(column) = self.column(key, env) {
                self.inferred.grouped.add(&column.lineage);
                self.note_columns(column.columns);
            } else if let Some(output) = output_column(key, outputs) {
                self.grouped(output);
            } else {
                // Groups by a part of a value are a condition on it.
                let flow = self.exprs([key], env)?;
                self.inferred.filtered.add(&flow);
            }
        }
        Ok(())
    }
}

/// The output that an ORDER BY key names, by label or number, if it does.
fn output(key: &Expr, outputs: &Shape) -> Option<Lineage> {
    if let Expr::Identifier(ident) = key {
        let name = names::fold(ident);
        let named = |column: &&OutColumn| column.name.as_deref() == Some(&*name);
        let mut flow: Option<Lineage> = None;
        for column in outputs.columns.iter().flatten().filter(named) {
            flow.get_or_insert_default().add(&column.lineage);
        }
        return flow;
    }
    if is_number(key) {
        return Some(
            output_column(key, outputs).map_or_else(|| outputs.whole.clone(), |c| c.lineage.clone()),
        );
    }
    None
}

fn output_column<'s>(key: &Expr, outputs: &'s Shape) -> Option<&'s OutColumn> {
    let columns = outputs.columns.as_ref()?;
    match key {
        Expr::Identifier(ident) => {
            let name = names::fold(ident);
            columns.iter().find(|column| column.name.as_deref() == Some(&*name))
        }
        Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) => {
            columns.get(number.parse::<usize>().ok()?.checked_sub(1)?)
        }
        _ => None,
    }
}

fn is_number(key: &Expr) -> bool {
    matches!(key, Expr::Value(ValueWithSpan { value: Value::Number(..), .. }))
}

/// `table.column` of every column that is known.
pub(super) fn origins(shape: &Shape) -> impl Iterator<Item = Arc<str>> + '_ {
    shape.columns.iter().flatten().filter_map(|column| column.origin.clone())
}

/// A set operation: each output carries what either arm brings.
fn both(left: Shape, right: Shape) -> Shape {
    let mut whole = left.whole;
    whole.add(&right.whole);
    let columns = match (left.columns, right.columns) {
        (Some(mut left), Some(right)) if left.len() == right.len() => {
            for (column, other) in left.iter_mut().zip(&right) {
                column.lineage.add(&other.lineage);
                column.kind = column.kind.or(other.kind);
                column.origin = None;
            }
            Some(left)
        }
        _ => None,
    };
    Shape { columns, whole }
}

fn check_dialect(select: &Select) -> Result<(), Unparsed> {
    let foreign = select.select_modifiers.is_some()
        || select.top.is_some()
        || select.exclude.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || select.qualify.is_some()
        || select.value_table_mode.is_some()
        || select.flavor != SelectFlavor::Standard;
    if foreign { not_modelled("SELECT with clauses of another dialect") } else { Ok(()) }
}
