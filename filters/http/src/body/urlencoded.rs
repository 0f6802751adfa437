//! Names and values (WHATWG URL, section 5): decoded, looked at, and encoded again where they change.

use std::rc::Rc;

use super::found::Found;
use super::rules::{Rules, Scalar, Within};
use super::{Limits, Unreadable};

/// Masks a form.
#[derive(Debug)]
pub(super) struct Urlencoded {
    rules: Rc<Rules>,
    limits: Limits,
    /// The pair so far, as it came.
    pair: Vec<u8>,
    found: Found,
}

impl Urlencoded {
    pub(super) fn new(rules: Rc<Rules>, limits: Limits) -> Self {
        Self { rules, limits, pair: Vec::new(), found: Found::default() }
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(super) fn found(&self) -> &Found {
        &self.found
    }

    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let mut rest = piece;
        while !rest.is_empty() {
            let end = memchr::memchr(b'&', rest);
            let (part, tail) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or_default();
            self.pair.extend_from_slice(part);
            if self.pair.len() > self.limits.event {
                return Err(Unreadable::Long { what: "a pair of name and value", most: self.limits.event });
            }
            if end.is_none() {
                break;
            }
            self.pair_ends(out)?;
            out.push(b'&');
            rest = tail.get(1..).unwrap_or_default();
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        self.pair_ends(out)
    }

    fn pair_ends(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let mut pair = std::mem::take(&mut self.pair);
        if pair.contains(&0) || std::str::from_utf8(&pair).is_err() {
            return Err(Unreadable::Charset);
        }
        let equals = memchr::memchr(b'=', &pair);
        let (raw_name, rest) = pair.split_at_checked(equals.unwrap_or(pair.len())).unwrap_or_default();
        let (name, value) = (decode(raw_name), decode(rest.get(1..).unwrap_or_default()));
        match self.rules.detected(&name, &mut self.found) {
            Some(replaced) => encode(&replaced, out),
            None => out.extend_from_slice(raw_name),
        }
        if equals.is_some() {
            match self.value(&name, &value) {
                Some(replaced) => {
                    out.push(b'=');
                    encode(&replaced, out);
                }
                None => out.extend_from_slice(rest),
            }
        }
        pair.clear();
        self.pair = pair;
        Ok(())
    }

    fn value(&mut self, name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        let paths = &self.rules.paths;
        let mut states = vec![0; paths.words()];
        paths.step(paths.start(), Some(name), &mut states);
        if let Some(pointer) = paths.matched(&states).or_else(|| paths.matched(paths.start())) {
            self.found.pointer(pointer);
            // There is no null in a form.
            return Some(self.rules.masked(pointer, Scalar::Text, value).unwrap_or_default());
        }
        let json = self.rules.embedded.then_some(self.limits.event);
        let within = Within { rules: &self.rules, limits: self.limits, level: 0, json };
        self.rules.text(Some(name), b"=", value, within, &mut self.found)
    }
}

/// Percent-decoding, and `+` for a space. A `%` without two hexadecimal digits stands for itself.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut meant = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        rest = tail;
        meant.push(match (byte, hex(0), hex(1)) {
            (b'+', ..) => b' ',
            (b'%', Some(high), Some(low)) => {
                rest = tail.get(2..).unwrap_or_default();
                u8::try_from((high << 4) | low).unwrap_or_default()
            }
            _ => *byte,
        });
    }
    meant
}

/// The encode set of application/x-www-form-urlencoded, but for the brackets of tokens.
fn encode(text: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text {
        match byte {
            b' ' => out.push(b'+'),
            b'*' | b'-' | b'.' | b'_' | b'[' | b']' | b':' => out.push(*byte),
            _ if byte.is_ascii_alphanumeric() => out.push(*byte),
            _ => {
                out.push(b'%');
                out.extend(HEX.get(usize::from(byte >> 4)));
                out.extend(HEX.get(usize::from(byte & 15)));
            }
        }
    }
}
