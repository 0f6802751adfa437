//! Records of fields (RFC 4180), masked by the names in the header: a pointer names the column that its last key names.

use std::rc::Rc;

use super::found::Found;
use super::rules::{Rules, Scalar, Within};
use super::{Limits, Unreadable};

/// What may stand between fields.
const SEPARATORS: [u8; 4] = *b",;\t|";

/// Masks a table.
#[derive(Debug)]
pub(super) struct Csv {
    rules: Rc<Rules>,
    limits: Limits,
    /// The record so far, as it came.
    record: Vec<u8>,
    /// Within quotes.
    quoted: bool,
    /// Of the header, once it has come.
    header: Option<Header>,
    found: Found,
    at: u64,
}

#[derive(Debug)]
struct Header {
    separator: u8,
    /// By column: its name, and the pointer that masks it.
    columns: Vec<(Vec<u8>, Option<usize>)>,
}

/// One field of a record.
struct Field {
    /// As it came, quotes included.
    raw: Vec<u8>,
    /// What it means.
    value: Vec<u8>,
    quoted: bool,
}

impl Csv {
    pub(super) fn new(rules: Rc<Rules>, limits: Limits) -> Self {
        Self {
            rules,
            limits,
            record: Vec::new(),
            quoted: false,
            header: None,
            found: Found::default(),
            at: 0,
        }
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(super) fn found(&self) -> &Found {
        &self.found
    }

    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        for byte in piece {
            self.at = self.at.saturating_add(1);
            if self.record.len() >= self.limits.event {
                return Err(Unreadable::Long { what: "a record", most: self.limits.event });
            }
            // Whether a quote opens or closes: an odd number of them so far. In text that is not quoted a quote is
            // refused below, so that no reader sees another end of the record.
            self.quoted ^= *byte == b'"';
            self.record.push(*byte);
            if *byte == b'\n' && !self.quoted {
                self.record_ends(out)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if self.quoted {
            return Err(Unreadable::Truncated("a quoted field"));
        }
        if self.record.is_empty() { Ok(()) } else { self.record_ends(out) }
    }

    fn invalid(&self, why: &'static str) -> Unreadable {
        Unreadable::Invalid { what: "CSV", at: self.at, why }
    }

    fn record_ends(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let record = std::mem::take(&mut self.record);
        if record.contains(&0) || std::str::from_utf8(&record).is_err() {
            return Err(Unreadable::Charset);
        }
        let line = record.strip_suffix(b"\n").unwrap_or(&record);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let end = record.get(line.len()..).unwrap_or_default();
        match self.header.take() {
            None => {
                let header = self.header_of(line)?;
                self.header = Some(header);
                out.extend_from_slice(line);
            }
            Some(header) => {
                let fields = self.fields(line, header.separator)?;
                for (position, field) in fields.iter().enumerate() {
                    if position > 0 {
                        out.push(header.separator);
                    }
                    match self.masked(field, header.columns.get(position)) {
                        Some(value) => write(&value, field.quoted, header.separator, out),
                        None => out.extend_from_slice(&field.raw),
                    }
                }
                self.header = Some(header);
            }
        }
        out.extend_from_slice(end);
        Ok(())
    }

    fn header_of(&mut self, line: &[u8]) -> Result<Header, Unreadable> {
        let names = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let mut quoted = false;
        let outside = names.iter().filter(|byte| {
            quoted ^= **byte == b'"';
            !quoted
        });
        let outside: Vec<u8> = outside.copied().collect();
        let mut used = SEPARATORS.into_iter().filter(|separator| outside.contains(separator));
        let separator = used.next().unwrap_or(b',');
        if used.next().is_some() {
            return Err(self.invalid("one kind of separator was expected in the header"));
        }
        let fields = self.fields(names, separator)?;
        let column = |field: Field| {
            let pointer = self.rules.column(&field.value);
            (field.value, pointer)
        };
        Ok(Header { separator, columns: fields.into_iter().map(column).collect() })
    }

    fn fields(&self, line: &[u8], separator: u8) -> Result<Vec<Field>, Unreadable> {
        let mut fields = Vec::new();
        let mut rest = line;
        loop {
            let (raw, value, quoted) = match rest.strip_prefix(b"\"") {
                Some(inner) => {
                    let (length, value) =
                        unquoted(inner).ok_or_else(|| self.invalid("a closing quote was expected"))?;
                    (rest.get(..length.saturating_add(1)).unwrap_or_default(), value, true)
                }
                None => {
                    let length = memchr::memchr(separator, rest).unwrap_or(rest.len());
                    let raw = rest.get(..length).unwrap_or_default();
                    if raw.contains(&b'"') {
                        return Err(self.invalid("quotes around the whole field were expected"));
                    }
                    (raw, raw.to_vec(), false)
                }
            };
            rest = rest.get(raw.len()..).unwrap_or_default();
            fields.push(Field { raw: raw.to_vec(), value, quoted });
            match rest.split_first() {
                None => return Ok(fields),
                Some((byte, tail)) if *byte == separator => rest = tail,
                Some(_) => return Err(self.invalid("a separator was expected after a closing quote")),
            }
        }
    }

    fn masked(&mut self, field: &Field, column: Option<&(Vec<u8>, Option<usize>)>) -> Option<Vec<u8>> {
        if field.value.is_empty() {
            return None;
        }
        let Some((name, pointer)) = column else {
            // The header says nothing of it.
            self.found.label("unclear");
            return Some(b"[masked]".to_vec());
        };
        if let Some(pointer) = pointer {
            self.found.pointer(*pointer);
            // There is no null in a table.
            return Some(self.rules.masked(*pointer, Scalar::Text, &field.value).unwrap_or_default());
        }
        let within =
            Within { rules: &self.rules, limits: self.limits, level: 0, json: Some(self.limits.event) };
        self.rules.text(Some(name), b"=", &field.value, within, &mut self.found)
    }
}

/// Length of a quoted field without its first quote and with its last one, and its value.
fn unquoted(inner: &[u8]) -> Option<(usize, Vec<u8>)> {
    let mut value = Vec::new();
    let mut at = 0_usize;
    loop {
        let rest = inner.get(at..)?;
        let quote = memchr::memchr(b'"', rest)?;
        value.extend_from_slice(rest.get(..quote)?);
        at = at.checked_add(quote)?.checked_add(1)?;
        if inner.get(at) != Some(&b'"') {
            return Some((at, value));
        }
        value.push(b'"');
        at = at.checked_add(1)?;
    }
}

fn write(value: &[u8], quoted: bool, separator: u8, out: &mut Vec<u8>) {
    let special = |byte: &u8| *byte == separator || matches!(byte, b'"' | b'\n' | b'\r');
    if !quoted && !value.iter().any(special) {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    for byte in value {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use gatewright_core::mask::Method;

    use super::super::{Form, Masker, Options};
    use super::*;

    fn masked(text: &str, cut: usize) -> Result<String, Unreadable> {
        let pointers = [("/**/ssn", Method::Redact), ("/customers/*/Email", Method::Null)];
        let pointers = pointers.map(|(pointer, method)| (pointer.parse().unwrap(), method));
        let rules = Rc::new(Rules::new(pointers.into(), Options::default()));
        let mut masker = Masker::new(Form::Csv, rules, Limits::default()).unwrap();
        let mut out = Vec::new();
        for piece in text.as_bytes().chunks(cut) {
            masker.push(piece, &mut out)?;
        }
        masker.finish(&mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn columns_are_masked_by_their_names() {
        for (text, expected) in [
            ("id,ssn,email\n1,123-45-6789,a@b.c\n", "id,ssn,email\n1,[masked],\n"),
            ("\u{feff}SSN;id\r\n1;2\r\n3;4", "\u{feff}SSN;id\r\n[masked];2\r\n[masked];4"),
            ("\"ssn\"\tn\n\"1\"\t\"a\"\"b\"\n", "\"ssn\"\tn\n\"[masked]\"\t\"a\"\"b\"\n"),
            ("n,ssn\n\"a\nb,c\",\"1\n2\"\n", "n,ssn\n\"a\nb,c\",\"[masked]\"\n"),
            ("n\n1,123-45-6789\n", "n\n1,[masked]\n"),
            ("ssn\n\n7\n", "ssn\n\n[masked]\n"),
            ("", ""),
        ] {
            for cut in [1, 2, 3, 7, 1000] {
                assert_eq!(masked(text, cut).as_deref(), Ok(expected), "{text:?} by {cut}");
            }
        }
    }

    #[test]
    fn what_readers_read_differently_is_refused() {
        for text in
            ["a,b;c\n1,2;3\n", "n,ssn\nx\"y,1\n", "n,ssn\n\"x\"y,1\n", "n,ssn\n\"x,1\n", "n,ssn\n\u{0},1\n"]
        {
            assert!(masked(text, 3).is_err(), "{text:?}");
        }
    }
}
