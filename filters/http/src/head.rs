//! The head of a message: its header fields, as the proxy gives them.

/// Header fields in order, pseudo-headers (`:method`, `:path`, `:authority`, `:status`) among them; names are in lower
/// case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head(pub Vec<(String, Vec<u8>)>);

impl Head {
    /// The first value of that name.
    pub(crate) fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The first value of that name, where it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.first(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// All values of that name.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// Whether there is such a header.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }
}

/// A change of header fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The one value of that name from now on.
    Set(String, Vec<u8>),
    /// No field of that name any more.
    Remove(String),
}
