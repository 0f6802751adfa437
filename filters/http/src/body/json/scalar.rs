//! Keys and scalars that are whole, or too long to be held: what becomes of them.

use super::super::Unreadable;
use super::super::rules::{Looks, Scalar, Within};
use super::super::text::Text;
use super::string::{escape, quote, unescape, unescape_part};
use super::{Json, Piece, State, Token, number, top};

/// What stands between a key and its value, as detectors see them.
const BEFORE_STRING: &[u8] = b"\":\"";
const BEFORE_NUMBER: &[u8] = b"\":";

impl Json {
    pub(super) fn key_ends(&mut self, piece: &mut Piece<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        self.state = State::Colon;
        let live = self.frames.last().is_some_and(|frame| frame.live);
        if self.token != Token::Hold {
            (self.live, self.pointer) = (false, None);
            if live {
                self.rules.paths.step(top(&self.states, self.rules.paths.words()), None, &mut self.coming);
                self.look();
            }
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        let inside = inside(whole(&mut held, piece));
        if inside.len() > self.limits.string {
            return Err(self.long_key());
        }
        let unescaped = if self.scanner.escaped() { unescape(inside) } else { None };
        let key = unescaped.as_deref().unwrap_or(inside);
        (self.live, self.pointer) = (false, None);
        if live {
            self.rules.paths.step(top(&self.states, self.rules.paths.words()), Some(key), &mut self.coming);
            self.look();
        }
        let mut replaced = None;
        if self.rules.detectors.is_some() && self.left_out.is_none() {
            replaced = self.rules.key(key, &mut self.found);
            self.key.clear();
            self.key.extend_from_slice(replaced.as_deref().unwrap_or(key));
            self.keyed = true;
        }
        self.settle(piece, &mut held, replaced.map(Some), out);
        self.held = held;
        Ok(())
    }

    pub(super) fn string_ends(&mut self, piece: &mut Piece<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        match self.token {
            Token::Pass => return Ok(()),
            Token::Drop => {
                piece.from = piece.at;
                return Ok(());
            }
            Token::Long => {
                piece.from = piece.at;
                return self.long_ends(out);
            }
            Token::Hold => {}
        }
        let mut held = std::mem::take(&mut self.held);
        let spelt = whole(&mut held, piece);
        let inside = inside(spelt);
        if inside.len() > self.limits.string {
            let begun = spelt.split_last().map(|(_, begun)| begun.to_vec()).unwrap_or_default();
            self.write(piece, piece.token, out);
            piece.from = piece.at;
            self.held = begun;
            self.long_begins(out)?;
            return self.long_ends(out);
        }
        let unescaped = if self.scanner.escaped() { unescape(inside) } else { None };
        let text = unescaped.as_deref().unwrap_or(inside);
        let replaced = match self.pointer {
            Some(pointer) => {
                self.found.pointer(pointer);
                Some(self.rules.masked(pointer, Scalar::Text, text))
            }
            None => {
                let key = self.keyed.then_some(self.key.as_slice());
                let within = Within {
                    rules: &self.rules,
                    limits: self.limits,
                    level: self.level,
                    json: self.rules.embedded.then_some(self.limits.string),
                };
                self.rules.text(key, BEFORE_STRING, text, within, &mut self.found).map(Some)
            }
        };
        self.settle(piece, &mut held, replaced, out);
        self.held = held;
        Ok(())
    }

    pub(super) fn number_is_whole(&mut self, piece: &mut Piece<'_>, out: &mut Vec<u8>) {
        match self.token {
            Token::Pass | Token::Long => return,
            Token::Drop => {
                piece.from = piece.at;
                return;
            }
            Token::Hold => {}
        }
        let mut held = std::mem::take(&mut self.held);
        let digits = whole(&mut held, piece);
        if digits.len().saturating_sub(1) > self.limits.string {
            self.write(piece, piece.token, out);
            piece.from = piece.at;
            self.too_long(out);
            return;
        }
        let replaced = match self.pointer {
            Some(pointer) => {
                self.found.pointer(pointer);
                Some(self.rules.masked(pointer, Scalar::Text, digits))
            }
            None => {
                let key = self.keyed.then_some(self.key.as_slice());
                let as_written = self.rules.plain(key, BEFORE_NUMBER, digits, &mut self.found);
                as_written
                    .or_else(|| self.rules.detected(&number::written_out(digits)?, &mut self.found))
                    .map(Some)
            }
        };
        self.settle(piece, &mut held, replaced, out);
        self.held = held;
    }

    /// Writes what takes the place of a token that was held, if anything does.
    fn settle(
        &self,
        piece: &mut Piece<'_>,
        held: &mut Vec<u8>,
        replaced: Option<Option<Vec<u8>>>,
        out: &mut Vec<u8>,
    ) {
        match replaced {
            Some(value) => {
                self.write(piece, piece.token, out);
                write(value, out);
                piece.from = piece.at;
            }
            None if held.is_empty() => {}
            None => {
                out.extend_from_slice(held);
                piece.from = piece.at;
            }
        }
        held.clear();
    }

    /// What is held became too much: the string is redacted, or decided in parts.
    pub(super) fn long_begins(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let mut held = std::mem::take(&mut self.held);
        let begun = held.get(1..).unwrap_or_default();
        let known = begun.get(..self.limits.string).unwrap_or(begun);
        let is_json = self.rules.embedded && Looks::of(&unescape_part(known).0) != Looks::Other;
        if self.pointer.is_some() || is_json {
            self.too_long(out);
            self.token = Token::Drop;
            return Ok(());
        }
        self.token = Token::Long;
        out.push(b'"');
        held.remove(0);
        let long = self.long.insert(Box::new(Text::new(self.rules.clone(), self.rules.embedded)));
        push_long(long, &mut self.held, &held, out)
    }

    fn long_ends(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if let Some(mut long) = self.long.take() {
            let mut decided = Vec::new();
            long.finish(&mut decided)?;
            escape(&decided, out);
            out.push(b'"');
            self.found.merge(long.found());
        }
        self.held.clear();
        Ok(())
    }
}

/// Takes a part of a long string as it is spelt; `held` is the beginning of an escape.
pub(super) fn push_long(
    long: &mut Text,
    held: &mut Vec<u8>,
    part: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unreadable> {
    held.extend_from_slice(part);
    let (meant, read) = unescape_part(held);
    held.drain(..read);
    let mut decided = Vec::new();
    long.push(&meant, &mut decided)?;
    escape(&decided, out);
    Ok(())
}

/// Writes a string, or null.
pub(super) fn write(value: Option<Vec<u8>>, out: &mut Vec<u8>) {
    match value {
        Some(text) => quote(&text, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// A token that was held, with what of it is in this piece.
fn whole<'a>(held: &'a mut Vec<u8>, piece: &Piece<'a>) -> &'a [u8] {
    if held.is_empty() {
        return piece.token();
    }
    held.extend_from_slice(piece.token());
    held
}

/// What is between the quotation marks.
fn inside(spelt: &[u8]) -> &[u8] {
    spelt.get(1..spelt.len().saturating_sub(1)).unwrap_or_default()
}
