//! What an origin answers, once its head has been read. Pure.

use crate::body::Framing;
use crate::field::{Known, known, length, words};
use crate::head::{HeadError, Parts, Span, Version, version_of};

/// Why an answer is not passed on: two readers could find two ends of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// The head was not accepted.
    #[error("the website's answer is not proper HTTP: {0}")]
    Head(#[from] HeadError),
    /// Lengths that differ, are no numbers, or stand beside chunks.
    #[error("the website's answer does not say clearly where it ends")]
    Framing,
    /// `101` to a request that asked for no change of protocol.
    #[error("the website changed to another protocol without being asked")]
    Unasked,
}

/// An answer's head, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Where the body ends.
    pub framing: Framing,
    /// A length that a `HEAD` or `304` answer declares without a body.
    pub declared: Option<u64>,
    /// Whether the origin's connection ends with it.
    pub close: bool,
    /// The fields that `Connection` names: they end here.
    pub named: Vec<Span>,
}

/// Understands an answer's head to a request that was `head` or not.
pub fn understand(head: &[u8], parts: &Parts, to_head: bool) -> Result<Answer, BadAnswer> {
    let [version, status, _] = parts.words.map(|word| word.of(head));
    let version = version_of(version);
    let status = status.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit.saturating_sub(b'0')));
    let (mut length_seen, mut chunked, mut close) = (None, false, version == Version::Http10);
    let mut named = Vec::new();
    for field in &parts.fields {
        let value = field.value.of(head);
        match known(field.name.of(head)) {
            Known::ContentLength => {
                let bytes = length(value).ok_or(BadAnswer::Framing)?;
                if length_seen.is_some_and(|seen| seen != bytes) {
                    return Err(BadAnswer::Framing);
                }
                length_seen = Some(bytes);
            }
            Known::TransferEncoding => {
                if chunked || version == Version::Http10 || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(BadAnswer::Framing);
                }
                chunked = true;
            }
            Known::Connection | Known::ProxyConnection => {
                for word in words(value) {
                    match known(word) {
                        Known::Host | Known::ContentLength | Known::TransferEncoding => {
                            return Err(BadAnswer::Framing);
                        }
                        _ if word.eq_ignore_ascii_case(b"close") => close = true,
                        _ if word.eq_ignore_ascii_case(b"keep-alive") => {}
                        _ => named.push(field.value.word(word, head)),
                    }
                }
            }
            _ => {}
        }
    }
    if chunked && length_seen.is_some() {
        return Err(BadAnswer::Framing);
    }
    let bodiless = to_head || status < 200 || status == 204 || status == 304;
    let framing = match (bodiless, chunked, length_seen) {
        (true, ..) => Framing::None,
        (false, true, _) => Framing::Chunked,
        (false, false, Some(bytes)) => Framing::Length(bytes),
        (false, false, None) => Framing::UntilClose,
    };
    let declared = length_seen.filter(|_| status >= 200 && status != 204);
    Ok(Answer { status, framing, declared, close: close || framing == Framing::UntilClose, named })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::{Kind, read};

    fn answer(head: &str, to_head: bool) -> Result<Answer, BadAnswer> {
        let mut parts = Parts::default();
        read(head.as_bytes(), Kind::Response, &mut parts)?;
        understand(head.as_bytes(), &parts, to_head)
    }

    #[test]
    fn an_answer_ends_where_the_standard_says_or_is_refused() {
        let bad = Err(BadAnswer::Framing);
        for (head, to_head, wanted) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, Ok(Framing::Length(5))),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
                false,
                Ok(Framing::Length(5)),
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, Ok(Framing::Chunked)),
            ("HTTP/1.1 200 OK\r\n\r\n", false, Ok(Framing::UntilClose)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, Ok(Framing::None)),
            ("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", false, Ok(Framing::None)),
            ("HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", false, Ok(Framing::None)),
            ("HTTP/1.1 100 Go on\r\n\r\n", false, Ok(Framing::None)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", false, bad),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", false, bad),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", false, bad),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", false, bad),
            ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, bad),
            ("HTTP/1.1 200 OK\r\nConnection: transfer-encoding\r\n\r\n", false, bad),
        ] {
            assert_eq!(answer(head, to_head).map(|answer| answer.framing), wanted, "{head:?}");
        }
    }

    #[test]
    fn an_answer_says_whether_its_connection_stays() {
        for (head, close) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n", true),
            ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\n\r\n", true),
        ] {
            assert_eq!(answer(head, false).unwrap().close, close, "{head:?}");
        }
    }
}
