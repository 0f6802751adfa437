//! Queries as `application/x-www-form-urlencoded` (WHATWG URL section 5.1), read strictly.

use std::fmt::Write as _;

use crate::fold::confusable;
use crate::path::{Ambiguous, decode};

/// Names and values of a query, decoded, in order, as often as they are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<Pair>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    name: String,
    /// `None` without `=`, which means the same as an empty value to most, but not to all.
    value: Option<String>,
}

impl Query {
    /// Reads what follows the `?`, of the characters that may stand in a target.
    ///
    /// # Errors
    /// A `;`, a triplet that is none, or what is no UTF-8 or U+0000 once decoded.
    pub fn read(raw: &str) -> Result<Self, Ambiguous> {
        if raw.contains(';') {
            return Err(Ambiguous::QuerySemicolon);
        }
        let decode = |raw: &str| {
            let text = decode(raw, true)?;
            if text.contains('\0') { Err(Ambiguous::EncodedControl) } else { Ok(text.into_owned()) }
        };
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = match pair.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (pair, None),
            };
            Ok(Pair { name: decode(name)?, value: value.map(decode).transpose()? })
        });
        Ok(Self(pairs.collect::<Result<_, _>>()?))
    }

    /// Whether it has no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values; the value of a name without `=` is empty.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|pair| (pair.name.as_str(), pair.value.as_deref().unwrap_or_default()))
    }

    /// All values of a name. Servers differ in which of several counts: what is decided must hold for each.
    ///
    /// # Errors
    /// [`Ambiguous::QueryName`] where another name may be taken for it.
    pub fn all(&self, name: &str) -> Result<Vec<&str>, Ambiguous> {
        if self.0.iter().any(|pair| confusable(&pair.name, name)) {
            return Err(Ambiguous::QueryName);
        }
        Ok(self.pairs().filter(|(other, _)| *other == name).map(|(_, value)| value).collect())
    }

    /// Whether it asks for another method (`_method=DELETE`), as some frameworks do what it says.
    #[must_use]
    pub fn overrides_method(&self) -> bool {
        self.0.iter().any(|pair| pair.name.eq_ignore_ascii_case("_method"))
    }

    /// Appends `?` and the pairs, each character but the unreserved ones (RFC 3986 section 2.3) percent-encoded; a
    /// space is `%20`, which is a space to all. Nothing for an empty query.
    pub(crate) fn canonical(&self, out: &mut String) {
        let mut before = '?';
        for pair in &self.0 {
            out.push(before);
            encode(&pair.name, out);
            if let Some(value) = &pair.value {
                out.push('=');
                encode(value, out);
            }
            before = '&';
        }
    }
}

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            // Brackets, commas and their like are written as they are by many clients, and read so by all servers.
            b'!' | b'$' | b'\'' | b'(' | b')' | b'*' | b',' | b':' | b'@' | b'/' | b'?' => {
                out.push(byte.into())
            }
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(raw: &str) -> Result<Vec<(String, String)>, Ambiguous> {
        let query = Query::read(raw)?;
        Ok(query.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn pairs_as_forms_have_them() {
        for (raw, expected) in [
            ("", &[][..]),
            ("a=1&b=2", &[("a", "1"), ("b", "2")]),
            ("a=1&a=2&&a", &[("a", "1"), ("a", "2"), ("a", "")]),
            ("a+b=c+d%2Be", &[("a b", "c d+e")]),
            ("a=b=c&=d&=", &[("a", "b=c"), ("", "d"), ("", "")]),
            ("q=%e2%82%ac&n=%0a", &[("q", "€"), ("n", "\n")]),
            ("url=http%3A%2F%2Fx%2F%253F%3B", &[("url", "http://x/%3F;")]),
            ("filter[name]=x|y", &[("filter[name]", "x|y")]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(pairs(raw), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn what_is_read_in_two_ways_is_refused() {
        for (raw, expected) in [
            ("a=1;b=2", Ambiguous::QuerySemicolon),
            ("a=%", Ambiguous::InvalidTriplet),
            ("a=%4", Ambiguous::InvalidTriplet),
            ("a=%u0041", Ambiguous::InvalidTriplet),
            ("a=%zz", Ambiguous::InvalidTriplet),
            ("%+1=a", Ambiguous::InvalidTriplet),
            ("a=%ff", Ambiguous::NotUtf8),
            ("a=%c0%af", Ambiguous::Overlong),
            ("a=%ed%a0%80", Ambiguous::NotUtf8),
            ("a%00=1", Ambiguous::EncodedControl),
            ("a=x%00", Ambiguous::EncodedControl),
        ] {
            assert_eq!(pairs(raw), Err(expected), "{raw}");
        }
    }

    #[test]
    fn all_values_of_a_name_count() {
        let all = |raw, name| Query::read(raw).and_then(|query| Ok(query.all(name)?.join(" ")));
        assert_eq!(all("id=1&x=2&id=3&id", "id"), Ok("1 3 ".to_owned()));
        assert_eq!(all("x=2", "id"), Ok(String::new()));
        assert_eq!(all("id=1&ID=3", "id"), Err(Ambiguous::QueryName));
        assert_eq!(all("%49d=3", "id"), Err(Ambiguous::QueryName));
    }

    #[test]
    fn another_method_is_seen() {
        for (raw, overrides) in [("_method=DELETE", true), ("a=1&%5Fmethod", true), ("method=DELETE", false)]
        {
            assert_eq!(Query::read(raw).map(|query| query.overrides_method()), Ok(overrides), "{raw}");
        }
    }
}
