//! Statements that change rows: INSERT, UPDATE, DELETE, MERGE.

use std::sync::Arc;

use gatewright_core::catalogue::{MaskId, Taint};
use gatewright_core::mask::Method;
use gatewright_core::policy::Action;
use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Insert, Merge, MergeAction, MergeInsertKind,
    MergeUpdateKind, ObjectName, OnConflictAction, OnInsert, SelectItem, Statement, TableFactor, TableObject,
    TableWithJoins, Update, UpdateTableFromKind,
};

use super::from::{From, aliased, anonymous};
use super::{Walker, not_modelled, source};
use crate::always_true::restricts;
use crate::facts::Derivation;
use crate::lineage::{Lineage, Shape};
use crate::scope::{Env, Frame, Source};
use crate::{Unparsed, names};

impl Walker<'_> {
    /// At the top or in a WITH.
    pub(super) fn modify(&mut self, statement: &Statement, env: Env<'_>) -> Result<Shape, Unparsed> {
        match statement {
            Statement::Insert(insert) => self.insert(insert, env),
            Statement::Update(update) => self.update(update, env),
            Statement::Delete(delete) => self.delete(delete, env),
            Statement::Merge(merge) => self.merge(merge, env),
            _ => not_modelled("a statement inside another"),
        }
    }

    fn insert(&mut self, insert: &Insert, env: Env<'_>) -> Result<Shape, Unparsed> {
        self.within("INSERT");
        let foreign = insert.or.is_some()
            || insert.ignore
            || insert.overwrite
            || !insert.assignments.is_empty()
            || insert.partitioned.is_some()
            || !insert.after_columns.is_empty()
            || insert.has_table_keyword
            || insert.output.is_some()
            || insert.replace_into
            || insert.priority.is_some()
            || insert.insert_alias.is_some()
            || insert.settings.is_some()
            || insert.format_clause.is_some()
            || insert.multi_table_insert_type.is_some()
            || !insert.into;
        let (TableObject::TableName(name), false) = (&insert.table, foreign) else {
            return not_modelled("INSERT of another dialect");
        };
        let mut target = self.target(Action::Insert, name)?;
        if let Some(alias) = &insert.table_alias {
            target.name = Some(names::object(&alias.alias)?.into());
            target.relation = None;
        }
        let mut inflow = Lineage::clean();
        if let Some(query) = &insert.source {
            let rows = self.query(query, env)?;
            inflow.add(&rows.whole);
            let columns: Vec<Option<Arc<str>>> = if insert.columns.is_empty() {
                target.shape.columns.iter().flatten().map(|column| column.name.clone()).collect()
            } else {
                insert.columns.iter().map(last).collect()
            };
            match &rows.columns {
                Some(values) if values.len() <= columns.len() => {
                    for (column, value) in columns.iter().zip(values) {
                        self.store(&target, column.as_deref(), &value.lineage, value.kind);
                    }
                }
                _ => {
                    for column in &columns {
                        self.store(&target, column.as_deref(), &rows.whole, Derivation::Transformed);
                    }
                }
            }
        }
        match &insert.on {
            None => {}
            Some(OnInsert::OnConflict(conflict)) => {
                let mut excluded = anonymous(target.shape.clone());
                excluded.name = Some("excluded".into());
                excluded.shape.whole.add(&inflow);
                let sources = [target.clone(), excluded];
                let frame = Frame { outer: env.frame, sources: &sources };
                let inner = Env { frame: Some(&frame), ctes: env.ctes };
                if let OnConflictAction::DoUpdate(update) = &conflict.action {
                    // Rows that are there already, which the statement names by their keys.
                    self.act(Action::Update, name)?;
                    let assigned = self.assign(&target, &update.assignments, inner)?;
                    inflow.add(&assigned);
                    self.conditions(&update.selection, inner)?;
                }
            }
            Some(_) => return not_modelled("INSERT of another dialect"),
        }
        self.returning(insert.returning.as_deref(), vec![target], &inflow, env)
    }

    fn update(&mut self, update: &Update, env: Env<'_>) -> Result<Shape, Unparsed> {
        self.within("UPDATE");
        if update.output.is_some()
            || update.or.is_some()
            || !update.order_by.is_empty()
            || update.limit.is_some()
        {
            return not_modelled("UPDATE of another dialect");
        }
        let target = self.target_factor(Action::Update, &update.table)?;
        let others: &[TableWithJoins] = match &update.from {
            None => &[],
            Some(UpdateTableFromKind::AfterSet(tables)) => tables,
            Some(UpdateTableFromKind::BeforeSet(_)) => return not_modelled("UPDATE of another dialect"),
        };
        let from = self.with_target(&target, others, env)?;
        let frame = Frame { outer: env.frame, sources: &from.sources };
        let inner = Env { frame: Some(&frame), ctes: env.ctes };
        let inflow = self.assign(&target, &update.assignments, inner)?;
        self.condition(update.selection.as_ref(), inner)?;
        self.returning(update.returning.as_deref(), from.sources, &inflow, env)
    }

    fn delete(&mut self, delete: &Delete, env: Env<'_>) -> Result<Shape, Unparsed> {
        self.within("DELETE");
        let FromTable::WithFromKeyword(tables) = &delete.from else {
            return not_modelled("DELETE of another dialect");
        };
        let ([table], true) = (
            tables.as_slice(),
            delete.tables.is_empty()
                && delete.output.is_none()
                && delete.order_by.is_empty()
                && delete.limit.is_none(),
        ) else {
            return not_modelled("DELETE of another dialect");
        };
        let target = self.target_factor(Action::Delete, table)?;
        let from = self.with_target(&target, delete.using.as_deref().unwrap_or_default(), env)?;
        let frame = Frame { outer: env.frame, sources: &from.sources };
        self.condition(delete.selection.as_ref(), Env { frame: Some(&frame), ctes: env.ctes })?;
        self.returning(delete.returning.as_deref(), from.sources, &Lineage::clean(), env)
    }

    fn merge(&mut self, merge: &Merge, env: Env<'_>) -> Result<Shape, Unparsed> {
        self.within("MERGE");
        if !merge.into || merge.output.is_some() {
            return not_modelled("MERGE with an output");
        }
        let target = self.target_of(Action::Merge, &merge.table)?;
        let mut from = self.with_target(&target, &[], env)?;
        self.factor(&merge.source, env, &mut from)?;
        let frame = Frame { outer: env.frame, sources: &from.sources };
        let inner = Env { frame: Some(&frame), ctes: env.ctes };
        self.conditions([&*merge.on], inner)?;
        for clause in &merge.clauses {
            self.conditions(&clause.predicate, inner)?;
            match &clause.action {
                MergeAction::Insert(insert) if insert.insert_predicate.is_none() => {
                    let MergeInsertKind::Values(values) = &insert.kind else {
                        return not_modelled("MERGE of another dialect");
                    };
                    let rows = self.values(values, inner)?;
                    let named: Vec<_> = insert.columns.iter().map(last).collect();
                    let all = target.shape.columns.iter().flatten().map(|column| column.name.clone());
                    let columns = if named.is_empty() { all.collect() } else { named };
                    for column in &columns {
                        self.store(&target, column.as_deref(), &rows.whole, Derivation::Transformed);
                    }
                }
                MergeAction::Update(update)
                    if update.update_predicate.is_none() && update.delete_predicate.is_none() =>
                {
                    let MergeUpdateKind::Set(assignments) = &update.kind else {
                        return not_modelled("MERGE of another dialect");
                    };
                    self.assign(&target, assignments, inner)?;
                }
                MergeAction::Delete { .. } => {}
                _ => return not_modelled("MERGE of another dialect"),
            }
        }
        Ok(Shape::known(Vec::new()))
    }

    fn target(&mut self, action: Action, name: &ObjectName) -> Result<Source, Unparsed> {
        let named = self.act(action, name)?;
        Ok(source(&named, self.catalogue))
    }

    fn target_factor(&mut self, action: Action, table: &TableWithJoins) -> Result<Source, Unparsed> {
        if !table.joins.is_empty() {
            return not_modelled("a join as the target of a change");
        }
        self.target_of(action, &table.relation)
    }

    fn target_of(&mut self, action: Action, factor: &TableFactor) -> Result<Source, Unparsed> {
        match factor {
            TableFactor::Table { name, alias, args: None, sample: None, with_hints, partitions, .. }
                if with_hints.is_empty() && partitions.is_empty() =>
            {
                let target = self.target(action, name)?;
                aliased(target, alias.as_ref())
            }
            _ => not_modelled("the target of a change"),
        }
    }

    /// The target's columns are in sight of everything but sub-queries in FROM.
    fn with_target(
        &mut self,
        target: &Source,
        others: &[TableWithJoins],
        env: Env<'_>,
    ) -> Result<From, Unparsed> {
        self.from(others, env, vec![target.clone()])
    }

    fn condition(&mut self, condition: Option<&Expr>, env: Env<'_>) -> Result<(), Unparsed> {
        self.facts.has_where &= condition.is_some_and(restricts);
        self.conditions(condition, env)
    }

    fn assign(
        &mut self,
        target: &Source,
        assignments: &[Assignment],
        env: Env<'_>,
    ) -> Result<Lineage, Unparsed> {
        let mut inflow = Lineage::clean();
        for assignment in assignments {
            let value = self.exprs([&assignment.value], env)?;
            let kind = self.column(&assignment.value, env).and_then(|column| column.kind);
            let kind = kind.unwrap_or(Derivation::Transformed);
            let columns = match &assignment.target {
                AssignmentTarget::ColumnName(column) => std::slice::from_ref(column),
                AssignmentTarget::Tuple(columns) => columns,
            };
            for column in columns {
                // `SET column.field = …` names the column first.
                let column = column.0.first().and_then(|part| part.as_ident()).map(names::fold);
                self.store(target, column.as_deref(), &value, kind);
            }
            inflow.add(&value);
        }
        Ok(inflow)
    }

    /// Notes that a value goes into a column, and what of it the column's own mask does not cover.
    fn store(&mut self, target: &Source, column: Option<&str>, value: &Lineage, kind: Derivation) {
        let found = target
            .shape
            .columns
            .iter()
            .flatten()
            .find(|known| known.name.is_some() && known.name.as_deref() == column);
        let mut value = value.clone();
        match found {
            Some(found) => {
                self.facts.columns_written.extend(found.origin.clone());
                // Of a part of the value, moved to where the mask shows it, too much would be seen.
                let shows = |id: &MaskId| {
                    let method = self.catalogue.masked(*id).map(|masked| masked.method);
                    !matches!(method, Some(Method::Redact | Method::Null))
                };
                let moved = kind != Derivation::Identity;
                for id in found.lineage.taint.iter().filter(|id| !(moved && shows(id))) {
                    value.taint.remove(&Taint::of(id));
                }
            }
            None => {
                self.facts.columns_written.insert("*".into());
            }
        }
        self.spreads.add(&value);
    }

    /// RETURNING shows rows as they are now, so with what has just flowed into them.
    fn returning(
        &mut self,
        items: Option<&[SelectItem]>,
        sources: Vec<Source>,
        inflow: &Lineage,
        env: Env<'_>,
    ) -> Result<Shape, Unparsed> {
        let Some(items) = items else { return Ok(Shape::known(Vec::new())) };
        let from = From { sources, merged: false };
        let frame = Frame { outer: env.frame, sources: &from.sources };
        let mut shape = self.projection(items, &from, Env { frame: Some(&frame), ctes: env.ctes })?;
        if !inflow.is_clean() {
            shape.whole.add(inflow);
            for column in shape.columns.iter_mut().flatten() {
                column.lineage.add(inflow);
                column.kind = Derivation::Transformed;
            }
        }
        Ok(shape)
    }
}

fn last(name: &ObjectName) -> Option<Arc<str>> {
    names::last(name).map(Arc::from)
}
