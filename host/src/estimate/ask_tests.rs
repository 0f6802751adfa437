//! What a database does when it is asked, and what it does not: a real one, and as its superuser.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use gatewright_core::bundle::ApprovalMode;

use super::*;
use crate::approvals::tests::request;
use crate::catalogue::connect_to_write;
use crate::config::At;
use crate::estimate::Fate;
use crate::testing::postgres::Postgres;

const SCHEMA: &str = "
CREATE TABLE orders (id int PRIMARY KEY, note text);
INSERT INTO orders SELECT i, 'n' FROM generate_series(1, 1000) AS i;
CREATE SCHEMA other;
CREATE TABLE other.people AS SELECT 1 AS id;
CREATE TABLE seen (what text);
CREATE FUNCTION really() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES ('it ran'); RETURN 1; END $$;
CREATE FUNCTION writes() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN really(); END $$;
CREATE FUNCTION naps() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(20); RETURN 1; END $$;
ANALYZE orders;
";

/// Says something else than one statement that can be planned.
const ATTEMPTS: [&str; 15] = [
    "DELETE FROM orders; DELETE FROM orders",
    "SELECT 1; COMMIT; DELETE FROM orders; COMMIT",
    "SELECT 1; ROLLBACK; DELETE FROM orders",
    "ANALYZE DELETE FROM orders",
    "(ANALYZE) DELETE FROM orders",
    "/* plain */ ANALYZE DELETE FROM orders",
    "-- plain\n ANALYZE DELETE FROM orders",
    "VERBOSE ANALYZE DELETE FROM orders",
    "EXPLAIN ANALYZE DELETE FROM orders",
    "EXPLAIN (ANALYZE) DELETE FROM orders",
    "DO $$ BEGIN DELETE FROM orders; END $$",
    "TRUNCATE orders",
    "COMMIT",
    "DELETE FROM orders WHERE id = 'canary'::int",
    "DELETE FROM orders WHERE note = 'unended",
];

fn source(port: u16) -> Source {
    let at = At::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    Source { at, tls: None, database: "shop".to_owned(), role: "postgres".to_owned(), password: None }
}

async fn asked(source: &Source, statement: &str, parameters: &[Option<&str>]) -> Result<Rows, Why> {
    let mut request = request(ApprovalMode::Hold);
    statement.clone_into(&mut request.statement);
    request.parameters = parameters.iter().map(|value| value.map(str::to_owned)).collect();
    request.principal = "o'brien\\ \"; DROP TABLE orders; --".to_owned();
    let settings = vec![("gatewright.agent", &*request.principal)];
    let search_path = ["public".to_owned(), "other".to_owned(), "no \" such".to_owned()];
    ask(source, &Question { request: &request, search_path: &search_path, settings }).await
}

async fn whole(source: &Source, statement: &str, parameters: &[Option<&str>]) -> (u64, Fate, bool) {
    let rows = asked(source, statement, parameters).await;
    let rows = rows.unwrap_or_else(|why| panic!("{statement}: {why}"));
    (rows.count, rows.are, rows.generic)
}

#[tokio::test]
async fn it_plans_and_runs_nothing() {
    let postgres = Postgres::start();
    postgres.sql("shop", SCHEMA);
    let source = source(postgres.port);
    let changed = |count| (count, Fate::Changed, false);
    assert_eq!(whole(&source, "DELETE FROM orders;", &[]).await, changed(1_000));
    assert_eq!(whole(&source, "INSERT INTO orders VALUES (2001, 'x')", &[]).await, changed(1));
    assert_eq!(whole(&source, "SELECT id FROM orders LIMIT 5", &[]).await, (5, Fate::Returned, false));
    let with = "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone";
    assert_eq!(whole(&source, with, &[]).await, changed(1_000));
    // A name is looked up where the agent's session looks.
    whole(&source, "UPDATE people SET id = 2", &[]).await;

    // The very values count; those that are only described do not.
    let some = "DELETE FROM orders WHERE id > $1 AND note = $2";
    let (most, ..) = whole(&source, some, &[Some("10"), Some("n")]).await;
    let (few, ..) = whole(&source, some, &[Some("990"), Some("n")]).await;
    assert!((900..=1_000).contains(&most) && (1..100).contains(&few), "{most} {few}");
    whole(&source, some, &[None, Some("'; DROP TABLE orders; --")]).await;
    assert_eq!(asked(&source, some, &[Some("no number"), None]).await, Err(Why::Refused));
    let described = [Some("\\x0000000a"), Some("n")];
    let (_, are, generic) = whole(&source, some, &described).await;
    assert!(are == Fate::Changed && generic);

    for attempt in ATTEMPTS {
        assert_eq!(asked(&source, attempt, &[]).await, Err(Why::Refused), "{attempt}");
        assert_eq!(asked(&source, attempt, &described).await, Err(Why::Refused), "prepared: {attempt}");
    }
    // What is planned is not done.
    let _ = asked(&source, "CREATE TABLE made AS SELECT 1", &[]).await;
    let _ = asked(&source, "SELECT nextval('s'), pg_notify('a', 'b') FROM orders FOR UPDATE", &[]).await;
    assert!(postgres.holds("shop", "(SELECT count(*) FROM orders) = 1000 AND to_regclass('made') IS NULL"));

    // A function that lies about itself is called when a plan is made: there it writes, here it cannot.
    let lies = "SELECT * FROM orders WHERE id = writes()";
    postgres.sql("shop", &format!("EXPLAIN {lies}"));
    assert!(postgres.holds("shop", "EXISTS (SELECT FROM seen)"), "this server calls it");
    postgres.sql("shop", "TRUNCATE seen");
    assert_eq!(asked(&source, lies, &[]).await, Err(Why::Refused));
    assert!(postgres.holds("shop", "NOT EXISTS (SELECT FROM seen)"));
}

#[tokio::test]
async fn it_does_not_wait_for_ever() {
    let postgres = Postgres::start();
    postgres.sql("shop", SCHEMA);
    let source = source(postgres.port);
    let started = Instant::now();
    assert_eq!(asked(&source, "SELECT * FROM orders WHERE id = naps()", &[]).await, Err(Why::Late));
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());

    let holder = connect_to_write(&source).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let started = Instant::now();
    assert_eq!(asked(&source, "DELETE FROM orders", &[]).await, Err(Why::Late));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    // Nothing of it stays behind.
    let gone = "NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'EXPLAIN%')";
    let deadline = Instant::now() + Duration::from_secs(10);
    while !postgres.holds("shop", gone) {
        assert!(Instant::now() < deadline, "a connection stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let nowhere = Source { at: At::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))), ..source };
    assert_eq!(asked(&nowhere, "DELETE FROM orders", &[]).await, Err(Why::Away));
}
