//! Reads the head of an HTTP/1 message, more strictly than the standard asks: what two readers could take
//! differently is refused, because a filter that reads one thing while the origin reads another filters nothing.
//!
//! Refused: a bare CR or LF, NUL and other control bytes, a folded line, a space before the colon, an empty or
//! odd field name, more than one space in the first line, and anything beyond the limits. RFC 9112, sections 2.2, 3,
//! 4, 5.

/// The most bytes a head may have, its empty line included.
pub const MOST_BYTES: usize = 64 * 1024;
/// The most fields a head may have.
pub const MOST_FIELDS: usize = 100;

/// Why a head was not accepted. Each is a sentence for the page that refuses it; none repeats what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// A line that ends with LF alone, or holds a CR that no LF follows.
    #[error("a line does not end with CR LF")]
    BareLineEnd,
    /// NUL or another control byte.
    #[error("a control byte stands where only text may")]
    ControlByte,
    /// A line that starts with a space or a tab (obs-fold).
    #[error("a header is folded over two lines")]
    Folded,
    /// Whitespace between a field's name and its colon.
    #[error("whitespace stands before a header's colon")]
    SpaceBeforeColon,
    /// A field without a colon, or whose name is no token.
    #[error("a header has no proper name")]
    FieldName,
    /// The first line is not three words with one space between them.
    #[error("the first line is not that of an HTTP/1 message")]
    FirstLine,
    /// A version that is neither 1.0 nor 1.1.
    #[error("only HTTP/1.0 and HTTP/1.1 are spoken here")]
    Version,
    /// More than [`MOST_BYTES`].
    #[error("the head is longer than 64 KiB")]
    TooLong,
    /// More than [`MOST_FIELDS`].
    #[error("the head has more than 100 headers")]
    TooManyFields,
}

/// How far a search for the end of a head has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// More bytes are needed.
    More,
    /// The head is the first so many bytes, its empty line included.
    Ends(usize),
}

/// Looks for the end of the head in `bytes`. `seen` remembers how far earlier calls on the same, shorter bytes came,
/// so that a head that trickles in costs linear time; a bare line end is refused as soon as it is there.
pub fn scan(bytes: &[u8], seen: &mut usize) -> Result<Scan, HeadError> {
    while let Some(found) = bytes.get(*seen..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let at = *seen + found;
        let before = bytes.get(..at).unwrap_or_default();
        if !before.ends_with(b"\r") {
            return Err(HeadError::BareLineEnd);
        }
        if at >= MOST_BYTES {
            return Err(HeadError::TooLong);
        }
        *seen = at + 1;
        if before.ends_with(b"\r\n\r") {
            return Ok(Scan::Ends(at + 1));
        }
    }
    *seen = bytes.len();
    if bytes.len() >= MOST_BYTES { Err(HeadError::TooLong) } else { Ok(Scan::More) }
}

/// The version a message declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// A part of the head's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    from: u16,
    to: u16,
}

impl Span {
    fn new(from: usize, to: usize) -> Self {
        // Heads end before 64 KiB, so every place in one fits.
        Self { from: u16::try_from(from).unwrap_or(u16::MAX), to: u16::try_from(to).unwrap_or(u16::MAX) }
    }

    /// The bytes that this part of `head` holds.
    pub fn of(self, head: &[u8]) -> &[u8] {
        head.get(usize::from(self.from)..usize::from(self.to)).unwrap_or_default()
    }

    /// The place of `word`, a slice of what this part of `head` holds.
    pub fn word(self, word: &[u8], head: &[u8]) -> Self {
        let from = (word.as_ptr() as usize).saturating_sub(head.as_ptr() as usize);
        Self::new(from, from + word.len())
    }
}

/// One field: the places of its name and of its value, whitespace around it left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Field {
    /// The name as it was sent.
    pub name: Span,
    /// The value.
    pub value: Span,
}

/// The parts of a head: its first line in three words, and its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// The first line's words. Of a response the third may hold spaces or be empty.
    pub words: [Span; 3],
    /// The fields in their order.
    pub fields: Vec<Field>,
}

/// Which kind of first line is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `GET http://example.org/ HTTP/1.1`.
    Request,
    /// `HTTP/1.1 200 OK`.
    Response,
}

const TOKEN: u8 = 1;
const TEXT: u8 = 2;
/// What each byte may stand in: a token (RFC 9110, 5.6.2), a field's value (5.5: tab, space, visible, obs-text).
#[expect(clippy::indexing_slicing, reason = "worked out while compiling, where a wrong index is an error")]
const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            )
        {
            class[byte] |= TOKEN;
        }
        if b == b'\t' || (b >= b' ' && b != 0x7f) {
            class[byte] |= TEXT;
        }
        byte += 1;
    }
    class
};

fn is(byte: u8, class: u8) -> bool {
    CLASS.get(usize::from(byte)).is_some_and(|have| have & class != 0)
}

/// Whether the bytes are one token.
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is(byte, TOKEN))
}

/// Reads a whole head, as [`scan`] found it, into `parts`, whose room is used again.
pub fn read(head: &[u8], kind: Kind, parts: &mut Parts) -> Result<(), HeadError> {
    parts.fields.clear();
    if head.len() > MOST_BYTES {
        return Err(HeadError::TooLong);
    }
    let mut at = 0;
    let line = next_line(head, &mut at)?.ok_or(HeadError::FirstLine)?;
    parts.words = first_line(line, kind)?;
    while let Some(line) = next_line(head, &mut at)? {
        if line.is_empty() {
            return if at == head.len() { Ok(()) } else { Err(HeadError::BareLineEnd) };
        }
        if parts.fields.len() == MOST_FIELDS {
            return Err(HeadError::TooManyFields);
        }
        let start = at - line.len() - 2;
        parts.fields.push(field(line, start)?);
    }
    Err(HeadError::BareLineEnd)
}

/// The next line without its end, which must be CR LF; `None` at the end of the bytes.
fn next_line<'a>(head: &'a [u8], at: &mut usize) -> Result<Option<&'a [u8]>, HeadError> {
    let Some(rest) = head.get(*at..).filter(|rest| !rest.is_empty()) else { return Ok(None) };
    let end = memchr::memchr(b'\n', rest).ok_or(HeadError::BareLineEnd)?;
    let line = rest.get(..end).and_then(|line| line.strip_suffix(b"\r")).ok_or(HeadError::BareLineEnd)?;
    *at += end + 1;
    Ok(Some(line))
}

fn first_line(line: &[u8], kind: Kind) -> Result<[Span; 3], HeadError> {
    let first = memchr::memchr(b' ', line).ok_or(HeadError::FirstLine)?;
    let after = line.get(first + 1..).unwrap_or_default();
    let second = match (memchr::memchr(b' ', after), kind) {
        (Some(place), _) => first + 1 + place,
        // "HTTP/1.1 200" without the space that should follow is common and clear.
        (None, Kind::Response) => line.len(),
        (None, Kind::Request) => return Err(HeadError::FirstLine),
    };
    let third = (second + 1).min(line.len());
    let words = [Span::new(0, first), Span::new(first + 1, second), Span::new(third, line.len())];
    let [one, two, three] = words.map(|word| word.of(line));
    if let Some(&bad) = line.iter().find(|&&byte| !is(byte, TEXT)) {
        return Err(if bad == b'\r' { HeadError::BareLineEnd } else { HeadError::ControlByte });
    }
    let good = match kind {
        Kind::Request => {
            is_token(one)
                && !two.is_empty()
                && !two.contains(&b'\t')
                && !three.contains(&b' ')
                && version(three)?.is_some()
        }
        Kind::Response => {
            version(one)?.is_some()
                && two.len() == 3
                && two.iter().all(u8::is_ascii_digit)
                && !two.starts_with(b"0")
        }
    };
    if good { Ok(words) } else { Err(HeadError::FirstLine) }
}

/// The version that a word names: an error for another HTTP, nothing for a word that is no version.
fn version(word: &[u8]) -> Result<Option<Version>, HeadError> {
    match word {
        b"HTTP/1.1" => Ok(Some(Version::Http11)),
        b"HTTP/1.0" => Ok(Some(Version::Http10)),
        _ if word.starts_with(b"HTTP/") && word.len() <= 10 => Err(HeadError::Version),
        _ => Ok(None),
    }
}

/// The version of a word that [`read`] accepted.
pub fn version_of(word: &[u8]) -> Version {
    if word == b"HTTP/1.0" { Version::Http10 } else { Version::Http11 }
}

fn field(line: &[u8], start: usize) -> Result<Field, HeadError> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Err(HeadError::Folded);
    }
    let colon = memchr::memchr(b':', line).ok_or(HeadError::FieldName)?;
    let (name, rest) = line.split_at(colon);
    if matches!(name.last(), Some(b' ' | b'\t')) {
        return Err(HeadError::SpaceBeforeColon);
    }
    if !is_token(name) {
        return Err(HeadError::FieldName);
    }
    let raw = rest.get(1..).unwrap_or_default();
    if let Some(&bad) = raw.iter().find(|&&byte| !is(byte, TEXT)) {
        return Err(if bad == b'\r' { HeadError::BareLineEnd } else { HeadError::ControlByte });
    }
    let leading = raw.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let trailing = raw.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let from = start + colon + 1 + leading;
    let to = (start + line.len() - trailing).max(from);
    Ok(Field { name: Span::new(start, start + colon), value: Span::new(from, to) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(head: &[u8], kind: Kind) -> Result<Parts, HeadError> {
        let mut parts = Parts::default();
        read(head, kind, &mut parts).map(|()| parts)
    }

    #[test]
    fn what_two_readers_could_take_differently_is_refused() {
        use HeadError as E;
        for (head, wanted) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", None),
            ("GET / HTTP/1.0\r\n\r\n", None),
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", Some(E::BareLineEnd)),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", Some(E::BareLineEnd)),
            ("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", Some(E::BareLineEnd)),
            ("GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", Some(E::BareLineEnd)),
            ("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", Some(E::ControlByte)),
            ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", Some(E::ControlByte)),
            ("GET / HTTP/1.1\r\nHost: a\x0b\r\n\r\n", Some(E::ControlByte)),
            ("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", Some(E::Folded)),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Some(E::Folded)),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", Some(E::SpaceBeforeColon)),
            ("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", Some(E::SpaceBeforeColon)),
            ("GET / HTTP/1.1\r\n: a\r\n\r\n", Some(E::FieldName)),
            ("GET / HTTP/1.1\r\nHost\r\n\r\n", Some(E::FieldName)),
            ("GET / HTTP/1.1\r\nHo(st: a\r\n\r\n", Some(E::FieldName)),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Some(E::FirstLine)),
            ("GET / x HTTP/1.1\r\nHost: a\r\n\r\n", Some(E::FirstLine)),
            ("GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", Some(E::FirstLine)),
            ("GET /\r\nHost: a\r\n\r\n", Some(E::FirstLine)),
            (" GET / HTTP/1.1\r\n\r\n", Some(E::FirstLine)),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", Some(E::Version)),
            ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", Some(E::Version)),
            ("GET / http/1.1\r\nHost: a\r\n\r\n", Some(E::FirstLine)),
            ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", Some(E::FirstLine)),
        ] {
            assert_eq!(parse(head.as_bytes(), Kind::Request).err(), wanted, "{head:?}");
        }
    }

    #[test]
    fn limits_hold_and_a_bare_line_end_is_seen_at_once() {
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(MOST_FIELDS + 1));
        assert_eq!(parse(many.as_bytes(), Kind::Request), Err(HeadError::TooManyFields));
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(MOST_BYTES));
        assert_eq!(scan(long.as_bytes(), &mut 0), Err(HeadError::TooLong));
        assert_eq!(scan(b"GET / HTTP/1.1\n", &mut 0), Err(HeadError::BareLineEnd));
        assert_eq!(scan(b"\n", &mut 0), Err(HeadError::BareLineEnd));
    }

    #[test]
    fn a_head_that_trickles_in_ends_where_the_whole_one_ends() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
        let mut seen = 0;
        for so_far in 0..=head.len() {
            let found = scan(&head[..so_far], &mut seen).unwrap();
            if so_far < head.len() - 4 {
                assert_eq!(found, Scan::More);
            } else {
                assert_eq!(found, Scan::Ends(head.len() - 4));
                break;
            }
        }
    }

    #[test]
    fn a_response_may_lack_its_words_but_not_its_number() {
        for (head, good) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 404 Not found here\r\nA: \u{e9}\r\n\r\n", true),
            ("HTTP/1.1 200\r\n\r\n", true),
            ("HTTP/1.1 200 \r\n\r\n", true),
            ("HTTP/1.1 20 OK\r\n\r\n", false),
            ("HTTP/1.1 020 OK\r\n\r\n", false),
            ("HTTP/1.1  200 OK\r\n\r\n", false),
            ("ICY 200 OK\r\n\r\n", false),
        ] {
            assert_eq!(parse(head.as_bytes(), Kind::Response).is_ok(), good, "{head:?}");
        }
    }

    proptest! {
        /// Whatever is accepted here, another reader takes for the same first line and the same fields.
        #[test]
        fn an_accepted_head_means_the_same_to_another_reader(
            head in "(GET|PUT|X) [!-~]{1,12} HTTP/1\\.[01]\r\n([A-Za-z(:. ]{1,4}[: \t]{1,2}[ -~\t\u{e9}]{0,6}(\r\n|\n|\r)){0,4}\r\n"
        ) {
            let head = head.as_bytes();
            if let (Ok(Scan::Ends(end)), true) = (scan(head, &mut 0), true) {
                let head = &head[..end];
                if let Ok(parts) = parse(head, Kind::Request) {
                    let mut fields = [httparse::EMPTY_HEADER; 128];
                    let mut other = httparse::Request::new(&mut fields);
                    prop_assert_eq!(other.parse(head).unwrap(), httparse::Status::Complete(end));
                    prop_assert_eq!(other.method.unwrap().as_bytes(), parts.words[0].of(head));
                    prop_assert_eq!(other.path.unwrap().as_bytes(), parts.words[1].of(head));
                    prop_assert_eq!(other.headers.len(), parts.fields.len());
                    for (theirs, ours) in other.headers.iter().zip(&parts.fields) {
                        prop_assert_eq!(theirs.name.as_bytes(), ours.name.of(head));
                        prop_assert_eq!(theirs.value, ours.value.of(head));
                    }
                }
            }
        }

        /// No bytes at all make the reader panic.
        #[test]
        fn any_bytes_are_read_or_refused(head in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = scan(&head, &mut 0);
            let _ = parse(&head, Kind::Request);
            let _ = parse(&head, Kind::Response);
        }
    }
}
