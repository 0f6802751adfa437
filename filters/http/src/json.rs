//! JSON (RFC 8259) read strictly: what two readers may read in two ways is refused, numbers are kept exactly, and
//! every value knows the text it was read from.

mod number;
mod pointer;
mod reader;
#[cfg(test)]
mod tests;
mod value;

use std::borrow::Cow;

use crate::fold::{confusable, fold};

pub use pointer::{Pointer, PointerError, fields};
pub use value::Value;
pub(crate) use value::quote;

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 64;

/// Why a text is not read. Positions are bytes from the start; no part of the text is in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not of the grammar.
    #[error("it is not JSON from byte {0} on; send one JSON text as RFC 8259 has it")]
    Syntax(usize),
    /// More after the value.
    #[error("more follows the JSON text, from byte {0} on; send one")]
    Trailing(usize),
    /// Bytes that are no UTF-8.
    #[error("it is not UTF-8 from byte {0} on; send JSON as UTF-8")]
    NotUtf8(usize),
    /// U+FEFF at the start, which RFC 8259 section 8.1 lets a reader ignore or refuse.
    #[error("it starts with a byte order mark; leave that out")]
    ByteOrderMark,
    /// A name twice in one object.
    #[error(
        "an object has a name twice (it ends at byte {0}), and readers differ in which counts; send it once"
    )]
    DuplicateName(usize),
    /// U+0000 in a name, at which some readers end it.
    #[error("an object has a name with U+0000 in it (it ends at byte {0}); leave that out")]
    NulInName(usize),
    /// Half a surrogate pair.
    #[error("a string has half a surrogate pair at byte {0}; send whole characters")]
    LoneSurrogate(usize),
    /// Deeper than [`MAX_DEPTH`].
    #[error("it nests deeper than {MAX_DEPTH} levels at byte {0}; send it flatter")]
    TooDeep(usize),
    /// A name that some readers take for one that matters here.
    #[error(
        "an object (from byte {0} on) has a name that differs from one that matters here only in case; spell it as documented"
    )]
    CaseVariant(usize),
    /// 4 GiB or more.
    #[error("it is too large")]
    TooLarge,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, to be read with [`Item::to_value`].
    Number,
    /// A string, to be read with [`Item::as_str`].
    String {
        /// Whether it has an escape, so that it does not mean its spelling.
        escaped: bool,
    },
    /// An array, to be read with [`Item::elements`].
    Array,
    /// An object, to be read with [`Item::members`] or [`Item::member`].
    Object,
}

/// One value: where it stands, and where the value after it and all that is in it begins.
#[derive(Debug, Clone, Copy)]
struct Node {
    kind: Kind,
    start: u32,
    end: u32,
    next: u32,
}

/// A text that was read: one node for each value and each name, in the order of the text.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

impl<'a> Document<'a> {
    /// Reads a complete text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(body).map_err(|error| Malformed::NotUtf8(error.valid_up_to()))?;
        Ok(Self { text, nodes: reader::read(text)? })
    }

    /// The value that the text is of.
    #[must_use]
    pub fn root(&self) -> Item<'_> {
        Item { document: self, at: 0 }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }
}

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub struct Item<'d> {
    document: &'d Document<'d>,
    at: u32,
}

impl<'d> Item<'d> {
    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// The text it was read from, as it stands there.
    #[must_use]
    pub fn raw(self) -> &'d str {
        self.document.text.get(self.span()).unwrap_or_default()
    }

    /// Where in the text it stands.
    #[must_use]
    pub fn span(self) -> std::ops::Range<usize> {
        let node = self.node();
        node.start as usize..node.end as usize
    }

    /// What a string means; `None` for other values.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'d, str>> {
        let Kind::String { escaped } = self.kind() else { return None };
        Some(reader::meant(self.raw(), escaped))
    }

    /// Elements of an array; none for other values.
    pub fn elements(self) -> impl Iterator<Item = Item<'d>> {
        Children { of: self.filter(Kind::Array), next: self.at.saturating_add(1) }
    }

    /// Names and values of an object, in the order of the text; none for other values.
    pub fn members(self) -> impl Iterator<Item = (Cow<'d, str>, Item<'d>)> {
        let mut children = Children { of: self.filter(Kind::Object), next: self.at.saturating_add(1) };
        std::iter::from_fn(move || {
            let name = children.next()?.as_str()?;
            Some((name, children.next()?))
        })
    }

    /// The member of that name; `None` where there is none, or it is no object.
    ///
    /// # Errors
    /// [`Malformed::CaseVariant`] where another name may be taken for it. Go's `encoding/json` does so, and was how
    /// MCP servers were told something else than the gate before them (CVE-2026-27896).
    pub fn member(self, name: &str) -> Result<Option<Item<'d>>, Malformed> {
        let mut found = None;
        for (other, value) in self.members() {
            if other == name {
                found = Some(value);
            } else if confusable(&other, name) {
                return Err(Malformed::CaseVariant(self.span().start));
            }
        }
        Ok(found)
    }

    /// Whether no two names of an object differ only in case, so that a reader without regard to it sees the same.
    #[must_use]
    pub fn has_distinct_names(self) -> bool {
        let mut names: Vec<String> = self.members().map(|(name, _)| fold(&name).into_owned()).collect();
        names.sort_unstable();
        !names.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
    }

    /// The node; one that is `null` and nowhere if there were none, which [`Document::read`] rules out.
    fn node(self) -> Node {
        const NOWHERE: Node = Node { kind: Kind::Null, start: 0, end: 0, next: u32::MAX };
        self.document.nodes.get(self.at as usize).copied().unwrap_or(NOWHERE)
    }

    fn filter(self, kind: Kind) -> Option<Self> {
        (self.kind() == kind).then_some(self)
    }
}

/// What is directly in an array or object: elements, or names and values in turn.
struct Children<'d> {
    of: Option<Item<'d>>,
    next: u32,
}

impl<'d> Iterator for Children<'d> {
    type Item = Item<'d>;

    fn next(&mut self) -> Option<Item<'d>> {
        let of = self.of?;
        let item = Item { document: of.document, at: self.next };
        if self.next >= of.node().next {
            return None;
        }
        self.next = item.node().next;
        Some(item)
    }
}
