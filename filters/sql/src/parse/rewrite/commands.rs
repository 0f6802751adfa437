//! Rewrites of whole statements, by their first word.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::tokens::{closing, is, is_any, name, names, same, starts};

type Tokens = Vec<TokenWithSpan>;

/// The statement in another spelling, if it is one of these.
pub(super) fn rewrite(statement: &[TokenWithSpan]) -> Option<Tokens> {
    let Token::Word(first) = &statement.first()?.token else { return None };
    if first.quote_style.is_some() {
        return None;
    }
    match first.value.to_ascii_lowercase().as_str() {
        "fetch" | "move" => fetch(statement),
        "vacuum" => maintain(statement, &["FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"]),
        "analyze" | "analyse" => maintain(statement, &["VERBOSE"]),
        "copy" => copy(statement),
        "begin" | "start" => Some(transaction_modes(statement)),
        "set" if starts(statement, "SET CONSTRAINTS") => constraints(statement),
        "set" => Some(transaction_modes(statement)),
        "create" => create(statement),
        _ => None,
    }
}

/// Which rows FETCH and MOVE want of a cursor does not matter, nor that MOVE does not show them.
fn fetch(statement: &[TokenWithSpan]) -> Option<Tokens> {
    const DIRECTIONS: &[&str] = &[
        "NEXT", "PRIOR", "FIRST", "LAST", "ABSOLUTE", "RELATIVE", "ALL", "FORWARD", "BACKWARD", "FROM", "IN",
    ];
    let (cursor, direction) = statement.get(1..)?.split_last()?;
    let known = |token: &TokenWithSpan| {
        is_any(token, DIRECTIONS) || matches!(token.token, Token::Number(..) | Token::Minus | Token::Plus)
    };
    if !matches!(cursor.token, Token::Word(_)) || !direction.iter().all(known) {
        return None;
    }
    let mut put = same(statement, "FETCH ALL FROM");
    put.push(cursor.clone());
    Some(put)
}

/// VACUUM and ANALYZE: how does not matter, and with several tables it counts for the whole database.
fn maintain(statement: &[TokenWithSpan], flags: &[&str]) -> Option<Tokens> {
    let mut put = same(statement, if is(statement.first()?, "VACUUM") { "VACUUM" } else { "ANALYZE" });
    let mut rest = statement.get(1..)?;
    if starts(rest, "(") {
        let close = closing(rest)?;
        if !rest.get(1..close)?.iter().all(is_option) {
            return None;
        }
        rest = rest.get(close.saturating_add(1)..)?;
    }
    while let [flag, after @ ..] = rest
        && is_any(flag, flags)
    {
        rest = after;
    }
    let mut tables = Vec::new();
    while !rest.is_empty() {
        let length = name(rest)?;
        tables.push(rest.get(..length)?);
        rest = rest.get(length..)?;
        if starts(rest, "(") {
            let close = closing(rest)?;
            let columns = rest.get(1..close)?;
            if names(columns)? != columns.len() {
                return None;
            }
            rest = rest.get(close.saturating_add(1)..)?;
        }
        rest = match rest {
            [] => break,
            [comma, after @ ..] if is(comma, ",") && !after.is_empty() => after,
            _ => return None,
        };
    }
    if let [table] = tables.as_slice() {
        put.extend_from_slice(table);
    }
    Some(put)
}

/// Words, literals, and what stands between them: no expression.
fn is_option(token: &TokenWithSpan) -> bool {
    matches!(
        token.token,
        Token::Word(_)
            | Token::SingleQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::DollarQuotedString(_)
            | Token::Number(..)
            | Token::Comma
            | Token::Plus
            | Token::Minus
            | Token::LParen
            | Token::RParen
            | Token::Mul
    )
}

/// How COPY reads rows does not matter; how it writes them does, to whoever masks them. A condition does too, and stays
/// for the parser to refuse.
fn copy(statement: &[TokenWithSpan]) -> Option<Tokens> {
    let at = (0..statement.len()).find(|at| {
        let rest = statement.get(*at..).unwrap_or_default();
        starts(rest, "FROM STDIN")
    })?;
    let (copy, options) = statement.split_at_checked(at.saturating_add(2))?;
    // Only behind all that is in brackets, which may be a query.
    let depth = copy.iter().try_fold(0_usize, |depth, token| match token.token {
        Token::LParen => depth.checked_add(1),
        Token::RParen => depth.checked_sub(1),
        _ => Some(depth),
    });
    let plain = options.iter().all(|token| is_option(token) && !is(token, "WHERE"));
    (depth == Some(0) && plain).then(|| copy.to_vec())
}

/// `[NOT] DEFERRABLE` among a transaction's modes, of which none matters.
fn transaction_modes(statement: &[TokenWithSpan]) -> Tokens {
    let mut put: Tokens = Vec::with_capacity(statement.len());
    for token in statement {
        if is(token, "DEFERRABLE") {
            if put.last().is_some_and(|last| is(last, "NOT")) {
                put.pop();
            }
            put.extend(same(std::slice::from_ref(token), "READ WRITE"));
        } else {
            put.push(token.clone());
        }
    }
    put
}

/// `SET CONSTRAINTS … DEFERRED` as a setting of that name.
fn constraints(statement: &[TokenWithSpan]) -> Option<Tokens> {
    let rest = statement.get(2..)?;
    let when = rest.get(names(rest)?..)?;
    let [when] = when else { return None };
    if !is_any(when, &["DEFERRED", "IMMEDIATE"]) {
        return None;
    }
    let mut put = same(statement, "SET constraints TO");
    put.push(when.clone());
    Some(put)
}

fn create(statement: &[TokenWithSpan]) -> Option<Tokens> {
    let kinds = statement.get(1..)?.iter().take(3);
    if kinds.clone().any(|kind| is(kind, "SEQUENCE")) {
        return sequence(statement);
    }
    let known = |kind: &TokenWithSpan| is_any(kind, &["VIEW", "TABLE"]);
    kinds.clone().any(known).then(|| like(without_end(statement)))
}

/// The numbers of a sequence do not matter; OWNED BY names a table and stays for the parser.
fn sequence(statement: &[TokenWithSpan]) -> Option<Tokens> {
    let at = statement.iter().position(|token| is(token, "SEQUENCE"))?.saturating_add(1);
    let exists = if starts(statement.get(at..)?, "IF NOT EXISTS") { 3 } else { 0 };
    let at = at.saturating_add(exists);
    let end = at.saturating_add(name(statement.get(at..)?)?);
    let options = statement.get(end..)?;
    let plain = options.iter().all(|token| is_option(token) && !is(token, "OWNED"));
    plain.then(|| statement.get(..end).map(<[_]>::to_vec)).flatten()
}

/// Without what stands behind a query: a view that refuses some rows, a copy that is empty at first.
fn without_end(statement: &[TokenWithSpan]) -> &[TokenWithSpan] {
    const ENDS: &[&str] = &[
        "WITH CHECK OPTION",
        "WITH LOCAL CHECK OPTION",
        "WITH CASCADED CHECK OPTION",
        "WITH NO DATA",
        "WITH DATA",
    ];
    let cut = |end: &&str| {
        let (before, behind) =
            statement.split_at_checked(statement.len().checked_sub(end.split(' ').count())?)?;
        starts(behind, end).then_some(before)
    };
    ENDS.iter().find_map(cut).unwrap_or(statement)
}

/// `LIKE t INCLUDING …` among the columns, which the parser takes for a column of that name: as a key into `t`, which
/// ties the new table to it just as well.
fn like(statement: &[TokenWithSpan]) -> Tokens {
    let mut put: Tokens = Vec::with_capacity(statement.len());
    let mut rest = statement;
    while let [token, after @ ..] = rest {
        rest = after;
        let begins = put.last().is_some_and(|last| is_any(last, &["(", ","]));
        let Some(length) = name(after).filter(|_| begins && is(token, "LIKE")) else {
            put.push(token.clone());
            continue;
        };
        put.extend(same(std::slice::from_ref(token), "FOREIGN KEY ( like ) REFERENCES"));
        put.extend_from_slice(after.get(..length).unwrap_or_default());
        rest = after.get(length..).unwrap_or_default();
        while rest.first().is_some_and(|token| is_any(token, &["INCLUDING", "EXCLUDING"])) {
            rest = rest.get(2..).unwrap_or_default();
        }
    }
    put
}
