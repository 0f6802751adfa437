//! Spellings of PostgreSQL's that the parser does not know, put into others that it does.
//!
//! What comes out is analysed and never sent. A rewrite may make a statement look like more than it is, never like
//! less; each says why it does not. Both PostgreSQL's grammar and the shape of the words around decide whether one
//! applies: a word that could be somebody's name there is left alone, and the statement is refused by the parser.

use sqlparser::tokenizer::{Token, TokenWithSpan};

mod clauses;
mod commands;
mod tokens;

use tokens::{is, same, starts};

/// Words for words, wherever they stand.
const SPELLINGS: &[(&str, &str)] = &[
    // Weaker row locks; any is `lock`.
    ("FOR NO KEY UPDATE", "FOR UPDATE"),
    ("FOR KEY SHARE", "FOR SHARE"),
    // The same values are compared.
    ("BETWEEN SYMMETRIC", "BETWEEN"),
    ("BETWEEN ASYMMETRIC", "BETWEEN"),
    // Which of the given values go into an identity column.
    ("OVERRIDING SYSTEM VALUE", ""),
    ("OVERRIDING USER VALUE", ""),
    // Fewer rows of a frame whose rows are read anyway.
    ("CURRENT ROW EXCLUDE CURRENT ROW )", "CURRENT ROW )"),
    ("CURRENT ROW EXCLUDE GROUP )", "CURRENT ROW )"),
    ("CURRENT ROW EXCLUDE TIES )", "CURRENT ROW )"),
    ("CURRENT ROW EXCLUDE NO OTHERS )", "CURRENT ROW )"),
    ("PRECEDING EXCLUDE CURRENT ROW )", "PRECEDING )"),
    ("PRECEDING EXCLUDE GROUP )", "PRECEDING )"),
    ("PRECEDING EXCLUDE TIES )", "PRECEDING )"),
    ("PRECEDING EXCLUDE NO OTHERS )", "PRECEDING )"),
    ("FOLLOWING EXCLUDE CURRENT ROW )", "FOLLOWING )"),
    ("FOLLOWING EXCLUDE GROUP )", "FOLLOWING )"),
    ("FOLLOWING EXCLUDE TIES )", "FOLLOWING )"),
    ("FOLLOWING EXCLUDE NO OTHERS )", "FOLLOWING )"),
    // An array's elements instead of the array: the same values flow.
    ("( VARIADIC", "("),
    (", VARIADIC", ","),
    // What the grammar makes of it (`gram.y`).
    ("COLLATION FOR (", "pg_catalog . pg_collation_for ("),
    // How an index is dropped.
    ("DROP INDEX CONCURRENTLY", "DROP INDEX"),
];

/// A rewrite of what begins at one place: from the tokens before it, as they have become, and those from there on,
/// the number of tokens that it replaces, and what stands in their place.
type Rule = fn(&[TokenWithSpan], &[TokenWithSpan]) -> Option<(usize, Vec<TokenWithSpan>)>;

/// Every place of a statement is offered to these, in order.
const RULES: &[Rule] = &[
    spelling,
    clauses::only,
    clauses::table,
    clauses::locked,
    clauses::rows_from,
    clauses::trim,
    clauses::fields,
    clauses::named_argument,
    clauses::search_and_cycle,
    clauses::typed_literal,
    clauses::current_of,
    clauses::xml_name,
];

/// The tokens of one statement, in spellings that the parser knows.
pub(super) fn rewrite(statement: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let statement = commands::rewrite(&statement).unwrap_or(statement);
    let applies = |at: &usize| {
        statement.split_at_checked(*at).is_some_and(|(before, rest)| rule(before, rest).is_some())
    };
    // Most statements need none, and stay as they are.
    match (0..statement.len()).find(applies) {
        Some(first) => clauses_from(&statement, first),
        None => statement,
    }
}

/// The statement with its clauses from that token on, the first that needs it.
fn clauses_from(tokens: &[TokenWithSpan], first: usize) -> Vec<TokenWithSpan> {
    let (before, mut rest) = tokens.split_at_checked(first).unwrap_or((&[], tokens));
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    out.extend_from_slice(before);
    while let [token, after @ ..] = rest {
        if let Some((taken, put)) = rule(&out, rest) {
            out.extend(put);
            rest = rest.get(taken.max(1)..).unwrap_or_default();
        } else {
            out.push(token.clone());
            rest = after;
        }
    }
    out
}

/// What the first rule that applies between these does.
fn rule(before: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Option<(usize, Vec<TokenWithSpan>)> {
    let token = rest.first().filter(|_| begins_rule(rest))?;
    if is_label(before, token) {
        return None;
    }
    RULES.iter().find_map(|rule| rule(before, rest))
}

/// Whether any rule begins with these tokens: most are told apart from all by the length of a word.
fn begins_rule(rest: &[TokenWithSpan]) -> bool {
    let [first, second, ..] = rest else { return false };
    match &first.token {
        Token::Word(word) if word.quote_style.is_none() => {
            let words: &[&str] = match word.value.len() {
                2 => &["of"],
                3 => &["for", "box"],
                4 => &["only", "rows", "trim", "drop", "inet", "cidr", "lseg"],
                5 => &["table", "where", "cycle", "point", "money", "xmlpi"],
                6 => &["search", "circle", "pg_lsn"],
                7 => &["between", "current", "macaddr", "polygon", "tsquery"],
                8 => &["macaddr8", "tsvector", "regclass"],
                9 => &["preceding", "following", "collation"],
                10 => &["overriding", "xmlelement"],
                _ => &[],
            };
            words.iter().any(|known| known.eq_ignore_ascii_case(&word.value))
        }
        Token::LParen | Token::Comma => is(second, "VARIADIC"),
        Token::Period => second.token == Token::Mul,
        Token::Assignment => true,
        _ => false,
    }
}

/// Whether a token can be a name though its word is reserved: `t.only`, `1 AS only`.
fn is_label(before: &[TokenWithSpan], token: &TokenWithSpan) -> bool {
    before.last().is_some_and(|last| is(last, ".") || (is(last, "AS") && !is(token, "TABLE")))
}

fn spelling(_: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Option<(usize, Vec<TokenWithSpan>)> {
    let (from, to) = SPELLINGS.iter().find(|(from, _)| starts(rest, from))?;
    Some((from.split(' ').count(), same(rest, to)))
}

#[cfg(test)]
mod tests;
