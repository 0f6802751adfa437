//! Statements that lock and maintain relations.

use gatewright_core::policy::{Action, Target};
use sqlparser::ast::{ObjectName, Statement};

use super::{Walker, not_modelled};
use crate::Unparsed;

impl Walker<'_> {
    /// Gives false for any other kind of statement.
    pub(super) fn maintenance(&mut self, statement: &Statement) -> Result<bool, Unparsed> {
        match statement {
            Statement::Lock(lock) => {
                self.facts.statement = "LOCK";
                for table in &lock.tables {
                    self.act(Action::Lock, &table.name)?;
                }
            }
            Statement::Truncate(truncate) => {
                self.facts.statement = "TRUNCATE";
                if truncate.partitions.is_some() || truncate.if_exists || truncate.on_cluster.is_some() {
                    return not_modelled("TRUNCATE of another dialect");
                }
                for table in &truncate.table_names {
                    self.act(Action::Truncate, &table.name)?;
                }
                if matches!(truncate.cascade, Some(sqlparser::ast::CascadeOption::Cascade)) {
                    // Which tables refer to these is not looked up.
                    self.access(Action::Truncate, Target::Database);
                }
            }
            Statement::Analyze(analyze) => self.maintain("ANALYZE", analyze.table_name.as_ref()),
            Statement::Vacuum(vacuum) => self.maintain("VACUUM", vacuum.table_name.as_ref()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn maintain(&mut self, statement: &'static str, name: Option<&ObjectName>) {
        self.facts.statement = statement;
        let target = name.map_or(Target::Database, |name| self.object(name));
        self.access(Action::Maintain, target);
    }
}
