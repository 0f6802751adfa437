//! Calls of functions.

use gatewright_core::catalogue::UserFunction;
use gatewright_core::policy::{Action, Target};
use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, ObjectName,
    ObjectNamePart, Value, ValueWithSpan, WindowType,
};

use super::expr::{Todo, Uses};
use super::{NOWHERE, Walker, not_modelled};
use crate::always_true::constant;
use crate::functions::{Manner, is_harmless, manner};
use crate::lineage::Lineage;
use crate::scope::{Env, Found};
use crate::{Unparsed, names};

impl Walker<'_> {
    /// A call in an expression: what is called, and what flows through it.
    pub(super) fn function<'e>(
        &mut self,
        function: &'e Function,
        env: Env<'_>,
        todo: &mut Todo<'e>,
        flow: &mut Lineage,
    ) -> Result<(), Unparsed> {
        if function.uses_odbc_syntax || !matches!(function.parameters, FunctionArguments::None) {
            return not_modelled("a call of another dialect");
        }
        let mut values: Vec<&Expr> = Vec::new();
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => {
                self.subquery(query, env, todo.uses.failing().filtering(), flow)?;
            }
            FunctionArguments::List(list) => {
                for arg in &list.args {
                    self.argument(arg, env, &mut values, flow)?;
                }
                for clause in &list.clauses {
                    self.clause(clause, env, flow)?;
                }
            }
        }
        match self.call(&function.name, &values, flow)? {
            Manner::Counts => {
                // How many are not NULL; of anything but a column that may say as much as a condition.
                for value in values {
                    match self.column(value, env) {
                        Some(column) => self.note_columns(column.columns),
                        None => {
                            self.exprs_for(todo.uses.filtering(), [value], env)?;
                        }
                    }
                }
            }
            // The rest is evaluated only where what comes before is NULL, which may be seen by the time it takes.
            Manner::Total
                if names::last(&function.name).as_deref() == Some("coalesce")
                    && values
                        .iter()
                        .skip(1)
                        .any(|value| !constant(value) && self.column(value, env).is_none()) =>
            {
                todo.push_for(todo.uses.filtering(), values);
            }
            Manner::Total => todo.extend(values),
            Manner::CanFail => todo.push_for(todo.uses.failing(), values),
            Manner::MakesRows => todo.push_for(todo.uses.failing().filtering(), values),
        }
        flow.add(&self.sort_keys(&function.within_group, env)?);
        if let Some(filter) = function.filter.as_deref() {
            todo.condition(filter);
        }
        match &function.over {
            None => {}
            Some(WindowType::WindowSpec(spec)) => flow.add(&self.window(spec, env)?),
            // Defined elsewhere in the query.
            Some(WindowType::NamedWindow(_)) => flow.add(&Lineage::anything()),
        }
        Ok(())
    }

    fn argument<'e>(
        &mut self,
        arg: &'e FunctionArg,
        env: Env<'_>,
        values: &mut Vec<&'e Expr>,
        flow: &mut Lineage,
    ) -> Result<(), Unparsed> {
        let value = match arg {
            FunctionArg::Unnamed(value) | FunctionArg::Named { arg: value, .. } => value,
            FunctionArg::ExprNamed { name, arg: value, .. } => {
                values.push(name);
                value
            }
        };
        match value {
            FunctionArgExpr::Expr(value) => values.push(value),
            FunctionArgExpr::Wildcard => {}
            // `f(c.*)`: the whole row.
            FunctionArgExpr::QualifiedWildcard(row) => {
                let sources = match row.0.as_slice() {
                    [ObjectNamePart::Identifier(name)] => env.sources(&names::fold(name)),
                    [ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(name)] => {
                        env.relation_sources(&names::fold(schema), &names::fold(name))
                    }
                    _ => Found::new(),
                };
                if sources.is_empty() {
                    flow.add(&Lineage::anything());
                    self.note_columns(["*".into()]);
                }
                for source in sources {
                    self.used(&source.shape.whole, Uses { filter: false, fail: true });
                    flow.add(&source.shape.whole);
                    self.note_columns(super::query::origins(&source.shape));
                }
            }
            _ => return not_modelled("an argument of another dialect"),
        }
        Ok(())
    }

    fn clause(
        &mut self,
        clause: &FunctionArgumentClause,
        env: Env<'_>,
        flow: &mut Lineage,
    ) -> Result<(), Unparsed> {
        match clause {
            FunctionArgumentClause::OrderBy(keys) => flow.add(&self.sort_keys(keys, env)?),
            FunctionArgumentClause::IgnoreOrRespectNulls(_)
            | FunctionArgumentClause::JsonNullClause(_)
            | FunctionArgumentClause::JsonReturningClause(_) => {}
            _ => return not_modelled("a call with clauses of another dialect"),
        }
        Ok(())
    }

    /// Notes a call. Gives what the result tells of its arguments.
    pub(super) fn call(
        &mut self,
        name: &ObjectName,
        values: &[&Expr],
        flow: &mut Lineage,
    ) -> Result<Manner, Unparsed> {
        let (schema, function) = match name.0.as_slice() {
            [ObjectNamePart::Identifier(name)] => (None, names::fold(name)),
            [ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(name)] => {
                (Some(names::fold(schema)), names::fold(name))
            }
            _ => return not_modelled("a function's name"),
        };
        match schema.as_deref() {
            Some("pg_catalog") => return self.builtin_call(&function, values, flow),
            // What the JDBC driver asks with.
            Some("information_schema") if function.starts_with("_pg_") => {
                self.facts.functions.insert(format!("information_schema.{function}"));
                return Ok(Manner::CanFail);
            }
            Some(schema) => {
                let mut known = self.catalogue.functions(&function);
                let known = known.find(|known| known.schema == schema);
                return Ok(self.user_call(schema, &function, known, flow));
            }
            None => {}
        }
        // Which of those that the name fits is meant depends on types.
        let mut manner = None;
        let mut builtin = true;
        for known in self.catalogue.functions(&function) {
            manner = manner.max(Some(self.user_call(&known.schema, &function, Some(known), flow)));
            builtin &= known.shadows;
        }
        if builtin {
            manner = manner.max(Some(self.builtin_call(&function, values, flow)?));
        }
        Ok(manner.unwrap_or(Manner::MakesRows))
    }

    /// Notes a call of a function that somebody created. Of one that is declared harmless it is not known for which
    /// arguments it fails.
    fn user_call(
        &mut self,
        schema: &str,
        name: &str,
        known: Option<&UserFunction>,
        flow: &mut Lineage,
    ) -> Manner {
        match known.filter(|known| known.harmless) {
            Some(known) => {
                self.facts.functions.insert(format!("{schema}.{name}"));
                if known.gives_rows { Manner::MakesRows } else { Manner::CanFail }
            }
            None => {
                self.foreign(schema.to_owned(), name, flow);
                Manner::MakesRows
            }
        }
    }

    fn builtin_call(&mut self, name: &str, values: &[&Expr], flow: &mut Lineage) -> Result<Manner, Unparsed> {
        if name == "set_config" {
            self.set_config(values)?;
        } else if !is_harmless(name) {
            self.foreign("pg_catalog".to_owned(), name, flow);
            return Ok(Manner::MakesRows);
        }
        self.builtin(name);
        Ok(manner(name, values.len()))
    }

    /// Notes a call of a harmless function.
    pub(super) fn builtin(&mut self, name: &str) {
        self.facts.functions.insert(format!("pg_catalog.{name}"));
    }

    /// Where syntax of its own stands for a call: notes that it may be one of whatever functions somebody created
    /// under that name, harmless or not.
    pub(super) fn shadowable(&mut self, name: &str, flow: &mut Lineage) {
        let catalogue = self.catalogue;
        for function in catalogue.functions(name) {
            self.foreign(function.schema.clone(), name, flow);
        }
    }

    fn foreign(&mut self, schema: String, name: &str, flow: &mut Lineage) {
        self.facts.functions.insert(format!("{schema}.{name}"));
        self.access(Action::Call, Target::Function { schema, name: name.to_owned() });
        self.give_up_proof();
        flow.add(&Lineage::anything());
    }

    /// A setting holds a value that `current_setting` and SHOW give back.
    fn set_config(&mut self, values: &[&Expr]) -> Result<(), Unparsed> {
        let [Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(name), .. }), value, _] = values
        else {
            return not_modelled("set_config of a setting that is not written out");
        };
        self.access(Action::Set, Target::Setting { name: name.to_ascii_lowercase() });
        if !matches!(value, Expr::Value(_)) {
            // Walked for real by the caller; which names it may use does not matter here.
            let value = self.exprs([*value], NOWHERE)?;
            self.spreads.add(&value);
        }
        Ok(())
    }
}

/// The values a call is given; `None` where there is more to it than values.
pub(crate) fn arguments(function: &Function) -> Option<impl Iterator<Item = &Expr>> {
    let args = match &function.args {
        FunctionArguments::None => [].as_slice(),
        FunctionArguments::List(list) if list.clauses.is_empty() => list.args.as_slice(),
        _ => return None,
    };
    let value = |arg: &FunctionArg| {
        matches!(
            arg,
            FunctionArg::Unnamed(FunctionArgExpr::Expr(_))
                | FunctionArg::Named { arg: FunctionArgExpr::Expr(_), .. }
        )
    };
    if !args.iter().all(value) || function.over.is_some() || function.filter.is_some() {
        return None;
    }
    Some(args.iter().filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value))
        | FunctionArg::Named { arg: FunctionArgExpr::Expr(value), .. } => Some(value),
        _ => None,
    }))
}
