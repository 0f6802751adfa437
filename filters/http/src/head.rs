//! The head of a message: its header fields, as the proxy gives them.

use std::ops::Range;

/// Where a field's name and its value stand.
pub type Place = (Range<usize>, Range<usize>);

/// Header fields in order, pseudo-headers (`:method`, `:path`, `:authority`, `:status`) among them; names are in lower
/// case. One piece of memory for all of them: a head is read for every request and every answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

impl Head {
    /// The head whose fields stand at these places of `bytes`; `None` where one does not, or a name is no text.
    #[must_use]
    pub fn at(bytes: Vec<u8>, places: Vec<Place>) -> Option<Self> {
        let sound = |(name, value): &Place| {
            let name = bytes.get(name.clone()).is_some_and(|name| std::str::from_utf8(name).is_ok());
            name && bytes.get(value.clone()).is_some()
        };
        places.iter().all(sound).then_some(Self { bytes, places })
    }

    /// Names and values in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.places.iter().filter_map(|(name, value)| {
            // INVARIANT: the places lie within the bytes, and names are text.
            Some((std::str::from_utf8(self.bytes.get(name.clone())?).ok()?, self.bytes.get(value.clone())?))
        })
    }

    /// The first value of that name.
    pub(crate) fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The first value of that name, where it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.first(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// All values of that name.
    pub(crate) fn all<'a>(&'a self, wanted: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |name: &Range<usize>| self.bytes.get(name.clone()) == Some(wanted.as_bytes());
        let places = self.places.iter().filter(move |(name, _)| named(name));
        places.filter_map(|(_, value)| self.bytes.get(value.clone()))
    }

    /// Whether there is such a header.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Head {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut head = Self::default();
        let mut put = |bytes: &[u8]| {
            let start = head.bytes.len();
            head.bytes.extend_from_slice(bytes);
            start..head.bytes.len()
        };
        for (name, value) in fields {
            let place = (put(name.as_ref().as_bytes()), put(value.as_ref()));
            head.places.push(place);
        }
        head
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
