//! Statements put together from parts of others: whatever PostgreSQL takes, Gatewright takes for no less, or refuses.
#![allow(missing_docs, reason = "a test")]

use std::sync::LazyLock;

use gatewright_oracle::compare::{Verdict, verdict};
use gatewright_oracle::corpus;
use proptest::prelude::*;

/// Statements as tokens, each with the white space behind it.
static STATEMENTS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let files = corpus::own().unwrap_or_default();
    let short = files.into_iter().flat_map(|file| file.statements).filter(|text| text.len() < 300);
    short.map(|text| tokens(&text)).filter(|tokens| !tokens.is_empty()).collect()
});

fn tokens(text: &str) -> Vec<String> {
    let scanned = pg_query::scan(text).map(|scanned| scanned.tokens).unwrap_or_default();
    let starts: Vec<usize> = scanned.iter().filter_map(|token| usize::try_from(token.start).ok()).collect();
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| Some(text.get(*start..end)?.to_owned())).collect()
}

/// Words that the parser is shown in another spelling, as parts of statements.
const PARTS: &[&str] = &[
    "ONLY ",
    "ONLY (t)",
    "(ONLY t)",
    "TABLE t",
    "(TABLE t)",
    "TABLE ONLY t ",
    "FOR NO KEY UPDATE ",
    "FOR KEY SHARE ",
    "OF t ",
    "FOR UPDATE OF t, u ",
    "BETWEEN SYMMETRIC 1 AND ",
    "OVERRIDING SYSTEM VALUE ",
    "EXCLUDE TIES ",
    "EXCLUDE NO OTHERS ",
    "VARIADIC ",
    "COLLATION FOR (",
    "CONCURRENTLY ",
    "ROWS FROM (f(1), g(2)) ",
    "ROWS FROM (",
    "trim(both from ",
    "trim(",
    "trim(a from ",
    "(t).*",
    ".*",
    ":= ",
    "SEARCH DEPTH FIRST BY a SET b ",
    "CYCLE a SET b USING c ",
    "WITH RECURSIVE ",
    "FETCH ",
    "MOVE ",
    "VACUUM ",
    "ANALYZE ",
    "COPY t FROM STDIN ",
    "FROM STDIN ",
    "TO STDOUT ",
    "DEFERRABLE ",
    "NOT DEFERRABLE ",
    "SET CONSTRAINTS ALL DEFERRED ",
    "CREATE SEQUENCE s ",
    "OWNED BY t.a ",
    "WITH CHECK OPTION ",
    "WITH NO DATA ",
    "LIKE t INCLUDING ALL ",
    "LIKE t",
    ", LIKE u",
    "inet '::1' ",
    "point ",
    "WHERE CURRENT OF c ",
    "xmlelement(NAME a, ",
    "U&'\\0041' ",
    "'a'\n'b' ",
    "INTO t ",
    "REFERENCES t ",
    "LIKE ANY (",
    "SELECT ",
    "FROM t ",
    "(SELECT a FROM secret) ",
    "WITH c AS (SELECT 1) ",
    "AS ",
    "a ",
    "t ",
    ", ",
    "( ",
    ") ",
    "u, ",
    "WHERE ",
    "UNION ",
    "JOIN u ON true ",
    "LATERAL ",
    "EXPLAIN ",
    "INSERT INTO t ",
    "CREATE TABLE x AS ",
    "USING u ",
];

fn changed() -> impl Strategy<Value = String> {
    let place = any::<prop::sample::Index>;
    let change = (0_usize..5, place(), place(), place(), place(), prop::sample::select(PARTS));
    (place(), prop::collection::vec(change, 1..4)).prop_map(|(which, changes)| {
        let mut text = which.get(&STATEMENTS).clone();
        for (what, at, length, other, from, part) in changes {
            let at = at.index(text.len() + 1);
            match what {
                0 if at < text.len() => drop(text.drain(at..(at + 1 + length.index(3)).min(text.len()))),
                1 => {
                    let other = other.get(&STATEMENTS);
                    let from = from.index(other.len());
                    let some = other.iter().skip(from).take(1 + length.index(8)).cloned();
                    drop(text.splice(at..at, some));
                }
                2 if at < text.len() => text[at] = part.to_owned(),
                _ => text.insert(at, part.to_owned()),
            }
        }
        text.join(" ")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_statements_are_taken_for_no_less_than_they_are(text in changed()) {
        if let Verdict::Less(what) = verdict(&text) {
            panic!("{text}: {what:?}");
        }
    }
}
