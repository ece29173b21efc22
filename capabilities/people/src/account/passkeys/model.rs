//! What is kept of a passkey. Pure.

use kit::{Private, Timestamp};

use super::super::model::AccountId;

kit::id_kind!(
    /// The id of a passkey here; what browsers call it is its credential.
    PasskeyId, PasskeyKind, "passkey"
);

/// How long somebody may take to show their finger, face or PIN.
pub(super) const WAIT_MS: i64 = 5 * 60_000;
/// How many one person has: a phone, a laptop, a key at home and one in the safe, and room for as many again.
pub(super) const MOST: usize = 10;
/// How long a name may be.
pub(super) const LONGEST_NAME: usize = 60;

/// A passkey.
#[derive(Clone)]
pub(crate) struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// Whose account.
    pub account: AccountId,
    /// What browsers call it, as base64.
    pub credential: String,
    /// What its owner calls it.
    pub called: Private<String>,
    /// The public key with its counter, as JSON.
    pub key: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When somebody last signed in by it.
    pub used_at: Option<Timestamp>,
    /// Since when it signs in nobody any more, because there may be a copy of it.
    pub stopped_at: Option<Timestamp>,
}

impl Passkey {
    /// Whether it signs somebody in.
    pub const fn holds(&self) -> bool {
        self.stopped_at.is_none()
    }
}

/// What is wrong with a name that somebody gives a passkey.
pub(super) fn wrong_name(called: &str) -> Option<String> {
    if called.is_empty() {
        return Some("Enter what you call it".to_owned());
    }
    let long = called.chars().count() > LONGEST_NAME;
    long.then(|| format!("Shorten this to {LONGEST_NAME} characters or fewer"))
}
