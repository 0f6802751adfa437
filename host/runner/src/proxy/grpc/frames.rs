//! gRPC's framing: a byte that tells of compression, the size in four, the message.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// Bytes of a message of the server.
pub(super) const MAX_MESSAGE: usize = 16 << 20;

const PREFIX: usize = 5;

/// A message with its prefix.
pub(super) fn frame(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(PREFIX + message.len());
    bytes.put_u8(0);
    // A message comes out of a memory of 32 bits.
    bytes.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    bytes.extend_from_slice(message);
    bytes.freeze()
}

/// What came is no message that can be taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is compressed, which nobody asked for, or no frame.
    Malformed,
    /// It is larger than [`MAX_MESSAGE`].
    TooLarge,
}

/// Messages as they come in.
#[derive(Debug, Default)]
pub(super) struct Frames(BytesMut);

impl Frames {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next message that is there as a whole.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, Unfit> {
        let Some((prefix, rest)) = self.0.split_first_chunk::<PREFIX>() else { return Ok(None) };
        let [flags, size @ ..] = *prefix;
        let size = u32::from_be_bytes(size) as usize;
        if flags != 0 {
            return Err(Unfit::Malformed);
        }
        if size > MAX_MESSAGE {
            return Err(Unfit::TooLarge);
        }
        let Some(message) = rest.get(..size).map(<[u8]>::to_vec) else { return Ok(None) };
        self.0.advance(PREFIX + size);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_split_gives_the_same_messages() {
        let bytes = [frame(b"one"), frame(b""), frame(b"three")].concat();
        for size in 1..=bytes.len() {
            let (mut frames, mut found) = (Frames::default(), Vec::new());
            for part in bytes.chunks(size) {
                frames.push(part);
                while let Some(message) = frames.next().unwrap() {
                    found.push(message);
                }
            }
            assert_eq!(found, [&b"one"[..], b"", b"three"], "{size}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused_by_its_prefix() {
        for (bytes, expected) in [
            (&b"\x01\0\0\0\x01x"[..], Unfit::Malformed),
            (b"HTTP/", Unfit::Malformed),
            (b"\0\x01\0\0\x01", Unfit::TooLarge),
            (b"\0\xff\xff\xff\xff", Unfit::TooLarge),
        ] {
            let mut frames = Frames::default();
            frames.push(bytes);
            assert_eq!(frames.next(), Err(expected), "{bytes:?}");
        }
    }
}
