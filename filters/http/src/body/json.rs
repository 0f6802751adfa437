//! JSON (RFC 8259), checked and masked as it passes.
//!
//! Bytes that stay are copied in runs. A token that may have to be replaced is held back until it is whole; all that is
//! kept between two pieces is that token, and a few words for each open container.

mod number;
mod scalar;
mod string;

use std::rc::Rc;

use gatewright_core::mask::{Method, REDACTED};

use super::found::Found;
use super::rules::{MARK, Rules, Scalar, is_space};
use super::text::Text;
use super::{Limits, Unreadable};
use number::Number;
use string::Scanner;

pub(super) use string::unescape;

/// How texts follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is one.
    One,
    /// Each is a line.
    Lines,
    /// Each follows a record separator (RFC 7464).
    Sequence,
}

/// Masks JSON texts.
#[derive(Debug)]
pub(super) struct Json {
    rules: Rc<Rules>,
    limits: Limits,
    framing: Framing,
    /// In how many texts this one is a string.
    level: u8,
    /// Whether strings are looked at that no pointer names.
    searches: bool,
    state: State,
    frames: Vec<Frame>,
    /// The pointers' states, for each open container.
    states: Vec<u64>,
    /// The same for the value that comes, and whether any is left.
    coming: Vec<u64>,
    live: bool,
    /// The pointer that names the value that comes.
    pointer: Option<usize>,
    token: Token,
    scanner: Scanner,
    number: Number,
    /// What is to come of `true`, `false` or `null`.
    literal: &'static [u8],
    /// The beginning of a token that is held back and began in an earlier piece.
    held: Vec<u8>,
    /// The rest of a string that is too long to be held.
    long: Option<Box<Text>>,
    /// The key of the value that comes, as it means, where detectors look at both together.
    key: Vec<u8>,
    keyed: bool,
    /// How many containers were open when one began that is left out.
    left_out: Option<usize>,
    /// Bytes before this piece.
    passed: u64,
    found: Found,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte, and within a byte order mark.
    Mark(u8),
    /// Before a text.
    Between,
    /// After a text.
    End,
    FirstKey,
    Key,
    Colon,
    /// A value, or the end of the array.
    FirstValue,
    Value,
    /// A comma, or the end of the container.
    Comma,
    InKey,
    InString,
    InNumber,
    InLiteral,
}

/// What happens to the token that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Pass,
    /// It is decided when it is whole.
    Hold,
    /// Something else has been written in its place.
    Drop,
    /// It is a string that is decided in parts.
    Long,
}

/// An open container.
#[derive(Debug)]
struct Frame {
    array: bool,
    /// Some pointer may name something in it.
    live: bool,
    /// How many elements there were.
    elements: u64,
}

/// A piece of the text.
struct Piece<'a> {
    bytes: &'a [u8],
    /// The next byte to read.
    at: usize,
    /// The first that is neither written nor left out.
    from: usize,
    /// Where the token begins, 0 if in an earlier piece.
    token: usize,
}

impl<'a> Piece<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, from: 0, token: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, by: usize) {
        self.at = self.at.saturating_add(by);
    }

    /// The token as far as it was read.
    fn token(&self) -> &'a [u8] {
        self.bytes.get(self.token..self.at).unwrap_or_default()
    }
}

impl Json {
    pub(super) fn new(rules: Rc<Rules>, limits: Limits, framing: Framing, level: u8) -> Self {
        let searches = rules.detectors.is_some() || rules.embedded;
        Self {
            coming: vec![0; rules.paths.words()],
            searches,
            rules,
            limits,
            framing,
            level,
            state: State::Mark(0),
            frames: Vec::new(),
            states: Vec::new(),
            live: false,
            pointer: None,
            token: Token::Pass,
            scanner: Scanner::default(),
            number: Number::default(),
            literal: b"",
            held: Vec::new(),
            long: None,
            key: Vec::new(),
            keyed: false,
            left_out: None,
            passed: 0,
            found: Found::default(),
        }
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(super) fn found(&self) -> &Found {
        &self.found
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let mut piece = Piece::new(bytes);
        while let Some(byte) = bytes.get(piece.at) {
            self.step(*byte, &mut piece, out)?;
        }
        self.pause(&mut piece, out)?;
        self.passed = self.passed.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        // Only the end of the body ends a number that is a text by itself.
        if self.state == State::InNumber && self.frames.is_empty() {
            self.number_ends(&mut Piece::new(b""), out)?;
        }
        match self.state {
            State::End | State::Mark(0) => Ok(()),
            State::Between if self.framing != Framing::One => Ok(()),
            _ => Err(Unreadable::Truncated("JSON")),
        }
    }

    /// One token, or what of it is in the piece. Always takes something, or changes the state.
    fn step(&mut self, byte: u8, piece: &mut Piece<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        match self.state {
            State::InKey | State::InString => return self.string_goes_on(piece, out),
            State::InNumber => return self.number_goes_on(piece, out),
            State::InLiteral => return self.literal_goes_on(byte, piece),
            State::Mark(seen) => {
                if MARK.get(usize::from(seen)) == Some(&byte) {
                    piece.advance(1);
                    self.state = if seen == 2 { State::Between } else { State::Mark(seen.saturating_add(1)) };
                } else if seen == 0 {
                    self.state = State::Between;
                } else {
                    return Err(self.invalid(piece, "expected UTF-8"));
                }
                return Ok(());
            }
            _ => {}
        }
        if is_space(byte) {
            return self.space(piece);
        }
        match (self.state, byte) {
            (State::Key | State::FirstKey, b'"') => return self.key_begins(piece, out),
            (State::Colon, b':') => self.state = State::Value,
            (State::Comma, b',') => {
                let array = self.frames.last().is_some_and(|frame| frame.array);
                self.state = if array { State::Value } else { State::Key };
            }
            (State::Value, _) => return self.value(byte, piece, out),
            (State::FirstValue | State::Comma, b']') => return self.close(true, piece),
            (State::FirstKey | State::Comma, b'}') => return self.close(false, piece),
            (State::FirstValue, _) => return self.value(byte, piece, out),
            (State::Between | State::End, 0x1e) if self.framing == Framing::Sequence => {
                self.state = State::Value;
                self.start();
            }
            (State::Between, _) if self.framing != Framing::Sequence => {
                self.start();
                return self.value(byte, piece, out);
            }
            (state, _) => {
                let why = match state {
                    State::Key | State::FirstKey => "expected a key in quotation marks",
                    State::Colon => "expected a colon",
                    State::Comma => "expected a comma or the container's end",
                    State::Between => "expected a record separator",
                    _ => "expected nothing after the text",
                };
                return Err(self.invalid(piece, why));
            }
        }
        piece.advance(1);
        Ok(())
    }

    fn space(&mut self, piece: &mut Piece<'_>) -> Result<(), Unreadable> {
        if self.framing != Framing::Lines {
            piece.advance(piece.rest().iter().take_while(|byte| is_space(**byte)).count());
            return Ok(());
        }
        if piece.rest().starts_with(b"\n") {
            match self.state {
                State::End => self.state = State::Between,
                State::Between => {}
                _ => return Err(self.invalid(piece, "expected a whole JSON text in each line")),
            }
        }
        piece.advance(1);
        Ok(())
    }

    /// A text begins.
    fn start(&mut self) {
        self.coming.copy_from_slice(self.rules.paths.start());
        self.look();
    }

    /// What the states say of the value that comes.
    fn look(&mut self) {
        self.live = self.coming.iter().any(|states| *states != 0);
        self.pointer = if self.live { self.rules.paths.matched(&self.coming) } else { None };
    }

    fn value(&mut self, byte: u8, piece: &mut Piece<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if let Some(frame) = self.frames.last_mut()
            && frame.array
        {
            if frame.live {
                let container = top(&self.states, self.rules.paths.words());
                if self.rules.paths.reads_indices(container) {
                    let index = frame.elements.to_string();
                    self.rules.paths.step(container, Some(index.as_bytes()), &mut self.coming);
                } else {
                    self.rules.paths.step(container, None, &mut self.coming);
                }
                frame.elements = frame.elements.saturating_add(1);
                self.look();
            } else {
                (self.live, self.pointer) = (false, None);
            }
        }
        piece.token = piece.at;
        match byte {
            b'"' => {
                self.scanner = Scanner::default();
                self.begin(true, piece, out);
                self.state = State::InString;
                piece.advance(1);
                self.string_goes_on(piece, out)
            }
            b'{' | b'[' => self.open(byte == b'[', piece, out),
            b'-' | b'0'..=b'9' => {
                self.number = Number::default();
                self.begin(self.rules.detectors.is_some(), piece, out);
                self.state = State::InNumber;
                self.number_goes_on(piece, out)
            }
            b't' | b'f' | b'n' => {
                self.literal = match byte {
                    b't' => b"true",
                    b'f' => b"false",
                    _ => b"null",
                };
                self.token = Token::Pass;
                // null says nothing.
                if byte != b'n'
                    && let Some(pointer) = self.pointer
                {
                    self.replace(pointer, piece, out);
                    self.token = Token::Drop;
                }
                self.state = State::InLiteral;
                Ok(())
            }
            _ => Err(self.invalid(piece, "expected a value")),
        }
    }

    /// A string or a number begins; `searched` if it is one to be looked at where no pointer names it.
    fn begin(&mut self, searched: bool, piece: &mut Piece<'_>, out: &mut Vec<u8>) {
        self.token = match self.pointer {
            Some(pointer) if matches!(self.rules.method(pointer), Method::Redact | Method::Null) => {
                self.replace(pointer, piece, out);
                Token::Drop
            }
            Some(_) => Token::Hold,
            None if searched && self.searches && self.left_out.is_none() => Token::Hold,
            None => Token::Pass,
        };
    }

    /// Writes what takes the place of a value of which nothing is shown, and that begins here.
    fn replace(&mut self, pointer: usize, piece: &mut Piece<'_>, out: &mut Vec<u8>) {
        self.write(piece, piece.token, out);
        scalar::write(self.rules.masked(pointer, Scalar::Whole, b""), out);
        self.found.pointer(pointer);
    }

    fn open(&mut self, array: bool, piece: &mut Piece<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if self.frames.len() >= self.limits.depth {
            return Err(Unreadable::Depth(self.limits.depth));
        }
        if let Some(pointer) = self.pointer {
            self.replace(pointer, piece, out);
            self.left_out = Some(self.frames.len());
            self.live = false;
        }
        self.frames.push(Frame { array, live: self.live, elements: 0 });
        if self.live {
            self.states.extend_from_slice(&self.coming);
        } else {
            self.states.extend(self.coming.iter().map(|_| 0));
        }
        self.keyed = false;
        self.state = if array { State::FirstValue } else { State::FirstKey };
        piece.advance(1);
        Ok(())
    }

    fn close(&mut self, array: bool, piece: &mut Piece<'_>) -> Result<(), Unreadable> {
        match self.frames.pop() {
            Some(frame) if frame.array == array => {}
            _ => return Err(self.invalid(piece, "expected the end of the container that is open")),
        }
        self.states.truncate(self.states.len().saturating_sub(self.rules.paths.words()));
        piece.advance(1);
        if self.left_out == Some(self.frames.len()) {
            self.left_out = None;
            piece.from = piece.at;
        }
        self.value_ends();
        Ok(())
    }

    fn value_ends(&mut self) {
        self.keyed = false;
        self.state = if self.frames.is_empty() { State::End } else { State::Comma };
    }

    fn key_begins(&mut self, piece: &mut Piece<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let live = self.frames.last().is_some_and(|frame| frame.live);
        let read = live && self.rules.paths.reads_keys(top(&self.states, self.rules.paths.words()));
        let searched = self.rules.detectors.is_some() && self.left_out.is_none();
        self.token = if read || searched { Token::Hold } else { Token::Pass };
        self.scanner = Scanner::default();
        self.state = State::InKey;
        piece.token = piece.at;
        piece.advance(1);
        self.string_goes_on(piece, out)
    }

    /// A key, or a string.
    fn string_goes_on(&mut self, piece: &mut Piece<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let rest = piece.rest();
        let end = self.scanner.scan(rest).map_err(|(at, why)| {
            piece.advance(at);
            self.invalid(piece, why)
        })?;
        let read = end.unwrap_or(rest.len());
        if let (Token::Long, Some(long)) = (self.token, &mut self.long) {
            scalar::push_long(long, &mut self.held, rest.get(..read).unwrap_or_default(), out)?;
        }
        piece.advance(read);
        if end.is_none() {
            return Ok(());
        }
        piece.advance(1);
        if self.state == State::InKey {
            return self.key_ends(piece, out);
        }
        self.string_ends(piece, out)?;
        self.value_ends();
        Ok(())
    }

    fn number_goes_on(&mut self, piece: &mut Piece<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let rest = piece.rest();
        let taken = self.number.take(rest);
        piece.advance(taken);
        if taken == rest.len() { Ok(()) } else { self.number_ends(piece, out) }
    }

    fn number_ends(&mut self, piece: &mut Piece<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if !self.number.is_whole() {
            return Err(self.invalid(piece, "expected a number"));
        }
        self.number_is_whole(piece, out);
        self.value_ends();
        Ok(())
    }

    fn literal_goes_on(&mut self, byte: u8, piece: &mut Piece<'_>) -> Result<(), Unreadable> {
        match self.literal.split_first() {
            Some((expected, rest)) if *expected == byte => self.literal = rest,
            _ => return Err(self.invalid(piece, "expected a value")),
        }
        piece.advance(1);
        if self.literal.is_empty() {
            if self.token == Token::Drop {
                piece.from = piece.at;
            }
            self.value_ends();
        }
        Ok(())
    }

    /// Writes the bytes that stay, up to `end`.
    fn write(&self, piece: &mut Piece<'_>, end: usize, out: &mut Vec<u8>) {
        if self.left_out.is_none() {
            out.extend_from_slice(piece.bytes.get(piece.from..end).unwrap_or_default());
        }
        piece.from = end;
    }

    /// The piece is read: writes what is decided, and keeps what is not.
    fn pause(&mut self, piece: &mut Piece<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let within =
            matches!(self.state, State::InKey | State::InString | State::InNumber | State::InLiteral);
        match self.token {
            Token::Hold if within => {
                self.write(piece, piece.token, out);
                self.held.extend_from_slice(piece.token());
                self.bound(out)?;
            }
            Token::Drop | Token::Long if within => {}
            _ => self.write(piece, piece.bytes.len(), out),
        }
        Ok(())
    }

    /// Sees to it that no more is held than may be.
    fn bound(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if self.held.len().saturating_sub(1) <= self.limits.string {
            return Ok(());
        }
        match self.state {
            State::InKey => Err(self.long_key()),
            State::InString => self.long_begins(out),
            _ => {
                self.held.clear();
                self.too_long(out);
                self.token = Token::Drop;
                Ok(())
            }
        }
    }

    /// Writes what takes the place of a token that is too long.
    fn too_long(&mut self, out: &mut Vec<u8>) {
        match self.pointer {
            Some(pointer) => self.found.pointer(pointer),
            None => self.found.label("too_long"),
        }
        string::quote(REDACTED, out);
    }

    fn long_key(&self) -> Unreadable {
        Unreadable::Long { what: "a key", most: self.limits.string }
    }

    fn invalid(&self, piece: &Piece<'_>, why: &'static str) -> Unreadable {
        let at = self.passed.saturating_add(u64::try_from(piece.at).unwrap_or(u64::MAX));
        Unreadable::Invalid { what: "JSON", at, why }
    }
}

/// The states of the innermost open container.
fn top(states: &[u64], words: usize) -> &[u64] {
    states.get(states.len().saturating_sub(words)..).unwrap_or_default()
}
