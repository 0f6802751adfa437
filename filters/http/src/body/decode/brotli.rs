//! `br` (RFC 7932), with windows of up to 16 MiB.

use std::fmt;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::super::Unreadable;
use super::Step;

pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    whole: bool,
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brotli").field("whole", &self.whole).finish_non_exhaustive()
    }
}

impl Default for Brotli {
    fn default() -> Self {
        let alloc = StandardAlloc::default;
        // Strict: no windows beyond those of RFC 7932.
        Self { state: BrotliState::new_strict(alloc(), alloc(), alloc()), whole: false }
    }
}

impl Brotli {
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Unreadable> {
        if self.whole {
            return if input.is_empty() {
                Ok(Step { read: 0, written: 0 })
            } else {
                Err(Unreadable::Coding("br"))
            };
        }
        let (mut left, mut read) = (input.len(), 0);
        let (mut room, mut written, mut total) = (output.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut read,
            input,
            &mut room,
            &mut written,
            output,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => return Err(Unreadable::Coding("br")),
            BrotliResult::ResultSuccess => self.whole = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok(Step { read, written })
    }
}
