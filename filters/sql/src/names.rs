//! Identifiers as PostgreSQL folds them.

use std::borrow::Cow;

use sqlparser::ast::{Expr, Ident, ObjectName, ObjectNamePart};

use crate::Unparsed;

/// An identifier's name: unquoted ones fold to lower case, in ASCII.
pub(crate) fn fold(ident: &Ident) -> Cow<'_, str> {
    if ident.quote_style.is_some() || !ident.value.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Borrowed(&ident.value)
    } else {
        Cow::Owned(ident.value.to_ascii_lowercase())
    }
}

/// A name that stands for a relation, function or alias. A reserved word there means that the parser took a
/// keyword of PostgreSQL's for a name.
pub(crate) fn object(ident: &Ident) -> Result<Cow<'_, str>, Unparsed> {
    let name = fold(ident);
    if ident.quote_style.is_none() && RESERVED.binary_search(&&*name).is_ok() {
        return Err(Unparsed::NotModelled(format!("the keyword `{name}` in this place")));
    }
    Ok(name)
}

/// A name with at most one qualifier: schema and name.
pub(crate) fn qualified(name: &ObjectName) -> Result<(Option<Cow<'_, str>>, Cow<'_, str>), Unparsed> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Ok((None, object(name)?)),
        [ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(name)] => {
            Ok((Some(object(schema)?), fold(name)))
        }
        _ => Err(Unparsed::UnknownRelation(name.to_string().chars().take(200).collect())),
    }
}

/// The last part of a name, for what is only reported.
pub(crate) fn last(name: &ObjectName) -> Option<Cow<'_, str>> {
    name.0.last().and_then(ObjectNamePart::as_ident).map(fold)
}

/// The name that an output column gets, where that is certain.
pub(crate) fn of_output(expr: &Expr) -> Option<Cow<'_, str>> {
    match expr {
        Expr::Identifier(ident) => Some(fold(ident)),
        Expr::CompoundIdentifier(parts) => parts.last().map(fold),
        _ => None,
    }
}

/// Stands for all fields of a row in `(row).*`, as if it were one of them. No text can have it: a NUL ends it.
pub(crate) const ALL_FIELDS: &str = "*\0";

/// PostgreSQL's reserved words (`kwlist.h`: `RESERVED_KEYWORD`), in order.
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "grant",
    "group",
    "having",
    "in",
    "initially",
    "intersect",
    "into",
    "lateral",
    "leading",
    "limit",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "placing",
    "primary",
    "references",
    "returning",
    "select",
    "some",
    "symmetric",
    "table",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "using",
    "variadic",
    "when",
    "where",
    "window",
    "with",
];

/// Whether a word is a value: no column can be meant.
pub(crate) fn is_value(ident: &Ident) -> bool {
    ident.quote_style.is_none() && VALUE_WORDS.iter().any(|word| word.eq_ignore_ascii_case(&ident.value))
}

const VALUE_WORDS: &[&str] = &[
    "default",
    "user",
    "current_user",
    "session_user",
    "current_role",
    "current_catalog",
    "current_schema",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
];

#[cfg(test)]
mod tests {
    #[test]
    fn reserved_words_can_be_searched() {
        assert!(super::RESERVED.is_sorted());
    }
}
