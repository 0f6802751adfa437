//! Framing: one type byte, then Int32 length including itself.

use super::Reader;

/// One whole message.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Type byte.
    pub tag: u8,
    /// Without type and length.
    pub body: &'a [u8],
    /// With type and length: what is forwarded when nothing changes.
    pub raw: &'a [u8],
}

/// What the first five bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Type byte.
    pub tag: u8,
    /// Bytes of the whole message, type and length included.
    pub total: usize,
}

/// A length below four, which no message can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message of type {tag:#04x} has the impossible length {length}")]
pub struct FrameError {
    /// Type byte.
    pub tag: u8,
    /// Length as sent.
    pub length: i32,
}

/// Reads the header at the start of `bytes`; `None` while there are fewer than five.
///
/// # Errors
/// [`FrameError`] for a length that cannot be.
pub fn header(bytes: &[u8]) -> Result<Option<Header>, FrameError> {
    let mut reader = Reader::new(bytes);
    let (Some(tag), Some(length)) = (reader.u8(), reader.i32()) else { return Ok(None) };
    match usize::try_from(length) {
        Ok(body) if body >= 4 => Ok(Some(Header { tag, total: body.saturating_add(1) })),
        _ => Err(FrameError { tag, length }),
    }
}

impl<'a> Frame<'a> {
    /// Splits the first message off `bytes`, which hold at least `header.total` bytes.
    #[must_use]
    pub fn split(header: Header, bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (raw, rest) = bytes.split_at_checked(header.total)?;
        Some((Self { tag: header.tag, body: raw.get(5..)?, raw }, rest))
    }
}
