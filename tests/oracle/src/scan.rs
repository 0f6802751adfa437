//! Gatewright's tokens against those of PostgreSQL's scanner.

use gatewright_sql::oracle::{Token, TokenKind, literal_value, tokens, without_unicode_escapes};
use pg_query::protobuf::{KeywordKind, ScanToken, Token as Scanned};
use serde_json::Value;

/// What became of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreement {
    /// Both see the same tokens.
    Same,
    /// Gatewright or the server refuses the text: safe.
    Refused,
    /// They see different ones, and how: unsafe.
    Differs(String),
}

/// Has both read `text`.
#[must_use]
pub fn compare(text: &str) -> Agreement {
    let Ok(ours) = tokens(text) else { return Agreement::Refused };
    let Ok(theirs) = pg_query::scan(text) else { return Agreement::Refused };
    difference(text, &ours, theirs.tokens).map_or(Agreement::Same, Agreement::Differs)
}

fn difference(text: &str, ours: &[Token], theirs: Vec<ScanToken>) -> Option<String> {
    let mut theirs =
        theirs.into_iter().filter(|token| !is(token, Scanned::SqlComment) && !is(token, Scanned::CComment));
    for our in ours {
        let Some(mut their) = theirs.next() else { return Some(format!("{our:?} and nothing")) };
        // `N'…'` is a keyword and a literal to the server.
        if our.kind == TokenKind::Literal && is(&their, Scanned::Nchar) {
            let start = their.start;
            let Some(literal) = theirs.next() else { return Some(format!("{our:?} and {their:?}")) };
            their = ScanToken { start, ..literal };
        }
        let (start, end) = (usize::try_from(their.start), usize::try_from(their.end));
        let bytes = start.unwrap_or_default()..end.unwrap_or_default();
        let slice = text.get(bytes.clone()).unwrap_or_default();
        if our.bytes != bytes || !same_kind(our, &their, slice) || !same_value(our, slice) {
            return Some(format!("{our:?} and {their:?} of {slice:?}"));
        }
    }
    theirs.next().map(|more| format!("{more:?} besides"))
}

fn is(token: &ScanToken, wanted: Scanned) -> bool {
    Scanned::try_from(token.token) == Ok(wanted)
}

fn same_kind(our: &Token, their: &ScanToken, slice: &str) -> bool {
    let keyword = KeywordKind::try_from(their.keyword_kind) != Ok(KeywordKind::NoKeyword);
    let any = |wanted: &[Scanned]| wanted.iter().any(|wanted| is(their, *wanted));
    let strings = [Scanned::Sconst, Scanned::Bconst, Scanned::Xconst, Scanned::Usconst];
    let numbers = [Scanned::Iconst, Scanned::Fconst];
    let names = [Scanned::Ident, Scanned::Uident, Scanned::Param];
    match our.kind {
        TokenKind::Word => (keyword || is(their, Scanned::Ident)) && our.text == slice,
        TokenKind::Quoted => !keyword && is(their, Scanned::Ident) && slice.starts_with('"'),
        TokenKind::UnicodeQuoted => !keyword && is(their, Scanned::Uident),
        TokenKind::Literal => any(&strings),
        TokenKind::Number => any(&numbers) && our.text == slice,
        TokenKind::Parameter => is(their, Scanned::Param) && our.text == slice,
        TokenKind::Symbol => {
            let other = keyword || any(&strings) || any(&numbers) || any(&names);
            !other && (our.text == slice || (our.text == "<>" && slice == "!="))
        }
    }
}

/// Names and literals also mean the same, where the server takes them by themselves.
fn same_value(our: &Token, slice: &str) -> bool {
    let same = |theirs: Option<String>, ours: &str| theirs.is_none_or(|theirs| theirs == ours);
    match our.kind {
        TokenKind::Quoted => same(alias(slice), &our.text),
        // `E'\v'` is a letter to the tokenizer; no fact depends on it.
        TokenKind::Literal if slice.contains("\\v") => true,
        TokenKind::Literal => literal_value(slice).is_none_or(|ours| same(constant(slice), &ours)),
        _ => true,
    }
}

/// Has the server read `text` and what Gatewright makes of its `U&` escapes; `None` where there are none.
#[must_use]
pub fn unescaped(text: &str) -> Option<Agreement> {
    let ours = match without_unicode_escapes(text) {
        Ok(ours) => ours?,
        Err(_) => return Some(Agreement::Refused),
    };
    Some(match (tree(text), tree(&ours)) {
        (Some(theirs), Some(own)) if theirs == own => Agreement::Same,
        (None, None) => Agreement::Refused,
        _ => Agreement::Differs(ours),
    })
}

/// The server's tree, without the positions of its parts.
fn tree(sql: &str) -> Option<Value> {
    let mut tree = serde_json::to_value(&pg_query::parse(sql, 0).ok()?.protobuf).ok()?;
    forget_positions(&mut tree);
    Some(tree)
}

fn forget_positions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.ends_with("location") && name != "stmt_len");
            fields.values_mut().for_each(forget_positions);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_positions),
        _ => {}
    }
}

fn target(sql: &str) -> Option<Value> {
    let parsed = pg_query::parse(sql, 0).ok()?;
    let tree = serde_json::to_value(&parsed.protobuf).ok()?;
    Some(tree["stmts"][0]["stmt"]["node"]["SelectStmt"]["target_list"][0]["node"]["ResTarget"].clone())
}

/// The value of a string literal to the server.
fn constant(literal: &str) -> Option<String> {
    let target = target(&format!("SELECT {literal}"))?;
    let value = &target["val"]["node"];
    let value = if value["TypeCast"].is_object() { &value["TypeCast"]["arg"]["node"] } else { value };
    value["AConst"]["val"]["Sval"]["sval"].as_str().map(str::to_owned)
}

/// An identifier as the server takes it.
fn alias(identifier: &str) -> Option<String> {
    target(&format!("SELECT 1 AS {identifier}"))?["name"].as_str().map(str::to_owned)
}
