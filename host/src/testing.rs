//! Tests that run on both databases: what is tested of SQLite is called again with a PostgreSQL of its own.

#[path = "../tests/support/postgres.rs"]
pub(crate) mod postgres;

use std::cell::RefCell;
use std::path::Path;

use gatewright_core::digest::sha256;

use crate::store::{Shared, Store};
use postgres::Postgres;

thread_local! {
    /// Where the databases of this test are, and the names of those that are there.
    static SERVER: RefCell<Option<(Postgres, Vec<String>)>> = const { RefCell::new(None) };
}

/// A function that only SQLite has.
const ZEROS: &str = "CREATE FUNCTION zeroblob(bytes integer) RETURNS bytea LANGUAGE sql IMMUTABLE
    RETURN decode(repeat('00', bytes), 'hex')";

/// Statements of tests as PostgreSQL takes them: bytes are written otherwise.
pub(crate) fn told(postgres: bool, sql: String) -> String {
    if postgres { sql.replace(" x'", " '\\x") } else { sql }
}

/// Runs a test whose stores are in PostgreSQL.
pub(crate) fn on_postgres(test: impl FnOnce()) {
    SERVER.set(Some((Postgres::start(), Vec::new())));
    test();
    drop(SERVER.take());
}

/// The database that belongs to a folder, where it is in PostgreSQL.
pub(crate) fn shared(folder: &Path) -> Option<Shared> {
    SERVER.with_borrow_mut(|server| {
        let (server, there) = server.as_mut()?;
        let name = format!("t{}", hex::encode(&sha256(folder.to_string_lossy().as_bytes())[..8]));
        if !there.contains(&name) {
            server.sql("postgres", &format!("CREATE DATABASE {name}"));
            server.sql(&name, ZEROS);
            there.push(name.clone());
        }
        Some(Shared::read(&server.url(&name), None).unwrap())
    })
}

/// The store of a folder.
pub(crate) async fn open(folder: &Path) -> anyhow::Result<Store> {
    match shared(folder) {
        Some(shared) => Store::open_shared(&shared).await,
        None => Store::open(folder).await,
    }
}

/// The same to read only.
pub(crate) async fn open_read_only(folder: &Path) -> anyhow::Result<Store> {
    match shared(folder) {
        Some(shared) => Store::open_shared_read_only(&shared).await,
        None => Store::open_read_only(folder).await,
    }
}

/// Tests of the module that run on PostgreSQL as well.
macro_rules! on_postgres_too {
    ($($test:ident),* $(,)?) => {
        mod on_postgres {
            $(#[test]
            fn $test() {
                crate::testing::on_postgres(super::$test);
            })*
        }
    };
}
pub(crate) use on_postgres_too;
