//! Queries: WITH, set operations, VALUES, SELECT.

use gatewright_core::policy::Action;
use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, GroupByWithModifier, Ident, LimitClause, NamedWindowExpr, ObjectName,
    ObjectNamePart, OrderBy, OrderByKind, Query, Select, SelectFlavor, SetExpr, SetOperator, SetQuantifier,
    Values, With,
};

use super::{Walker, not_modelled};
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
                self.exprs(limit.iter().chain(offset.iter().map(|offset| &offset.value)), inner)?;
            }
            Some(_) => return not_modelled("LIMIT of another dialect"),
        }
        if let Some(fetch) = &query.fetch {
            self.exprs(&fetch.quantity, inner)?;
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

    /// The queries of a WITH, in order; each sees those before it, with RECURSIVE all of them.
    pub(super) fn with(&mut self, with: &With, env: Env<'_>) -> Result<Vec<(String, Shape)>, Unparsed> {
        let mut known = Vec::new();
        if with.recursive {
            // Rows of one may feed any other, so each may carry anything in scope.
            for cte in &with.cte_tables {
                known.push((names::object(&cte.alias.name)?, Shape::unknown(Lineage::anything())));
            }
        }
        for cte in &with.cte_tables {
            if cte.from.is_some() {
                return not_modelled("WITH of another dialect");
            }
            let ctes = Ctes { outer: env.ctes, queries: &known };
            let shape = self.query(&cte.query, Env { frame: env.frame, ctes: Some(&ctes) })?;
            if !with.recursive {
                let columns: Vec<String> = cte.alias.columns.iter().map(|c| names::fold(&c.name)).collect();
                known.push((names::object(&cte.alias.name)?, shape.renamed(&columns)));
            }
        }
        Ok(known)
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
        self.order_by(order_by, Env { frame: Some(&frame), ctes: env.ctes }, &[])
    }

    fn order_by(
        &mut self,
        order_by: Option<&OrderBy>,
        env: Env<'_>,
        outputs: &[Option<String>],
    ) -> Result<(), Unparsed> {
        let Some(order_by) = order_by else { return Ok(()) };
        let OrderByKind::Expressions(keys) = &order_by.kind else {
            return not_modelled("ORDER BY ALL");
        };
        for key in keys {
            if order_by.interpolate.is_some() || key.with_fill.is_some() {
                return not_modelled("ORDER BY of another dialect");
            }
            // A bare name is an output's first of all, and outputs have been walked.
            let is_output =
                matches!(&key.expr, Expr::Identifier(ident) if outputs.contains(&Some(names::fold(ident))));
            if !is_output {
                self.exprs([&key.expr], env)?;
            }
        }
        Ok(())
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
                        name: Some(format!("column{}", position.saturating_add(1))),
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

        let (shape, names) = self.projection(&select.projection, &from, env)?;
        self.exprs(select.selection.iter().chain(&select.having), env)?;
        if let Some(Distinct::On(keys)) = &select.distinct {
            self.keys(keys, env, &names)?;
        }
        match &select.group_by {
            GroupByExpr::Expressions(keys, modifiers) => {
                self.keys(keys, env, &names)?;
                for modifier in modifiers {
                    let GroupByWithModifier::GroupingSets(sets) = modifier else {
                        return not_modelled("GROUP BY of another dialect");
                    };
                    self.exprs([sets], env)?;
                }
            }
            GroupByExpr::All(_) => return not_modelled("GROUP BY ALL"),
        }
        for window in &select.named_window {
            if let NamedWindowExpr::WindowSpec(spec) = &window.1 {
                self.window(spec, env)?;
            }
        }
        self.order_by(order_by, env, &names)?;
        if let Some(into) = &select.into {
            self.select_into(into, &shape)?;
        }
        Ok(shape)
    }

    /// GROUP BY and DISTINCT ON take names of outputs too, where no column has that name.
    fn keys(&mut self, keys: &[Expr], env: Env<'_>, outputs: &[Option<String>]) -> Result<(), Unparsed> {
        for key in keys {
            let is_output = matches!(key, Expr::Identifier(ident)
                if outputs.contains(&Some(names::fold(ident))) && env.resolve(&names::fold(ident)).is_none());
            if !is_output {
                self.exprs([key], env)?;
            }
        }
        Ok(())
    }
}

/// `table.column` of every column that is known.
pub(super) fn origins(shape: &Shape) -> impl Iterator<Item = String> + '_ {
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
