//! What an encrypted record says, and the two ways it is turned: to bytes for public keys, and back with one identity.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::IpAddr;

use age::secrecy::ExposeSecret as _;
use engine::{Activity, DeviceNo, Fact, KnownBy, Origin, PersonNo, SealedAddress, Verdict};
use kit::{Private, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::moment;

/// The longest path kept; the rest is left out.
const LONGEST_PATH: usize = 2048;
/// No opened record is longer.
const LONGEST: u64 = 64 << 10;

/// What was asked for, by whom, and by which policy it was refused. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedRecord {
    /// The host that was asked for.
    pub host: String,
    /// The path with its query, where the front saw one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What of the request is sealed: the host, its path, a name or an address that it led to.
    pub fact: Fact,
    /// The names that the host led to, where the front gave them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
    /// When the first request was refused.
    #[serde(with = "moment")]
    pub at: Timestamp,
    /// Which front refused it.
    pub front: String,
    /// The device's address.
    pub client: Option<IpAddr>,
    /// The device's number.
    pub device: Option<DeviceNo>,
    /// The person's number.
    pub person: Option<PersonNo>,
    /// How surely it is known who asked.
    pub known_by: KnownBy,
    /// What the browser calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The version of the filter policy that refused it.
    pub policy: u32,
    /// The publication that the gate had in use.
    pub generation: u64,
    /// Where another filter's log told it: which kind of log, and what that filter did. The policy above is the one by which
    /// it was known, when the log was brought in, that this is sealed; nothing here refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
}

/// What another filter did with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// What kind of log told it.
    pub origin: Origin,
    /// Whether it let it through.
    pub verdict: Verdict,
}

impl fmt::Debug for SealedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedRecord(private)")
    }
}

impl SealedRecord {
    /// The record of one refusal.
    pub fn of(activity: &Activity<'_>, address: SealedAddress<'_>, policy: u32, generation: u64) -> Self {
        Self {
            host: address.host.to_string(),
            path: address.path.map(|path| path.chars().take(LONGEST_PATH).collect()),
            fact: activity.decision().reason.fact,
            chain: address.chain.iter().map(|name| name.as_str().to_owned()).collect(),
            at: activity.at(),
            front: activity.front().id().to_owned(),
            client: activity.client(),
            device: activity.device(),
            person: activity.person(),
            known_by: activity.known_by(),
            agent: activity.agent().map(|agent| agent.chars().take(crate::event::LONGEST_AGENT).collect()),
            policy,
            generation,
            elsewhere: elsewhere(activity),
        }
    }

    /// Encrypts it in the age format, so that it can be opened without this program too. About 0.1 ms and 0.05 ms more
    /// a key. `None` without a key.
    pub fn encrypt(&self, keys: &[age::x25519::Recipient]) -> Option<Vec<u8>> {
        let text = serde_json::to_vec(self).ok()?;
        let to = keys.iter().map(|key| -> &dyn age::Recipient { key });
        let encryptor = age::Encryptor::with_recipients(to).ok()?;
        let mut out = Vec::with_capacity(text.len() + 256 + 128 * keys.len());
        let mut writer = encryptor.wrap_output(&mut out).ok()?;
        writer.write_all(&text).ok()?;
        writer.finish().ok()?;
        Some(out)
    }
}

fn elsewhere(activity: &Activity<'_>) -> Option<Elsewhere> {
    let reason = &activity.decision().reason;
    let origin = Origin::of(reason.step, reason.rule)?;
    Some(Elsewhere { origin, verdict: activity.verdict() })
}

/// A private key that opens records. It is kept away from the school's machines; `Debug` doesn't show it.
pub struct Identity(age::x25519::Identity);

/// A record was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// The text holds no identity.
    #[error("this file holds no identity; a line of it begins with AGE-SECRET-KEY-1")]
    NoIdentity,
    /// The record was encrypted to others.
    #[error("this identity does not open the record: it was written to others, or before this one was added")]
    NotForThis,
    /// The record is not what a gate writes.
    #[error("the record is damaged")]
    Damaged,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity(of {})", self.public())
    }
}

impl Identity {
    /// A new one.
    pub fn generate() -> Self {
        Self(age::x25519::Identity::generate())
    }

    /// The first identity in a file as `age-keygen` or `fivebar sealed recipients add` writes it.
    pub fn read(text: &str) -> Result<Self, NotOpened> {
        let line = text.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-1"));
        line.and_then(|line| line.parse().ok()).map(Self).ok_or(NotOpened::NoIdentity)
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> String {
        self.0.to_public().to_string()
    }

    /// The secret itself, to be written down once.
    pub fn secret(&self) -> Private<String> {
        Private::new(self.0.to_string().expose_secret().to_owned())
    }

    /// Opens a record.
    pub fn open(&self, encrypted: &[u8]) -> Result<SealedRecord, NotOpened> {
        let decryptor = age::Decryptor::new(encrypted).map_err(|_| NotOpened::Damaged)?;
        let mine: &dyn age::Identity = &self.0;
        let reader = decryptor.decrypt(std::iter::once(mine)).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => NotOpened::NotForThis,
            _ => NotOpened::Damaged,
        })?;
        let mut text = Vec::new();
        reader.take(LONGEST).read_to_end(&mut text).map_err(|_| NotOpened::Damaged)?;
        serde_json::from_slice(&text).map_err(|_| NotOpened::Damaged)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn record() -> SealedRecord {
        SealedRecord {
            host: "sealed-whole.example".to_owned(),
            path: Some("/gallery?page=7".to_owned()),
            fact: Fact::Host,
            chain: vec!["other.example".to_owned()],
            at: Timestamp::from_millis(1_764_000_000_000),
            front: "proxy".to_owned(),
            client: Some([127, 0, 0, 7].into()),
            device: Some(DeviceNo(8)),
            person: None,
            known_by: KnownBy::DeviceRegister,
            agent: None,
            policy: 3,
            generation: 12,
            elsewhere: None,
        }
    }

    #[test]
    fn a_record_opens_for_each_it_was_written_to_and_for_nobody_else() {
        let [head, dsl, other] = [(); 3].map(|()| Identity::generate());
        let keys: Vec<age::x25519::Recipient> =
            [&head, &dsl].iter().map(|one| one.public().parse().unwrap()).collect();
        let bytes = record().encrypt(&keys).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"example"));
        assert_eq!(head.open(&bytes), Ok(record()));
        let written = format!("# head\n{}\n", dsl.secret().reveal());
        assert_eq!(Identity::read(&written).unwrap().open(&bytes), Ok(record()));
        assert_eq!(other.open(&bytes), Err(NotOpened::NotForThis));
        for at in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[at] ^= 1;
            assert!(head.open(&bent).is_err(), "flipped at {at}");
        }
        assert_eq!(record().encrypt(&[]), None);
        assert!(matches!(Identity::read("age1abc"), Err(NotOpened::NoIdentity)));
        assert!(!format!("{:?} {head:?}", record()).contains("example"));
        assert!(!format!("{head:?}").contains("SECRET"));
    }
}
