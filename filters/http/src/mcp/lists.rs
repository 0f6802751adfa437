//! Lists in answers, cut down as they pass: of one JSON text, or of each event of a stream.

use super::{Entry, filter};
use crate::body::Unreadable;

/// Longest JSON answer, and longest event, that is looked through, in bytes.
const MOST: usize = 4 << 20;

/// What looks through an answer.
#[derive(Debug)]
pub enum Lists {
    /// One JSON text.
    Json(Vec<u8>),
    /// Server-sent events.
    Events(Events),
}

impl Lists {
    /// Takes the next piece, and appends what is decided to `out`.
    ///
    /// # Errors
    /// [`Unreadable`]: nothing more may be pushed.
    pub fn push(
        &mut self,
        piece: &[u8],
        end: bool,
        allowed: &mut dyn FnMut(&Entry) -> bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Unreadable> {
        match self {
            Self::Json(whole) => {
                if whole.len().saturating_add(piece.len()) > MOST {
                    return Err(Unreadable::Long { what: "a JSON-RPC message", most: MOST });
                }
                whole.extend_from_slice(piece);
                if end && !whole.is_empty() {
                    match cut(whole, allowed)? {
                        Some(text) => out.extend_from_slice(text.as_bytes()),
                        None => out.append(whole),
                    }
                }
                Ok(())
            }
            Self::Events(events) => events.push(piece, end, allowed, out),
        }
    }
}

fn cut(text: &[u8], allowed: &mut dyn FnMut(&Entry) -> bool) -> Result<Option<String>, Unreadable> {
    let filtered = filter(text, |entry| allowed(entry));
    let filtered = filtered.map_err(|_| Unreadable::Invalid {
        what: "JSON-RPC",
        at: 0,
        why: "a message that can be read in one way only was expected",
    })?;
    Ok(filtered.text)
}

/// Events that are held until they are complete (WHATWG HTML, section 9.2).
#[derive(Debug, Default)]
pub struct Events {
    event: Vec<u8>,
    /// The line that is still coming has no byte yet.
    at_line_start: bool,
    /// The last byte was a carriage return, which may be one line end with what comes.
    after_return: bool,
    /// An event has come.
    begun: bool,
}

/// U+FEFF, which may begin a stream.
const BOM: &[u8] = b"\xef\xbb\xbf";

impl Events {
    /// At the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self { event: Vec::new(), at_line_start: true, after_return: false, begun: false }
    }

    fn push(
        &mut self,
        piece: &[u8],
        end: bool,
        allowed: &mut dyn FnMut(&Entry) -> bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Unreadable> {
        for byte in piece {
            if self.event.len() >= MOST {
                return Err(Unreadable::Long { what: "an event", most: MOST });
            }
            let second = self.after_return && *byte == b'\n';
            self.after_return = *byte == b'\r';
            if second && self.event.is_empty() {
                // The rest of the line end of the event before.
                out.push(*byte);
                continue;
            }
            self.event.push(*byte);
            if second {
                continue;
            }
            let line_end = matches!(byte, b'\n' | b'\r');
            if line_end && self.at_line_start {
                self.complete(allowed, out)?;
            }
            self.at_line_start = line_end;
        }
        if end && !self.event.is_empty() {
            // A client drops an event that is not complete, and so does the gate.
            self.event.clear();
        }
        Ok(())
    }

    fn complete(
        &mut self,
        allowed: &mut dyn FnMut(&Entry) -> bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Unreadable> {
        let mut event = std::mem::take(&mut self.event);
        if !std::mem::replace(&mut self.begun, true) && event.starts_with(BOM) {
            // Clients drop it, and see the field behind it.
            event.drain(..BOM.len());
        }
        let lines = || event.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty());
        let data = |line: &'_ [u8]| -> Option<Vec<u8>> {
            let value = line.strip_prefix(b"data")?;
            let value = value.strip_prefix(b":").or(value.is_empty().then_some(value))?;
            Some(value.strip_prefix(b" ").unwrap_or(value).to_vec())
        };
        let text = lines().filter_map(data).collect::<Vec<_>>().join(&b'\n');
        let is_json = text.trim_ascii_start().first().is_some_and(|first| matches!(first, b'{' | b'['));
        match if is_json { cut(&text, allowed)? } else { None } {
            Some(text) => {
                for line in lines().filter(|line| data(line).is_none()) {
                    out.extend_from_slice(line);
                    out.push(b'\n');
                }
                for line in text.split('\n') {
                    out.extend_from_slice(b"data: ");
                    out.extend_from_slice(line.as_bytes());
                    out.push(b'\n');
                }
                out.push(b'\n');
            }
            None => out.extend_from_slice(&event),
        }
        Ok(())
    }
}
