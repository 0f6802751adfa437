//! Text without structure: detectors look at overlapping windows of it, whose bounds depend on the text alone.

use std::rc::Rc;

use gatewright_core::mask::REDACTED;

use super::Unreadable;
use super::found::Found;
use super::rules::Rules;

/// How much is looked at together, in bytes.
const WINDOW: usize = 64 << 10;
/// How much of a window is looked at again with the next one: matches that are longer are found by their beginning.
const OVERLAP: usize = 8 << 10;
/// How much before that there may be a good place to cut.
const SEARCH: usize = 8 << 10;
/// Where private keys begin and end (RFC 7468, and PuTTY's).
const BEGIN: &[u8] = b"-----BEGIN ";
const PUTTY: &[u8] = b"PuTTY-User-Key-File-";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// Masks text.
#[derive(Debug)]
pub(super) struct Text {
    rules: Rc<Rules>,
    quotes: bool,
    window: Vec<u8>,
    leaves_out: LeavesOut,
    /// Bytes before the window.
    passed: u64,
    found: Found,
}

/// Whether what comes is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeavesOut {
    Nothing,
    /// Up to the line that ends a private key.
    Key,
    Everything,
}

impl Text {
    /// With `quotes`, a text that quotes keys with which pointers end is redacted from there on.
    pub(super) fn new(rules: Rc<Rules>, quotes: bool) -> Self {
        Self {
            quotes: quotes && rules.has_pointers(),
            rules,
            window: Vec::new(),
            leaves_out: LeavesOut::Nothing,
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

    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let mut rest = piece;
        while !rest.is_empty() {
            let room = WINDOW.saturating_sub(self.window.len()).min(rest.len());
            let (part, tail) = rest.split_at_checked(room).unwrap_or_default();
            self.window.extend_from_slice(part);
            rest = tail;
            if self.window.len() >= WINDOW {
                self.decide(false, out)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        self.decide(true, out)
    }

    /// Decides the window, or what of it no later byte can change.
    fn decide(&mut self, last: bool, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        self.check(last)?;
        match self.leaves_out {
            LeavesOut::Nothing => {}
            LeavesOut::Everything => {
                self.drop(self.window.len());
                return Ok(());
            }
            LeavesOut::Key => {
                match key_end(&self.window, 0) {
                    Some(end) => {
                        self.drop(end);
                        self.leaves_out = LeavesOut::Nothing;
                    }
                    None => {
                        // The line that ends it may be cut.
                        let keep = if last { 0 } else { 128 };
                        self.drop(self.window.len().saturating_sub(keep));
                        return Ok(());
                    }
                }
                if !last {
                    return Ok(());
                }
            }
        }
        if self.quotes && self.rules.paths.are_quoted_in(&self.window, false) {
            self.found.label("unclear");
            self.leave_out(LeavesOut::Everything, REDACTED, out);
            return Ok(());
        }
        let replaced = self.rules.detected(&self.window, &mut self.found);
        if last {
            out.extend_from_slice(replaced.as_deref().unwrap_or(&self.window));
            self.drop(self.window.len());
            return Ok(());
        }
        let Some(replaced) = replaced else {
            let cut = cut(&self.window, self.window.len().saturating_sub(OVERLAP));
            out.extend_from_slice(self.window.get(..cut).unwrap_or_default());
            self.drop(cut);
            return Ok(());
        };
        self.found_something(&replaced, out);
        Ok(())
    }

    /// Something in the window is replaced, and the text goes on.
    fn found_something(&mut self, replaced: &[u8], out: &mut Vec<u8>) {
        // A private key that does not end here is left out until it does.
        if let Some((begin, until, token)) = self.open_key() {
            let head = self.window.get(..begin).unwrap_or_default();
            let decided = self.rules.detected(head, &mut Found::default());
            out.extend_from_slice(decided.as_deref().unwrap_or(head));
            self.leave_out(until, &token, out);
            return;
        }
        // Cut where nothing is cut that is replaced.
        let mut end = self.window.len().saturating_sub(OVERLAP);
        while end > 0 {
            let cut = cut(&self.window, end);
            let (head, tail) = self.window.split_at_checked(cut).unwrap_or_default();
            let mut found = Found::default();
            let decided = self.rules.detected(head, &mut found);
            let decided = decided.as_deref().unwrap_or(head);
            let undecided = self.rules.detected(tail, &mut found);
            if cut > 0 && replaced.strip_prefix(decided) == Some(undecided.as_deref().unwrap_or(tail)) {
                out.extend_from_slice(decided);
                self.drop(cut);
                return;
            }
            end = end.saturating_sub(SEARCH);
        }
        // One match is longer than a window, and where it ends is not known.
        self.found.label("too_long");
        self.leave_out(LeavesOut::Everything, replaced, out);
    }

    /// Where a private key begins whose end is not in the window, how long it is to be left out, and what takes its
    /// place.
    fn open_key(&self) -> Option<(usize, LeavesOut, Vec<u8>)> {
        let window = self.window.as_slice();
        // It is one if the detector takes its first line for one.
        let token = |at: usize| {
            let line = window.get(at..).unwrap_or_default();
            let line = line.get(..memchr::memchr(b'\n', line).unwrap_or(line.len())).unwrap_or_default();
            self.rules.detected(line, &mut Found::default())
        };
        let begins = memchr::memmem::find_iter(window, BEGIN)
            .filter(|at| key_end(window, *at).is_none())
            .filter_map(|at| Some((at, LeavesOut::Key, token(at)?)));
        // PuTTY's have no end.
        let putty = memchr::memmem::find_iter(window, PUTTY)
            .filter_map(|at| Some((at, LeavesOut::Everything, token(at)?)));
        begins.chain(putty).min_by_key(|(at, ..)| *at)
    }

    fn leave_out(&mut self, what: LeavesOut, token: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(token);
        self.drop(self.window.len());
        self.leaves_out = what;
    }

    fn drop(&mut self, bytes: usize) {
        self.window.drain(..bytes.min(self.window.len()));
        self.passed = self.passed.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// UTF-8 and no NUL: UTF-16 and UTF-32 have neither of both without the other.
    fn check(&self, last: bool) -> Result<(), Unreadable> {
        let invalid = |at: usize, why| Unreadable::Invalid {
            what: "text",
            at: self.passed.saturating_add(u64::try_from(at).unwrap_or(u64::MAX)),
            why,
        };
        match std::str::from_utf8(&self.window) {
            Err(error) if last || error.error_len().is_some() => {
                return Err(invalid(error.valid_up_to(), "expected UTF-8"));
            }
            _ => {}
        }
        match memchr::memchr(0, &self.window) {
            Some(at) => Err(invalid(at, "expected no NUL")),
            None => Ok(()),
        }
    }
}

/// Behind the line that ends a key that began.
fn key_end(window: &[u8], from: usize) -> Option<usize> {
    let find = |from: usize, what: &[u8]| {
        let at = memchr::memmem::find(window.get(from..)?, what)?;
        Some(from.saturating_add(at).saturating_add(what.len()))
    };
    find(find(from, END)?, DASHES)
}

/// Where a window is cut: behind the last line, else the last word, that ends a little before `end`.
fn cut(window: &[u8], end: usize) -> usize {
    let start = end.saturating_sub(SEARCH);
    let part = window.get(start..end).unwrap_or_default();
    let place = memchr::memrchr(b'\n', part)
        .or_else(|| memchr::memrchr(b' ', part))
        .or_else(|| part.iter().rposition(|byte| byte.is_ascii_punctuation()));
    let mut cut = place.map_or(end, |at| start.saturating_add(at).saturating_add(1));
    // Not within a character.
    while cut > start && window.get(cut).is_some_and(|byte| byte & 0xc0 == 0x80) {
        cut = cut.saturating_sub(1);
    }
    cut
}
