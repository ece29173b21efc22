//! Lines of text, and names in them.

use kit::HostName;

use crate::report::Refusal;

/// Lines longer than this are refused.
pub(crate) const LONGEST_LINE: usize = 4096;

/// One line.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Counted from 1.
    pub number: u64,
    /// The bytes, without the line feed.
    pub raw: &'a [u8],
    /// The same as text, where the whole file is text.
    text: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// The line as text.
    #[inline]
    pub(crate) fn text(&self) -> Option<&'a str> {
        // A file that is text nearly throughout still has lines that are.
        self.text.or_else(|| std::str::from_utf8(self.raw).ok())
    }
}

/// The lines of a text: a byte-order mark at the start is dropped, and a last line need not end.
pub(crate) fn of(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    all(without_mark(text), None, 0)
}

/// The same of a piece of a text, after as many lines of it as `before`, of which all are wanted: whether the piece is UTF-8
/// is found out once.
pub(crate) fn of_piece(piece: &[u8], before: u64) -> impl Iterator<Item = Line<'_>> {
    all(piece, std::str::from_utf8(piece).ok(), before)
}

fn all<'a>(bytes: &'a [u8], text: Option<&'a str>, before: u64) -> impl Iterator<Item = Line<'a>> {
    let (mut start, mut number) = (0, before);
    std::iter::from_fn(move || {
        let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
        number += 1;
        let end = memchr::memchr(b'\n', rest).map_or(bytes.len(), |at| start + at);
        let line =
            Line { number, raw: bytes.get(start..end)?, text: text.and_then(|text| text.get(start..end)) };
        start = end + 1;
        Some(line)
    })
}

/// The text without a UTF-8 byte-order mark.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The text before a `#`, trimmed.
pub(crate) fn without_tail(text: &str) -> &str {
    text.split('#').next().unwrap_or(text).trim_ascii()
}

/// The words of a line, without what follows a `#`; `None` for a blank line or a comment.
pub(crate) fn words<'a>(line: &Line<'a>) -> Result<Option<&'a str>, Refusal> {
    let raw = line.raw.trim_ascii();
    if raw.is_empty()
        || raw.starts_with(b"#")
        || raw.starts_with(b";")
        || raw.starts_with(b"!")
        || raw.starts_with(b"//")
    {
        return Ok(None);
    }
    if raw.len() > LONGEST_LINE {
        return Err(Refusal::LineTooLong);
    }
    let text = std::str::from_utf8(raw).map_err(|_| Refusal::NotText)?;
    let text = without_tail(text);
    if text.bytes().any(|byte| byte < b' ' && byte != b'\t') {
        return Err(Refusal::NotText);
    }
    Ok((!text.is_empty()).then_some(text))
}

/// Whether the bytes are only those of host names as lists carry them: lower-case letters, digits, `-`, `_` and dots.
#[inline]
pub(crate) fn plain_name(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'))
}

/// The host name that a word spells. Words already in the right form are borrowed; others are put into `scratch`.
pub(crate) fn host_name<'a>(word: &'a str, scratch: &'a mut String) -> Result<HostName<'a>, Refusal> {
    let word = word.strip_suffix('.').unwrap_or(word);
    let text: &str = if word.is_ascii() {
        if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            scratch.clear();
            scratch.extend(word.chars().map(|c| c.to_ascii_lowercase()));
            scratch
        } else {
            word
        }
    } else {
        // Hyphens where UTS 46 forbids them are let pass, as browsers do.
        *scratch = kit::host::normalise_host_name(word).ok_or(Refusal::International)?;
        scratch
    };
    if !plain_name(text.as_bytes()) {
        return Err(why_no_name(text));
    }
    let name = HostName::new(text).ok_or_else(|| why_no_name(text))?;
    let last = text.rsplit('.').next().unwrap_or(text);
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::EndsInNumber);
    }
    Ok(name)
}

/// Why a text is not a host name.
fn why_no_name(text: &str) -> Refusal {
    if text.contains('*') {
        Refusal::WildcardInside
    } else if ["||", "=/", "^", "$", "@@"].iter().any(|mark| text.contains(mark)) {
        Refusal::AnotherFormat
    } else if text.contains('/') {
        Refusal::PathInNames
    } else if text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        Refusal::Port
    } else if !plain_name(text.as_bytes()) {
        Refusal::NotAName
    } else if text.split('.').any(str::is_empty) {
        Refusal::EmptyLabel
    } else if text.split('.').any(|label| label.len() > 63) {
        Refusal::LabelTooLong
    } else {
        Refusal::NameTooLong
    }
}
