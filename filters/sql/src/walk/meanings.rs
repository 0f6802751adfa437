//! What a definition would change of what the gate believes: a mask goes with a column's name and table, a function or
//! operator is taken for harmless by its name. The catalogue learns of a change only after a while, and of some never
//! what they mean, so that such a change counts as spreading what it could lay open.

use gatewright_core::catalogue::Taint;
use gatewright_core::policy::{Action, Target};
use sqlparser::ast::{
    AlterColumnOperation, AlterFunctionOperation, AlterSchemaOperation, AlterTable, AlterTableOperation,
    CreateTrigger, ObjectName, Statement,
};

use super::{Named, Walker};
use crate::functions::is_harmless;
use crate::lineage::Lineage;
use crate::names;

impl Walker<'_> {
    /// Notes what a definition gives another meaning.
    pub(super) fn meanings(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateFunction(function) if self.is_taken_for_harmless(&function.name) => {
                self.lays_open_anything();
            }
            Statement::AlterFunction(alter) => match alter.operation {
                AlterFunctionOperation::OwnerTo(_) | AlterFunctionOperation::DependsOnExtension { .. } => {}
                AlterFunctionOperation::Actions { .. }
                    if !self.is_taken_for_harmless(&alter.function.name) => {}
                _ => self.lays_open_anything(),
            },
            // Which operator a symbol means depends on the types of its operands.
            Statement::CreateOperator(operator) => {
                self.may_run(&operator.function);
                self.lays_open_anything();
            }
            Statement::CreateOperatorClass(_)
            | Statement::AlterOperator(_)
            | Statement::AlterOperatorClass(_)
            | Statement::AlterOperatorFamily(_) => self.lays_open_anything(),
            Statement::AlterSchema(alter) => {
                let owner = |operation: &AlterSchemaOperation| {
                    matches!(operation, AlterSchemaOperation::OwnerTo { .. })
                };
                if !alter.operations.iter().all(owner) {
                    self.lays_open_anything();
                }
            }
            Statement::CreateTrigger(CreateTrigger { exec_body: Some(body), .. }) => {
                self.may_run(&body.func_desc.name);
            }
            Statement::AlterTable(table) => self.changed_table(table),
            _ => {}
        }
    }

    /// The function runs later, when nobody asks whether it may.
    fn may_run(&mut self, function: &ObjectName) {
        let Ok((schema, name)) = names::qualified(function) else { return self.lays_open_anything() };
        let known =
            self.catalogue.functions(&name).find(|known| schema.as_ref().is_none_or(|s| *s == known.schema));
        let schema = schema.or_else(|| known.map(|known| known.schema.as_str().into()));
        let schema = schema.unwrap_or_else(|| "pg_catalog".into()).into_owned();
        let harmless =
            known.is_some_and(|known| known.harmless) || (schema == "pg_catalog" && is_harmless(&name));
        self.facts.functions.insert(format!("{schema}.{name}"));
        if !harmless {
            self.access(Action::Call, Target::Function { schema, name: name.into_owned() });
        }
    }

    fn is_taken_for_harmless(&self, function: &ObjectName) -> bool {
        names::last(function).is_none_or(|name| {
            is_harmless(&name) || self.catalogue.functions(&name).any(|known| known.harmless)
        })
    }

    fn lays_open_anything(&mut self) {
        self.give_up_proof();
        self.spreads.add(&Lineage::anything());
    }

    /// What leaves masked columns where and what they are is known; anything else counts for all of them.
    fn changed_table(&mut self, table: &AlterTable) {
        use AlterTableOperation as Op;
        let Ok(Named::User(relation)) = self.lookup(&table.name) else { return };
        for operation in &table.operations {
            let taint = match operation {
                Op::AddConstraint { .. }
                | Op::AddColumn { .. }
                | Op::DropColumn { .. }
                | Op::DropConstraint { .. }
                | Op::RenameConstraint { .. }
                | Op::ValidateConstraint { .. }
                | Op::OwnerTo { .. }
                | Op::ReplicaIdentity { .. }
                | Op::EnableRowLevelSecurity
                | Op::DisableRowLevelSecurity
                | Op::ForceRowLevelSecurity
                | Op::NoForceRowLevelSecurity
                | Op::EnableTrigger { .. }
                | Op::DisableTrigger { .. }
                | Op::EnableRule { .. }
                | Op::DisableRule { .. }
                | Op::SetLogged
                | Op::SetUnlogged
                | Op::SetOptionsParens { .. } => Taint::CLEAN,
                // A value computed from the column itself stays where it is; others are seen to by `contents`.
                Op::AlterColumn {
                    op:
                        AlterColumnOperation::SetNotNull
                        | AlterColumnOperation::DropNotNull
                        | AlterColumnOperation::SetDefault { .. }
                        | AlterColumnOperation::DropDefault
                        | AlterColumnOperation::AddGenerated { .. }
                        | AlterColumnOperation::SetDataType { .. },
                    ..
                } => Taint::CLEAN,
                Op::RenameColumn { old_column_name, .. } => {
                    let column = relation.column(&names::fold(old_column_name));
                    column.map_or_else(|| relation.taint(), |column| column.taint.clone())
                }
                _ => relation.taint(),
            };
            self.spreads.add(&Lineage::from(taint));
        }
    }
}
