//! Writes the heads that are passed on. Every line is written here from checked parts, so nothing that a sender put
//! between them survives.

use std::borrow::Cow;
use std::io::Write as _;

use engine::{SafeTarget, behalf};

use crate::authority::OwnHost;
use crate::body::Framing;
use crate::field::{Known, known};
use crate::head::{Parts, Span, Version};
use crate::request::Ask;
use crate::response::Answer;

/// What the gate says of its own in a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Besides<'a> {
    /// The name that it gives itself, if it gives one.
    pub via: Option<&'a str>,
    /// What tells the portal for whom it speaks.
    pub behalf: Option<&'a str>,
    /// What a search engine or YouTube is held to. What the client says of that itself is left out.
    pub safe: Option<&'a SafeTarget>,
}

/// Appends the head for the origin to `out`.
pub fn request(
    out: &mut Vec<u8>,
    head: &[u8],
    parts: &Parts,
    ask: &Ask,
    to: (&OwnHost, u16, &str),
    besides: Besides<'_>,
) {
    let Besides { via, behalf, safe } = besides;
    let (host, port, path) = to;
    let header = safe.and_then(|safe| safe.header.as_ref());
    let parameter = safe.and_then(|safe| safe.parameter.as_ref());
    let path = parameter.map_or(path.into(), |(name, value)| with_parameter(path, name, value));
    let [method, ..] = parts.words;
    out.extend_from_slice(method.of(head));
    out.push(b' ');
    out.extend_from_slice(path.as_bytes());
    let old = ask.version == Version::Http10;
    out.extend_from_slice(if old { b" HTTP/1.0\r\nHost: " } else { b" HTTP/1.1\r\nHost: " });
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{host}");
    if port != 80 {
        let _ = write!(out, ":{port}");
    }
    out.extend_from_slice(b"\r\n");
    for field in &parts.fields {
        let name = field.name.of(head);
        if header.is_some_and(|(own, _)| name.eq_ignore_ascii_case(own.as_bytes())) {
            continue;
        }
        match known(name) {
            Known::Other | Known::UserAgent | Known::Accept | Known::AcceptLanguage | Known::Expect
                if !is_named(name, &ask.named, head) =>
            {
                line(out, name, field.value.of(head));
            }
            _ => {}
        }
    }
    framing(out, ask.framing);
    if ask.websocket {
        out.extend_from_slice(b"Connection: Upgrade\r\nUpgrade: websocket\r\n");
    } else if old {
        out.extend_from_slice(b"Connection: close\r\n");
    }
    if let Some(via) = via {
        let _ = write!(out, "Via: {} {via}\r\n", if old { "1.0" } else { "1.1" });
    }
    if let Some((name, value)) = header {
        line(out, name.as_bytes(), value.as_bytes());
    }
    if let Some(behalf) = behalf {
        line(out, behalf::FIELD.as_bytes(), behalf.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// The path with that parameter in its query, and no other of its name, however that is spelt. A path without a query asks for
/// no search.
fn with_parameter<'p>(path: &'p str, name: &str, value: &str) -> Cow<'p, str> {
    let Some((before, query)) = path.split_once('?') else { return path.into() };
    let is_other = |part: &&str| {
        let spelt = part.split_once('=').map_or(*part, |(name, _)| name);
        let plain = kit::path::canonical(&format!("/?{spelt}")).into_owned();
        !plain.strip_prefix("/?").is_some_and(|plain| plain.eq_ignore_ascii_case(name))
    };
    let mut all = format!("{before}?");
    for part in query.split('&').filter(|part| !part.is_empty()).filter(is_other) {
        all.push_str(part);
        all.push('&');
    }
    all.push_str(name);
    all.push('=');
    all.push_str(value);
    all.into()
}

/// Appends the head for the client to `out`. `close` says that the client's connection ends after it.
pub fn answer(
    out: &mut Vec<u8>,
    head: &[u8],
    parts: &Parts,
    answer: &Answer,
    close: bool,
    via: Option<&str>,
) {
    let [_, _, words] = parts.words;
    let _ = write!(out, "HTTP/1.1 {} ", answer.status);
    out.extend_from_slice(words.of(head));
    out.extend_from_slice(b"\r\n");
    for field in &parts.fields {
        let name = field.name.of(head);
        match known(name) {
            Known::Other
            | Known::UserAgent
            | Known::Accept
            | Known::AcceptLanguage
            | Known::Expect
            | Known::Host
                if !is_named(name, &answer.named, head) =>
            {
                line(out, name, field.value.of(head));
            }
            _ => {}
        }
    }
    match (answer.framing, answer.declared) {
        (Framing::None, Some(declared)) => framing(out, Framing::Length(declared)),
        (whole, _) => framing(out, whole),
    }
    if answer.status == 101 {
        out.extend_from_slice(b"Connection: Upgrade\r\nUpgrade: websocket\r\n");
    } else if close && answer.status >= 200 {
        out.extend_from_slice(b"Connection: close\r\n");
    }
    if let Some(via) = via {
        let _ = write!(out, "Via: 1.1 {via}\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

fn framing(out: &mut Vec<u8>, framing: Framing) {
    match framing {
        Framing::None | Framing::UntilClose => {}
        Framing::Length(bytes) => {
            let _ = write!(out, "Content-Length: {bytes}\r\n");
        }
        Framing::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
    }
}

fn line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn is_named(name: &[u8], named: &[Span], head: &[u8]) -> bool {
    named.iter().any(|span| span.of(head).eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::{Kind, read};
    use crate::request::Target;

    fn forwarded(head: &str) -> String {
        let mut parts = Parts::default();
        read(head.as_bytes(), Kind::Request, &mut parts).unwrap();
        let ask = crate::request::understand(head.as_bytes(), &parts).unwrap();
        let Target::Web { host, port, path } = &ask.target else { panic!("{head}") };
        let mut out = Vec::new();
        let besides = Besides { via: Some("fivebar"), ..Besides::default() };
        request(&mut out, head.as_bytes(), &parts, &ask, (host, *port, path), besides);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_search_has_the_gates_word_for_it_and_no_other() {
        for (path, sent) in [
            ("/search?q=cats", "/search?q=cats&safe=active"),
            ("/search?q=cats&safe=off&num=9", "/search?q=cats&num=9&safe=active"),
            ("/search?SAFE=off", "/search?safe=active"),
            ("/search?%73afe=off&q=a", "/search?q=a&safe=active"),
            ("/search?safe&safe=&q=a&&", "/search?q=a&safe=active"),
            ("/search?safesite=a", "/search?safesite=a&safe=active"),
            ("/search?", "/search?safe=active"),
            ("/logo.png", "/logo.png"),
        ] {
            assert_eq!(with_parameter(path, "safe", "active"), sent);
        }
    }

    #[test]
    fn what_is_for_this_hop_ends_here_and_the_host_is_that_of_the_address() {
        assert_eq!(
            forwarded(
                "POST http://A.Example:8080/x?y HTTP/1.1\r\nHost: a.example:8080\r\nProxy-Authorization: Basic eA==\r\n\
                 Connection: keep-alive, X-One\r\nX-One: 1\r\nx-two:2 \r\nKeep-Alive: 5\r\nTE: trailers\r\n\
                 Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nHTTP2-Settings: a\r\nfivebar-client: 10.0.0.1\r\nFivebar-Test: 00ff\r\nContent-Length: 07\r\n\r\n"
            ),
            "POST /x?y HTTP/1.1\r\nHost: a.example:8080\r\nx-two: 2\r\nContent-Length: 7\r\nVia: 1.1 fivebar\r\n\r\n"
        );
    }

    #[test]
    fn an_answer_loses_what_is_for_one_hop_and_any_offer_to_go_around_the_gate() {
        let head = "HTTP/1.1 200 Fine\r\nConnection: X-One\r\nX-One: 1\r\nKeep-Alive: 5\r\nAlt-Svc: h3=\":443\"\r\n\
                    Content-Length: 3\r\nContent-Length: 3\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n";
        let mut parts = Parts::default();
        read(head.as_bytes(), Kind::Response, &mut parts).unwrap();
        let understood = crate::response::understand(head.as_bytes(), &parts, false).unwrap();
        let mut out = Vec::new();
        answer(&mut out, head.as_bytes(), &parts, &understood, true, None);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
        );
    }
}
