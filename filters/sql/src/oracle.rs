//! The tokens as the text is taken apart, for the tests that compare them with PostgreSQL's.

use std::ops::Range;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token as Parsed, Tokenizer};

use crate::Unparsed;
use crate::postgres_lexer::{Kind, Lexeme, scan};

/// What kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Keyword or unquoted identifier.
    Word,
    /// Quoted identifier; its text is its value.
    Quoted,
    /// Quoted identifier with escapes, which are in its text as they are.
    UnicodeQuoted,
    /// String literal; its text says nothing.
    Literal,
    /// Number.
    Number,
    /// `$1`.
    Parameter,
    /// Operator or punctuation.
    Symbol,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Kind.
    pub kind: TokenKind,
    /// Its bytes in the text; literals that continue each other are one token.
    pub bytes: Range<usize>,
    /// Its text, as the kind says.
    pub text: String,
}

/// The tokens of `sql`.
///
/// # Errors
/// The text is refused whatever its tokens mean.
pub fn tokens(sql: &str) -> Result<Vec<Token>, Unparsed> {
    let mut tokens: Vec<Token> = Vec::new();
    for Lexeme { kind, text, bytes, .. } in scan(sql)? {
        let kind = match kind {
            Kind::Word => TokenKind::Word,
            Kind::Quoted => TokenKind::Quoted,
            Kind::UnicodeQuoted => TokenKind::UnicodeQuoted,
            Kind::Literal | Kind::UnicodeLiteral => TokenKind::Literal,
            Kind::Number => TokenKind::Number,
            Kind::Parameter => TokenKind::Parameter,
            Kind::Symbol => TokenKind::Symbol,
            Kind::Continued => {
                if let Some(last) = tokens.last_mut() {
                    last.bytes.end = bytes.end;
                }
                continue;
            }
        };
        tokens.push(Token { kind, bytes, text: text.into_owned() });
    }
    Ok(tokens)
}

/// The text with plain literals and identifiers in place of those with `U&` escapes; `None` where there are none.
///
/// # Errors
/// The text is refused whatever its tokens mean.
pub fn without_unicode_escapes(sql: &str) -> Result<Option<String>, Unparsed> {
    crate::parse::decoded(sql, &scan(sql)?)
}

/// The value of a string literal, as the parser's tokenizer has it; `None` for another token or for bit strings.
#[must_use]
pub fn literal_value(literal: &str) -> Option<String> {
    match Tokenizer::new(&PostgreSqlDialect {}, literal).tokenize().ok()?.as_slice() {
        [
            Parsed::SingleQuotedString(value)
            | Parsed::EscapedStringLiteral(value)
            | Parsed::NationalStringLiteral(value),
        ] => Some(value.clone()),
        [Parsed::DollarQuotedString(value)] => Some(value.value.clone()),
        _ => None,
    }
}
