//! Bounds on the shape of a text, found before any tree is built: trees are built, walked and dropped by
//! recursion, on a stack of 1 MiB in a wasm VM.

use crate::Unparsed;
use crate::postgres_lexer::{Kind, Lexeme};

/// Brackets within brackets.
const MAX_NESTING: u32 = 24;

/// Queries within queries, each of which costs the parser far more stack than a bracket.
const MAX_QUERIES: u32 = 12;

/// Operators in one chain: `a + b + c …` is a tree as deep as it is long.
const MAX_CHAIN: u32 = 400;

/// Arms of set operations, joins, and other words that nest without a bracket, per text.
const MAX_ARMS: u32 = 100;

/// Words that extend an expression to the right.
const CHAINING: &[&str] = &[
    "and", "or", "is", "isnull", "notnull", "like", "ilike", "similar", "in", "between", "not", "collate",
    "at", "operator", "overlaps", "escape",
];

/// Words behind which a new expression begins.
const BREAKING: &[&str] = &[
    "select", "from", "where", "on", "when", "then", "else", "end", "set", "values", "having", "by", "using",
];

/// Words that nest trees without a bracket.
const NESTING: &[&str] = &["union", "intersect", "except", "join", "case", "explain", "prepare"];

/// Refuses what would make too deep a tree.
pub(crate) fn check(lexemes: &[Lexeme<'_>]) -> Result<(), Unparsed> {
    let mut outer: Vec<(u32, u32)> = Vec::new();
    let mut queries = 0_u32;
    let mut chain = 0_u32;
    let mut total = 0_u32;
    let mut arms = 0_u32;
    for lexeme in lexemes {
        let text = lexeme.text.as_ref();
        match lexeme.kind {
            Kind::Symbol => match text {
                "(" | "[" => {
                    outer.push((chain.saturating_add(1), queries));
                    total = total.saturating_add(chain).saturating_add(1);
                    chain = 0;
                }
                ")" | "]" => {
                    let (before, queries_before) = outer.pop().unwrap_or_default();
                    queries = queries_before;
                    total = total.saturating_sub(before);
                    chain = before;
                }
                "," => chain = 0,
                ";" => (chain, arms, queries) = (0, 0, 0),
                "." => {}
                _ => chain = chain.saturating_add(1),
            },
            Kind::Word => {
                let word = text.to_ascii_lowercase();
                // TABLE and ROWS FROM become queries.
                if matches!(word.as_str(), "select" | "values" | "table" | "rows") {
                    queries = outer.last().map_or(0, |(_, before)| *before).saturating_add(1);
                }
                if CHAINING.contains(&word.as_str()) {
                    chain = chain.saturating_add(1);
                } else if BREAKING.contains(&word.as_str()) {
                    chain = 0;
                } else if NESTING.contains(&word.as_str()) {
                    chain = chain.saturating_add(1);
                    arms = arms.saturating_add(1);
                }
            }
            _ => {}
        }
        let nesting = u32::try_from(outer.len()).unwrap_or(u32::MAX);
        if nesting > MAX_NESTING
            || queries > MAX_QUERIES
            || total.saturating_add(chain) > MAX_CHAIN
            || arms > MAX_ARMS
        {
            return Err(Unparsed::TooComplex);
        }
    }
    Ok(())
}
