//! What is asked about.

use std::net::IpAddr;

use engine::{Front, Host, HostName, Identity, Request};
use lists::url::CanonicalHost;

/// What is asked about, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The host, or the address as text.
    pub host: String,
    /// The address, where it is one.
    pub address: Option<IpAddr>,
    /// The port, where it was said or the scheme says it.
    pub port: Option<u16>,
    /// The path, where a gate would see one.
    pub path: Option<String>,
    /// The path as it was typed, where it is canonical otherwise.
    as_sent: Option<String>,
}

impl Target {
    /// Reads a host, an address or a URL in every form that people type; `None` where it is none.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(address) = kit::address::literal(text) {
            return Some(Self {
                host: address.to_string(),
                address: Some(address),
                port: None,
                path: None,
                as_sent: None,
            });
        }
        if !text.contains('/') && !text.contains(':') {
            let host = kit::host::normalise_host_name(text)?;
            return Some(Self { host, address: None, port: None, path: None, as_sent: None });
        }
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        // Of a secure address a gate that does not look inside sees the host and nothing else.
        let secure = whole.starts_with("https://");
        let url = lists::url::canonical(&whole)?;
        let path = Some(url.path).filter(|_| !secure);
        let as_sent = path.as_deref().and_then(|path| as_sent(&whole, path));
        let schemes_own = || text.contains("://").then_some(if secure { 443 } else { 80 });
        let port = url.port.or_else(schemes_own);
        Some(match url.host {
            CanonicalHost::Name(host) => Self { host, address: None, port, path, as_sent },
            CanonicalHost::Address(address) => {
                Self { host: address.to_string(), address: Some(address), port, path, as_sent }
            }
        })
    }

    /// The question whether somebody may open it.
    pub fn request<'r>(&'r self, identity: &'r Identity) -> Option<Request<'r>> {
        Some(Request {
            host: self.named()?,
            port: self.port,
            path: self.path.as_deref(),
            as_sent: self.as_sent.as_deref(),
            chain: &[],
            addresses: &[],
            identity,
            front: Front::Explain,
        })
    }

    /// The host, as a request names it.
    pub fn named(&self) -> Option<Host<'_>> {
        match self.address {
            Some(address) => Some(Host::Address(address)),
            None => HostName::new(&self.host).map(Host::Name),
        }
    }
}

/// The path of a typed address as a client would send it, where its canonical form is another.
fn as_sent(whole: &str, canonical: &str) -> Option<String> {
    let (_, rest) = whole.split_once("://")?;
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let path = rest.get(rest.find(['/', '?'])?..)?;
    (path != canonical && path.starts_with('/')).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_in_every_form_that_people_type() {
        let read = |text| Target::read(text).map(|target| (target.host, target.port, target.path));
        let at =
            |host: &str, port, path: Option<&str>| Some((host.to_owned(), port, path.map(str::to_owned)));
        let name = |host: &str, path: Option<&str>| at(host, None, path);
        assert_eq!(read("WWW.BBC.co.uk."), name("www.bbc.co.uk", None));
        assert_eq!(read("http://bbc.co.uk/a/../news?q=1#x"), at("bbc.co.uk", Some(80), Some("/news?q=1")));
        assert_eq!(read("bbc.co.uk/news"), name("bbc.co.uk", Some("/news")));
        // Of a secure address a gate that does not look inside sees the name alone.
        assert_eq!(read("https://bbc.co.uk/news"), at("bbc.co.uk", Some(443), None));
        assert_eq!(read("http://example.org:8080/").and_then(|(_, port, _)| port), Some(8080));
        assert_eq!(read("[2001:db8::1]"), name("2001:db8::1", None));
        assert_eq!(read("::ffff:192.0.2.1"), name("192.0.2.1", None));
        assert_eq!(read("not a host at all"), None);
    }
}
