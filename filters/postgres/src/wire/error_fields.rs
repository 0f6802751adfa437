//! ErrorResponse and NoticeResponse: typed fields.

use super::{Reader, Writer};

/// The fields of an ErrorResponse or NoticeResponse.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorFields(Vec<(u8, Vec<u8>)>);

impl ErrorFields {
    /// From a message's body; `None` where it is malformed.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let mut fields = Vec::new();
        loop {
            match reader.u8()? {
                0 => break,
                field => fields.push((field, reader.cstr()?.to_vec())),
            }
        }
        reader.is_at_end().then_some(Self(fields))
    }

    /// A new one. `severity` is `ERROR`, `FATAL` or `NOTICE`; `code` an SQLSTATE.
    #[must_use]
    pub fn new(severity: &str, code: &str, message: &str) -> Self {
        let text = |s: &str| s.as_bytes().to_vec();
        Self(vec![(b'S', text(severity)), (b'V', text(severity)), (b'C', text(code)), (b'M', text(message))])
    }

    /// Adds a field, such as `D` (detail) or `H` (hint).
    #[must_use]
    pub fn with(mut self, field: u8, text: &str) -> Self {
        self.0.push((field, text.as_bytes().to_vec()));
        self
    }

    /// A field's text.
    #[must_use]
    pub fn field(&self, field: u8) -> &[u8] {
        self.0.iter().find(|(f, _)| *f == field).map_or(&[], |(_, text)| text)
    }

    /// Keeps only the fields for which `keep` says so.
    pub fn retain(&mut self, keep: impl Fn(u8) -> bool) {
        self.0.retain(|(field, _)| keep(*field));
    }

    /// Replaces a field's text.
    pub fn set(&mut self, field: u8, text: &str) {
        self.0.retain(|(f, _)| *f != field);
        self.0.push((field, text.as_bytes().to_vec()));
    }

    /// Appends it as a message: `E` or `N`.
    pub fn write(&self, tag: u8, out: &mut Vec<u8>) {
        let mut writer = Writer::message(out, tag);
        for (field, text) in &self.0 {
            writer = writer.u8(*field).cstr(text);
        }
        writer.u8(0).end();
    }
}
