//! A webhook, its secrets, and what is sent. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use kit::{Private, Timestamp};
use serde_json::json;
use sha2::Sha256;
use url::{Host, Url};
use web::speech::say;

use crate::content::{Content, TEST};

kit::id_kind!(
    /// The id of a webhook.
    WebhookId, WebhookKind, "webhook"
);
kit::id_kind!(
    /// The id of a delivery: the same at each try, for whoever receives it.
    DeliveryId, DeliveryKind, "delivery"
);

/// What a secret begins with.
const BEGINS: &str = "whsec_";
/// The longest address.
const LONGEST: usize = 500;
const DAY_MS: i64 = 86_400_000;

/// A secret that signs: told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSecret(Private<Vec<u8>>);

impl WebhookSecret {
    /// How many random bytes are in one.
    pub const BYTES: usize = 32;

    /// The secret of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Private::new(bytes.to_vec()))
    }

    /// As whoever receives webhooks is given it.
    pub fn reveal(&self) -> String {
        format!("{BEGINS}{}", STANDARD.encode(self.0.reveal()))
    }

    /// Its bytes, to be sealed.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.reveal()
    }

    /// Signs a delivery: `v1,` and the HMAC-SHA256 of its id, the second at which it is sent and its body, in base64.
    pub fn sign(&self, id: &str, seconds: i64, body: &str) -> Option<String> {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(self.0.reveal()).ok()?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

/// Where a webhook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is told.
    Active,
    /// It failed for so long that it is told nothing until somebody says so.
    Paused,
    /// Somebody ended it.
    Ended,
}

impl State {
    /// The word in the records.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }

    /// The one with that word.
    pub fn of(id: &str) -> Option<Self> {
        [Self::Active, Self::Paused, Self::Ended].into_iter().find(|state| state.id() == id)
    }
}

/// A webhook as the records have it, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// The address that is told.
    pub url: String,
    /// Of which events.
    pub events: Vec<String>,
    /// Where it stands.
    pub state: State,
    /// Who made it, as the trail writes them, and when.
    pub made: (String, Timestamp),
    /// Since when no delivery arrived.
    pub failing_since: Option<Timestamp>,
    /// Until when the secret before this one signs too.
    pub old_until: Option<Timestamp>,
}

impl Webhook {
    /// Whether a delivery that fails at `at` is one too many.
    pub fn is_failing_too_long(&self, at: Timestamp) -> bool {
        let days = i64::from(Content::built_in().limits.failing_days);
        self.failing_since.is_some_and(|since| at.as_millis() - since.as_millis() >= days * DAY_MS)
    }
}

/// What is wrong with one that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It is no address that can be told.
    #[error("{}", say("refused.enter-an-address-that"))]
    Url,
    /// It has no event.
    #[error("{}", say("refused.select-at-least-one"))]
    NoEvent,
}

/// The address that somebody gave, in its one form. What names an address inside a network, or carries a name and a password, is none.
pub fn checked_url(text: &str) -> Result<String, Mistake> {
    let url = Url::parse(text.trim()).map_err(|_| Mistake::Url)?;
    let named = match url.host() {
        Some(Host::Domain(name)) => name.contains('.') && !name.ends_with('.'),
        Some(Host::Ipv4(address)) => kit::address::is_public(address.into()),
        Some(Host::Ipv6(address)) => kit::address::is_public(address.into()),
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let fits = url.as_str().len() <= LONGEST && url.scheme() == "https" && named && plain;
    if fits { Ok(url.into()) } else { Err(Mistake::Url) }
}

/// The events that somebody selected, in the content's order.
pub fn checked_events(wanted: &[String]) -> Result<Vec<String>, Mistake> {
    let known = Content::built_in().events().iter().map(|event| event.id.as_str()).filter(|id| *id != TEST);
    let known: Vec<&str> = known.collect();
    if wanted.is_empty() || !wanted.iter().all(|one| known.contains(&one.as_str())) {
        return Err(Mistake::NoEvent);
    }
    Ok(known.into_iter().filter(|id| wanted.iter().any(|one| one == id)).map(str::to_owned).collect())
}

/// What a delivery says: the event, when, and which thing, by an id that tells nothing.
pub fn body(event: &str, subject: Option<(&str, &str)>, at: Timestamp) -> String {
    let subject = subject.map(|(kind, id)| json!({ "kind": kind, "id": id }));
    json!({ "type": event, "timestamp": at.to_string(), "data": { "subject": subject } }).to_string()
}

/// A delivery as the records have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Of which webhook.
    pub webhook: WebhookId,
    /// Of which event.
    pub event: String,
    /// What is sent.
    pub body: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Where it stands: `waiting`, `arrived` or `given-up`.
    pub state: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it was last tried.
    pub tried_at: Option<Timestamp>,
    /// What came of that, in a word.
    pub says: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standard_s_own_example() {
        // https://github.com/standard-webhooks/standard-webhooks, the example of its libraries.
        let bytes = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secret = WebhookSecret::of(&bytes);
        assert_eq!(secret.reveal(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(!format!("{secret:?}").contains("MfKQ"));
    }

    #[test]
    fn an_address_is_one_of_the_internet_over_https() {
        for (text, fits) in [
            ("https://hooks.example.org/fivebar", true),
            (" https://hooks.example.org:8443/a?b=c ", true),
            ("http://hooks.example.org/", false),
            ("https://localhost/", false),
            ("https://127.0.0.1/", false),
            ("https://10.1.2.3/", false),
            ("https://[::1]/", false),
            ("https://[::ffff:10.0.0.1]/", false),
            ("https://0x7f000001/", false),
            ("https://user:word@hooks.example.org/", false),
            ("https://hooks.example.org/#part", false),
            ("ftp://hooks.example.org/", false),
            ("hooks.example.org", false),
        ] {
            assert_eq!(checked_url(text).is_ok(), fits, "{text}");
        }
        assert!(checked_url(&format!("https://hooks.example.org/{}", "a".repeat(500))).is_err());
    }

    #[test]
    fn events_are_those_of_the_content_and_the_test_is_nobody_s_to_subscribe_to() {
        let wanted =
            |all: &[&str]| checked_events(&all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>());
        assert_eq!(wanted(&["list.held", "request.made"]).unwrap(), ["request.made", "list.held"]);
        assert_eq!(wanted(&[]), Err(Mistake::NoEvent));
        assert_eq!(wanted(&["webhook.test"]), Err(Mistake::NoEvent));
        assert_eq!(wanted(&["request.made", "anything"]), Err(Mistake::NoEvent));
    }

    #[test]
    fn a_webhook_that_fails_for_five_days_is_failing_too_long() {
        let at = Timestamp::from_millis;
        let webhook = |since: Option<i64>| Webhook {
            id: kit::Ids::default().make(at(0)),
            url: String::new(),
            events: Vec::new(),
            state: State::Active,
            made: (String::new(), at(0)),
            failing_since: since.map(at),
            old_until: None,
        };
        assert!(!webhook(None).is_failing_too_long(at(50 * DAY_MS)));
        assert!(!webhook(Some(0)).is_failing_too_long(at(5 * DAY_MS - 1)));
        assert!(webhook(Some(0)).is_failing_too_long(at(5 * DAY_MS)));
    }
}
