//! What the pages of whoever signs in need, and the cookies that they leave in a browser.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::header::HeaderValue;
use axum::http::request::Parts;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use kit::{Clock, Private, Standing, Timestamp, Zone};
use sha2::Sha256;
use store::Db;
use web::{Page, PageError, Shell};

use super::from::{Cookies, From};
use super::model::{AccountId, LONGEST_MS, Name, Token};
use super::notices::Telling;
use super::password::Hashing;
use super::trying::{Counts, Trying};
use super::ways::Ways;
use crate::duty::SchoolKind;

/// Says where a request comes from.
pub type WhereFrom = Arc<dyn Fn(&Parts) -> Result<IpAddr, PageError> + Send + Sync>;
/// Says which links a standing offers: their words and addresses.
pub type Offered = Arc<dyn Fn(&Standing) -> Vec<(String, String)> + Send + Sync>;

/// For how long a browser is known in which somebody signed in.
const KNOWN_DAYS: i64 = 180;
/// How many people one browser is known to: a computer of the staff room.
const KNOWN_TO: usize = 6;

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
    /// Where browsers reach the portal, for links that are given.
    pub url: String,
    /// Whether browsers reach the portal by an address that begins with `https:`.
    pub by_https: bool,
    /// Keys the hashes of who failed to sign in, and from where.
    pub key: Private<[u8; 32]>,
    /// Hashes passwords.
    pub hashing: Hashing,
    /// Counts what tries to sign in come to.
    pub counts: Arc<Counts>,
    /// The ways to sign in beside a password that is kept here.
    pub ways: Ways,
    /// How people are told what happens.
    pub telling: Telling,
    /// Where a request comes from: the connection's own address, or the one that the gate vouches for.
    pub visitor: WhereFrom,
    /// The links of whoever is signed in: their words and addresses, where a standing offers them.
    pub offered: Offered,
    /// What else is one's own: words and addresses of pages that stand on *You*.
    pub own: &'static [(&'static str, &'static str)],
}

impl House {
    /// The page inside the shell, for whoever is not signed in.
    pub(super) fn respond(&self, page: &Page) -> Response {
        (self.shell)().respond(page)
    }

    /// Whether the school's directory checks names and passwords.
    pub fn checks_in_a_directory(&self) -> bool {
        self.ways.directory.is_some()
    }

    /// What the portal is called, the school's name in it.
    pub(super) fn school(&self) -> String {
        (self.shell)().service
    }

    /// A cookie's name. With the prefix, no page of another host and no plain connection can set one.
    pub(super) fn called(&self, what: &str) -> String {
        format!("{}fivebar{what}", if self.by_https { "__Host-" } else { "" })
    }

    pub(super) fn cookie(&self, what: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
        let secure = if self.by_https { "; Secure" } else { "" };
        let name = self.called(what);
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        HeaderValue::try_from(text).ok()
    }

    /// The cookie that carries a session.
    pub(super) fn set_cookie(&self, token: &Token) -> Option<HeaderValue> {
        self.cookie("", token.reveal(), LONGEST_MS / 1_000)
    }

    /// The cookie that takes it away.
    pub(super) fn clear_cookie(&self) -> Option<HeaderValue> {
        self.cookie("", "", 0)
    }

    /// The cookie that keeps, sealed, what somebody brings back from a provider.
    pub(super) fn away_cookie(&self, sealed: &str, seconds: i64) -> Option<HeaderValue> {
        self.cookie("-away", sealed, seconds)
    }

    /// What it keeps.
    pub(super) fn away<'c>(&self, cookies: &'c Cookies) -> Option<&'c str> {
        cookies.only(&self.called("-away"))
    }

    /// The session's token among a browser's cookies.
    pub(super) fn token(&self, cookies: &Cookies) -> Option<Token> {
        Token::read(cookies.only(&self.called(""))?)
    }

    /// The cookie by which a browser is known in which this person has just signed in, beside others who have. It opens nothing:
    /// whoever has it is only counted by themselves, so that strangers at the same address cannot make them wait.
    pub(super) fn known_cookie(&self, trying: &Trying, cookies: &Cookies) -> Option<HeaderValue> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).ok()?;
        let mut known = vec![URL_SAFE_NO_PAD.encode([nonce, self.vouches(&trying.whom, &nonce)?].concat())];
        let others = cookies.only(&self.called("-known")).unwrap_or("").split('.');
        let others = others.filter(|one| one.len() == 43 && self.nonce_for(one, &trying.whom).is_none());
        known.extend(others.take(KNOWN_TO - 1).map(str::to_owned));
        self.cookie("-known", &known.join("."), KNOWN_DAYS * 86_400)
    }

    /// The random part of what a browser is known by to somebody, where it is theirs.
    fn nonce_for(&self, known: &str, whom: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(known).ok().filter(|bytes| bytes.len() == 32)?;
        let (nonce, vouched) = bytes.split_at(16);
        (self.vouches(whom, nonce)? == *vouched).then(|| nonce.to_vec())
    }

    fn vouches(&self, whom: &str, nonce: &[u8]) -> Option<[u8; 16]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.reveal()).ok()?;
        mac.update(b"fivebar sign-in known browser\n");
        mac.update(whom.as_bytes());
        mac.update(b"\n");
        mac.update(nonce);
        mac.finalize().into_bytes().get(..16)?.try_into().ok()
    }

    /// The keyed hash of where somebody is.
    pub(super) fn place(&self, from: &From) -> String {
        self.keyed("place", &kit::address::place_of(from.place))
    }

    /// Somebody who tries to sign in.
    pub(super) fn trying(&self, name: &str, from: &From) -> Trying {
        let name =
            Name::typed(name).map_or_else(|| name.trim().to_lowercase(), |name| name.reveal().to_owned());
        let whom = self.keyed("whom", &name);
        let mut known = from.cookies.only(&self.called("-known")).unwrap_or("").split('.').take(KNOWN_TO);
        match known.find_map(|one| self.nonce_for(one, &whom)) {
            Some(nonce) => {
                let place = self.keyed("browser", &URL_SAFE_NO_PAD.encode(nonce));
                Trying { whom, place, crowd: None, everywhere: false }
            }
            None => {
                let place = self.place(from);
                Trying { whom, place: place.clone(), crowd: Some(place), everywhere: false }
            }
        }
    }

    /// Somebody with the right password who tries codes.
    pub(super) fn trying_codes(&self, account: AccountId, from: &From) -> Trying {
        let whom = self.keyed("codes of", &account.to_string());
        Trying { whom, place: self.place(from), crowd: None, everywhere: true }
    }

    pub(super) fn keyed(&self, what: &str, text: &str) -> String {
        keyed(&self.key, what, text)
    }
}

/// What every printed document says of where and when it was made.
pub(crate) struct PrintedAt<'a> {
    /// The school's name.
    pub school: String,
    /// Where browsers reach the portal.
    pub url: &'a str,
    /// The school's clocks.
    pub zone: &'a Zone,
    /// When.
    pub at: Timestamp,
}

pub(crate) fn printed_at(house: &House, at: Timestamp) -> PrintedAt<'_> {
    PrintedAt { school: house.school(), url: &house.url, zone: &house.zone, at }
}

/// The keyed hash of a text that is tried or counted: without the key, nobody can say what it was.
pub(super) fn keyed(key: &Private<[u8; 32]>, what: &str, text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.reveal()) else { return String::new() };
    mac.update(b"fivebar sign-in ");
    mac.update(what.as_bytes());
    mac.update(b"\n");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
