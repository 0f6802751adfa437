//! Server-sent events (WHATWG HTML, section 9.2): each is masked when it is whole, and goes out at once.

use std::rc::Rc;

use super::found::Found;
use super::rules::{MARK, Rules, Within};
use super::{Limits, Unreadable};

/// Masks a stream of events.
#[derive(Debug)]
pub(super) struct EventStream {
    rules: Rc<Rules>,
    limits: Limits,
    /// The event so far, as it came.
    event: Vec<u8>,
    /// Where in it the line begins that has not ended.
    line: usize,
    /// The last line ended with CR: an LF that follows belongs to it.
    cr: bool,
    /// Bytes before the event.
    passed: u64,
    found: Found,
}

/// One line of an event.
struct Line<'a> {
    /// Without its end.
    text: &'a [u8],
    end: &'a [u8],
}

impl<'a> Line<'a> {
    /// The name of the field, what stands before its value, and the value. A comment has no name.
    fn field(&self) -> (&'a [u8], &'a [u8], &'a [u8]) {
        let Some(colon) = memchr::memchr(b':', self.text) else { return (self.text, self.text, b"") };
        let (name, rest) = self.text.split_at_checked(colon).unwrap_or_default();
        let value = rest.get(1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        (name, self.text.get(..self.text.len().saturating_sub(value.len())).unwrap_or_default(), value)
    }
}

impl EventStream {
    pub(super) fn new(rules: Rc<Rules>, limits: Limits) -> Self {
        Self { rules, limits, event: Vec::new(), line: 0, cr: false, passed: 0, found: Found::default() }
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(super) fn found(&self) -> &Found {
        &self.found
    }

    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let mut rest = piece;
        while let Some(first) = rest.first() {
            if std::mem::take(&mut self.cr) && *first == b'\n' {
                // The event is out already where the line that CR ended was its last.
                if self.event.is_empty() {
                    out.push(b'\n')
                } else {
                    self.event.push(b'\n')
                }
                self.line = self.event.len();
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let end = memchr::memchr2(b'\r', b'\n', rest);
            let taken = end.map_or(rest.len(), |at| at.saturating_add(1));
            let (part, tail) = rest.split_at_checked(taken).unwrap_or_default();
            self.event.extend_from_slice(part);
            rest = tail;
            if self.event.len() > self.limits.event {
                return Err(Unreadable::Long { what: "an event", most: self.limits.event });
            }
            if end.is_none() {
                break;
            }
            self.cr = part.ends_with(b"\r");
            let blank = self.event.len().saturating_sub(self.line) == 1;
            self.line = self.event.len();
            if blank {
                self.event_ends(out)?;
            }
        }
        Ok(())
    }

    /// What is left is no event to a reader that keeps to the standard; to one that does not it is.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        self.event_ends(out)
    }

    fn event_ends(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let event = std::mem::take(&mut self.event);
        self.line = 0;
        if let Err(error) = std::str::from_utf8(&event) {
            let at = self.passed.saturating_add(u64::try_from(error.valid_up_to()).unwrap_or(u64::MAX));
            return Err(Unreadable::Invalid { what: "stream of events", at, why: "expected UTF-8" });
        }
        // A byte order mark is no part of the first line.
        let body = event.strip_prefix(MARK).filter(|_| self.passed == 0).unwrap_or(&event);
        let lines = lines(body);
        let data: Vec<&[u8]> = lines
            .iter()
            .filter_map(|line| match line.field() {
                (b"data", _, value) => Some(value),
                _ => None,
            })
            .collect();
        let mut masked = match data.as_slice() {
            [] => None,
            [one] => self.value(one),
            several => self.value(&several.join(&b'\n')),
        };
        out.extend_from_slice(event.get(..event.len().saturating_sub(body.len())).unwrap_or_default());
        let mut changed = false;
        for line in &lines {
            let (name, before, value) = line.field();
            if name == b"data" {
                if let Some(text) = masked.take() {
                    changed = true;
                    let end: &[u8] = if line.end.is_empty() { b"\n" } else { line.end };
                    for (position, part) in text.split(|byte| *byte == b'\n').enumerate() {
                        out.extend_from_slice(if position > 0 { end } else { b"" });
                        out.extend_from_slice(b"data: ");
                        out.extend_from_slice(part);
                    }
                    out.extend_from_slice(line.end);
                } else if !changed {
                    out.extend_from_slice(line.text);
                    out.extend_from_slice(line.end);
                }
                continue;
            }
            // What is no field to the standard may be one to somebody.
            let known = matches!(name, b"" | b"id" | b"event" | b"retry");
            let (before, value) = if known { (before, value) } else { (b"".as_slice(), line.text) };
            match self.value(value) {
                Some(value) => {
                    out.extend_from_slice(before);
                    out.extend_from_slice(&one_line(value));
                }
                None => match self.rules.detected(line.text, &mut self.found) {
                    Some(text) => out.extend_from_slice(&one_line(text)),
                    None => out.extend_from_slice(line.text),
                },
            }
            out.extend_from_slice(line.end);
        }
        self.passed = self.passed.saturating_add(u64::try_from(event.len()).unwrap_or(u64::MAX));
        self.event = event;
        self.event.clear();
        Ok(())
    }

    /// What takes the place of a field's value, JSON or other text.
    fn value(&mut self, value: &[u8]) -> Option<Vec<u8>> {
        let within =
            Within { rules: &self.rules, limits: self.limits, level: 0, json: Some(self.limits.event) };
        self.rules.text(None, b"", value, within, &mut self.found)
    }
}

fn lines(event: &[u8]) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut rest = event;
    while !rest.is_empty() {
        let at = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let (text, tail) = rest.split_at_checked(at).unwrap_or_default();
        let length = if tail.starts_with(b"\r\n") { 2 } else { 1.min(tail.len()) };
        let (end, tail) = tail.split_at_checked(length).unwrap_or_default();
        lines.push(Line { text, end });
        rest = tail;
    }
    lines
}

/// No field but data may have more than one line.
fn one_line(mut text: Vec<u8>) -> Vec<u8> {
    text.retain(|byte| !matches!(byte, b'\r' | b'\n'));
    text
}
