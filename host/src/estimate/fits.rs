//! Which statements the database is asked about.
//!
//! Nothing that planning does may be what somebody is yet to approve. It runs no statement, but to fold
//! constants and to guess at selectivities PostgreSQL calls functions that are declared `IMMUTABLE` or `STABLE`,
//! whatever they do in truth. So a statement that calls what policies are asked about is not planned: a function
//! or an operator that somebody created, unless the configuration declares that its result depends on its
//! arguments only, and a built-in that is more than a computation. What belongs to the schema is its owner's, here
//! as in all that the gate decides: views, row-level security, expressions of indexes, casts of its types.

use gatewright_core::catalogue::CatalogueIndex;
use gatewright_core::policy::Action;

use super::Why;

/// Kinds that `EXPLAIN` takes and that are about rows; `EXECUTE` is about what a session prepared, which is
/// not here.
const KINDS: [&str; 6] = ["SELECT", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"];

/// Whether the database may be asked about it.
///
/// # Errors
/// Why not.
pub(super) fn fits(statement: &str, catalogue: &CatalogueIndex) -> Result<(), Why> {
    let statements = gatewright_sql::analyse(statement, catalogue).map_err(|_| Why::Kind)?;
    let facts = match statements.as_slice() {
        [facts] => facts,
        [] => return Err(Why::Kind),
        _ => return Err(Why::Several),
    };
    if !KINDS.contains(&facts.statement) {
        return Err(Why::Kind);
    }
    let runs = |action: Action| matches!(action, Action::Call | Action::Execute);
    if facts.accesses.iter().any(|access| runs(access.action)) {
        return Err(Why::Calls);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gatewright_core::catalogue::{Catalogue, Relation, RelationKind, UserFunction, Volatility};

    use super::*;

    fn catalogue() -> CatalogueIndex {
        let function = |name: &str, harmless| UserFunction {
            schema: "public".to_owned(),
            name: name.to_owned(),
            volatility: Volatility::Immutable,
            language: "plpgsql".to_owned(),
            gives_rows: false,
            shadows: false,
            harmless,
        };
        let relation = Relation {
            oid: 20_000,
            schema: "public".to_owned(),
            name: "orders".to_owned(),
            kind: RelationKind::Table,
            columns: Vec::new(),
            definition: None,
            tags: Vec::new(),
        };
        CatalogueIndex::new(Catalogue {
            relations: vec![relation],
            masked: Vec::new(),
            functions: vec![function("reap", false), function("declared", true)],
            search_path: vec!["public".to_owned()],
        })
    }

    #[test]
    fn only_what_is_planned_and_does_nothing() {
        let index = catalogue();
        for sql in [
            "DELETE FROM orders",
            "/* EXPLAIN ANALYZE */ SELECT lower('A') FROM orders WHERE id = $1;",
            "WITH gone AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM gone",
            "UPDATE orders SET note = declared('x')",
            "INSERT INTO orders (id) VALUES (1)",
            "VALUES (1), (2)",
        ] {
            assert_eq!(fits(sql, &index), Ok(()), "{sql}");
        }
        for (sql, why) in [
            ("", Why::Kind),
            ("-- nothing", Why::Kind),
            ("DELETE FROM orders; DELETE FROM orders", Why::Several),
            ("EXPLAIN ANALYZE DELETE FROM orders", Why::Kind),
            ("ANALYZE orders", Why::Kind),
            ("EXECUTE p", Why::Kind),
            ("PREPARE p AS DELETE FROM orders", Why::Kind),
            ("DECLARE c CURSOR FOR SELECT 1", Why::Kind),
            ("CREATE TABLE o AS SELECT * FROM orders", Why::Kind),
            ("COPY orders TO STDOUT", Why::Kind),
            ("TRUNCATE orders", Why::Kind),
            ("DROP TABLE orders", Why::Kind),
            ("DELETE FROM orders WHERE id = reap()", Why::Calls),
            ("DELETE FROM orders WHERE id = public.reap()", Why::Calls),
            ("SELECT pg_sleep(5)", Why::Calls),
            ("SELECT table_to_xml('orders', true, true, '')", Why::Calls),
            ("SELECT 1 OPERATOR(public.+) 2", Why::Calls),
            ("DELETE FROM no_such_table", Why::Kind),
        ] {
            assert_eq!(fits(sql, &index), Err(why), "{sql}");
        }
    }
}
