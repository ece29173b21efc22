//! A text in pieces of whole lines, read through one buffer.

use std::io::{self, Read};

use super::lines::without_mark;

/// How many bytes of a text are in memory at once while it is read.
pub const PIECE: usize = 256 << 10;

/// A part of a text.
pub(super) enum Piece<'t> {
    /// Whole lines, without a byte-order mark at the start of the text.
    Lines(&'t [u8]),
    /// A line that is longer than the buffer.
    TooLong,
}

/// Whoever reads wants no more.
pub(super) struct Stop;

/// Gives a text to `take`, piece by piece, until it ends or `take` stops it.
pub(super) fn each(
    from: &mut dyn Read,
    take: &mut dyn FnMut(Piece<'_>) -> Result<(), Stop>,
) -> io::Result<Result<(), Stop>> {
    let mut buffer = vec![0; PIECE];
    // How much of the buffer is text that was not given yet; whether the start of its line was thrown away already.
    let (mut filled, mut is_rest) = (0, false);
    let mut mark_may_come = true;
    loop {
        let n = match from.read(buffer.get_mut(filled..).unwrap_or_default()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        filled += n;
        let is_over = n == 0;
        if filled < PIECE && !is_over {
            continue;
        }
        let text = buffer.get(..filled).unwrap_or_default();
        let mut start = 0;
        if is_rest {
            match memchr::memchr(b'\n', text) {
                Some(end) => (start, is_rest) = (end + 1, false),
                None => start = filled,
            }
        }
        let end = if is_over { Some(filled) } else { memchr::memrchr(b'\n', text).map(|end| end + 1) };
        let end = end.filter(|end| *end >= start);
        let mut outcome = Ok(());
        if let Some(lines) = end.and_then(|end| text.get(start..end)).filter(|lines| !lines.is_empty()) {
            let lines = if std::mem::take(&mut mark_may_come) { without_mark(lines) } else { lines };
            outcome = take(Piece::Lines(lines));
            start = end.unwrap_or(filled);
        } else if filled == PIECE && start == 0 {
            mark_may_come = false;
            outcome = take(Piece::TooLong);
            (start, is_rest) = (filled, true);
        }
        if outcome.is_err() || is_over {
            return Ok(outcome);
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that is made as it is read, and remembers how much was ever asked for at once.
    struct Made<'t> {
        parts: Vec<&'t [u8]>,
        most: usize,
    }

    impl Read for Made<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.most = self.most.max(buffer.len());
            while self.parts.first().is_some_and(|part| part.is_empty()) {
                self.parts.remove(0);
            }
            let Some(part) = self.parts.first_mut() else { return Ok(0) };
            // Never all that was asked for: readers give what they have.
            let n = part.len().min(buffer.len()).min(70_000);
            buffer[..n].copy_from_slice(&part[..n]);
            *part = &part[n..];
            Ok(n)
        }
    }

    fn given(parts: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut from = Made { parts: parts.to_vec(), most: 0 };
        let mut all = Vec::new();
        let outcome = each(&mut from, &mut |piece| {
            match piece {
                Piece::Lines(text) => {
                    assert!(text.len() <= PIECE);
                    let lines = text.split_inclusive(|byte| *byte == b'\n');
                    all.extend(lines.map(|line| Some(line.to_vec())));
                }
                Piece::TooLong => all.push(None),
            }
            Ok(())
        });
        assert!(outcome.unwrap().is_ok() && from.most <= PIECE);
        all
    }

    #[test]
    fn pieces_are_whole_lines_and_a_line_longer_than_one_is_told() {
        let line = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(given(&[]), []);
        assert_eq!(given(&[b"\xef\xbb\xbfa\n\nb"]), [line("a\n"), line("\n"), line("b")]);
        let long = vec![b'x'; PIECE];
        for times in [1, 2, 5] {
            let longs = vec![long.as_slice(); times];
            let parts: Vec<&[u8]> = [&[b"a\n".as_slice()][..], &longs, &[b"y\nb\n", b"c"]].concat();
            assert_eq!(given(&parts), [line("a\n"), None, line("b\n"), line("c")], "{times}");
            assert_eq!(given(&longs[..times]), [None], "{times}");
            let parts: Vec<&[u8]> = [&longs[..], &[b"\n"], &longs, &[b"\nb"]].concat();
            assert_eq!(given(&parts), [None, None, line("b")], "{times}");
        }
    }

    #[test]
    fn every_line_comes_once_wherever_a_piece_ends() {
        let lines: Vec<String> = (0..60_000).map(|number| format!("site{number}.example\n")).collect();
        let text = lines.concat();
        assert!(text.len() > 3 * PIECE);
        for cut in [0, 1, 7, 4_095] {
            let text = &text.as_bytes()[cut..];
            let all: Vec<u8> = given(&[text]).into_iter().flatten().flatten().collect();
            assert!(all == text, "{cut}");
        }
    }
}
