//! Statements about the session and its settings.

use gatewright_core::policy::{Action, Target};
use sqlparser::ast::{
    DiscardObject, Expr, Function, ObjectName, Reset, Set, SetSessionAuthorizationParamKind, Statement,
};

use super::expr::Todo;
use super::{NOWHERE, Walker, not_modelled};
use crate::{PreparedNames, Unparsed, names};

impl Walker<'_> {
    /// Gives false for any other kind of statement.
    pub(super) fn session(&mut self, statement: &Statement) -> Result<bool, Unparsed> {
        match statement {
            Statement::Set(set) => {
                self.facts.statement = "SET";
                self.set(set)?;
            }
            Statement::Reset(reset) => {
                self.facts.statement = "RESET";
                let name = match &reset.reset {
                    Reset::ALL => "all".to_owned(),
                    Reset::SessionAuthorization => "session_authorization".to_owned(),
                    Reset::ConfigurationParameter(name) => setting(name)?,
                };
                self.change(name);
            }
            Statement::Discard { object_type } => {
                if *object_type == DiscardObject::ALL {
                    self.facts.renames = Some(PreparedNames::All);
                }
                self.session_wide("DISCARD", "discard");
            }
            Statement::LISTEN { .. } => self.session_wide("LISTEN", "listen"),
            Statement::UNLISTEN { .. } => self.session_wide("UNLISTEN", "unlisten"),
            Statement::NOTIFY { .. } => self.session_wide("NOTIFY", "notify"),
            Statement::ShowVariable { .. } => self.facts.statement = "SHOW",
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn session_wide(&mut self, statement: &'static str, name: &str) {
        self.facts.statement = statement;
        self.change(name.to_owned());
    }

    fn change(&mut self, name: String) {
        self.access(Action::Set, Target::Setting { name });
    }

    fn set(&mut self, set: &Set) -> Result<(), Unparsed> {
        match set {
            Set::SingleAssignment { hivevar: false, variable, values, .. } => {
                self.change(setting(variable)?);
                self.values_of_setting(values)
            }
            Set::SetRole { .. } => {
                self.change("role".to_owned());
                Ok(())
            }
            Set::SetSessionAuthorization(param) => match &param.kind {
                SetSessionAuthorizationParamKind::Default | SetSessionAuthorizationParamKind::User(_) => {
                    self.change("session_authorization".to_owned());
                    Ok(())
                }
            },
            Set::SetTimeZone { value, .. } => {
                self.change("timezone".to_owned());
                self.values_of_setting(std::slice::from_ref(value))
            }
            Set::SetNames { .. } | Set::SetNamesDefault {} => {
                self.change("client_encoding".to_owned());
                Ok(())
            }
            Set::SetTransaction { snapshot: None, .. } => {
                self.change("transaction".to_owned());
                Ok(())
            }
            _ => not_modelled("SET of another dialect"),
        }
    }

    /// PostgreSQL takes words and literals; anything else is not walked here.
    fn values_of_setting(&mut self, values: &[Expr]) -> Result<(), Unparsed> {
        let plain = |value: &Expr| match value {
            Expr::Value(_) | Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
            Expr::UnaryOp { expr, .. } => matches!(&**expr, Expr::Value(_)),
            Expr::Interval(interval) => matches!(&*interval.value, Expr::Value(_)),
            _ => false,
        };
        if values.iter().all(plain) { Ok(()) } else { not_modelled("SET to an expression") }
    }

    /// CALL: a procedure does what it likes.
    pub(super) fn procedure(&mut self, function: &Function) -> Result<(), Unparsed> {
        let (schema, name) = names::qualified(&function.name)?;
        let mut todo = Todo::default();
        let mut flow = crate::lineage::Lineage::clean();
        // Notes the arguments and, if the name is somebody's function, each it may mean.
        self.function(function, NOWHERE, &mut todo, &mut flow)?;
        self.work(todo, NOWHERE)?;
        let catalogue = self.catalogue;
        let mut schemas: Vec<String> = match schema {
            Some(schema) => vec![schema.into_owned()],
            None => catalogue.functions(&name).map(|known| known.schema.clone()).collect(),
        };
        if schemas.is_empty() {
            schemas.push("pg_catalog".to_owned());
        }
        for schema in schemas {
            self.access(Action::Call, Target::Function { schema, name: name.clone().into_owned() });
        }
        self.give_up_proof();
        Ok(())
    }
}

fn setting(name: &ObjectName) -> Result<String, Unparsed> {
    let parts: Option<Vec<&str>> =
        name.0.iter().map(|part| part.as_ident().map(|i| i.value.as_str())).collect();
    let name = parts.map(|parts| parts.join(".").to_ascii_lowercase());
    match name.as_deref() {
        Some("time zone") => Ok("timezone".to_owned()),
        Some(name) => Ok(name.to_owned()),
        None => not_modelled("the name of a setting"),
    }
}
