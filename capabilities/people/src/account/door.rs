//! The door: who is signed in, for every page that asks.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{COOKIE, HeaderValue, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use engine::PersonNo;
use hmac::{Hmac, Mac as _};
use kit::permit::{Action, NotPermitted};
use kit::{Clock, Permit, Private, Standing, Timestamp, Zone};
use sha2::Sha256;
use store::Db;
use web::{Page, PageError, Shell};

use super::actions::Trying;
use super::model::{LONGEST_MS, Name, SEEN_EVERY_MS, Session, Token};
use super::password::Hashing;
use super::store as table;
use crate::duty::{self, Duties, SchoolKind};

/// Says where a request comes from.
pub type WhereFrom = Arc<dyn Fn(&Parts) -> Result<IpAddr, PageError> + Send + Sync>;
/// Says which links a standing offers: their words and addresses.
pub type Offered = Arc<dyn Fn(&Standing) -> Vec<(String, String)> + Send + Sync>;

/// What the pages of whoever is signed in need. Cheap to clone.
#[derive(Clone)]
pub struct House {
    /// The records.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The school's own time, for what people read.
    pub zone: Zone,
    /// What kind of school it is.
    pub kind: SchoolKind,
    /// The shell of every page.
    pub shell: Arc<dyn Fn() -> Shell + Send + Sync>,
    /// Whether browsers reach the portal by an address that begins with `https:`.
    pub by_https: bool,
    /// Keys the hashes of who failed to sign in, and from where.
    pub key: Private<[u8; 32]>,
    /// Hashes passwords.
    pub hashing: Hashing,
    /// Where a request comes from: the connection's own address, or the one that the gate vouches for.
    pub visitor: WhereFrom,
    /// The links of whoever is signed in: their words and addresses, where a standing offers them.
    pub offered: Offered,
}

impl House {
    /// The page inside the shell, for whoever is not signed in.
    pub(super) fn respond(&self, page: &Page) -> Response {
        (self.shell)().respond(page)
    }

    /// The cookie's name. With the prefix, no page of another host and no plain connection can set one.
    const fn cookie(&self) -> &'static str {
        if self.by_https { "__Host-fivebar" } else { "fivebar" }
    }

    /// The cookie that carries a session.
    pub(super) fn set_cookie(&self, token: &Token) -> Option<HeaderValue> {
        let secure = if self.by_https { "; Secure" } else { "" };
        let (name, value, seconds) = (self.cookie(), token.reveal(), LONGEST_MS / 1_000);
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        HeaderValue::try_from(text).ok()
    }

    /// The cookie that takes it away.
    pub(super) fn clear_cookie(&self) -> Option<HeaderValue> {
        let secure = if self.by_https { "; Secure" } else { "" };
        let text = format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}", self.cookie());
        HeaderValue::try_from(text).ok()
    }

    fn token(&self, headers: &HeaderMap) -> Option<Token> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut ours = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|one| one.trim().split_once('='))
            .filter(|(name, _)| *name == self.cookie());
        // Two of one name: a page of somebody else's put one there, and nobody can say which is ours.
        let (_, value) = ours.next().filter(|_| ours.next().is_none())?;
        Token::read(value)
    }

    /// Whether a password may be sent from that address: from this very machine, where a server with the school's certificate
    /// stands before the portal. Elsewhere anybody on the way could read it, whatever the portal is called: that it has an https
    /// address does not say that this connection came by it.
    pub(super) const fn is_private(from: IpAddr) -> bool {
        from.is_loopback()
    }

    /// Somebody who tries to sign in.
    pub(super) fn trying(&self, name: &str, from: IpAddr) -> Trying {
        // One household or device has a whole /64 of IPv6.
        let place = match from.to_canonical() {
            IpAddr::V6(six) => format!("{:x}/64", u128::from(six) >> 64),
            IpAddr::V4(four) => four.to_string(),
        };
        let name =
            Name::typed(name).map_or_else(|| name.trim().to_lowercase(), |name| name.reveal().to_owned());
        Trying { whom: self.keyed("whom", &name), place: self.keyed("place", &place) }
    }

    fn keyed(&self, what: &str, text: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.reveal()) else { return String::new() };
        mac.update(b"fivebar sign-in ");
        mac.update(what.as_bytes());
        mac.update(b"\n");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Who is signed in by what a request carries; nobody without a session that holds.
    async fn signed_in(&self, headers: &HeaderMap, at: Timestamp) -> Result<Option<SignedIn>, PageError> {
        let Some(token) = self.token(headers) else { return Ok(None) };
        let mut tx = self.db.read().await.map_err(PageError::unexpected)?;
        let session = table::session(&mut tx, &token).await.map_err(PageError::unexpected)?;
        let Some(session) = session.filter(|session| session.holds(at)) else { return Ok(None) };
        let person = crate::store::on_the_roll_by(&mut tx, session.person).await;
        let Some(name) = person.map_err(PageError::unexpected)? else { return Ok(None) };
        let standing = duty::of_person(&mut tx, session.person, session.proved_at, at);
        let standing = standing.await.map_err(PageError::unexpected)?;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        if at.as_millis() - session.seen_at.as_millis() >= SEEN_EVERY_MS {
            let mut tx = self.db.begin().await.map_err(PageError::unexpected)?;
            table::seen(&mut tx, &session.hash, at).await.map_err(PageError::unexpected)?;
            tx.commit().await.map_err(PageError::unexpected)?;
        }
        Ok(Some(SignedIn { house: self.clone(), session, name, standing, at, path: String::new() }))
    }
}

/// Whoever is signed in. A page that has it as an argument is shown to nobody else.
pub struct SignedIn {
    house: House,
    session: Session,
    name: Private<String>,
    standing: Standing,
    at: Timestamp,
    /// Where they are, to come back to.
    path: String,
}

impl SignedIn {
    /// Their number on the roll.
    pub const fn person(&self) -> PersonNo {
        self.session.person
    }

    /// Their name.
    pub const fn name(&self) -> &Private<String> {
        &self.name
    }

    /// What they are at the school just now.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// When they asked for this page.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    pub(super) const fn session(&self) -> &Session {
        &self.session
    }

    /// The permit to do `A` to `subject`. Whoever may not is told that there is nothing here.
    pub fn may<A: Action>(&self, subject: A::Subject) -> Result<Permit<A>, PageError> {
        let authority = Duties::built_in().authority();
        authority.grant::<A>(&self.standing, subject, self.at).map_err(|refused| match refused {
            NotPermitted::NotYours => PageError::NotFound,
            NotPermitted::ProveAgain => PageError::ProveAgain { back: self.path.clone() },
        })
    }

    /// Whether `A` is theirs to do to something: for what a page offers.
    pub fn offers<A: Action>(&self) -> bool {
        Duties::built_in().authority().offers::<A>(&self.standing)
    }

    /// The page inside the shell, with their name and links.
    pub fn respond(&self, page: &Page) -> Response {
        let shell = (self.house.shell)();
        let links = (self.house.offered)(&self.standing);
        Shell { signed_in: Some(web::page::SignedIn { name: self.name.clone(), links }), ..shell }
            .respond(page)
    }
}

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    House: FromRef<S>,
{
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let house = House::from_ref(state);
        let at = house.clock.now();
        let path = parts.uri.path().to_owned();
        match house.signed_in(&parts.headers, at).await? {
            Some(who) => Ok(Self { path, ..who }),
            // Their words are in the browser still: it is told to go back, not on.
            None if parts.method != Method::GET => Err(PageError::SignedOut),
            None => Err(PageError::SignInFirst { back: path }),
        }
    }
}

/// Where a visitor is, and what they use.
pub(super) struct From {
    /// The connection's end.
    pub address: IpAddr,
    /// Where whoever tries is, for counting.
    pub place: IpAddr,
    pub agent: Private<String>,
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
        Ok(Self { address, place, agent: Private::new(agent_in_words(agent)) })
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
