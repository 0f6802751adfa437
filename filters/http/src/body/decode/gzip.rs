//! `gzip` (RFC 1952): members one after another, each with its check.

use flate2::{Crc, Decompress};

use super::super::Unreadable;
use super::Step;
use super::deflate::inflate_step;

const NAME: &str = "gzip";
/// Bits of FLG.
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const FILE_NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

#[derive(Debug)]
pub(super) struct Gzip {
    state: State,
    /// Of the fixed part of the header, of lengths, and of the trailer: what has been read of it.
    fixed: Vec<u8>,
    flags: u8,
    inflate: Decompress,
    crc: Crc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Ten bytes.
    Header,
    /// Two bytes, and as many as they say.
    ExtraLength,
    Extra(u16),
    /// Up to a NUL.
    FileName,
    Comment,
    /// Two bytes.
    HeaderCrc,
    Body,
    /// Eight bytes.
    Trailer,
}

impl Default for Gzip {
    fn default() -> Self {
        Self {
            state: State::Header,
            fixed: Vec::new(),
            flags: 0,
            inflate: Decompress::new(false),
            crc: Crc::new(),
        }
    }
}

impl Gzip {
    /// Whether the body may end here: between members.
    pub(super) fn is_whole(&self) -> bool {
        self.state == State::Header && self.fixed.is_empty()
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Unreadable> {
        if self.state == State::Body {
            let (read, written, ended) = inflate_step(&mut self.inflate, input, output, NAME)?;
            self.crc.update(output.get(..written).unwrap_or_default());
            if ended {
                self.state = State::Trailer;
            }
            return Ok(Step { read, written });
        }
        let mut read = 0_usize;
        for byte in input {
            if self.state == State::Body {
                break;
            }
            read = read.saturating_add(1);
            self.frame(*byte)?;
        }
        Ok(Step { read, written: 0 })
    }

    /// A byte of what is around the compressed data.
    fn frame(&mut self, byte: u8) -> Result<(), Unreadable> {
        match self.state {
            State::FileName | State::Comment => {
                if byte == 0 {
                    self.header_goes_on();
                }
            }
            State::Extra(left) => match left.saturating_sub(1) {
                0 => self.header_goes_on(),
                left => self.state = State::Extra(left),
            },
            _ => {
                self.fixed.push(byte);
                self.fixed_part()?;
            }
        }
        Ok(())
    }

    fn fixed_part(&mut self) -> Result<(), Unreadable> {
        match (self.state, self.fixed.as_slice()) {
            // ID1, ID2, CM, FLG, MTIME, XFL, OS.
            (State::Header, [0x1f, 0x8b, 8, flags, _, _, _, _, _, _]) if flags & RESERVED == 0 => {
                self.flags = *flags;
                self.header_goes_on();
            }
            (State::Header, [0x1f] | [0x1f, 0x8b] | [0x1f, 0x8b, 8, ..]) if self.fixed.len() < 10 => {
                return Ok(());
            }
            (State::ExtraLength, [low, high]) => match u16::from_le_bytes([*low, *high]) {
                0 => self.header_goes_on(),
                length => self.state = State::Extra(length),
            },
            (State::HeaderCrc, [_, _]) => self.header_goes_on(),
            (State::Trailer, [a, b, c, d, e, f, g, h]) => {
                let (crc, size) =
                    (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h]));
                if (crc, size) != (self.crc.sum(), self.crc.amount()) {
                    return Err(Unreadable::Coding(NAME));
                }
                self.inflate.reset(false);
                self.crc.reset();
                self.state = State::Header;
            }
            (State::ExtraLength | State::HeaderCrc | State::Trailer, _) => return Ok(()),
            _ => return Err(Unreadable::Coding(NAME)),
        }
        self.fixed.clear();
        Ok(())
    }

    /// To the next part that the flags announce.
    fn header_goes_on(&mut self) {
        let parts = [
            (EXTRA, State::ExtraLength),
            (FILE_NAME, State::FileName),
            (COMMENT, State::Comment),
            (HEADER_CRC, State::HeaderCrc),
        ];
        for (flag, state) in parts {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                self.state = state;
                return;
            }
        }
        self.state = State::Body;
    }
}
