//! PostgreSQL's lexical rules (`src/backend/parser/scan.l`), written down a second time.
//!
//! The parser's tokenizer serves many dialects. Where it would end a string or a comment elsewhere than the
//! server does, an agent could hide a statement in what we take for a literal. So the text is also read by this
//! scanner, and both must find the same tokens at the same places; see [`crate::parse`].

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
    /// A number.
    Number,
    /// `$1`.
    Parameter,
    /// Operators and punctuation.
    Symbol,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lexeme {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// Line and column in characters, both from 1, as the parser's tokenizer counts them.
    pub(crate) line: u64,
    pub(crate) column: u64,
    /// The bytes that it is made of.
    pub(crate) bytes: Range<usize>,
}

impl Lexeme {
    fn is_string(&self) -> bool {
        matches!(self.kind, Kind::Literal | Kind::Continued)
    }
}

/// Reads `sql` as the server would.
pub(crate) fn scan(sql: &str) -> Result<Vec<Lexeme>, Unparsed> {
    let mut scanner = Scanner { chars: sql.chars().peekable(), at: 0, line: 1, column: 1 };
    let mut lexemes: Vec<Lexeme> = Vec::new();
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
fn continues(sql: &str, last: &Lexeme, next: &Lexeme) -> bool {
    let is_plain = |lexeme: &Lexeme| sql.as_bytes().get(lexeme.bytes.start) == Some(&b'\'');
    let between = sql.get(last.bytes.end..next.bytes.start).unwrap_or_default();
    is_plain(last) && is_plain(next) && between.contains(['\n', '\r']) && !between.contains("/*")
}

fn refused(what: &str) -> Unparsed {
    Unparsed::NotModelled(what.to_owned())
}

struct Scanner<'a> {
    chars: Peekable<Chars<'a>>,
    /// Bytes that were read.
    at: usize,
    line: u64,
    column: u64,
}

impl Scanner<'_> {
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

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| wanted(*c)) {
            text.push(c);
            self.next();
        }
        text
    }

    fn lexeme(&mut self) -> Result<Option<Lexeme>, Unparsed> {
        self.skip_blank()?;
        let (line, column, start) = (self.line, self.column, self.at);
        let Some(first) = self.peek() else { return Ok(None) };
        let (kind, text) = match first {
            '\'' => (Kind::Literal, self.plain_string()?),
            '"' => (Kind::Quoted, self.quoted_identifier()?),
            '$' => self.dollar()?,
            c if is_identifier_start(c) => self.word()?,
            c if c.is_ascii_digit() => (Kind::Number, self.number()?),
            '.' if self.second().is_some_and(|c| c.is_ascii_digit()) => (Kind::Number, self.number()?),
            ':' => {
                self.next();
                let pair = self.peek().filter(|c| matches!(c, ':' | '=')).inspect(|_| {
                    self.next();
                });
                (Kind::Symbol, [':'].into_iter().chain(pair).collect())
            }
            // One token to the server, which its grammar has no use for.
            '.' if self.second() == Some('.') => return Err(refused("`..`")),
            '(' | ')' | '[' | ']' | ',' | ';' | '.' => {
                self.next();
                (Kind::Symbol, first.to_string())
            }
            c if is_operator(c) => (Kind::Symbol, self.operator()?),
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
    fn plain_string(&mut self) -> Result<String, Unparsed> {
        self.delimited('\'', false)?;
        Ok(String::new())
    }

    fn quoted_identifier(&mut self) -> Result<String, Unparsed> {
        let text = self.delimited('"', false)?;
        if text.is_empty() || text.len() > MAX_IDENTIFIER {
            return Err(refused("an empty or overlong identifier"));
        }
        Ok(text)
    }

    fn delimited(&mut self, quote: char, escapes: bool) -> Result<String, Unparsed> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                Some('\\') if escapes => {
                    self.next();
                }
                Some(c) if c == quote => {
                    if self.peek() != Some(quote) {
                        return Ok(text);
                    }
                    self.next();
                    text.push(quote);
                }
                Some(c) => text.push(c),
                None => return Err(Unparsed::Syntax("unterminated quoted text".to_owned())),
            }
        }
    }

    fn dollar(&mut self) -> Result<(Kind, String), Unparsed> {
        self.next();
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            let number = self.take_while(|c| c.is_ascii_digit());
            if self.peek().is_some_and(is_identifier_part) {
                return Err(refused("a parameter with something stuck to it"));
            }
            return Ok((Kind::Parameter, format!("${number}")));
        }
        let tag = self.take_while(|c| is_identifier_part(c) && c != '$');
        if self.next() != Some('$') {
            return Err(refused("a lone `$`"));
        }
        let close = format!("${tag}$");
        let mut body = String::new();
        while !body.ends_with(&close) {
            body.push(self.next().ok_or_else(|| Unparsed::Syntax("unterminated quoted text".to_owned()))?);
        }
        Ok((Kind::Literal, String::new()))
    }

    fn word(&mut self) -> Result<(Kind, String), Unparsed> {
        let text = self.take_while(is_identifier_part);
        match (text.as_str(), self.peek()) {
            ("e" | "E", Some('\'')) => {
                self.delimited('\'', true)?;
                return Ok((Kind::Literal, String::new()));
            }
            ("b" | "B" | "x" | "X", Some('\'')) => {
                // A doubled quote ends these, and begins a string.
                if self.delimited('\'', false)?.contains('\'') {
                    return Err(refused("a quote in a bit string"));
                }
                return Ok((Kind::Literal, String::new()));
            }
            ("n" | "N", Some('\'')) => {
                return Ok((Kind::Literal, self.plain_string()?));
            }
            // What its escapes mean does not matter here: a quote is doubled in it, as in a plain one.
            ("u" | "U", Some('&')) if self.second() == Some('\'') => {
                self.next();
                return Ok((Kind::Literal, self.plain_string()?));
            }
            ("u" | "U", Some('&')) if self.second() == Some('"') => {
                return Err(refused("an identifier with U& escapes"));
            }
            // A quote behind any other word begins the next token; where the parser's tokenizer takes the word for a
            // prefix, the two readers disagree.
            _ => {}
        }
        if text.len() > MAX_IDENTIFIER || text.chars().any(|c| !c.is_ascii() && !c.is_alphanumeric()) {
            return Err(refused("an identifier that is overlong or has odd characters"));
        }
        Ok((Kind::Word, text))
    }

    /// Decimal numbers only: servers disagree about `0x1f`, `1_000` and what may stick to a number.
    fn number(&mut self) -> Result<String, Unparsed> {
        let mut text = self.take_while(|c| c.is_ascii_digit());
        if self.peek() == Some('.') {
            self.next();
            text.push('.');
            text.push_str(&self.take_while(|c| c.is_ascii_digit()));
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            text.extend(self.next());
            if matches!(self.peek(), Some('+' | '-')) {
                text.extend(self.next());
            }
            let exponent = self.take_while(|c| c.is_ascii_digit());
            if exponent.is_empty() {
                return Err(refused("a number with something stuck to it"));
            }
            text.push_str(&exponent);
        }
        if self.peek().is_some_and(|c| is_identifier_part(c) || matches!(c, '.' | '\'' | '"')) {
            return Err(refused("a number with something stuck to it"));
        }
        Ok(text)
    }

    fn operator(&mut self) -> Result<String, Unparsed> {
        let mut ahead = self.chars.clone();
        let mut text = String::new();
        while let Some(c) = ahead.next().filter(|c| is_operator(*c)) {
            // PostgreSQL knows no longer ones, and signs that do not belong to it are read again and again.
            if text.len() >= MAX_IDENTIFIER {
                return Err(Unparsed::TooComplex);
            }
            // A comment ends an operator.
            if matches!((c, ahead.peek()), ('-', Some('-')) | ('/', Some('*'))) {
                break;
            }
            text.push(c);
        }
        // SQL wants `a=-1` to be read as `=` and `-`; only operators with one of these may end in a sign.
        let may_end_in_sign = text.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']);
        while !may_end_in_sign && text.len() > 1 && text.ends_with(['+', '-']) {
            text.pop();
        }
        for _ in text.chars() {
            self.next();
        }
        Ok(if text == "!=" { "<>".to_owned() } else { text })
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
