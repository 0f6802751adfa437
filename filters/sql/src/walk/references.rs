//! Tables that a definition ties itself to: a key into one lets its keys be guessed, and LIKE shows its columns.

use sqlparser::ast::{
    AlterTableOperation, ColumnDef, ColumnOption, CreateTable, ObjectName, TableConstraint,
};

/// REFERENCES, FOREIGN KEY (which LIKE has become), INHERITS and PARTITION OF of a new table.
pub(super) fn of_table(table: &CreateTable) -> impl Iterator<Item = &ObjectName> {
    let parents = table.inherits.iter().flatten().chain(&table.partition_of);
    let columns = table.columns.iter().flat_map(of_column);
    parents.chain(columns).chain(table.constraints.iter().filter_map(of_constraint))
}

/// The same of what ALTER TABLE adds.
pub(super) fn of_change(operation: &AlterTableOperation) -> Vec<&ObjectName> {
    match operation {
        AlterTableOperation::AddConstraint { constraint, .. } => {
            of_constraint(constraint).into_iter().collect()
        }
        AlterTableOperation::AddColumn { column_def, .. } => of_column(column_def).collect(),
        _ => Vec::new(),
    }
}

fn of_column(column: &ColumnDef) -> impl Iterator<Item = &ObjectName> {
    column.options.iter().filter_map(|option| match &option.option {
        ColumnOption::ForeignKey(key) => Some(&key.foreign_table),
        _ => None,
    })
}

fn of_constraint(constraint: &TableConstraint) -> Option<&ObjectName> {
    match constraint {
        TableConstraint::ForeignKey(key) => Some(&key.foreign_table),
        _ => None,
    }
}
