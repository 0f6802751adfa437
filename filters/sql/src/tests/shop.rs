//! The shop's catalogue, and ways to write expectations down.

use std::sync::LazyLock;

use gatewright_core::catalogue::{
    Catalogue, CatalogueIndex, Column, MaskedColumn, Relation, RelationKind, Taint, UserFunction,
};
use gatewright_core::mask::Method;

use crate::{StatementFacts, Unparsed, analyse};

static SHOP: LazyLock<CatalogueIndex> = LazyLock::new(|| {
    let mut masked = Vec::new();
    let mut relation = |oid: u32, name: &str, columns: &str| Relation {
        oid,
        schema: "public".to_owned(),
        name: name.to_owned(),
        kind: RelationKind::Table,
        columns: (1..)
            .zip(columns.split(' '))
            .map(|(attnum, column)| {
                let (column, is_masked) = column.strip_suffix('*').map_or((column, false), |c| (c, true));
                let mut taint = Taint::CLEAN;
                if is_masked {
                    taint.insert(u32::try_from(masked.len()).unwrap());
                    masked.push(MaskedColumn {
                        schema: "public".to_owned(),
                        table: name.to_owned(),
                        column: column.to_owned(),
                        method: Method::Null,
                        tags: Vec::new(),
                    });
                }
                Column { name: column.to_owned(), attnum, type_oid: 25, taint, derived: false }
            })
            .collect(),
        definition: None,
        tags: Vec::new(),
    };
    let customers =
        relation(20_001, "customers", "id name email* phone* ssn* card_number* region notes created_at");
    let orders = relation(20_002, "orders", "id customer_id amount status created_at");
    let payments = relation(20_003, "payments", "id order_id card_number* token*");
    let odd = relation(20_005, "Odd Name", "id Secret*");
    let mut contacts = relation(20_004, "customer_contacts", "id name email phone");
    contacts.kind = RelationKind::View;
    for column in &mut contacts.columns {
        column.taint = customers.column(&column.name).unwrap().taint.clone();
    }
    let function = |name: &str| {
        let (schema, name) = ("public".to_owned(), name.to_owned());
        UserFunction { schema, name, ..UserFunction::default() }
    };
    let harmless = |name: &str| UserFunction { harmless: true, ..function(name) };
    let tokens = UserFunction { gives_rows: true, ..harmless("tokens") };
    let pg_read_file = UserFunction { shadows: true, ..harmless("pg_read_file") };
    let functions = ["lookup", "upper2", "ceil2", "mixed"].map(function).into_iter();
    let functions = functions.chain([harmless("initials"), tokens, pg_read_file, {
        UserFunction { schema: "other".to_owned(), ..harmless("mixed") }
    }]);
    CatalogueIndex::new(Catalogue {
        relations: vec![customers, orders, payments, contacts, odd],
        masked,
        functions: functions.collect(),
        search_path: vec!["public".to_owned()],
    })
});

pub(super) fn shop() -> &'static CatalogueIndex {
    &SHOP
}

pub(super) fn all(sql: &str) -> Result<Vec<StatementFacts>, Unparsed> {
    analyse(sql, shop())
}

/// The facts of a text that is one statement.
#[track_caller]
pub(super) fn facts(sql: &str) -> StatementFacts {
    match all(sql) {
        Ok(mut all) if all.len() == 1 => all.remove(0),
        other => panic!("`{sql}` should be one statement: {other:?}"),
    }
}

/// Masked columns of a taint, as `table.column` with a blank between.
pub(super) fn show(taint: &Taint) -> String {
    let names = taint.iter().map(|id| {
        let column = shop().masked(id).unwrap();
        format!("{}.{}", column.table, column.column)
    });
    names.collect::<Vec<_>>().join(" ")
}

/// The outputs as `a; b; c`, or `?` where they are not proved.
#[track_caller]
pub(super) fn outputs(sql: &str) -> String {
    match facts(sql).outputs {
        None => "?".to_owned(),
        Some(outputs) => outputs.iter().map(|output| show(&output.taint)).collect::<Vec<_>>().join("; "),
    }
}

/// The accesses as `select customers, …`.
#[track_caller]
pub(super) fn accesses(sql: &str) -> String {
    use gatewright_core::policy::Target;
    let facts = facts(sql);
    let shown = facts.accesses.iter().map(|access| {
        let target = match &access.target {
            Target::Database => "db".to_owned(),
            Target::Schema { schema } => format!("schema:{schema}"),
            Target::Table { schema, name, .. } if schema == "public" => name.clone(),
            Target::Table { schema, name, .. } => format!("{schema}.{name}"),
            Target::Function { schema, name } => format!("{schema}.{name}()"),
            Target::Setting { name } => format!("setting:{name}"),
            Target::Column { .. } => "column".to_owned(),
            other => other.to_string(),
        };
        format!("{} {target}", access.action)
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[track_caller]
pub(super) fn refused(sql: &str) {
    if let Ok(facts) = all(sql) {
        panic!("`{sql}` should be refused: {facts:?}");
    }
}
