//! `U&'…'` and `U&"…"`, with or without UESCAPE, written without escapes (`str_udeescape` in PostgreSQL's `parser.c`).

use crate::Unparsed;
use crate::postgres_lexer::{Kind, Lexeme, refused};

/// The same text with plain literals and quoted identifiers in their place; `None` where there are none.
///
/// The blanks around each keep it from growing together with what stands beside it.
pub(crate) fn decoded(sql: &str, lexemes: &[Lexeme<'_>]) -> Result<Option<String>, Unparsed> {
    let mut out = String::new();
    let mut copied = 0;
    let mut rest = lexemes;
    while let [lexeme, after @ ..] = rest {
        rest = after;
        let quote = match lexeme.kind {
            Kind::UnicodeLiteral => '\'',
            Kind::UnicodeQuoted => '"',
            _ => continue,
        };
        let (escape, taken) = escape(sql, after)?;
        rest = after.get(taken.len()..).unwrap_or_default();
        out.push_str(sql.get(copied..lexeme.bytes.start).unwrap_or_default());
        out.extend([' ', quote]);
        for c in characters(&lexeme.text, escape)? {
            out.push(c);
            if c == quote {
                out.push(c);
            }
        }
        out.extend([quote, ' ']);
        copied = taken.last().unwrap_or(lexeme).bytes.end;
    }
    if copied == 0 {
        return Ok(None);
    }
    out.push_str(sql.get(copied..).unwrap_or_default());
    Ok(Some(out))
}

/// The escape character, and the tokens that say so: UESCAPE and a plain literal of one character.
fn escape<'a, 't>(sql: &str, after: &'a [Lexeme<'t>]) -> Result<(char, &'a [Lexeme<'t>]), Unparsed> {
    let is_clause = |next: &Lexeme<'_>| next.kind == Kind::Word && next.text.eq_ignore_ascii_case("uescape");
    if !after.first().is_some_and(is_clause) {
        return Ok(('\\', &[]));
    }
    let odd = || refused("UESCAPE");
    let (taken, beyond) = after.split_at_checked(2).ok_or_else(odd)?;
    let literal = taken.last().and_then(|literal| sql.get(literal.bytes.clone())).unwrap_or_default();
    let inner = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or_default();
    let mut inner = inner.chars();
    match (inner.next(), inner.next()) {
        (Some(c), None) if is_escape(c) && beyond.first().is_none_or(|next| next.kind != Kind::Continued) => {
            Ok((c, taken))
        }
        _ => Err(odd()),
    }
}

/// `check_uescapechar`, of ASCII only: to the server it is one byte.
fn is_escape(c: char) -> bool {
    c.is_ascii_graphic() && !c.is_ascii_hexdigit() && !matches!(c, '+' | '\'' | '"')
}

/// What the characters and escapes stand for: `\XXXX`, `\+XXXXXX`, in pairs where they are surrogates, and `\\`.
fn characters(text: &str, escape: char) -> Result<Vec<char>, Unparsed> {
    let mut out = Vec::with_capacity(text.len());
    let mut first_of_pair = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let unit = if c == escape { escaped(&mut rest, escape)? } else { Ok(c) };
        match (first_of_pair.take(), unit) {
            (None, Ok(c)) => out.push(c),
            (None, Err(high)) => first_of_pair = Some(high),
            (Some(high), Err(low)) => match char::decode_utf16([high, low]).next() {
                Some(Ok(c)) => out.push(c),
                _ => return Err(invalid()),
            },
            (Some(_), Ok(_)) => return Err(invalid()),
        }
    }
    if first_of_pair.is_some() { Err(invalid()) } else { Ok(out) }
}

/// What stands behind an escape character: a character, or half of a pair.
fn escaped(rest: &mut std::str::Chars<'_>, escape: char) -> Result<Result<char, u16>, Unparsed> {
    let mut ahead = rest.clone();
    let digits = match ahead.next() {
        Some(again) if again == escape => {
            *rest = ahead;
            return Ok(Ok(escape));
        }
        Some('+') => {
            *rest = ahead;
            6
        }
        _ => 4,
    };
    let mut value = 0_u32;
    for _ in 0..digits {
        let digit = rest.next().and_then(|c| c.to_digit(16)).ok_or_else(invalid)?;
        value = (value << 4) | digit;
    }
    match (char::from_u32(value), u16::try_from(value)) {
        (Some('\0'), _) | (None, Err(_)) => Err(invalid()),
        (Some(c), _) => Ok(Ok(c)),
        (None, Ok(half)) => Ok(Err(half)),
    }
}

fn invalid() -> Unparsed {
    Unparsed::Syntax("invalid Unicode escape".to_owned())
}

#[cfg(test)]
mod tests {
    use super::decoded;
    use crate::postgres_lexer::scan;

    fn plain(sql: &str) -> Option<String> {
        decoded(sql, &scan(sql).ok()?).ok()?
    }

    #[test]
    fn escapes_are_read() {
        for (from, to) in [
            (r"SELECT U&'\0041' x", "SELECT  'A'  x"),
            (r"SELECT u&'d\0061t\+000061\\'", r"SELECT  'data\' "),
            (r"SELECT U&'d!0061t\!!' UESCAPE '!'", r"SELECT  'dat\!' "),
            ("SELECT U&'#0041' /* ' */ uescape -- '\n '#', 1", "SELECT  'A' , 1"),
            (r"SELECT U&'\0027''x'", "SELECT  '''''x' "),
            (r#"SELECT U&"\0022s""" FROM t"#, r#"SELECT  """s"""  FROM t"#),
            (r#"SELECT a.U&"s!006e"UESCAPE'!'FROM t"#, r#"SELECT a. "sn" FROM t"#),
            (r"SELECT U&'\D83D\DE00\+01F600'", "SELECT  '😀😀' "),
            (r"SELECT U&'\d83d\+00DE00'", "SELECT  '😀' "),
            ("SELECT U&'a', U&'b'", "SELECT  'a' ,  'b' "),
            (r"SELECT U&'\FDD0\+10FFFF' = ' '", "SELECT  '\u{fdd0}\u{10ffff}'  = ' '"),
            (r"SELECT U&'\00e9é' UESCAPE '\'", "SELECT  'éé' "),
            ("SELECT U&'a b' UESCAPE '('", "SELECT  'a b' "),
        ] {
            assert_eq!(plain(from).as_deref(), Some(to), "{from}");
        }
    }

    #[test]
    fn what_the_server_refuses_is_refused() {
        for text in [
            r"U&'\004'",
            r"U&'\'",
            r"U&'\004g'",
            r"U&'\+00004'",
            r"U&'\+110000'",
            r"U&'\+110000\DE00'",
            r"U&'\0000'",
            r"U&'\D83D'",
            r"U&'\D83Dx'",
            r"U&'\D83D\\'",
            r"U&'\DE00\D83D'",
            r"U&'\DE00'",
            r"U&'\D83D\D83D\DE00'",
            "U&'a' UESCAPE",
            "U&'a' UESCAPE ''",
            "U&'a' UESCAPE '!!'",
            "U&'a' UESCAPE 'a'",
            "U&'a' UESCAPE '+'",
            "U&'a' UESCAPE ' '",
            "U&'a' UESCAPE ''''",
            "U&'a' UESCAPE '\"'",
            "U&'a' UESCAPE 'é'",
            "U&'a' UESCAPE \"!\"",
            "U&'a' UESCAPE !",
            // Taken by the server, and not worth the care.
            "U&'a' UESCAPE E'!'",
            "U&'a' UESCAPE $$!$$",
            "U&'a' UESCAPE '!'\n''",
            "U&'a'\n'b'",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in
            ["SELECT 'U&''a'''", "SELECT a U & 'b'", "SELECT au&'b'", "SELECT 'x' AS uescape", "-- U&'a'"]
        {
            let lexemes = scan(text).unwrap_or_default();
            assert!(!lexemes.is_empty() || text.starts_with("--"), "{text}");
            assert_eq!(decoded(text, &lexemes), Ok(None), "{text}");
        }
    }
}
