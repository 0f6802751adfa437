//! Request targets (RFC 9112 section 3.2, RFC 3986): read one way only, or refused.
//!
//! A gate that reads `/a/%2e%2e/b` differently from the server behind it decides about something else than what
//! happens. So a target that servers are known to read in two ways is refused with its reason, the rest is decoded
//! once, and what goes on is [`Target::canonical`]: written anew from what was decided about.

mod decode;
mod template;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::query::Query;

pub(crate) use self::decode::decode;
pub use template::{Match, TemplateError, Templates};

/// Longest target in bytes.
pub const MAX_TARGET: usize = 16 * 1024;

/// Why a target is refused. No part of the target is in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Ambiguous {
    /// Nothing.
    #[error("the request target is empty; send a path that begins with `/`")]
    Empty,
    /// `http://host/path` (RFC 9112 section 3.2.2).
    #[error(
        "the request target is in absolute form (`scheme://…`); send only the path, and the host as Host"
    )]
    AbsoluteForm,
    /// `host:port` (RFC 9112 section 3.2.3), or anything else that does not begin with `/`.
    #[error("the request target is in authority form; send a path that begins with `/`")]
    AuthorityForm,
    /// `*` (RFC 9112 section 3.2.4).
    #[error("the request target is `*`; send a path that begins with `/`")]
    AsteriskForm,
    /// Longer than [`MAX_TARGET`].
    #[error("the request target is longer than {MAX_TARGET} bytes; send long values in a body")]
    TooLong,
    /// `#`, which no client sends.
    #[error("the request target has a `#`; leave the fragment out, or spell the character `%23`")]
    Fragment,
    /// A control character or a space as it is.
    #[error("the request target has a raw space or control character; percent-encode it")]
    RawControl,
    /// A byte beyond ASCII as it is.
    #[error("the request target has raw bytes beyond ASCII; percent-encode them as UTF-8")]
    RawNonAscii,
    /// `%` without two hexadecimal digits.
    #[error("the request target has a `%` without two hexadecimal digits; spell the character itself `%25`")]
    InvalidTriplet,
    /// What would be a triplet once more after decoding.
    #[error("the path is percent-encoded twice; encode it once")]
    DoubleEncoding,
    /// A triplet that means a control character, a bidirectional override or another character that is not seen.
    #[error("the request target has an encoded control or invisible character; leave it out")]
    EncodedControl,
    /// Not UTF-8 after decoding.
    #[error("the request target is not UTF-8 once decoded; encode text as UTF-8")]
    NotUtf8,
    /// UTF-8 in more bytes than it takes, as `%c0%af` for `/`.
    #[error("the request target has overlong UTF-8; encode each character in its shortest form")]
    Overlong,
    /// `/` as `%2f`.
    #[error(
        "the path has an encoded slash (`%2f`), which servers take for `/` or not; identify the thing without one"
    )]
    EncodedSlash,
    /// `\` or `%5c`.
    #[error("the path has a backslash, which servers take for `/` or not; leave it out")]
    Backslash,
    /// `;` or `%3b`.
    #[error("the path has a `;`, which servers take for the start of parameters or not; leave it out")]
    MatrixParameter,
    /// `//`.
    #[error("the path has an empty segment (`//`); send each slash once")]
    EmptySegment,
    /// `.` or `..`, however spelt.
    #[error("the path has a `.` or `..` segment; send the path that it leads to")]
    DotSegment,
    /// A segment that ends with a dot, or begins or ends with a space: Windows and others trim it.
    #[error("a segment of the path ends with a dot or space, or begins with a space; leave that out")]
    TrimmedSegment,
    /// A character that compatibility mappings make `/`, `.`, `\`, `%`, `;`, `?` or `#` of.
    #[error(
        "the path has a look-alike of a character that has a meaning in paths; use the ASCII character or none"
    )]
    LookAlike,
    /// `;` in a query.
    #[error("the query has a `;`, which servers take for `&` or not; use `&`, or spell the character `%3B`")]
    QuerySemicolon,
    /// A name in a query that servers without regard to case take for one that matters.
    #[error(
        "the query has a name that differs from one that matters here only in case; spell it as documented"
    )]
    QueryName,
    /// Differs from a known path only in case (or width).
    #[error("the path differs from one of this API only in case; spell it as documented")]
    Case,
    /// `/a/` where both `/a` and what is below it are known.
    #[error(
        "the path ends with a slash, and means one thing with and another without it; leave the slash out"
    )]
    TrailingSlash,
    /// A method that differs from a known one only in case.
    #[error("the method is spelt in lower case; methods are case-sensitive, send it in upper case")]
    MethodCase,
}

/// A target that can be read in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Decoded, with the slash at its beginning and without one at its end. No decoded segment has a slash.
    path: String,
    trailing_slash: bool,
    query: Query,
}

impl Target {
    /// Reads a target in origin form, as Envoy's `:path` has it.
    ///
    /// # Errors
    /// It can be read in more ways than one, or is in another form.
    pub fn read(raw: &[u8]) -> Result<Self, Ambiguous> {
        match raw {
            [] => return Err(Ambiguous::Empty),
            [b'/', ..] => {}
            b"*" => return Err(Ambiguous::AsteriskForm),
            _ if raw.windows(3).any(|three| three == b"://") => return Err(Ambiguous::AbsoluteForm),
            _ => return Err(Ambiguous::AuthorityForm),
        }
        if raw.len() > MAX_TARGET {
            return Err(Ambiguous::TooLong);
        }
        let raw = decode::plain(raw)?;
        let (path, query) = raw.split_once('?').unwrap_or((raw, ""));
        let (path, trailing_slash) = decode::path(path)?;
        Ok(Self { path, trailing_slash, query: Query::read(query)? })
    }

    /// Decoded segments; none for `/`.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        path.split('/').filter(|segment| !segment.is_empty())
    }

    /// Whether the path ends with a slash after a segment.
    #[must_use]
    pub fn trailing_slash(&self) -> bool {
        self.trailing_slash
    }

    /// The query.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The target to send on: reads to the same target, and says the same to servers that decode once and to those
    /// that take `+` for a space.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut out = String::with_capacity(self.path.len().saturating_add(2));
        for byte in self.path.bytes() {
            match byte {
                // `pchar` of RFC 3986 section 3.3 but `+` and `;`.
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(byte.into()),
                b'/' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b','
                | b'=' | b':' | b'@' => out.push(byte.into()),
                _ => _ = write!(out, "%{byte:02X}"),
            }
        }
        if self.trailing_slash || self.path.is_empty() {
            out.push('/');
        }
        self.query.canonical(&mut out);
        out
    }
}
