//! Reading relations, columns, view definitions and functions from PostgreSQL's system catalogue.

use std::collections::HashMap;

use anyhow::anyhow;
use gatewright_core::catalogue::{Column, Relation, RelationKind, Taint, UserFunction, Volatility};
use tokio_postgres::{Client, Row, Transaction};

use super::connect::chain;

/// The catalogue as the server tells it: no masks, no tags yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Raw {
    /// Relations, in the order of their OIDs.
    pub(crate) relations: Vec<Relation>,
    /// Functions that somebody created.
    pub(crate) functions: Vec<UserFunction>,
    /// The role's effective search path.
    pub(crate) search_path: Vec<String>,
    /// Inheritance and partitioning: child and parent OIDs.
    pub(crate) inherits: Vec<(u32, u32)>,
}

/// Changes whenever DDL does; cheap enough to ask every other second. A changed row has another `xmin`.
const FINGERPRINT: &str = "
SELECT md5(coalesce(string_agg(part, ',' ORDER BY part), '')) || array_to_string(current_schemas(false), ',')
FROM (
    SELECT 'n' || oid || ':' || xmin FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'
    UNION ALL
    SELECT 'c' || c.oid || ':' || c.xmin FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND nspname !~ '^(pg_|information_schema$)'
    UNION ALL
    SELECT 'a' || attrelid || '.' || attnum || ':' || a.xmin FROM pg_attribute a
        JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
        WHERE attnum > 0 AND relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname !~ '^(pg_|information_schema$)'
    UNION ALL
    SELECT 'r' || r.oid || ':' || r.xmin FROM pg_rewrite r WHERE r.oid >= 16384
    UNION ALL
    SELECT 'p' || p.oid || ':' || p.xmin FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
        WHERE nspname !~ '^(pg_|information_schema$)'
    UNION ALL
    SELECT 'i' || inhrelid || '>' || inhparent FROM pg_inherits
) AS parts (part)";

const RELATIONS: &str = "
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text,
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^(pg_|information_schema$)'
ORDER BY c.oid";

const COLUMNS: &str = "
SELECT a.attrelid, a.attname::text, a.attnum, a.atttypid
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND n.nspname !~ '^(pg_|information_schema$)'
ORDER BY a.attrelid, a.attnum";

const FUNCTIONS: &str = "
SELECT n.nspname::text, p.proname::text,
       bool_and(prokind = 'f' AND provolatile = 'i'), bool_and(prokind = 'f' AND provolatile IN ('i', 's')),
       string_agg(DISTINCT l.lanname::text, ', ' ORDER BY l.lanname::text), bool_or(proretset),
       EXISTS (SELECT FROM pg_proc s WHERE s.proname = p.proname AND s.pronamespace = 'pg_catalog'::regnamespace)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE n.nspname !~ '^(pg_|information_schema$)'
GROUP BY n.nspname, p.proname
ORDER BY 1, 2";

const INHERITS: &str = "SELECT inhrelid, inhparent FROM pg_inherits i
JOIN pg_class c ON c.oid = inhrelid WHERE c.relkind IN ('r', 'p', 'f') ORDER BY 1, 2";

/// A text that is another one after every DDL.
pub(crate) async fn fingerprint(client: &Client) -> anyhow::Result<String> {
    let row = client.query_one(FINGERPRINT, &[]).await.map_err(|error| anyhow!("{}", chain(&error)))?;
    Ok(row.try_get(0)?)
}

/// Everything, from one snapshot.
pub(crate) async fn read(client: &mut Client) -> anyhow::Result<Raw> {
    let transaction = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .map_err(|error| anyhow!("{}", chain(&error)))?;
    let raw = read_in(&transaction).await.map_err(|error| anyhow!("{}", chain(&error)))?;
    // Nothing was written: how the transaction ends does not matter.
    let _ = transaction.commit().await;
    Ok(raw)
}

async fn read_in(transaction: &Transaction<'_>) -> Result<Raw, tokio_postgres::Error> {
    let path = transaction.query_one("SELECT current_schemas(false)::text[]", &[]).await?;
    let search_path: Vec<String> = path.try_get(0)?;
    // With an empty path `pg_get_viewdef` writes every name with its schema: the definitions mean the same
    // whatever the reader's path is.
    transaction.batch_execute("SET LOCAL search_path = ''").await?;
    let mut columns: HashMap<u32, Vec<Column>> = HashMap::new();
    for row in transaction.query(COLUMNS, &[]).await? {
        columns.entry(row.try_get(0)?).or_default().push(column(&row)?);
    }
    let mut relations = Vec::new();
    for row in transaction.query(RELATIONS, &[]).await? {
        relations.push(relation(&row, &mut columns)?);
    }
    let mut functions = Vec::new();
    for row in transaction.query(FUNCTIONS, &[]).await? {
        functions.push(function(&row)?);
    }
    let mut inherits = Vec::new();
    for row in transaction.query(INHERITS, &[]).await? {
        inherits.push((row.try_get(0)?, row.try_get(1)?));
    }
    Ok(Raw { relations, functions, search_path, inherits })
}

fn column(row: &Row) -> Result<Column, tokio_postgres::Error> {
    Ok(Column {
        name: row.try_get(1)?,
        attnum: row.try_get(2)?,
        type_oid: row.try_get(3)?,
        taint: Taint::CLEAN,
        derived: false,
    })
}

fn function(row: &Row) -> Result<UserFunction, tokio_postgres::Error> {
    let volatility = match (row.try_get(2)?, row.try_get(3)?) {
        (true, _) => Volatility::Immutable,
        (_, true) => Volatility::Stable,
        _ => Volatility::Volatile,
    };
    Ok(UserFunction {
        schema: row.try_get(0)?,
        name: row.try_get(1)?,
        volatility,
        language: row.try_get(4)?,
        gives_rows: row.try_get(5)?,
        shadows: row.try_get(6)?,
        harmless: false,
    })
}

fn relation(row: &Row, columns: &mut HashMap<u32, Vec<Column>>) -> Result<Relation, tokio_postgres::Error> {
    let oid = row.try_get(0)?;
    let kind = match row.try_get::<_, &str>(3)? {
        "v" => RelationKind::View,
        "m" => RelationKind::MaterializedView,
        "f" => RelationKind::ForeignTable,
        "S" => RelationKind::Sequence,
        _ => RelationKind::Table,
    };
    Ok(Relation {
        oid,
        schema: row.try_get(1)?,
        name: row.try_get(2)?,
        kind,
        columns: columns.remove(&oid).unwrap_or_default(),
        definition: row.try_get(4)?,
        tags: Vec::new(),
    })
}
