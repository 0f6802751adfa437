//! Fields of a request's body, by JSON Pointer (RFC 6901).

use super::{Document, Item, Kind, Malformed, Value};

/// A path to a value: `/items/0/price`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

/// A text that is no pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no JSON Pointer (RFC 6901): empty, or `/` before each name, `~` spelt `~0` and `/` in a name `~1`"
)]
pub struct PointerError(String);

impl Pointer {
    /// Reads a pointer in its string form.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        let wrong = || PointerError(text.to_owned());
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let names = text.strip_prefix('/').ok_or_else(wrong)?.split('/');
        let names = names.map(|name| {
            let mut parts = name.split('~');
            let mut meant = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let (escape, rest) = match part.strip_prefix('0') {
                    Some(rest) => ('~', rest),
                    None => ('/', part.strip_prefix('1').ok_or_else(wrong)?),
                };
                meant.push(escape);
                meant.push_str(rest);
            }
            Ok(meant)
        });
        Ok(Self(names.collect::<Result<_, _>>()?))
    }

    /// The value it points to; `None` where there is none.
    ///
    /// # Errors
    /// [`Malformed::CaseVariant`]: a name on the way that readers may take for the pointer's.
    pub fn of<'d>(&self, root: Item<'d>) -> Result<Option<Item<'d>>, Malformed> {
        let mut at = root;
        for name in &self.0 {
            let next = match at.kind() {
                Kind::Object => at.member(name)?,
                Kind::Array => index(name).and_then(|index| at.elements().nth(index)),
                _ => None,
            };
            let Some(next) = next else { return Ok(None) };
            at = next;
        }
        Ok(Some(at))
    }
}

/// An index as RFC 6901 section 4 spells it: no sign, no leading zero.
fn index(name: &str) -> Option<usize> {
    if !name.bytes().all(|byte| byte.is_ascii_digit()) || (name.len() > 1 && name.starts_with('0')) {
        return None;
    }
    name.parse().ok()
}

/// Reads a complete body and gives what the pointers point to, by the pointers' names. What is not there is left
/// out; `null` is there.
///
/// # Errors
/// The body is not JSON, or may be read in two ways.
pub fn fields<N: Clone>(body: &[u8], pointers: &[(N, Pointer)]) -> Result<Vec<(N, Value)>, Malformed> {
    let document = Document::read(body)?;
    let mut found = Vec::new();
    for (name, pointer) in pointers {
        if let Some(item) = pointer.of(document.root())? {
            found.push((name.clone(), item.to_value()));
        }
    }
    Ok(found)
}
