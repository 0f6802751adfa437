//! PostgreSQL's lexical rules (`src/backend/parser/scan.l`), written down a second time.
//!
//! The parser's tokenizer serves many dialects. Where it would end a string or a comment elsewhere than the
//! server does, an agent could hide a statement in what we take for a literal. So the text is also read by this
//! scanner, and both must find the same tokens at the same places; see [`crate::parse`].

use std::borrow::Cow;
use std::iter::Peekable;
use std::ops::Range;
use std::str::Chars;

use crate::Unparsed;

/// PostgreSQL cuts longer identifiers (`NAMEDATALEN - 1`, in bytes), so two names could be one.
const MAX_IDENTIFIER: usize = 63;

/// What kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Keyword or unquoted identifier.
    Word,
    /// `"…"`, text without the quotes.
    Quoted,
    /// Any string literal; its text is not kept.
    Literal,
    /// A plain string literal that goes on with the plain one before it, behind a newline.
    Continued,
    /// `U&'…'`, text without the quotes, escapes as they are.
    UnicodeLiteral,
    /// `U&"…"`, the same.
    UnicodeQuoted,
    /// A number.
    Number,
    /// `$1`.
    Parameter,
    /// Operators and punctuation.
    Symbol,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lexeme<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: Cow<'a, str>,
    /// Line and column in characters, both from 1, as the parser's tokenizer counts them.
    pub(crate) line: u64,
    pub(crate) column: u64,
    /// The bytes that it is made of.
    pub(crate) bytes: Range<usize>,
}

impl Lexeme<'_> {
    fn is_string(&self) -> bool {
        matches!(self.kind, Kind::Literal | Kind::Continued | Kind::UnicodeLiteral)
    }
}

/// Reads `sql` as the server would.
pub(crate) fn scan(sql: &str) -> Result<Vec<Lexeme<'_>>, Unparsed> {
    let mut scanner = Scanner { sql, chars: sql.chars().peekable(), at: 0, line: 1, column: 1 };
    let mut lexemes: Vec<Lexeme<'_>> = Vec::with_capacity(sql.len().min(1024) / 4);
    while let Some(mut lexeme) = scanner.lexeme()? {
        if let Some(last) = lexemes.last().filter(|last| last.is_string() && lexeme.is_string()) {
            if !continues(sql, last, &lexeme) {
                return Err(refused("a string literal beside another"));
            }
            lexeme.kind = Kind::Continued;
        }
        lexemes.push(lexeme);
    }
    Ok(lexemes)
}

/// Whether literals side by side are one (`quotecontinue`): a newline is between them, and nothing but white space
/// and `--` comments. A prefix to the first would say how to read the second, so both have to be plain.
fn continues(sql: &str, last: &Lexeme<'_>, next: &Lexeme<'_>) -> bool {
    let is_plain = |lexeme: &Lexeme<'_>| sql.as_bytes().get(lexeme.bytes.start) == Some(&b'\'');
    let between = sql.get(last.bytes.end..next.bytes.start).unwrap_or_default();
    is_plain(last) && is_plain(next) && between.contains(['\n', '\r']) && !between.contains("/*")
}

pub(crate) fn refused(what: &str) -> Unparsed {
    Unparsed::NotModelled(what.to_owned())
}

struct Scanner<'a> {
    sql: &'a str,
    chars: Peekable<Chars<'a>>,
    /// Bytes that were read.
    at: usize,
    line: u64,
    column: u64,
}

impl<'a> Scanner<'a> {
    fn peek(&mut self) -> Option<char> {
        self.chars.peek().copied()
    }

    fn second(&self) -> Option<char> {
        self.chars.clone().nth(1)
    }

    fn next(&mut self) -> Option<char> {
        let next = self.chars.next()?;
        self.at = self.at.saturating_add(next.len_utf8());
        if next == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(next)
    }

    /// The text from a position up to the current one.
    fn since(&self, start: usize) -> &'a str {
        self.sql.get(start..self.at).unwrap_or_default()
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.next();
        }
        self.since(start)
    }

    fn lexeme(&mut self) -> Result<Option<Lexeme<'a>>, Unparsed> {
        self.skip_blank()?;
        let (line, column, start) = (self.line, self.column, self.at);
        let Some(first) = self.peek() else { return Ok(None) };
        let (kind, text) = match first {
            '\'' => {
                self.plain_string()?;
                (Kind::Literal, "".into())
            }
            '"' => (Kind::Quoted, self.quoted_identifier()?),
            '$' => self.dollar()?,
            c if is_identifier_start(c) => self.word()?,
            c if c.is_ascii_digit() => (Kind::Number, self.number()?.into()),
            '.' if self.second().is_some_and(|c| c.is_ascii_digit()) => (Kind::Number, self.number()?.into()),
            ':' => {
                self.next();
                if matches!(self.peek(), Some(':' | '=')) {
                    self.next();
                }
                (Kind::Symbol, self.since(start).into())
            }
            // One token to the server, which its grammar has no use for.
            '.' if self.second() == Some('.') => return Err(refused("`..`")),
            '(' | ')' | '[' | ']' | ',' | ';' | '.' => {
                self.next();
                (Kind::Symbol, self.since(start).into())
            }
            c if is_operator(c) => (Kind::Symbol, self.operator()?.into()),
            _ => return Err(refused("a character that PostgreSQL does not know here")),
        };
        Ok(Some(Lexeme { kind, text, line, column, bytes: start..self.at }))
    }

    fn skip_blank(&mut self) -> Result<(), Unparsed> {
        loop {
            match (self.peek(), self.second()) {
                // Vertical tab is white space to newer servers only.
                (Some(' ' | '\t' | '\n' | '\r' | '\x0c'), _) => {
                    self.next();
                }
                (Some('-'), Some('-')) => {
                    self.take_while(|c| c != '\n' && c != '\r' && c != '\0');
                }
                (Some('/'), Some('*')) => self.block_comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn block_comment(&mut self) -> Result<(), Unparsed> {
        let mut depth = 0_u32;
        loop {
            match (self.next(), self.peek()) {
                (Some('/'), Some('*')) => {
                    self.next();
                    depth = depth.saturating_add(1);
                }
                (Some('*'), Some('/')) => {
                    self.next();
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(());
                    }
                }
                (Some(_), _) => {}
                (None, _) => return Err(Unparsed::Syntax("unterminated comment".to_owned())),
            }
        }
    }

    /// From the opening quote; a backslash means nothing (`standard_conforming_strings`).
    fn plain_string(&mut self) -> Result<Cow<'a, str>, Unparsed> {
        self.delimited('\'', false)
    }

    fn quoted_identifier(&mut self) -> Result<Cow<'a, str>, Unparsed> {
        let text = self.delimited('"', false)?;
        if text.is_empty() || text.len() > MAX_IDENTIFIER {
            return Err(refused("an empty or overlong identifier"));
        }
        Ok(text)
    }

    /// From the opening quote; what is between the quotes, where a doubled one is one.
    fn delimited(&mut self, quote: char, escapes: bool) -> Result<Cow<'a, str>, Unparsed> {
        self.next();
        let start = self.at;
        let mut doubled = false;
        loop {
            let text = self.since(start);
            match self.next() {
                Some('\\') if escapes => {
                    self.next();
                }
                Some(c) if c == quote => {
                    if self.peek() != Some(quote) {
                        let (pair, one) = if quote == '"' { ("\"\"", "\"") } else { ("''", "'") };
                        return Ok(if doubled { text.replace(pair, one).into() } else { text.into() });
                    }
                    self.next();
                    doubled = true;
                }
                Some(_) => {}
                None => return Err(Unparsed::Syntax("unterminated quoted text".to_owned())),
            }
        }
    }

    fn dollar(&mut self) -> Result<(Kind, Cow<'a, str>), Unparsed> {
        let start = self.at;
        self.next();
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.take_while(|c| c.is_ascii_digit());
            if self.peek().is_some_and(is_identifier_part) {
                return Err(refused("a parameter with something stuck to it"));
            }
            return Ok((Kind::Parameter, self.since(start).into()));
        }
        let tag = self.take_while(|c| is_identifier_part(c) && c != '$');
        if self.next() != Some('$') {
            return Err(refused("a lone `$`"));
        }
        let close = format!("${tag}$");
        let body = self.at;
        while !self.since(body).ends_with(&close) {
            self.next().ok_or_else(|| Unparsed::Syntax("unterminated quoted text".to_owned()))?;
        }
        Ok((Kind::Literal, "".into()))
    }

    fn word(&mut self) -> Result<(Kind, Cow<'a, str>), Unparsed> {
        let text = self.take_while(is_identifier_part);
        match (text, self.peek()) {
            ("e" | "E", Some('\'')) => {
                self.delimited('\'', true)?;
                return Ok((Kind::Literal, "".into()));
            }
            ("b" | "B" | "x" | "X", Some('\'')) => {
                // A doubled quote ends these, and begins a string.
                if self.delimited('\'', false)?.contains('\'') {
                    return Err(refused("a quote in a bit string"));
                }
                return Ok((Kind::Literal, "".into()));
            }
            ("n" | "N", Some('\'')) => {
                self.plain_string()?;
                return Ok((Kind::Literal, "".into()));
            }
            // A quote is doubled in these, as in plain ones; what the escapes mean is told by what follows.
            ("u" | "U", Some('&')) if self.second() == Some('\'') => {
                self.next();
                return Ok((Kind::UnicodeLiteral, self.plain_string()?));
            }
            ("u" | "U", Some('&')) if self.second() == Some('"') => {
                self.next();
                return Ok((Kind::UnicodeQuoted, self.delimited('"', false)?));
            }
            // A quote behind any other word begins the next token; where the parser's tokenizer takes the word for a
            // prefix, the two readers disagree.
            _ => {}
        }
        if text.len() > MAX_IDENTIFIER || text.chars().any(|c| !c.is_ascii() && !c.is_alphanumeric()) {
            return Err(refused("an identifier that is overlong or has odd characters"));
        }
        Ok((Kind::Word, text.into()))
    }

    /// Decimal numbers only: servers disagree about `0x1f`, `1_000` and what may stick to a number.
    fn number(&mut self) -> Result<&'a str, Unparsed> {
        let start = self.at;
        self.take_while(|c| c.is_ascii_digit());
        if self.peek() == Some('.') {
            self.next();
            self.take_while(|c| c.is_ascii_digit());
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.next();
            if matches!(self.peek(), Some('+' | '-')) {
                self.next();
            }
            if self.take_while(|c| c.is_ascii_digit()).is_empty() {
                return Err(refused("a number with something stuck to it"));
            }
        }
        if self.peek().is_some_and(|c| is_identifier_part(c) || matches!(c, '.' | '\'' | '"')) {
            return Err(refused("a number with something stuck to it"));
        }
        Ok(self.since(start))
    }

    fn operator(&mut self) -> Result<&'a str, Unparsed> {
        let rest = self.sql.get(self.at..).unwrap_or_default();
        // PostgreSQL knows no longer ones, and what does not belong to it would be read again and again.
        let some = rest.bytes().take(MAX_IDENTIFIER.saturating_add(2));
        let length = some.take_while(|byte| is_operator(char::from(*byte))).count();
        let mut text = rest.get(..length).unwrap_or_default();
        // A comment ends an operator.
        for comment in ["--", "/*"] {
            text = text.split_once(comment).map_or(text, |(before, _)| before);
        }
        if text.len() > MAX_IDENTIFIER {
            return Err(Unparsed::TooComplex);
        }
        // SQL wants `a=-1` to be read as `=` and `-`; only operators with one of these may end in a sign.
        let may_end_in_sign = text.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']);
        while let Some(shorter) = text.strip_suffix(['+', '-'])
            && !may_end_in_sign
            && !shorter.is_empty()
        {
            text = shorter;
        }
        for _ in text.chars() {
            self.next();
        }
        Ok(if text == "!=" { "<>" } else { text })
    }
}

fn is_identifier_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_identifier_part(c: char) -> bool {
    is_identifier_start(c) || c.is_ascii_digit() || c == '$'
}

fn is_operator(c: char) -> bool {
    "~!@#^&|`?+-*/%<>=".contains(c)
}
