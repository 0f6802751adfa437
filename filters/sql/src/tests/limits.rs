use std::time::Instant;

use proptest::prelude::*;

use super::shop::{all, shop};
use crate::{Unparsed, view_columns};

/// Shapes that nest, each to a depth no stack would take.
#[test]
fn deep_texts_are_refused_in_time() {
    let deep = |open: &str, inner: &str, close: &str| {
        [8, 16, 24, 100, 399, 20_000].map(|n| format!("{}{inner}{}", open.repeat(n), close.repeat(n)))
    };
    let texts = [
        deep("SELECT (", "1", ")"),
        deep("(", "SELECT 1", ")"),
        deep("SELECT (SELECT ", "1", ")"),
        deep("SELECT 1 + ", "", ""),
        deep("SELECT 1", "", ""),
        deep("SELECT * FROM (", "orders", ")"),
        deep("SELECT * FROM (SELECT * FROM ", "orders", ") x")
            .map(|s| s.replace("SELECT * FROM SELECT", "SELECT")),
        deep("SELECT 1 UNION ", "SELECT 1", ""),
        deep("SELECT * FROM orders JOIN ", "orders", ""),
        deep("CASE WHEN 1 THEN ", "1", " END").map(|s| format!("SELECT {s}")),
        deep("NOT ", "true", "").map(|s| format!("SELECT {s}")),
        deep("- ", "1", "").map(|s| format!("SELECT {s}")),
        deep("", "1", "::int").map(|s| format!("SELECT {s}")),
        deep("", "1", "[1]").map(|s| format!("SELECT {s}")),
        deep("", "1", "+1").map(|s| format!("SELECT {s}")),
        deep("", "1", " AND 1").map(|s| format!("DELETE FROM orders WHERE {s}")),
        deep("", "1", " IS NULL").map(|s| format!("SELECT {s}")),
        deep("", "a", ".a").map(|s| format!("SELECT {s}")),
        deep("ARRAY[", "1", "]").map(|s| format!("SELECT {s}")),
        deep("f(", "1", ")").map(|s| format!("SELECT {s}")),
        deep("EXPLAIN ", "SELECT 1", ""),
        deep("PREPARE p AS ", "SELECT 1", ""),
        deep("WITH a AS (", "SELECT 1", ") SELECT 1"),
        deep("EXISTS (SELECT ", "1", ")").map(|s| format!("SELECT {s}")),
        deep("interval ", "'1'", "").map(|s| format!("SELECT {s}")),
        deep("date ", "'1'", "").map(|s| format!("SELECT {s}")),
        deep("IF ", "", "").map(|s| format!("SELECT {s}")),
        deep("1 BETWEEN ", "1", " AND 1").map(|s| format!("SELECT {s}")),
        deep("int ARRAY ", "", "[]").map(|s| format!("SELECT 1::{s}")),
        deep("x LIKE ", "1", "").map(|s| format!("SELECT {s}")),
        deep("CREATE SCHEMA a ", "", ""),
        deep("BEGIN ", "", ""),
    ];
    for text in texts.iter().flatten() {
        let head: String = text.chars().take(60).collect();
        let start = Instant::now();
        let _ = all(text);
        assert!(start.elapsed().as_secs() < 5, "{head}… of {} bytes took {:?}", text.len(), start.elapsed());
    }
}

#[test]
fn long_lists_are_fine_and_long_texts_are_not() {
    let list = vec!["1"; 20_000].join(", ");
    assert!(all(&format!("SELECT * FROM orders WHERE id IN ({list})")).is_ok());
    let rows = vec!["(1, 'x')"; 5_000].join(", ");
    assert!(all(&format!("INSERT INTO orders (id, status) VALUES {rows}")).is_ok());
    assert_eq!(all(&" ".repeat(2 << 20)), Err(Unparsed::TooComplex));
}

const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "customers",
    "orders",
    "c",
    "ssn",
    "id",
    "*",
    ",",
    "(",
    ")",
    "JOIN",
    "ON",
    "USING",
    "UNION",
    "WITH",
    "RECURSIVE",
    "AS",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "RETURNING",
    "=",
    "1",
    "'x'",
    ".",
    "::",
    "text",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "LATERAL",
    "count",
    "[",
    "]",
    ";",
    "$1",
    "E'\\''",
    "--",
    "/*",
    "*/",
    "\n",
    "$$",
    "\"",
    "'",
    "ORDER",
    "BY",
    "GROUP",
    "NOT",
    "IN",
    "EXISTS",
    "COPY",
    "TO",
    "STDOUT",
    "MERGE",
    "MATCHED",
    "OR",
    "AND",
    "IS",
    "NULL",
    "TABLE",
    "CREATE",
    "DROP",
    "ALTER",
    "GRANT",
    "EXPLAIN",
    "PREPARE",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_taken_without_a_panic(text in ".{0,200}") {
        let _ = all(&text);
    }

    #[test]
    fn any_words_are_taken_without_a_panic(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        let text = words.join(" ");
        let start = Instant::now();
        if let Ok(facts) = all(&text) {
            for facts in facts {
                // A proof is never wider than the scope.
                for output in facts.outputs.iter().flatten() {
                    let mut rest = output.taint.clone();
                    rest.remove(&facts.scope);
                    prop_assert!(rest.is_clean(), "{}", text);
                }
            }
        }
        prop_assert_eq!(view_columns(&text, 2, shop()).len(), 2);
        prop_assert!(start.elapsed().as_secs() < 5, "{}", text);
    }
}
