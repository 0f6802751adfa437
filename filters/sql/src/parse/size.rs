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

/// What a word does to the tree.
enum Word {
    /// A query begins, and with it an expression.
    Query,
    /// The same, where the word does not break an expression: TABLE and ROWS FROM become queries.
    Source,
    /// The expression goes on to the right.
    Chaining,
    /// A new expression begins.
    Breaking,
    /// The tree nests without a bracket.
    Nesting,
    Other,
}

impl Word {
    fn of(text: &str) -> Self {
        let mut lower = [0_u8; 9];
        let Some(lower) = lower.get_mut(..text.len()) else { return Self::Other };
        lower.copy_from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        match &*lower {
            b"select" | b"values" => Self::Query,
            b"table" | b"rows" => Self::Source,
            b"and" | b"or" | b"is" | b"isnull" | b"notnull" | b"like" | b"ilike" | b"similar" | b"in"
            | b"between" | b"not" | b"collate" | b"at" | b"operator" | b"overlaps" | b"escape" => {
                Self::Chaining
            }
            b"from" | b"where" | b"on" | b"when" | b"then" | b"else" | b"end" | b"set" | b"having"
            | b"by" | b"using" => Self::Breaking,
            b"union" | b"intersect" | b"except" | b"join" | b"case" | b"explain" | b"prepare" => {
                Self::Nesting
            }
            _ => Self::Other,
        }
    }
}

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
                let word = Word::of(text);
                if matches!(word, Word::Query | Word::Source) {
                    queries = outer.last().map_or(0, |(_, before)| *before).saturating_add(1);
                }
                match word {
                    Word::Query | Word::Breaking => chain = 0,
                    Word::Chaining => chain = chain.saturating_add(1),
                    Word::Nesting => {
                        chain = chain.saturating_add(1);
                        arms = arms.saturating_add(1);
                    }
                    Word::Source | Word::Other => {}
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
