//! What a request asks for, once its head has been read: whom, in which form, with which body. Pure.

use engine::{NameHash, Refusal};
use kit::Host;

use crate::authority::{OwnHost, authority};
use crate::body::Framing;
use crate::field::{Known, known, length, words};
use crate::head::{HeadError, Parts, Span, Version, version_of};

/// Why a request is refused before anybody decides on it. The sentences are shown on the page that refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The head was not accepted.
    #[error("the request is not proper HTTP: {0}")]
    Head(#[from] HeadError),
    /// Both a length and chunks.
    #[error("the request gives its length in two ways (Content-Length and Transfer-Encoding)")]
    LengthAndChunks,
    /// `Content-Length` more than once.
    #[error("the request gives its length more than once")]
    SeveralLengths,
    /// A `Content-Length` that is not digits alone.
    #[error("the request's Content-Length is not a number")]
    BadLength,
    /// Any transfer coding but `chunked` alone, or one in HTTP/1.0.
    #[error("the request's Transfer-Encoding is not understood; only chunked is")]
    OddTransferEncoding,
    /// No `Host`, or more than one.
    #[error("the request has no Host header, or more than one")]
    HostCount,
    /// A `Host` that names another host than the target.
    #[error("the request's Host header names another host than its address")]
    HostDiffers,
    /// A target that is no address of a web page.
    #[error("the request's address is not a proper web address")]
    BadTarget,
    /// A user name in the target.
    #[error("the request's address holds a user name")]
    UserName,
    /// `https://` or another scheme in absolute form.
    #[error("only http:// addresses can be asked for in this way; an https:// address needs CONNECT")]
    OtherScheme,
    /// A `CONNECT` that announces a body.
    #[error("a CONNECT request cannot have a body")]
    ConnectBody,
    /// A `Connection` field that would take away what says where a message ends or goes.
    #[error("the request's Connection header names a header that must be passed on")]
    ConnectionNames,
    /// An `Expect` other than `100-continue`.
    #[error("the request expects something that is not understood")]
    Expectation,
    /// `TRACE`, which would show a page's script what the proxy adds.
    #[error("TRACE is not passed on")]
    Trace,
}

impl Refused {
    /// How the activity log calls it.
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Head(_) | Self::BadTarget => Refusal::NotHttp,
            Self::OtherScheme | Self::Expectation | Self::Trace => Refusal::NotOffered,
            Self::LengthAndChunks
            | Self::SeveralLengths
            | Self::BadLength
            | Self::OddTransferEncoding
            | Self::HostCount
            | Self::HostDiffers
            | Self::UserName
            | Self::ConnectBody
            | Self::ConnectionNames => Refusal::TwoWays,
        }
    }

    /// The status code of the page that says so.
    pub const fn status(self) -> u16 {
        match self {
            Self::Head(HeadError::TooLong | HeadError::TooManyFields) => 431,
            Self::Head(HeadError::Version) => 505,
            Self::OddTransferEncoding | Self::OtherScheme => 501,
            Self::Trace => 405,
            Self::Expectation => 417,
            _ => 400,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `CONNECT host:port`.
    Connect {
        /// The host.
        host: OwnHost,
        /// The port.
        port: u16,
    },
    /// `GET http://host:port/path`.
    Web {
        /// The host.
        host: OwnHost,
        /// The port, 80 where none was given.
        port: u16,
        /// The path and query as sent, starting with `/`.
        path: Box<str>,
    },
    /// `GET /path`: something of the proxy's own.
    Own {
        /// The path and query as sent.
        path: Box<str>,
    },
}

impl Target {
    /// A host below the gate's own name may be a secret that tells who somebody is: it becomes that name, before anything is decided,
    /// asked or written down. Nothing else is served there, so nothing is lost by it.
    pub fn keep_secrets(&mut self, own: &str) {
        if let Self::Connect { host, .. } | Self::Web { host, .. } = self
            && let Some(Host::Name(name)) = host.host()
            && NameHash::is_told_by(name, own)
        {
            *host = OwnHost::Name(own.into());
        }
    }
}

/// A request's head, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Whom and what.
    pub target: Target,
    /// The version the client speaks.
    pub version: Version,
    /// Where the body ends.
    pub framing: Framing,
    /// Whether the client closes after the answer.
    pub close: bool,
    /// Whether it wants to go on as a WebSocket.
    pub websocket: bool,
    /// Whether the method is `HEAD`, whose answer has no body.
    pub head: bool,
    /// Whether the request may be sent again when a kept connection turns out to have gone (RFC 9110, 9.2.2).
    pub repeatable: bool,
    /// The fields that `Connection` names: they end here.
    pub named: Vec<Span>,
    /// What the browser calls itself.
    pub agent: Span,
    /// What it accepts.
    pub accept: Span,
    /// And in which languages.
    pub languages: Span,
    /// The pass of the school's own test, as it was sent.
    pub pass: Span,
}

/// Understands a head that [`crate::head::read`] accepted, or refuses it.
pub fn understand(head: &[u8], parts: &Parts) -> Result<Ask, Refused> {
    let [method, target, version] = parts.words.map(|word| word.of(head));
    let version = version_of(version);
    let mut seen = Seen::default();
    for field in &parts.fields {
        seen.note(known(field.name.of(head)), field.value, head)?;
    }
    let target = seen.target(method, target, version)?;
    if method == b"TRACE" {
        return Err(Refused::Trace);
    }
    let framing = seen.framing(version)?;
    if matches!(target, Target::Connect { .. }) && framing != Framing::None {
        return Err(Refused::ConnectBody);
    }
    Ok(Ask {
        target,
        version,
        framing,
        close: seen.close || version == Version::Http10,
        websocket: seen.upgrade_option && seen.websocket && method == b"GET" && version == Version::Http11,
        head: method == b"HEAD",
        repeatable: framing == Framing::None && matches!(method, b"GET" | b"HEAD" | b"OPTIONS"),
        named: seen.named,
        agent: seen.agent,
        accept: seen.accept,
        languages: seen.languages,
        pass: seen.pass,
    })
}

#[derive(Default)]
struct Seen<'a> {
    hosts: u32,
    host: &'a [u8],
    lengths: u32,
    length: &'a [u8],
    encodings: u32,
    encoding: &'a [u8],
    close: bool,
    upgrade_option: bool,
    websocket: bool,
    named: Vec<Span>,
    agent: Span,
    accept: Span,
    languages: Span,
    pass: Span,
}

impl<'a> Seen<'a> {
    fn note(&mut self, field: Known, span: Span, head: &'a [u8]) -> Result<(), Refused> {
        let value = span.of(head);
        match field {
            Known::Host => {
                self.hosts += 1;
                self.host = value;
            }
            Known::ContentLength => {
                self.lengths += 1;
                self.length = value;
            }
            Known::TransferEncoding => {
                self.encodings += 1;
                self.encoding = value;
            }
            Known::Connection | Known::ProxyConnection => self.connection(value, span, head)?,
            Known::Upgrade => self.websocket = value.eq_ignore_ascii_case(b"websocket"),
            Known::Expect if !value.eq_ignore_ascii_case(b"100-continue") => {
                return Err(Refused::Expectation);
            }
            Known::UserAgent => self.agent = span,
            Known::Accept => self.accept = span,
            Known::AcceptLanguage => self.languages = span,
            Known::TestPass => self.pass = span,
            _ => {}
        }
        Ok(())
    }

    fn connection(&mut self, value: &'a [u8], span: Span, head: &'a [u8]) -> Result<(), Refused> {
        for word in words(value) {
            match known(word) {
                Known::Host | Known::ContentLength | Known::TransferEncoding | Known::Expect => {
                    return Err(Refused::ConnectionNames);
                }
                Known::Upgrade => self.upgrade_option = true,
                _ if word.eq_ignore_ascii_case(b"close") => self.close = true,
                _ if word.eq_ignore_ascii_case(b"keep-alive") => {}
                Known::Other | Known::UserAgent | Known::Accept | Known::AcceptLanguage => {
                    self.named.push(span.word(word, head))
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn target(&self, method: &[u8], target: &[u8], version: Version) -> Result<Target, Refused> {
        if self.hosts > 1 || (self.hosts == 0 && version == Version::Http11) {
            return Err(Refused::HostCount);
        }
        let text =
            std::str::from_utf8(target).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
        let text = text.filter(|text| !text.contains('#')).ok_or(Refused::BadTarget)?;
        if method == b"CONNECT" {
            let (host, port) = authority(target).ok_or(bad_authority(target))?;
            let port = port.ok_or(Refused::BadTarget)?;
            self.same_host(&host, port, port)?;
            return Ok(Target::Connect { host, port });
        }
        if text.starts_with('/') {
            return Ok(Target::Own { path: text.into() });
        }
        let (scheme, rest) = text.split_once("://").ok_or(Refused::BadTarget)?;
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(Refused::OtherScheme);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (place, path) = rest.split_at(end);
        let (host, port) = authority(place.as_bytes()).ok_or(bad_authority(place.as_bytes()))?;
        let port = port.unwrap_or(80);
        self.same_host(&host, port, 80)?;
        let path = match path.as_bytes().first() {
            Some(b'/') => path.into(),
            _ => format!("/{path}").into_boxed_str(),
        };
        Ok(Target::Web { host, port, path })
    }

    fn same_host(&self, host: &OwnHost, port: u16, default: u16) -> Result<(), Refused> {
        if self.hosts == 0 {
            return Ok(());
        }
        let (named, named_port) = authority(self.host).ok_or(Refused::HostDiffers)?;
        // Some clients leave the port out of the Host field of a CONNECT.
        if named == *host && named_port.unwrap_or(default) == port {
            Ok(())
        } else {
            Err(Refused::HostDiffers)
        }
    }

    fn framing(&self, version: Version) -> Result<Framing, Refused> {
        match (self.lengths, self.encodings) {
            (0, 0) => Ok(Framing::None),
            (1.., 1..) => Err(Refused::LengthAndChunks),
            (1, 0) => length(self.length).map(Framing::Length).ok_or(Refused::BadLength),
            (_, 0) => Err(Refused::SeveralLengths),
            (0, 1) if version == Version::Http11 && self.encoding.eq_ignore_ascii_case(b"chunked") => {
                Ok(Framing::Chunked)
            }
            (0, _) => Err(Refused::OddTransferEncoding),
        }
    }
}

fn bad_authority(text: &[u8]) -> Refused {
    if text.contains(&b'@') { Refused::UserName } else { Refused::BadTarget }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::{Kind, read};

    fn ask(head: &str) -> Result<Ask, Refused> {
        let mut parts = Parts::default();
        read(head.as_bytes(), Kind::Request, &mut parts)?;
        understand(head.as_bytes(), &parts)
    }

    const WEB: &str = "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n";

    #[test]
    fn a_request_that_could_be_read_in_two_ways_is_refused() {
        use Refused as R;
        for (head, wanted) in [
            (format!("{WEB}\r\n"), None),
            (format!("{WEB}Content-Length: 5\r\n\r\n"), None),
            (format!("{WEB}Transfer-Encoding: Chunked\r\n\r\n"), None),
            (
                format!("{WEB}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
                Some(R::LengthAndChunks),
            ),
            (format!("{WEB}Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), Some(R::SeveralLengths)),
            (format!("{WEB}Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), Some(R::SeveralLengths)),
            (format!("{WEB}Content-Length: 5, 5\r\n\r\n"), Some(R::BadLength)),
            (format!("{WEB}Content-Length: +5\r\n\r\n"), Some(R::BadLength)),
            (format!("{WEB}Content-Length: 0x5\r\n\r\n"), Some(R::BadLength)),
            (format!("{WEB}Content-Length:\r\n\r\n"), Some(R::BadLength)),
            (format!("{WEB}Content-Length: 99999999999999999999\r\n\r\n"), Some(R::BadLength)),
            (format!("{WEB}Transfer-Encoding: gzip, chunked\r\n\r\n"), Some(R::OddTransferEncoding)),
            (format!("{WEB}Transfer-Encoding: xchunked\r\n\r\n"), Some(R::OddTransferEncoding)),
            (format!("{WEB}Transfer-Encoding: \"chunked\"\r\n\r\n"), Some(R::OddTransferEncoding)),
            (format!("{WEB}Transfer-Encoding: identity\r\n\r\n"), Some(R::OddTransferEncoding)),
            (
                format!("{WEB}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
                Some(R::OddTransferEncoding),
            ),
            (
                "GET http://a.example/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".into(),
                Some(R::OddTransferEncoding),
            ),
            (format!("{WEB}Host: a.example\r\n\r\n"), Some(R::HostCount)),
            ("GET http://a.example/ HTTP/1.1\r\n\r\n".into(), Some(R::HostCount)),
            ("GET http://a.example/ HTTP/1.0\r\n\r\n".into(), None),
            ("GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n".into(), Some(R::HostDiffers)),
            ("GET http://a.example/ HTTP/1.1\r\nHost: a.example:81\r\n\r\n".into(), Some(R::HostDiffers)),
            ("GET http://a.example/ HTTP/1.1\r\nHost: A.Example.:80\r\n\r\n".into(), None),
            ("GET http://a.example/ HTTP/1.1\r\nHost:\r\n\r\n".into(), Some(R::HostDiffers)),
            ("GET http://b.example@a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::UserName)),
            (
                "GET http://a.example\\@b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n".into(),
                Some(R::UserName),
            ),
            ("GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::OtherScheme)),
            ("GET ftp://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::OtherScheme)),
            ("GET http:///x HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::BadTarget)),
            ("GET a.example HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::BadTarget)),
            ("OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::BadTarget)),
            ("GET http://a.example/#b HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::BadTarget)),
            ("GET http://a.example/\u{e9} HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::BadTarget)),
            (format!("{WEB}Connection: close, content-length\r\n\r\n"), Some(R::ConnectionNames)),
            (format!("{WEB}Connection: Host\r\n\r\n"), Some(R::ConnectionNames)),
            (format!("{WEB}Expect: 200-ok\r\n\r\n"), Some(R::Expectation)),
            ("TRACE http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::Trace)),
            ("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n".into(), None),
            ("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), None),
            ("CONNECT a.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n".into(), Some(R::HostDiffers)),
            ("CONNECT a.example HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::BadTarget)),
            ("CONNECT http://a.example:443/ HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::BadTarget)),
            ("CONNECT u@a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), Some(R::UserName)),
            (
                "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nContent-Length: 1\r\n\r\n".into(),
                Some(R::ConnectBody),
            ),
        ] {
            assert_eq!(ask(&head).err(), wanted, "{head:?}");
        }
    }

    #[test]
    fn a_target_keeps_its_path_and_a_missing_one_is_the_root() {
        for (target, wanted) in [
            ("http://a.example", "/"),
            ("http://a.example?b", "/?b"),
            ("HTTP://A.Example/b/../c?d", "/b/../c?d"),
        ] {
            let Target::Web { host, port, path } =
                ask(&format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n")).unwrap().target
            else {
                panic!("{target}")
            };
            assert_eq!((host.to_string().as_str(), port, &*path), ("a.example", 80, wanted));
        }
    }

    #[test]
    fn what_connection_names_ends_here_and_only_websockets_are_upgraded() {
        let head = format!("{WEB}Connection: Upgrade, X-Secret\r\nX-Secret: 1\r\nUpgrade: websocket\r\n\r\n");
        let asked = ask(&head).unwrap();
        assert_eq!(
            asked.named.iter().map(|span| span.of(head.as_bytes())).collect::<Vec<_>>(),
            [b"X-Secret"]
        );
        assert!(asked.websocket && !asked.close);
        assert!(
            !ask(&format!("{WEB}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"))
                .unwrap()
                .websocket
        );
        assert!(!ask(&format!("{WEB}Upgrade: websocket\r\n\r\n")).unwrap().websocket);
    }
}
