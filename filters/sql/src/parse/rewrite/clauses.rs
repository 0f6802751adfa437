//! Rewrites of clauses and expressions.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::tokens::{closing, is, is_any, name, names, same, starts};
use crate::names::ALL_FIELDS;

type Rewritten = Option<(usize, Vec<TokenWithSpan>)>;

/// `ONLY t`, `ONLY (t)`: fewer rows of `t`. The word is reserved, and means something else only behind these.
pub(super) fn only(before: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    if !starts(rest, "ONLY") || before.last().is_some_and(|last| is_any(last, &["ROW", "ROWS", "READ"])) {
        return None;
    }
    let relation = rest.get(1..)?;
    if let Some(length) = name(relation) {
        return Some((length.saturating_add(1), relation.get(..length)?.to_vec()));
    }
    let close = closing(relation)?;
    let inner = relation.get(1..close)?;
    (name(inner)? == inner.len()).then(|| (close.saturating_add(2), inner.to_vec()))
}

/// `TABLE t` as a query is `SELECT * FROM t` (`gram.y`: `simple_select`).
pub(super) fn table(before: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    const BEFORE: &[&str] =
        &["(", ")", "UNION", "INTERSECT", "EXCEPT", "ALL", "DISTINCT", "AS", "EXPLAIN", "ANALYZE", "VERBOSE"];
    if !starts(rest, "TABLE") {
        return None;
    }
    let first = |words: &[&str]| before.first().is_some_and(|first| is_any(first, words));
    let begins_query = match before.last() {
        None => true,
        Some(last) if is_any(last, BEFORE) => !first(&["CREATE"]) || is_any(last, &["AS", "(", ")"]),
        Some(last) if is(last, "FOR") => first(&["DECLARE"]),
        // `INSERT INTO t TABLE u`
        Some(last) => first(&["INSERT", "WITH"]) && matches!(last.token, Token::Word(_)) && !is(last, "INTO"),
    };
    let relation = rest.get(1..)?;
    let skipped = usize::from(starts(relation, "ONLY"));
    let relation = relation.get(skipped..)?;
    let length = name(relation).filter(|_| begins_query)?;
    let mut put = same(rest, "SELECT * FROM");
    put.extend_from_slice(relation.get(..length)?);
    Some((length.saturating_add(skipped).saturating_add(1), put))
}

/// `FOR UPDATE OF a, b`: fewer relations are locked than without OF, and it is not looked up which.
pub(super) fn locked(before: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    let [.., r#for, strength] = before else { return None };
    if !starts(rest, "OF") || !is(r#for, "FOR") || !is_any(strength, &["UPDATE", "SHARE"]) {
        return None;
    }
    let length = names(rest.get(1..)?)?;
    Some((length.saturating_add(1), Vec::new()))
}

/// `ROWS FROM (f(), g())`: the functions beside each other. How many columns there are is not known either way, so
/// those of WITH ORDINALITY may go.
pub(super) fn rows_from(before: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    if !starts(rest, "ROWS FROM (") {
        return None;
    }
    let list = rest.get(2..)?;
    let close = closing(list)?;
    let lateral = before.last().is_some_and(|last| is(last, "LATERAL"));
    let mut put = same(rest, if lateral { "( SELECT * FROM" } else { "LATERAL ( SELECT * FROM" });
    put.extend(super::clauses_from(list.get(1..close)?, 0));
    put.extend(same(rest, ")"));
    let ordinality = list.get(close.saturating_add(1)..).is_some_and(|rest| starts(rest, "WITH ORDINALITY"));
    let taken = close.saturating_add(if ordinality { 5 } else { 3 });
    Some((taken, put))
}

/// `TRIM(BOTH FROM x)`, `TRIM(x FROM y)` and the like are calls of `pg_catalog` with the values as arguments.
pub(super) fn trim(before: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    if !starts(rest, "TRIM (") || before.last().is_some_and(|last| is(last, ".")) {
        return None;
    }
    let arguments = rest.get(1..)?;
    let close = closing(arguments)?;
    let mut inner = arguments.get(1..close)?;
    let side = inner.first().filter(|first| is_any(first, &["BOTH", "LEADING", "TRAILING"]));
    inner = inner.get(usize::from(side.is_some())..)?;
    let mut depth = 0_usize;
    let mut from = None;
    for (at, token) in inner.iter().enumerate() {
        match token.token {
            Token::LParen | Token::LBracket => depth = depth.saturating_add(1),
            Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
            _ if depth == 0 && is(token, "FROM") => from = Some(at),
            _ => {}
        }
    }
    if side.is_none() && from.is_none() {
        return None;
    }
    let mut put = same(rest, "pg_catalog . btrim (");
    let mut values = inner.to_vec();
    match from {
        Some(0) => drop(values.remove(0)),
        Some(at) => values.splice(at..=at, same(rest, ",")).for_each(drop),
        None => {}
    }
    put.extend(super::clauses_from(&values, 0));
    put.extend(same(rest, ")"));
    Some((close.saturating_add(2), put))
}

/// `(row).*`: as a field of a name that none has, which the walk knows.
pub(super) fn fields(before: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    if !starts(rest, ". *") || !before.last().is_some_and(|last| is(last, ")")) {
        return None;
    }
    let mut put = same(rest, ".");
    put.push(TokenWithSpan::new(Token::make_word(ALL_FIELDS, Some('"')), rest.first()?.span));
    Some((2, put))
}

/// `name := value` is the older spelling of `name => value`, and nothing else.
pub(super) fn named_argument(_: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    let first = rest.first().filter(|first| first.token == Token::Assignment)?;
    Some((1, vec![TokenWithSpan::new(Token::RArrow, first.span)]))
}

/// SEARCH and CYCLE behind a query of WITH RECURSIVE: more columns, made of the query's own. The columns of such a
/// query are not known anyway, and each may carry anything in scope.
pub(super) fn search_and_cycle(before: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    if !rest.first().is_some_and(|first| is_any(first, &["SEARCH", "CYCLE"]))
        || !before.last().is_some_and(|last| is(last, ")"))
    {
        return None;
    }
    let skip = |at: usize, wanted: &str| {
        starts(rest.get(at..)?, wanted).then(|| at.saturating_add(wanted.split(' ').count()))
    };
    let skip_names = |at: usize| Some(at.saturating_add(names(rest.get(at..)?)?));
    let skip_name = |at: usize| matches!(rest.get(at)?.token, Token::Word(_)).then(|| at.saturating_add(1));
    let skip_constant = |at: usize| {
        let token = rest.get(at)?;
        let constant = matches!(token.token, Token::SingleQuotedString(_) | Token::Number(..))
            || is_any(token, &["TRUE", "FALSE", "NULL"]);
        constant.then(|| at.saturating_add(1))
    };
    let search = skip(0, "SEARCH DEPTH FIRST BY").or_else(|| skip(0, "SEARCH BREADTH FIRST BY"));
    let end = if let Some(at) = search {
        skip_name(skip(skip_names(at)?, "SET")?)?
    } else {
        let at = skip_name(skip(skip_names(skip(0, "CYCLE")?)?, "SET")?)?;
        let at = match skip(at, "TO") {
            Some(at) => skip_constant(skip(skip_constant(at)?, "DEFAULT")?)?,
            None => at,
        };
        skip_name(skip(at, "USING")?)?
    };
    // Looked for last, as it takes long.
    let recursive = before.windows(2).any(|pair| starts(pair, "WITH RECURSIVE"));
    recursive.then(|| (end, Vec::new()))
}

/// `inet '::1'`: the parser knows fewer types than the server, and takes the others for columns. A literal it is
/// either way.
pub(super) fn typed_literal(_: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    const TYPES: &[&str] = &[
        "inet", "cidr", "macaddr", "macaddr8", "point", "box", "circle", "lseg", "polygon", "money",
        "tsvector", "tsquery", "regclass", "pg_lsn",
    ];
    let [r#type, literal, ..] = rest else { return None };
    let is_literal = matches!(literal.token, Token::SingleQuotedString(_));
    (is_literal && is_any(r#type, TYPES)).then(|| (2, vec![literal.clone()]))
}

/// `WHERE CURRENT OF c`: one row, and no value of it is asked for.
pub(super) fn current_of(_: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    let names_cursor = matches!(rest.get(3)?.token, Token::Word(_));
    (starts(rest, "WHERE CURRENT OF") && names_cursor).then(|| (4, same(rest, "WHERE ctid IS NOT NULL")))
}

/// `xmlelement(NAME a, …)`: the name as a literal.
pub(super) fn xml_name(_: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Rewritten {
    if !starts(rest, "XMLELEMENT ( NAME") && !starts(rest, "XMLPI ( NAME") {
        return None;
    }
    let [function, open, _, name, ..] = rest else { return None };
    let Token::Word(word) = &name.token else { return None };
    let literal = TokenWithSpan::new(Token::SingleQuotedString(word.value.clone()), name.span);
    Some((4, vec![function.clone(), open.clone(), literal]))
}
