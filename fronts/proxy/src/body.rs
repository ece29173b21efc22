//! Where a message's body ends. The bytes of a chunked body are passed on as they came, once every byte between the
//! chunks has been checked, so that no other reader can find another end.

use crate::head::is_token;

/// How a message says where its body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// So many bytes.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// Until the connection closes; only a response.
    UntilClose,
}

/// The chunks are not written as RFC 9112, 7.1 has them, or a trailer says what only a head may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chunks of the body are not properly written")]
pub struct BadChunks;

/// The least that is left of a body for a pipe to be worth its while.
const WORTH_A_PIPE: u64 = 32 * 1024;

/// Follows a body as it passes.
#[derive(Debug, Clone)]
pub enum Follow {
    /// So many bytes are still to come.
    Left(u64),
    /// Inside chunks.
    Chunks(Chunks),
    /// Until the connection closes.
    UntilClose,
}

impl Follow {
    /// Follows a body of that framing.
    pub fn new(framing: Framing) -> Self {
        match framing {
            Framing::None => Self::Left(0),
            Framing::Length(length) => Self::Left(length),
            Framing::Chunked => Self::Chunks(Chunks::default()),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    /// Whether nothing more belongs to the body.
    pub const fn is_done(&self) -> bool {
        match self {
            Self::Left(left) => *left == 0,
            Self::Chunks(chunks) => matches!(chunks.place, Place::Done),
            Self::UntilClose => false,
        }
    }

    /// How many bytes are still to come, where they need not be looked at and are worth a pipe.
    pub fn left_to_stream(&self) -> Option<u64> {
        match self {
            Self::Left(left) if *left >= WORTH_A_PIPE => Some(*left),
            _ => None,
        }
    }

    /// How many of `bytes` belong to the body; it remembers them as passed.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, BadChunks> {
        match self {
            Self::Left(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                Ok(taken)
            }
            Self::Chunks(chunks) => chunks.take(bytes),
            Self::UntilClose => Ok(bytes.len()),
        }
    }
}

/// The most bytes that a chunk's first line, or all trailers together, may have.
const MOST_LINE: u16 = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    EndLf,
    Done,
}

/// Follows a chunked body.
#[derive(Debug, Clone, Default)]
pub struct Chunks {
    place: Place,
    left: u64,
    digits: u8,
    line: u16,
    trailer: Vec<u8>,
}

impl Chunks {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, BadChunks> {
        let mut at = 0;
        while self.place != Place::Done {
            if self.place == Place::Data {
                let have = bytes.len() - at;
                let taken = usize::try_from(self.left).unwrap_or(usize::MAX).min(have);
                self.left -= taken as u64;
                at += taken;
                if self.left > 0 {
                    break;
                }
                self.place = Place::DataCr;
            }
            let Some(&byte) = bytes.get(at) else { break };
            at += 1;
            self.step(byte)?;
        }
        Ok(at)
    }

    fn step(&mut self, byte: u8) -> Result<(), BadChunks> {
        self.place = match (self.place, byte) {
            (Place::Size, byte) if byte.is_ascii_hexdigit() && self.digits < 15 => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                self.left = self.left << 4 | u64::from(digit);
                self.digits += 1;
                Place::Size
            }
            (Place::Size, b'\r') if self.digits > 0 => Place::SizeLf,
            (Place::Size, b';') if self.digits > 0 => Place::Extension,
            (Place::Extension, b'\r') => Place::SizeLf,
            (Place::Extension, b'\t' | b' '..=b'~') => {
                self.longer()?;
                Place::Extension
            }
            (Place::SizeLf, b'\n') => {
                self.digits = 0;
                self.line = 0;
                if self.left == 0 { Place::TrailerStart } else { Place::Data }
            }
            (Place::DataCr, b'\r') => Place::DataLf,
            (Place::DataLf, b'\n') => Place::Size,
            (Place::TrailerStart, b'\r') => Place::EndLf,
            (Place::TrailerStart | Place::Trailer, b'\t' | b' '..=b'~' | 0x80..) => {
                self.longer()?;
                self.trailer.push(byte);
                Place::Trailer
            }
            (Place::Trailer, b'\r') => Place::TrailerLf,
            (Place::TrailerLf, b'\n') => {
                self.check_trailer()?;
                Place::TrailerStart
            }
            (Place::EndLf, b'\n') => Place::Done,
            _ => return Err(BadChunks),
        };
        Ok(())
    }

    fn longer(&mut self) -> Result<(), BadChunks> {
        self.line += 1;
        if self.line > MOST_LINE { Err(BadChunks) } else { Ok(()) }
    }

    /// A trailer is a field like another, and never one that says where a message ends or where it goes.
    fn check_trailer(&mut self) -> Result<(), BadChunks> {
        let trailer = std::mem::take(&mut self.trailer);
        let colon = memchr::memchr(b':', &trailer).ok_or(BadChunks)?;
        let name = trailer.get(..colon).unwrap_or_default();
        let forbidden = ["content-length", "transfer-encoding", "host", "connection", "upgrade", "trailer"];
        if !is_token(name) || forbidden.iter().any(|bad| name.eq_ignore_ascii_case(bad.as_bytes())) {
            return Err(BadChunks);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How many bytes the body has, fed in pieces of `step`; `None` where it is refused; `Err` of what came if unfinished.
    fn follow(bytes: &[u8], step: usize) -> Option<Result<usize, usize>> {
        let mut follow = Follow::new(Framing::Chunked);
        let mut at = 0;
        for piece in bytes.chunks(step) {
            at += follow.take(piece).ok()?;
            if follow.is_done() {
                return Some(Ok(at));
            }
        }
        Some(Err(at))
    }

    #[test]
    fn chunks_end_where_they_say_and_odd_ones_are_refused() {
        for (body, wanted) in [
            ("0\r\n\r\n", Some(Ok(5))),
            ("3\r\nabc\r\n0\r\n\r\nGET ", Some(Ok(13))),
            ("A;x=\"y\"\r\n0123456789\r\n0\r\nETag: 1\r\n\r\n", Some(Ok(35))),
            ("3\r\nab", Some(Err(5))),
            ("3\nabc\r\n0\r\n\r\n", None),
            ("3\r\nabc\n0\r\n\r\n", None),
            ("3\r\nabcd\r\n0\r\n\r\n", None),
            ("\r\n", None),
            (";x\r\n", None),
            ("-1\r\n", None),
            ("0x3\r\nabc\r\n", None),
            ("3 \r\nabc\r\n0\r\n\r\n", None),
            ("+3\r\nabc\r\n0\r\n\r\n", None),
            ("3;a\nb\r\nabc\r\n0\r\n\r\n", None),
            ("3;a\rb\r\nabc\r\n0\r\n\r\n", None),
            ("fffffffffffffffff\r\n", None),
            ("0\r\nContent-Length: 5\r\n\r\n", None),
            ("0\r\nTransfer-Encoding: chunked\r\n\r\n", None),
            ("0\r\n folded\r\n\r\n", None),
            ("0\r\nno colon\r\n\r\n", None),
            ("0\r\n\n", None),
        ] {
            for step in [1, 2, 7, 100] {
                assert_eq!(follow(body.as_bytes(), step), wanted, "{body:?} in pieces of {step}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_chunks_are_found_whole(chunks in proptest::collection::vec(1usize..300, 0..8), step in 1usize..64) {
            let mut body = Vec::new();
            for length in &chunks {
                body.extend(format!("{length:x}\r\n").bytes());
                body.extend(std::iter::repeat_n(b'\n', *length));
                body.extend(b"\r\n");
            }
            body.extend(b"0\r\n\r\n");
            let whole = body.len();
            body.extend(b"GET / HTTP/1.1\r\n\r\n");
            prop_assert_eq!(follow(&body, step), Some(Ok(whole)));
        }

        #[test]
        fn any_bytes_are_followed_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200), step in 1usize..9) {
            let _ = follow(&body, step);
        }
    }
}
