//! From text to syntax trees. The dialect is chosen here and nowhere else.

use sqlparser::ast::Statement;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::Unparsed;
use crate::postgres_lexer::{Kind, Lexeme, scan};

mod rewrite;
mod size;
mod unicode;
pub(crate) use unicode::decoded;

/// Longer texts are refused, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// Nesting that the parser follows; each level costs it several stack frames.
const MAX_RECURSION: usize = 50;

/// A parser's message may quote the text; so much of it is kept.
const MAX_MESSAGE: usize = 200;

/// The statements of `sql`.
pub(crate) fn parse(sql: &str) -> Result<Vec<Statement>, Unparsed> {
    if sql.len() > MAX_TEXT {
        return Err(Unparsed::TooComplex);
    }
    let mut lexemes = scan(sql)?;
    let plain = decoded(sql, &lexemes)?;
    let sql = plain.as_deref().unwrap_or(sql);
    if plain.is_some() {
        lexemes = scan(sql)?;
    }
    size::check(&lexemes)?;
    let dialect = PostgreSqlDialect {};
    // A blank between each two.
    let mut tokens = Vec::with_capacity(lexemes.len().saturating_mul(2));
    Tokenizer::new(&dialect, sql)
        .tokenize_with_location_into_buf(&mut tokens)
        .map_err(|error| Unparsed::Syntax(shortened(&error.to_string())))?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
    check_agreement(&lexemes, &tokens)?;
    join_continued(&lexemes, &mut tokens);
    cut(tokens).into_iter().map(|statement| parse_one(&dialect, statement)).collect()
}

/// The tokens of each statement. The parser would take what follows `COPY … FROM STDIN;` for data.
fn cut(tokens: Vec<TokenWithSpan>) -> Vec<Vec<TokenWithSpan>> {
    if !tokens.iter().any(|token| token.token == Token::SemiColon) {
        return if tokens.is_empty() { Vec::new() } else { vec![tokens] };
    }
    let mut statements = Vec::new();
    let mut statement = Vec::new();
    for token in tokens {
        if token.token != Token::SemiColon {
            statement.push(token);
        } else if !statement.is_empty() {
            statements.push(std::mem::take(&mut statement));
        }
    }
    if !statement.is_empty() {
        statements.push(statement);
    }
    statements
}

fn parse_one(dialect: &PostgreSqlDialect, tokens: Vec<TokenWithSpan>) -> Result<Statement, Unparsed> {
    let mut tokens = rewrite::rewrite(tokens);
    tokens.push(TokenWithSpan::wrap(Token::SemiColon));
    let mut parser =
        Parser::new(dialect).with_recursion_limit(MAX_RECURSION).with_tokens_with_locations(tokens);
    // The parser knows `TABLE name` only as a part of a query.
    let parsed = if parser.peek_keyword(Keyword::TABLE) {
        parser.parse_query().map(Statement::Query)
    } else {
        parser.parse_statement()
    };
    let statement = parsed.map_err(|error| match error {
        ParserError::RecursionLimitExceeded => Unparsed::TooComplex,
        other => Unparsed::Syntax(shortened(&other.to_string())),
    })?;
    while parser.consume_token(&Token::SemiColon) {}
    match parser.peek_token().token {
        Token::EOF => Ok(statement),
        other => Err(Unparsed::Syntax(shortened(&format!("unexpected `{other}`")))),
    }
}

fn shortened(message: &str) -> String {
    message.chars().take(MAX_MESSAGE).collect()
}

/// Both readers must have found the same tokens at the same places.
fn check_agreement(lexemes: &[Lexeme<'_>], tokens: &[TokenWithSpan]) -> Result<(), Unparsed> {
    let same = lexemes.len() == tokens.len()
        && lexemes.iter().zip(tokens).all(|(lexeme, token)| {
            let start = token.span.start;
            (lexeme.line, lexeme.column) == (start.line, start.column) && agree(lexeme, &token.token)
        });
    if same { Ok(()) } else { Err(Unparsed::NotModelled("text that can be read in two ways".to_owned())) }
}

/// One literal where the tokenizer saw several.
fn join_continued(lexemes: &[Lexeme<'_>], tokens: &mut Vec<TokenWithSpan>) {
    if !lexemes.iter().any(|lexeme| lexeme.kind == Kind::Continued) {
        return;
    }
    let mut joined: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for (lexeme, token) in lexemes.iter().zip(tokens.drain(..)) {
        match (lexeme.kind, joined.last_mut().map(|last| &mut last.token), &token.token) {
            (Kind::Continued, Some(Token::SingleQuotedString(text)), Token::SingleQuotedString(more)) => {
                text.push_str(more);
            }
            _ => joined.push(token),
        }
    }
    *tokens = joined;
}

fn agree(lexeme: &Lexeme<'_>, token: &Token) -> bool {
    match (lexeme.kind, token) {
        (Kind::Word, Token::Word(word)) => word.quote_style.is_none() && word.value == lexeme.text,
        (Kind::Quoted, Token::Word(word)) => word.quote_style == Some('"') && word.value == lexeme.text,
        (Kind::Literal, token) => matches!(
            token,
            Token::SingleQuotedString(_)
                | Token::DollarQuotedString(_)
                | Token::EscapedStringLiteral(_)
                | Token::NationalStringLiteral(_)
                | Token::HexStringLiteral(_)
                | Token::SingleQuotedByteStringLiteral(_)
        ),
        (Kind::Continued, token) => matches!(token, Token::SingleQuotedString(_)),
        (Kind::Number, Token::Number(text, false)) => *text == lexeme.text,
        (Kind::Parameter, Token::Placeholder(text)) => *text == lexeme.text,
        (Kind::Symbol, Token::Word(_) | Token::Number(..) | Token::Placeholder(_)) => false,
        (Kind::Symbol, token) => match sign(token) {
            Some(sign) => sign == lexeme.text,
            None => token.to_string() == lexeme.text,
        },
        _ => false,
    }
}

/// The most frequent signs.
fn sign(token: &Token) -> Option<&'static str> {
    Some(match token {
        Token::Comma => ",",
        Token::Period => ".",
        Token::LParen => "(",
        Token::RParen => ")",
        Token::Eq => "=",
        Token::Mul => "*",
        Token::SemiColon => ";",
        Token::DoubleColon => "::",
        Token::Lt => "<",
        Token::Gt => ">",
        Token::LtEq => "<=",
        Token::GtEq => ">=",
        Token::Neq => "<>",
        Token::Plus => "+",
        Token::Minus => "-",
        Token::Div => "/",
        Token::Mod => "%",
        _ => return None,
    })
}
