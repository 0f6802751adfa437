//! Content codings (RFC 9110, section 8.4.1), decoded in pieces.

mod brotli;
mod deflate;
mod gzip;

use super::Unreadable;

/// Most codings over each other.
const MOST: usize = 2;
/// What a coding yields at once, in bytes.
const YIELD: usize = 16 << 10;

/// Decodes a body that has content codings.
///
/// Memory is what the codings need to look back, 32 KiB for gzip and deflate and up to 16 MiB for br, whatever the body
/// expands to.
#[derive(Debug)]
pub struct Decoder {
    /// The outermost first.
    codings: Vec<Coding>,
    most: usize,
    /// Whether there was anything at all.
    begun: bool,
}

#[derive(Debug)]
enum Coding {
    Gzip(Box<gzip::Gzip>),
    Deflate(Box<deflate::Deflate>),
    Brotli(Box<brotli::Brotli>),
}

/// What a coding says after one step.
struct Step {
    read: usize,
    written: usize,
}

impl Decoder {
    /// By the value of Content-Encoding, if there is one. `most` is how many bytes one piece may decode to
    /// ([`super::Limits::expansion`]).
    ///
    /// # Errors
    /// [`Unreadable::ContentEncoding`] where a coding is not known, or there are more than two.
    pub fn new(content_encoding: Option<&[u8]>, most: usize) -> Result<Self, Unreadable> {
        let mut codings = Vec::new();
        for name in content_encoding.unwrap_or_default().split(|byte| *byte == b',') {
            codings.push(match name.trim_ascii().to_ascii_lowercase().as_slice() {
                b"" | b"identity" => continue,
                b"gzip" | b"x-gzip" => Coding::Gzip(Box::default()),
                b"deflate" => Coding::Deflate(Box::default()),
                b"br" => Coding::Brotli(Box::default()),
                _ => return Err(Unreadable::ContentEncoding),
            });
        }
        if codings.len() > MOST {
            return Err(Unreadable::ContentEncoding);
        }
        // The last one named was applied last.
        codings.reverse();
        Ok(Self { codings, most, begun: false })
    }

    /// Whether bytes pass as they are.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.codings.is_empty()
    }

    /// Takes the next piece, and gives what it decodes to in parts of bounded size.
    ///
    /// # Errors
    /// [`Unreadable`] of the coding, of the expansion, or of `sink`. The body is to be cut there.
    pub fn push(
        &mut self,
        piece: &[u8],
        mut sink: impl FnMut(&[u8]) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.begun |= !piece.is_empty();
        let mut room = self.most;
        decode(&mut self.codings, piece, &mut room, &mut |part| sink(part)).map_err(|error| match error {
            Unreadable::Expansion(_) => Unreadable::Expansion(self.most),
            other => other,
        })
    }

    /// The body has ended.
    ///
    /// # Errors
    /// [`Unreadable::Truncated`] where it must not have. A body without a byte is whole in any coding.
    pub fn finish(&self) -> Result<(), Unreadable> {
        let whole = self.codings.iter().all(|coding| match coding {
            Coding::Gzip(gzip) => gzip.is_whole(),
            Coding::Deflate(deflate) => deflate.is_whole(),
            Coding::Brotli(brotli) => brotli.is_whole(),
        });
        if whole || !self.begun { Ok(()) } else { Err(Unreadable::Truncated("its content coding")) }
    }
}

fn decode(
    codings: &mut [Coding],
    piece: &[u8],
    room: &mut usize,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let Some((coding, inner)) = codings.split_first_mut() else { return sink(piece) };
    let mut rest = piece;
    let mut buffer = vec![0; YIELD];
    loop {
        let step = match coding {
            Coding::Gzip(gzip) => gzip.step(rest, &mut buffer),
            Coding::Deflate(deflate) => deflate.step(rest, &mut buffer),
            Coding::Brotli(brotli) => brotli.step(rest, &mut buffer),
        }?;
        rest = rest.get(step.read..).unwrap_or_default();
        if step.written > 0 {
            *room = room.checked_sub(step.written).ok_or(Unreadable::Expansion(0))?;
            decode(inner, buffer.get(..step.written).unwrap_or_default(), room, sink)?;
        } else if step.read == 0 {
            // Nothing is left in what was read before; what is never read belongs to no coding.
            return if rest.is_empty() { Ok(()) } else { Err(Unreadable::ContentEncoding) };
        }
    }
}
