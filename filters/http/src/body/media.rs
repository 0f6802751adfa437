//! What a body is, by its Content-Type.

use super::Unreadable;

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON text (RFC 8259), and all types with the suffix `+json` (RFC 6839).
    Json,
    /// One JSON text a line.
    Ndjson,
    /// JSON texts, each after a record separator (RFC 7464).
    JsonSequence,
    /// Server-sent events (WHATWG HTML, section 9.2).
    EventStream,
    /// Names and values (WHATWG URL, section 5).
    Urlencoded,
    /// Records of fields with a header (RFC 4180), also with tabs between the fields.
    Csv,
    /// Other text. Pointers say nothing of it, but that it is read as JSON where it begins as such, and redacted from
    /// where it quotes a key with which one of them ends, as JSON and its like do.
    Text,
    /// Anything else, and bodies without a Content-Type.
    Opaque,
}

impl Form {
    /// By the value of Content-Type (RFC 9110, section 8.3), if there is one.
    ///
    /// # Errors
    /// [`Unreadable`] where the value is not of that grammar, or names a charset other than UTF-8 or US-ASCII.
    pub fn of(content_type: Option<&[u8]>) -> Result<Self, Unreadable> {
        let Some(value) = content_type else { return Ok(Self::Opaque) };
        let (essence, parameters) = match value.iter().position(|byte| *byte == b';') {
            Some(at) => value.split_at_checked(at).unwrap_or_default(),
            None => (value, b"".as_slice()),
        };
        let essence = essence.trim_ascii().to_ascii_lowercase();
        let slash = essence.iter().position(|byte| *byte == b'/').ok_or(Unreadable::ContentType)?;
        let (kind, subtype) = essence.split_at_checked(slash).unwrap_or_default();
        let subtype = subtype.get(1..).unwrap_or_default();
        if !is_token(kind) || !is_token(subtype) {
            return Err(Unreadable::ContentType);
        }
        charset(parameters)?;
        Ok(match (kind, subtype) {
            (b"application" | b"text", b"json" | b"x-json") => Self::Json,
            (
                _,
                b"x-ndjson" | b"ndjson" | b"jsonl" | b"x-jsonl" | b"jsonlines" | b"x-jsonlines"
                | b"json-lines" | b"x-json-lines",
            ) => Self::Ndjson,
            (_, b"json-seq") => Self::JsonSequence,
            (b"text", b"event-stream") => Self::EventStream,
            (b"application", b"x-www-form-urlencoded") => Self::Urlencoded,
            (b"text" | b"application", b"csv" | b"tab-separated-values") if header_absent(parameters) => {
                Self::Opaque
            }
            (b"text" | b"application", b"csv" | b"tab-separated-values") => Self::Csv,
            _ if subtype.ends_with(b"+json-seq") => Self::JsonSequence,
            _ if subtype.ends_with(b"+json") => Self::Json,
            (b"text", _) => Self::Text,
            _ => Self::Opaque,
        })
    }
}

/// Reads the parameters: `; name=value` with tokens or quoted strings, and none but a known charset.
/// `header=absent` (RFC 4180 section 3): nothing says what the columns are.
fn header_absent(parameters: &[u8]) -> bool {
    parameters.to_ascii_lowercase().windows(13).any(|part| part == b"header=absent")
}

fn charset(parameters: &[u8]) -> Result<(), Unreadable> {
    let mut rest = parameters.trim_ascii();
    while let Some(tail) = rest.strip_prefix(b";") {
        rest = tail.trim_ascii_start();
        // `;` may stand alone (section 5.6.6).
        if rest.is_empty() || rest.starts_with(b";") {
            continue;
        }
        let equals = rest.iter().position(|byte| *byte == b'=').ok_or(Unreadable::ContentType)?;
        let (name, tail) = rest.split_at_checked(equals).unwrap_or_default();
        let (value, tail) = value(tail.get(1..).unwrap_or_default()).ok_or(Unreadable::ContentType)?;
        if !is_token(name) {
            return Err(Unreadable::ContentType);
        }
        let known: [&[u8]; 4] = [b"utf-8", b"utf8", b"us-ascii", b"ascii"];
        if name.eq_ignore_ascii_case(b"charset")
            && !known.iter().any(|known| value.eq_ignore_ascii_case(known))
        {
            return Err(Unreadable::Charset);
        }
        rest = tail.trim_ascii_start();
    }
    if rest.is_empty() { Ok(()) } else { Err(Unreadable::ContentType) }
}

/// A token or a quoted string, and what follows.
fn value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let length = text.iter().take_while(|byte| is_token(&[**byte])).count();
        let (token, rest) = text.split_at_checked(length)?;
        return (length > 0).then(|| (token.to_vec(), rest));
    };
    let mut value = Vec::new();
    loop {
        let (byte, tail) = rest.split_first()?;
        rest = tail;
        match byte {
            b'"' => return Some((value, rest)),
            b'\\' => {
                let (escaped, tail) = rest.split_first()?;
                value.push(*escaped);
                rest = tail;
            }
            _ => value.push(*byte),
        }
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &[u8]) -> bool {
    !text.is_empty()
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        for (value, expected) in [
            ("application/json", Form::Json),
            ("Application/JSON ; Charset=\"UTF-8\"", Form::Json),
            ("application/vnd.api+json;profile=\"a;b\\\"c\"", Form::Json),
            ("application/problem+json; ; charset=us-ascii;", Form::Json),
            ("text/json", Form::Json),
            ("application/x-ndjson", Form::Ndjson),
            ("application/jsonl", Form::Ndjson),
            ("application/json-seq", Form::JsonSequence),
            ("application/geo+json-seq", Form::JsonSequence),
            ("text/event-stream; charset=utf-8", Form::EventStream),
            ("application/x-www-form-urlencoded", Form::Urlencoded),
            ("text/html; charset=utf-8", Form::Text),
            ("text/csv", Form::Csv),
            ("text/csv; header=absent", Form::Opaque),
            ("image/png", Form::Opaque),
            ("multipart/form-data; boundary=x", Form::Opaque),
            ("application/octet-stream", Form::Opaque),
            ("application/xml", Form::Opaque),
        ] {
            assert_eq!(Form::of(Some(value.as_bytes())), Ok(expected), "{value}");
        }
        assert_eq!(Form::of(None), Ok(Form::Opaque));
    }
}
