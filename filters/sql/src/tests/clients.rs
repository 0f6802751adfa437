//! Queries that clients send on their own: the meta-commands of `psql`, and what drivers ask about types and tables.

use super::shop::facts;

const QUERIES: &str = include_str!("clients.sql");

#[test]
fn what_clients_ask_the_catalogue_is_clean() {
    for query in QUERIES.split("\n\n") {
        let facts = facts(query);
        assert!(facts.scope.is_clean() && !facts.opaque, "{query}");
        assert!(facts.accesses.iter().all(|access| access.action.as_str() == "select"), "{query}: {facts:?}");
    }
}
