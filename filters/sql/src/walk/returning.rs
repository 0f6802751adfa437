//! Select lists, RETURNING lists among them.

use std::sync::Arc;

use sqlparser::ast::{
    AccessExpr, Expr, Function, ObjectNamePart, SelectItem, SelectItemQualifiedWildcardKind,
    WildcardAdditionalOptions,
};

use super::from::From;
use super::query::origins;
use super::{Walker, not_modelled};
use crate::facts::Derivation;
use crate::functions::is_aggregate;
use crate::lineage::{Lineage, OutColumn, Shape};
use crate::scope::{Env, Found, Source};
use crate::{Unparsed, names};

/// Most outputs of a query (PostgreSQL: `MaxTupleAttributeNumber`).
const MAX_OUTPUTS: usize = 1_664;

impl Walker<'_> {
    /// The columns that a list gives.
    pub(super) fn projection(
        &mut self,
        items: &[SelectItem],
        from: &From,
        env: Env<'_>,
    ) -> Result<Shape, Unparsed> {
        let mut shape = Shape::known(Vec::new());
        for item in items {
            if shape.columns.as_ref().is_some_and(|columns| columns.len() > MAX_OUTPUTS) {
                return Err(Unparsed::TooComplex);
            }
            let (expr, name) = match item {
                SelectItem::UnnamedExpr(expr) => (expr, names::of_output(expr)),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(names::fold(alias))),
                SelectItem::Wildcard(options) => {
                    check_options(options)?;
                    if from.merged {
                        shape.columns = None;
                    }
                    for source in &from.sources {
                        self.expand(source, &mut shape);
                    }
                    continue;
                }
                SelectItem::QualifiedWildcard(kind, options) => {
                    check_options(options)?;
                    self.qualified_wildcard(kind, env, &mut shape)?;
                    continue;
                }
                SelectItem::ExprWithAliases { .. } => return not_modelled("several aliases of one output"),
            };
            let lineage = self.exprs([expr], env)?;
            shape.whole.add(&lineage);
            if has_all_fields(expr) {
                // How many they are is not known.
                shape.columns = None;
            }
            if let Some(columns) = &mut shape.columns {
                let kind = self.derivation(expr, &lineage, env);
                let name = name.map(Arc::from);
                columns.push(OutColumn { name, lineage, kind, origin: None });
            }
        }
        Ok(shape)
    }

    /// How an output is made of what flows into it.
    fn derivation(&self, expr: &Expr, lineage: &Lineage, env: Env<'_>) -> Derivation {
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                let column = self.column(expr, env);
                column.and_then(|column| column.kind).unwrap_or(Derivation::Transformed)
            }
            Expr::Function(function) => match aggregate(function) {
                Some(kind) => kind,
                None => lineage.computed(),
            },
            Expr::Nested(inner) if !matches!(**inner, Expr::Nested(_)) => {
                self.derivation(inner, lineage, env)
            }
            _ => lineage.computed(),
        }
    }

    fn qualified_wildcard(
        &mut self,
        kind: &SelectItemQualifiedWildcardKind,
        env: Env<'_>,
        shape: &mut Shape,
    ) -> Result<(), Unparsed> {
        let sources = match kind {
            // The fields of a composite value: how many is not known.
            SelectItemQualifiedWildcardKind::Expr(expr) => {
                let lineage = self.exprs([expr], env)?;
                shape.whole.add(&lineage);
                shape.columns = None;
                return Ok(());
            }
            SelectItemQualifiedWildcardKind::ObjectName(name) => match name.0.as_slice() {
                [ObjectNamePart::Identifier(name)] => env.sources(&names::fold(name)),
                [ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(name)] => {
                    env.relation_sources(&names::fold(schema), &names::fold(name))
                }
                _ => Found::new(),
            },
        };
        let [source] = sources.as_slice() else { return not_modelled("`*` of an unknown row") };
        self.expand(source, shape);
        Ok(())
    }

    fn expand(&mut self, source: &Source, shape: &mut Shape) {
        self.note_columns(origins(&source.shape));
        shape.whole.add(&source.shape.whole);
        match (&mut shape.columns, &source.shape.columns) {
            (Some(columns), Some(more)) => columns.extend(more.iter().cloned().map(|column| {
                // A label, not a base column any more: what reads it further out reads no table.
                OutColumn { origin: None, ..column }
            })),
            _ => shape.columns = None,
        }
    }
}

fn has_all_fields(expr: &Expr) -> bool {
    matches!(expr, Expr::CompoundFieldAccess { access_chain, .. } if matches!(
        access_chain.last(),
        Some(AccessExpr::Dot(Expr::Identifier(field))) if field.value == names::ALL_FIELDS
    ))
}

fn check_options(options: &WildcardAdditionalOptions) -> Result<(), Unparsed> {
    let WildcardAdditionalOptions {
        opt_ilike: None,
        opt_exclude: None,
        opt_except: None,
        opt_replace: None,
        opt_rename: None,
        opt_alias: None,
        ..
    } = options
    else {
        return not_modelled("`*` with options of another dialect");
    };
    Ok(())
}

fn aggregate(function: &Function) -> Option<Derivation> {
    let name = names::last(&function.name)?;
    match &*name {
        "count" | "regr_count" => Some(Derivation::Counted),
        name if is_aggregate(name) => Some(Derivation::Aggregated),
        _ => None,
    }
}
