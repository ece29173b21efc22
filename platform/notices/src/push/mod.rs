//! Notices by a browser (web push, RFC 8030): a title and a page, encrypted for that browser alone.

mod endpoint;
mod key;
mod sending;

pub use endpoint::{Bad, Endpoint};
pub use key::Vapid;
pub use sending::{Push, Reach, Roots};

use ::store::{StoreError, Tx};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::{Private, Timestamp};
use p256::PublicKey;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::choosing::said;
use crate::model::NoticeId;
use crate::store;

kit::id_kind!(
    /// The id of a browser's subscription.
    SubscriptionId, SubscriptionKind, "subscription"
);

/// How many browsers somebody may have.
pub const MOST: usize = 10;
/// The longest name of one.
const LONGEST_NAME: usize = 60;

/// A browser that somebody wants to be told by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Whose: their number on the roll.
    pub person: u32,
    /// Where its maker takes messages for it. Whoever knows it could send there, though nothing that the browser shows.
    pub endpoint: Private<String>,
    /// The browser's public key.
    pub key: Private<String>,
    /// What it and the program share.
    pub auth: Private<String>,
    /// What its owner calls it.
    pub called: Private<String>,
    /// Since when.
    pub made_at: Timestamp,
    /// When it was last sent something.
    pub sent_at: Option<Timestamp>,
}

/// Why a browser was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// What it sent is no subscription.
    #[error("This browser did not send what is needed. Try again, or use another")]
    NotOne,
    /// Its maker's address leads inside the network.
    #[error("This browser names an address that notices are not sent to")]
    Inside,
    /// They have as many as anybody may.
    #[error("You are told by {MOST} browsers, and nobody is by more. Take one away first")]
    TooMany,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a browser sends of itself.
#[derive(Debug, Clone, Copy)]
pub struct Offered<'a> {
    /// Where its maker takes messages for it.
    pub endpoint: &'a str,
    /// Its public key, in base64url.
    pub key: &'a str,
    /// What it and the program share, in base64url.
    pub auth: &'a str,
    /// What its owner calls it.
    pub called: &'a str,
}

/// Somebody wants to be told by the browser that they use.
pub async fn subscribe(
    tx: &mut Tx,
    person: u32,
    offered: &Offered<'_>,
    reach: Reach,
    at: Timestamp,
) -> Result<SubscriptionId, SubscribeError> {
    let endpoint = Endpoint::read(offered.endpoint, reach).map_err(|bad| match bad {
        Bad::Inside => SubscribeError::Inside,
        Bad::NoAddress => SubscribeError::NotOne,
    })?;
    if public_key(offered.key).is_none() || shared(offered.auth).is_none() {
        return Err(SubscribeError::NotOne);
    }
    if store::subscriptions(tx, person).await?.len() >= MOST {
        return Err(SubscribeError::TooMany);
    }
    let called: String = offered.called.trim().chars().take(LONGEST_NAME).collect();
    let new = Subscription {
        id: tx.ids().make(at),
        person,
        endpoint: Private::new(endpoint.as_str().to_owned()),
        key: Private::new(offered.key.to_owned()),
        auth: Private::new(offered.auth.to_owned()),
        called: Private::new(if called.is_empty() { "A browser".to_owned() } else { called }),
        made_at: at,
        sent_at: None,
    };
    let hash = Sha256::digest(new.endpoint.reveal().as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    store::subscribe(tx, &new, &hash).await?;
    said(tx, person, "notice.subscribe", &json!({ "subscription": new.id.to_string() }), at).await?;
    Ok(new.id)
}

/// Somebody's browsers, oldest first.
pub async fn of(tx: &mut Tx, person: u32) -> Result<Vec<Subscription>, StoreError> {
    store::subscriptions(tx, person).await
}

/// Somebody wants to be told by a browser of theirs no more. `false` where it is not one.
pub async fn unsubscribe(
    tx: &mut Tx,
    person: u32,
    id: SubscriptionId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let gone = store::unsubscribe(tx, id, Some(person)).await?;
    if gone {
        said(tx, person, "notice.unsubscribe", &json!({ "subscription": id.to_string() }), at).await?;
    }
    Ok(gone)
}

/// A notice on its way to one browser: what it says is looked up when it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushMessage {
    /// Which notice.
    #[serde(with = "as_text")]
    pub notice: NoticeId,
    /// To which browser.
    #[serde(with = "as_text")]
    pub subscription: SubscriptionId,
}

impl jobs::Message for PushMessage {
    const KIND: &'static str = "notice.push";
}

/// A browser's public key: a point of the curve.
fn public_key(text: &str) -> Option<PublicKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 65)?;
    PublicKey::from_sec1_bytes(&bytes).ok()
}

/// The sixteen bytes that a browser and the program share.
fn shared(text: &str) -> Option<[u8; 16]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// An id as a text in a message.
pub(crate) mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;

    pub fn serialize<S: Serializer>(id: &impl Display, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        String::deserialize(from)?.parse().map_err(|_| D::Error::custom("not an id"))
    }
}
