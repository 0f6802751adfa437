//! Where a message stands with one filter.

use bytes::BytesMut;

use crate::state::SharedBytes;

/// What a callback decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Continue,
    /// The part waits; later parts are shown.
    Stop,
    /// As `Stop`, and no more is read than the buffer may hold.
    StopAndWatch,
    /// The part waits, and nothing more is shown before the filter continues.
    StopAll,
    /// What was shown is dropped.
    StopAndDrop,
}

impl Verdict {
    /// Of a head. Where the proxy is not configured otherwise, a filter that stops a head is not shown the body, as its
    /// authors expect (Envoy's `allow_on_headers_stop_iteration`).
    pub(super) fn of_head(number: u32, body_goes_on: bool) -> Self {
        match number {
            0 => Self::Continue,
            1 if body_goes_on => Self::Stop,
            _ => Self::StopAll,
        }
    }

    /// Of a piece of a body.
    pub(super) fn of_body(number: u32) -> Self {
        match number {
            0 => Self::Continue,
            1 => Self::Stop,
            2 => Self::StopAndWatch,
            _ => Self::StopAndDrop,
        }
    }

    /// Of trailers.
    pub(super) fn of_trailers(number: u32) -> Self {
        if number == 0 { Self::Continue } else { Self::Stop }
    }
}

/// Whether a filter lets a message pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Passing {
    #[default]
    Open,
    /// What comes is shown, and waits.
    Stopped,
    /// What comes waits unseen.
    StoppedAll,
}

/// Where a message stands with one filter.
#[derive(Debug, Default)]
pub(super) struct Stage {
    pub(super) passing: Passing,
    /// The head went on to the next filter.
    pub(super) head_passed: bool,
    /// Bytes that wait here.
    pub(super) held: SharedBytes,
    /// Something waits here, were it an empty end.
    pub(super) holds: bool,
    /// What waits was seen, and is shown again with what comes.
    gathers: bool,
    /// What waits, was seen, and is not shown again.
    kept: BytesMut,
    /// Reading may be put off while too much waits; otherwise the message is given up.
    pub(super) watched: bool,
    /// The end came, and no trailers with it.
    pub(super) ended: bool,
    /// The trailers came.
    pub(super) trailers: bool,
    /// The filter answered in the target's place.
    pub(super) replied: bool,
}

impl Stage {
    /// Bytes that come to this filter.
    pub(super) fn add(&self, bytes: BytesMut) {
        let mut held = self.held.borrow_mut();
        if held.is_empty() {
            *held = bytes;
        } else {
            held.extend_from_slice(&bytes);
        }
    }

    /// What becomes of what a callback was shown.
    pub(super) fn decide(&mut self, verdict: Verdict, end: bool) {
        match verdict {
            Verdict::Continue => return,
            Verdict::Stop => {
                if !self.kept.is_empty() {
                    let shown = std::mem::take(&mut *self.held.borrow_mut());
                    self.kept.extend_from_slice(&shown);
                    *self.held.borrow_mut() = std::mem::take(&mut self.kept);
                }
                (self.holds, self.gathers) = (true, true);
            }
            Verdict::StopAndWatch | Verdict::StopAll => {
                if !self.gathers {
                    let shown = std::mem::take(&mut *self.held.borrow_mut());
                    self.kept.extend_from_slice(&shown);
                }
                (self.holds, self.watched) = (true, true);
            }
            Verdict::StopAndDrop => {
                if !self.gathers {
                    self.held.borrow_mut().clear();
                }
                self.holds |= end;
            }
        }
        self.passing = Passing::Stopped;
    }

    /// What waits goes on.
    pub(super) fn take(&mut self) -> BytesMut {
        (self.holds, self.gathers, self.watched) = (false, false, false);
        let held = std::mem::take(&mut *self.held.borrow_mut());
        if self.kept.is_empty() {
            return held;
        }
        let mut all = std::mem::take(&mut self.kept);
        all.extend_from_slice(&held);
        all
    }

    pub(super) fn size(&self) -> usize {
        self.held.borrow().len() + self.kept.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_keeps_its_order() {
        let mut stage = Stage::default();
        for (piece, verdict) in [
            ("a", Verdict::StopAndWatch),
            ("b", Verdict::StopAndWatch),
            ("x", Verdict::StopAndDrop),
            ("c", Verdict::Stop),
            ("d", Verdict::Stop),
        ] {
            stage.add(piece.as_bytes().into());
            stage.decide(verdict, false);
        }
        assert_eq!(stage.size(), 4);
        assert_eq!(&stage.held.borrow()[..], b"abcd");
        assert_eq!(&stage.take()[..], b"abcd");
        assert!(!stage.holds && stage.size() == 0);
    }
}
