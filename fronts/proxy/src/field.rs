//! The header fields that the proxy itself reads or takes away.

/// A field that means something to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// `Host`.
    Host,
    /// `Content-Length`.
    ContentLength,
    /// `Transfer-Encoding`.
    TransferEncoding,
    /// `Connection`.
    Connection,
    /// `Proxy-Connection`, which old clients send in its place.
    ProxyConnection,
    /// `Upgrade`.
    Upgrade,
    /// `Expect`.
    Expect,
    /// `User-Agent`.
    UserAgent,
    /// `Accept`.
    Accept,
    /// `Accept-Language`.
    AcceptLanguage,
    /// The pass of the school's own test. It is for this proxy only and never passed on.
    TestPass,
    /// Another one that is for one connection only, or for this proxy only, and is never passed on.
    OneHop,
    /// `Alt-Svc`: an origin's offer of another protocol, which would lead around the gate.
    AltSvc,
    /// Passed on as it came.
    Other,
}

/// Which field a name, in capitals or not, stands for.
pub fn known(name: &[u8]) -> Known {
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    match name.len() {
        2 if is("te") => Known::OneHop,
        4 if is("host") => Known::Host,
        6 if is("accept") => Known::Accept,
        6 if is("expect") => Known::Expect,
        7 if is("upgrade") => Known::Upgrade,
        7 if is("trailer") => Known::OneHop,
        7 if is("alt-svc") => Known::AltSvc,
        10 if is("user-agent") => Known::UserAgent,
        10 if is("connection") => Known::Connection,
        10 if is("keep-alive") => Known::OneHop,
        12 if is(engine::test_pass::FIELD) => Known::TestPass,
        14 if is("content-length") => Known::ContentLength,
        14 if is("http2-settings") => Known::OneHop,
        // Only the gate says for whom it speaks.
        14 if is(engine::behalf::FIELD) => Known::OneHop,
        15 if is("accept-language") => Known::AcceptLanguage,
        16 if is("proxy-connection") => Known::ProxyConnection,
        17 if is("transfer-encoding") => Known::TransferEncoding,
        18 if is("proxy-authenticate") => Known::OneHop,
        19 if is("proxy-authorization") => Known::OneHop,
        25 if is("proxy-authentication-info") => Known::OneHop,
        _ => Known::Other,
    }
}

/// The words of a list such as `Connection: close, X-Only-Here`, whitespace around them and empty ones left out.
pub fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|word| !word.is_empty())
}

/// A length as RFC 9110, 8.6 writes it: digits alone.
pub fn length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 18 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}
