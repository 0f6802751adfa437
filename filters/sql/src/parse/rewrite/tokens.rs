//! Tokens compared with and made from text.

use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Whether a token is that word, unquoted and in any case, or that punctuation.
pub(super) fn is(token: &TokenWithSpan, text: &str) -> bool {
    match &token.token {
        Token::Word(word) => word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text),
        Token::LParen => text == "(",
        Token::RParen => text == ")",
        Token::Comma => text == ",",
        Token::Period => text == ".",
        Token::Mul => text == "*",
        _ => false,
    }
}

/// Whether a token is any of those words.
pub(super) fn is_any(token: &TokenWithSpan, words: &[&str]) -> bool {
    words.iter().any(|word| is(token, word))
}

/// Whether the tokens begin with those, given with blanks between.
pub(super) fn starts(tokens: &[TokenWithSpan], wanted: &str) -> bool {
    let mut tokens = tokens.iter();
    wanted.split(' ').all(|wanted| tokens.next().is_some_and(|token| is(token, wanted)))
}

/// Tokens from words and punctuation with blanks between, at the place of the first of `at`.
pub(super) fn same(at: &[TokenWithSpan], text: &str) -> Vec<TokenWithSpan> {
    let Some(first) = at.first() else { return Vec::new() };
    let token = |text: &str| match text {
        "(" => Token::LParen,
        ")" => Token::RParen,
        "," => Token::Comma,
        "." => Token::Period,
        "*" => Token::Mul,
        word => Token::make_word(word, None),
    };
    text.split_ascii_whitespace().map(|text| TokenWithSpan::new(token(text), first.span)).collect()
}

/// How many tokens a name takes, with its qualifiers; `None` if there is none.
pub(super) fn name(tokens: &[TokenWithSpan]) -> Option<usize> {
    let is_word = |at: usize| matches!(tokens.get(at), Some(token) if matches!(token.token, Token::Word(_)));
    if !is_word(0) {
        return None;
    }
    let mut end = 1_usize;
    while tokens.get(end).is_some_and(|token| is(token, ".")) && is_word(end.saturating_add(1)) {
        end = end.saturating_add(2);
    }
    Some(end)
}

/// How many tokens a list of names takes, each perhaps qualified.
pub(super) fn names(tokens: &[TokenWithSpan]) -> Option<usize> {
    let mut end = name(tokens)?;
    while tokens.get(end).is_some_and(|token| is(token, ",")) {
        let next = end.saturating_add(1);
        end = next.saturating_add(name(tokens.get(next..)?)?);
    }
    Some(end)
}

/// Position of the bracket that closes the one at the start.
pub(super) fn closing(tokens: &[TokenWithSpan]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.token {
            Token::LParen => depth = depth.saturating_add(1),
            Token::RParen => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}
