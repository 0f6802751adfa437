//! Values of their own, for policy; and the one text of each.

use super::{Item, Kind, number};

/// A JSON value that keeps numbers exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number that is an integer of 64 bits, however it was spelt (`100`, `1e2`, `100.0`).
    Long(i64),
    /// Another number with at most four digits after the point, as Cedar's `decimal` takes it: `12.5`.
    Decimal(String),
    /// Any other number, as digits and a power of ten: `314159e-5`.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object, in the order of the text.
    Record(Vec<(String, Value)>),
}

impl Item<'_> {
    /// The value by itself.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool(bool) => Value::Bool(bool),
            Kind::Number => number::value(self.raw()),
            Kind::String { .. } => Value::Text(self.as_str().unwrap_or_default().into_owned()),
            Kind::Array => Value::List(self.elements().map(Item::to_value).collect()),
            Kind::Object => Value::Record(
                self.members().map(|(name, value)| (name.into_owned(), value.to_value())).collect(),
            ),
        }
    }
}

impl Value {
    /// Appends the one text that all spellings of this value share: no white space, names in the order of RFC 8785
    /// section 3.2.3 (UTF-16 code units), strings with no escape that is not needed. Other than RFC 8785, which takes
    /// numbers for doubles, numbers are exact.
    pub fn canonical(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
            Self::Long(long) => out.push_str(&long.to_string()),
            Self::Decimal(text) | Self::Number(text) => out.push_str(text),
            Self::Text(text) => quote(text, out),
            Self::List(values) => {
                out.push('[');
                for (place, value) in values.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    value.canonical(out);
                }
                out.push(']');
            }
            Self::Record(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
                out.push('{');
                for (place, (name, value)) in members.into_iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    quote(name, out);
                    out.push(':');
                    value.canonical(out);
                }
                out.push('}');
            }
        }
    }
}

/// Appends a string with its quotation marks (RFC 8785 section 3.2.2.2).
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..'\x20' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
}
