//! Session settings: which may come with the StartupMessage, and which may never change.

/// Settings that drivers send with every StartupMessage, and that change neither what a statement means nor
/// what it may do.
const HARMLESS: [&str; 9] = [
    "application_name",
    "client_encoding",
    "datestyle",
    "timezone",
    "intervalstyle",
    "extra_float_digits",
    "client_min_messages",
    "statement_timeout",
    "geqo",
];

/// Settings that change what a statement's text means, and so what the gate found out about it: never,
/// whatever policy says.
const MEANING: [&str; 7] = [
    "search_path",
    "standard_conforming_strings",
    "backslash_quote",
    "escape_string_warning",
    "array_nulls",
    "transform_null_equals",
    "session_preload_libraries",
];

/// Whether a setting may come with the StartupMessage without a permission.
pub(crate) fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
}

/// Whether a setting must not change within a session.
pub(crate) fn changes_meaning(name: &str) -> bool {
    MEANING.contains(&name)
}

/// Whether text in this client encoding is read by the server just as by the gate, which reads UTF-8.
/// Encodings whose multi-byte characters may hold ASCII bytes (SJIS, BIG5, GBK, …) would let a statement mean
/// something else to the server.
pub(crate) fn encoding_is_readable(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    matches!(
        plain.as_str(),
        "UTF8" | "UNICODE" | "SQLASCII" | "LATIN1" | "ISO88591" | "LATIN9" | "WIN1252" | "AUTO"
    )
}

/// Whether a statement that sets `client_encoding` sets it to one that the gate can read, told from its whole
/// text: anything unusual is taken for no.
pub(crate) fn sets_readable_encoding(text: &str) -> bool {
    let plain = text.trim().trim_end_matches(';').replace('=', " = ").to_ascii_lowercase();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let value = match words.as_slice() {
        ["set", "session" | "local", "client_encoding", "to" | "=", value]
        | ["set", "client_encoding", "to" | "=", value]
        | ["set", "names", value] => value,
        _ => return false,
    };
    let value = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')).unwrap_or(value);
    value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) && encoding_is_readable(value)
}

/// Names of the settings in a StartupMessage's `options` (`-c name=value`, `--name=value`); `None` where it
/// holds anything else.
pub(crate) fn options(text: &str) -> Option<Vec<(String, String)>> {
    // The server takes a vertical tab for a space, and a backslash for an escape.
    if text.contains(|c: char| c == '\\' || c.is_control()) {
        return None;
    }
    let mut words = text.split_ascii_whitespace();
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let pair = match (word, word.strip_prefix("--"), word.strip_prefix("-c")) {
            ("-c", _, _) => words.next()?,
            (_, Some(pair), _) | (_, None, Some(pair)) => pair,
            _ => return None,
        };
        let (name, value) = pair.split_once('=')?;
        settings.push((name.to_ascii_lowercase().replace('-', "_"), value.to_owned()));
    }
    Some(settings)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn only_plain_changes_of_encoding_are_taken() {
        for fine in ["SET client_encoding TO 'UTF8'", "set client_encoding='utf-8';", "SET NAMES 'UTF8'"] {
            assert!(sets_readable_encoding(fine), "{fine}");
        }
        for odd in [
            "SET client_encoding TO 'SJIS' -- utf8",
            "SET client_encoding TO SJIS",
            "SET NAMES DEFAULT",
            "SET client_encoding TO 'UTF8'; SELECT 1",
        ] {
            assert!(!sets_readable_encoding(odd), "{odd}");
        }
    }

    #[test]
    fn options_are_read_or_refused() {
        let read =
            |text| options(text).map(|list| list.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
        assert_eq!(
            read("-c search_path=x --statement-timeout=5"),
            Some(vec!["search_path".into(), "statement_timeout".into()])
        );
        assert_eq!(read("-cgeqo=off"), Some(vec!["geqo".into()]));
        assert_eq!(read(""), Some(vec![]));
        assert_eq!(read("-x"), None);
        assert_eq!(read(r"-c a=b\ c"), None);
        assert_eq!(read("-c geqo=off\x0b-csearch_path=x"), None);
    }
}
