//! Values that detectors look at, by their type and format.

use gatewright_core::catalogue::FIRST_NORMAL_OID;
use gatewright_core::detect::Detectors;
use gatewright_core::mask::REDACTED;

use super::arrays;

/// How text is in a value. Numbers, times, UUIDs, bytea and their like are not looked at: a card number in a `bigint`
/// column is that column's mask's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The value is text.
    Text,
    /// JSON text.
    Json,
    /// Binary jsonb: a version byte, then JSON text.
    Jsonb,
    /// An array as text, of JSON or of other text.
    TextArray { json: bool },
    /// An array in binary.
    BinaryArray,
    /// Text is somewhere in it, and nothing can be replaced: NULL where something is found.
    Opaque,
}

/// What takes the place of a value in which something was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scanned {
    Value(Vec<u8>),
    Null,
}

impl Form {
    /// By the type's OID (`pg_type.dat`) and format; `None` for types that hold no text.
    pub(crate) fn of(type_oid: u32, format: i16) -> Option<Self> {
        Some(match (type_oid, format) {
            // "char", name, text, unknown, bpchar, varchar, xml, cstring: their binary form is their text.
            (18 | 19 | 25 | 705 | 1042 | 1043 | 142 | 2275, _) => Self::Text,
            (114, _) | (3802, 0) => Self::Json,
            (3802, _) => Self::Jsonb,
            (199 | 3807, 0) => Self::TextArray { json: true },
            // "char"[], name[], text[], bpchar[], varchar[], xml[], cstring[].
            (1002 | 1003 | 1009 | 1014 | 1015 | 143 | 1263, 0) => Self::TextArray { json: false },
            (199 | 3807 | 1002 | 1003 | 1009 | 1014 | 1015 | 143 | 1263, _) => Self::BinaryArray,
            // tsvector, jsonpath, record, record[], and what users define: citext, hstore, composites, enums. As text a
            // token in them breaks none of their forms.
            (3614 | 4072 | 2249 | 2287 | FIRST_NORMAL_OID.., 0) => Self::Text,
            (3614 | 4072 | 2249 | 2287 | FIRST_NORMAL_OID.., _) => Self::Opaque,
            _ => return None,
        })
    }

    /// What takes the value's place; `None` where nothing was found.
    pub(crate) fn scan(self, value: &[u8], detectors: &Detectors) -> Option<Scanned> {
        match self {
            Self::Text => detectors.replace(value).map(Scanned::Value),
            Self::Json => detectors.replace_json(value).map(Scanned::Value),
            Self::Jsonb => match value.split_first() {
                Some((1, json)) => {
                    let replaced = detectors.replace_json(json)?;
                    Some(Scanned::Value([b"\x01".as_slice(), &replaced].concat()))
                }
                _ => Self::Opaque.scan(value, detectors),
            },
            Self::TextArray { json } => {
                let element = if json { Self::Json } else { Self::Text };
                match arrays::replace_text(value, |part| element.part(part, detectors)) {
                    // What matches over the bounds of elements, or in what is no array.
                    Some(None) if detectors.replace(value).is_none() => None,
                    Some(Some(replaced)) if detectors.replace(&replaced).is_none() => {
                        Some(Scanned::Value(replaced))
                    }
                    None if detectors.replace(value).is_none() => None,
                    _ if json => Some(Scanned::Value(br#"{"\"[masked]\""}"#.to_vec())),
                    _ => Some(Scanned::Value([b"{", REDACTED, b"}"].concat())),
                }
            }
            Self::BinaryArray => {
                let replaced = arrays::replace_binary(value, |type_oid, part| {
                    Self::of(type_oid, 1)?.part(part, detectors)
                });
                match replaced {
                    Some(replaced) => replaced.map(Scanned::Value),
                    None => Self::Opaque.scan(value, detectors),
                }
            }
            Self::Opaque => detectors.replace(value).map(|_| Scanned::Null),
        }
    }

    /// The same for an element of an array, which is never made NULL.
    fn part(self, value: &[u8], detectors: &Detectors) -> Option<Vec<u8>> {
        match self.scan(value, detectors)? {
            Scanned::Value(replaced) => Some(replaced),
            Scanned::Null => Some(REDACTED.to_vec()),
        }
    }
}
