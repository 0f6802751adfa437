//! Builds messages into a buffer.

/// Appends one message; its length is filled in at the end.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    length_at: usize,
}

impl<'a> Writer<'a> {
    /// Starts a message of that type.
    pub fn message(out: &'a mut Vec<u8>, tag: u8) -> Self {
        out.push(tag);
        Self::untagged(out)
    }

    /// Starts a message without a type byte: the startup messages.
    pub fn untagged(out: &'a mut Vec<u8>) -> Self {
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        Self { out, length_at }
    }

    /// Bytes as they are.
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.out.extend_from_slice(bytes);
        self
    }

    /// Byte1.
    #[must_use]
    pub fn u8(self, byte: u8) -> Self {
        self.bytes(&[byte])
    }

    /// Int16.
    #[must_use]
    pub fn i16(self, number: i16) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Int32.
    #[must_use]
    pub fn i32(self, number: i32) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// String. A zero byte inside would end it early, so it is left out.
    #[must_use]
    pub fn cstr(self, text: &[u8]) -> Self {
        self.out.extend(text.iter().filter(|byte| **byte != 0));
        self.u8(0)
    }

    /// A value: Int32 length and the bytes, or -1 for NULL.
    #[must_use]
    pub fn value(self, value: Option<&[u8]>) -> Self {
        match value {
            None => self.i32(-1),
            Some(bytes) => self.i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX)).bytes(bytes),
        }
    }

    /// Fills in the length.
    pub fn end(self) {
        let length = self.out.len().saturating_sub(self.length_at);
        let length = i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes();
        let end = self.length_at.saturating_add(4);
        if let Some(place) = self.out.get_mut(self.length_at..end) {
            place.copy_from_slice(&length);
        }
    }
}
