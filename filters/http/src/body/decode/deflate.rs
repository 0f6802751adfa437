//! `deflate`: zlib's format (RFC 1950), and, since servers send it too, bare DEFLATE (RFC 1951).

use flate2::{Decompress, FlushDecompress, Status};

use super::super::Unreadable;
use super::Step;

#[derive(Debug, Default)]
pub(super) struct Deflate {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    /// Nothing was read, or the first of the two bytes that tell the formats apart.
    #[default]
    Empty,
    One(u8),
    /// The bytes that are still to be given to it, and the rest.
    Open {
        head: Vec<u8>,
        inflate: Decompress,
    },
    End,
}

impl Deflate {
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.state, State::End)
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Unreadable> {
        match &mut self.state {
            State::Empty | State::One(_) if input.is_empty() => Ok(Step { read: 0, written: 0 }),
            State::Empty => {
                self.state = State::One(input.first().copied().unwrap_or_default());
                Ok(Step { read: 1, written: 0 })
            }
            State::One(first) => {
                let head = vec![*first, input.first().copied().unwrap_or_default()];
                // RFC 1950, section 2.2: the method is 8, and the two bytes are a multiple of 31.
                let both = head.iter().fold(0_u32, |both, byte| (both << 8) | u32::from(*byte));
                let zlib = *first & 15 == 8 && both.is_multiple_of(31);
                self.state = State::Open { head, inflate: Decompress::new(zlib) };
                Ok(Step { read: 1, written: 0 })
            }
            State::Open { head, inflate } if !head.is_empty() => {
                let (read, written, ended) = inflate_step(inflate, head, output, "deflate")?;
                head.drain(..read.min(head.len()));
                if (ended || written == 0) && !head.is_empty() {
                    return Err(Unreadable::Coding("deflate"));
                }
                if ended {
                    self.state = State::End;
                }
                // Where nothing came of them, what follows may be read at once.
                if written == 0 { self.step(input, output) } else { Ok(Step { read: 0, written }) }
            }
            State::Open { inflate, .. } => {
                let (read, written, ended) = inflate_step(inflate, input, output, "deflate")?;
                if ended {
                    self.state = State::End;
                }
                Ok(Step { read, written })
            }
            State::End if input.is_empty() => Ok(Step { read: 0, written: 0 }),
            State::End => Err(Unreadable::Coding("deflate")),
        }
    }
}

/// How many bytes were read and written, and whether the stream has ended.
pub(super) fn inflate_step(
    inflate: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
    name: &'static str,
) -> Result<(usize, usize, bool), Unreadable> {
    let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
    let status =
        inflate.decompress(input, output, FlushDecompress::None).map_err(|_| Unreadable::Coding(name))?;
    let count = |after: u64, before: u64| usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX);
    Ok((
        count(inflate.total_in(), before_in),
        count(inflate.total_out(), before_out),
        status == Status::StreamEnd,
    ))
}
