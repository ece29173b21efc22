//! Where a visitor is, and what they use.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, USER_AGENT};
use axum::http::request::Parts;
use kit::Private;
use web::{Encrypted, PageError};

use super::house::House;

/// Where a visitor is, and what they use.
pub(super) struct From {
    /// Whether a password may be sent so: over TLS to the portal itself, or from this very machine, where a server with the
    /// school's certificate stands before it. Elsewhere anybody on the way could read it, whatever the portal is called: that it
    /// has an https address does not say that this connection came by it.
    pub is_private: bool,
    /// Where whoever tries is, for counting.
    pub place: IpAddr,
    pub agent: Private<String>,
    /// The cookies that came with it.
    pub cookies: Cookies,
}

/// Cookies as a browser sent them.
#[derive(Clone)]
pub(super) struct Cookies(Private<Vec<(String, String)>>);

impl Cookies {
    /// Those in a request's head.
    pub fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let each = lines.flat_map(|line| line.split(';')).filter_map(|one| one.trim().split_once('='));
        Self(Private::new(each.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// The value of the one of that name. Two of one name are none: a page of somebody else's put one there, and nobody can say which is
    /// ours.
    pub fn only(&self, name: &str) -> Option<&str> {
        let mut ours = self.0.reveal().iter().filter(|(known, _)| known == name);
        let (_, value) = ours.next().filter(|_| ours.next().is_none())?;
        Some(value)
    }
}

impl FromRequestParts<House> for From {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, PageError> {
        let address = (house.visitor)(parts)?;
        // Where a server on this machine stands before the portal, who tries is whom it names last: what it was told before
        // that, anybody can have written.
        let named = parts.headers.get_all("x-forwarded-for").iter().next_back();
        let named = named.and_then(|line| line.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        let place = named.filter(|_| house.by_https && address.is_loopback()).unwrap_or(address);
        let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("");
        let cookies = Cookies::of(&parts.headers);
        let is_private = address.is_loopback() || parts.extensions.get::<Encrypted>().is_some();
        Ok(Self { is_private, place, agent: Private::new(agent_in_words(agent)), cookies })
    }
}

/// What a browser calls itself, as a person would say it: enough to know one's own devices apart.
fn agent_in_words(agent: &str) -> String {
    let first = |known: &[(&'static str, &'static str)]| {
        known.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, words)| *words)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("CrOS", "a Chromebook"),
        ("Android", "Android"),
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Windows", "Windows"),
        ("Macintosh", "a Mac"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "something that does not say what it is".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_as_people_do() {
        for (agent, words) in [
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
                "Chrome on a Chromebook",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on an iPhone",
            ),
            ("curl/8", "something that does not say what it is"),
        ] {
            assert_eq!(agent_in_words(agent), words);
        }
    }
}
