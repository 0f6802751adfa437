//! Bodies: masked as they pass, in bounded memory.
//!
//! A body comes in pieces of any size and goes out as soon as it is decided: what a [`Pointer`] names is masked by its
//! method, what a detector finds is replaced, and all other bytes stay what they were. However the body is cut into
//! pieces, the bytes that come out are the same. What cannot be read with certainty is an [`Unreadable`]: nothing
//! undecided has been written by then, and the caller cuts the body there.

mod csv;
mod decode;
mod event_stream;
mod found;
mod json;
mod media;
mod pointer;
mod rules;
mod text;
mod urlencoded;

use std::rc::Rc;

pub use decode::Decoder;
pub use media::Form;
pub use pointer::{Pointer, PointerError};
pub use rules::{Options, Rules};

/// Bounds of what a body may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most containers within each other, of JSON.
    pub depth: usize,
    /// Longest string that is looked at as a whole, in bytes as it is spelt. A longer one that a pointer names is
    /// redacted; in others detectors look at overlapping parts.
    pub string: usize,
    /// Longest event of a stream of events, and longest pair of a form, in bytes.
    pub event: usize,
    /// Most bytes that one call of [`Decoder::push`] may yield.
    pub expansion: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 128, string: 256 << 10, event: 256 << 10, expansion: 8 << 20 }
    }
}

/// Why a body cannot be read, and so cannot be masked. Never holds anything of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not what its content type says.
    #[error("the body is not valid {what} at byte {at}: {why}")]
    Invalid {
        /// The format.
        what: &'static str,
        /// Where, counted from 0 in the decoded body, or in the JSON text of an event.
        at: u64,
        /// What was expected or is not allowed.
        why: &'static str,
    },
    /// It ends too early.
    #[error("the body ends in the middle of {0}")]
    Truncated(&'static str),
    /// Its JSON is nested too deeply.
    #[error("the body has more than {0} JSON containers within each other")]
    Depth(usize),
    /// Something in it that must be held as a whole is too long.
    #[error("the body has {what} of more than {most} bytes")]
    Long {
        /// What.
        what: &'static str,
        /// Most bytes.
        most: usize,
    },
    /// Its Content-Type cannot be read.
    #[error("the Content-Type is not one that RFC 9110 knows: expected `type/subtype; name=value`")]
    ContentType,
    /// It is in another charset than UTF-8.
    #[error("the body is not in UTF-8: have the server send UTF-8")]
    Charset,
    /// It has a content coding that is not known.
    #[error("the Content-Encoding is not known: expected gzip, deflate, br or identity, at most two")]
    ContentEncoding,
    /// It does not decode.
    #[error("the body is not valid {0}")]
    Coding(&'static str),
    /// It decodes to too much at once.
    #[error("a piece of the body decodes to more than {0} bytes")]
    Expansion(usize),
}

/// Masks one body.
#[derive(Debug)]
pub struct Masker {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Json(json::Json),
    EventStream(event_stream::EventStream),
    Urlencoded(urlencoded::Urlencoded),
    Csv(csv::Csv),
    Text(text::Text),
    /// Text that may be JSON after all, so far.
    Unknown(Rc<Rules>, Limits, Vec<u8>),
}

/// Within so many bytes it must be clear whether a text is JSON.
const BEGINNING: usize = 4 << 10;

impl Masker {
    /// For a body of the form; `None` where nothing in the form can be told from the rest ([`Form::Opaque`]), and it
    /// is the caller's to refuse the body or to let it pass.
    #[must_use]
    pub fn new(form: Form, rules: Rc<Rules>, limits: Limits) -> Option<Self> {
        let json = |framing, rules| Kind::Json(json::Json::new(rules, limits, framing, 0));
        let kind = match form {
            Form::Json => json(json::Framing::One, rules),
            Form::Ndjson => json(json::Framing::Lines, rules),
            Form::JsonSequence => json(json::Framing::Sequence, rules),
            Form::EventStream => Kind::EventStream(event_stream::EventStream::new(rules, limits)),
            Form::Csv => Kind::Csv(csv::Csv::new(rules, limits)),
            Form::Urlencoded => Kind::Urlencoded(urlencoded::Urlencoded::new(rules, limits)),
            Form::Text if rules.has_pointers() => Kind::Unknown(rules, limits, Vec::new()),
            Form::Text => Kind::Text(text::Text::new(rules, false)),
            Form::Opaque => return None,
        };
        Some(Self { kind })
    }

    /// Takes the next piece, and appends to `out` what of the body is decided.
    ///
    /// # Errors
    /// [`Unreadable`]: the body is to be cut after what has been appended so far, and nothing may be pushed any more.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        match &mut self.kind {
            Kind::Json(json) => json.push(piece, out),
            Kind::EventStream(stream) => stream.push(piece, out),
            Kind::Urlencoded(form) => form.push(piece, out),
            Kind::Csv(table) => table.push(piece, out),
            Kind::Text(text) => text.push(piece, out),
            Kind::Unknown(_, _, held) => {
                held.extend_from_slice(piece);
                let beginning = held.get(..BEGINNING).unwrap_or(held);
                let clear = held.len() >= BEGINNING || rules::Looks::so_far(beginning).is_some();
                if clear { self.decide(out) } else { Ok(()) }
            }
        }
    }

    /// It is clear whether a text is JSON.
    fn decide(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let Kind::Unknown(rules, limits, held) = &mut self.kind else { return Ok(()) };
        let held = std::mem::take(held);
        let beginning = held.get(..BEGINNING).unwrap_or(&held);
        self.kind = if rules::Looks::of(beginning) == rules::Looks::Likely {
            Kind::Json(json::Json::new(rules.clone(), *limits, json::Framing::One, 0))
        } else {
            Kind::Text(text::Text::new(rules.clone(), true))
        };
        self.push(&held, out)
    }

    /// The body has ended: appends the rest.
    ///
    /// # Errors
    /// [`Unreadable`] where it ended too early.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        self.decide(out)?;
        match &mut self.kind {
            Kind::Json(json) => json.finish(out),
            Kind::EventStream(stream) => stream.finish(out),
            Kind::Urlencoded(form) => form.finish(out),
            Kind::Csv(table) => table.finish(out),
            Kind::Text(text) => text.finish(out),
            Kind::Unknown(..) => Ok(()),
        }
    }

    /// What masked or replaced something so far, each once: pointers as they are written, in the rules' order, then
    /// detectors by their label, `masked` where a text had too many matches to tell them apart, `too_long` where a string
    /// was too long to be looked at, and `unclear` where one looked like JSON and could not be read as such.
    #[must_use]
    pub fn masked(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Json(json) => json.found().names(json.rules()),
            Kind::EventStream(stream) => stream.found().names(stream.rules()),
            Kind::Urlencoded(form) => form.found().names(form.rules()),
            Kind::Csv(table) => table.found().names(table.rules()),
            Kind::Text(text) => text.found().names(text.rules()),
            Kind::Unknown(..) => Vec::new(),
        }
    }
}
