//! A signed statement of how far the access trail had come: how many entries there were, and the last one's hash. Kept
//! where nobody who runs the machine can change it, as on the governors' report, it tells on a trail that was cut off or
//! written anew, however well the new chain fits together: entry `entries` of it must still have that hash.
//!
//! The hash is salted, so that two statements do not show whether anything was entered between them, and what is printed
//! cannot be compared with trails that somebody made up beforehand.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use kit::Timestamp;
use sea_orm::{ConnectionTrait, Statement};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::entry::{NOTHING_BEFORE, hex};
use super::last;
use super::verify::{Verified, verify};
use crate::db::Db;
use crate::error::StoreError;

/// The first line of every statement. Another form is another line.
const FORM: &str = "Fivebar: checkpoint of the access trail, form 1";
/// What is hashed with salt and head, so that no other bytes can pass for them.
const DOMAIN: &[u8] = b"fivebar access trail checkpoint, form 1\n";

/// The key that signs checkpoints. `Debug` shows the public half alone.
#[derive(Clone)]
pub struct CheckpointKey(SigningKey);

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckpointKey(of {})", self.public())
    }
}

impl CheckpointKey {
    /// The key that a secret of 32 random bytes is.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The public half, in hexadecimal, by which whoever holds a statement knows whose it is.
    pub fn public(&self) -> String {
        hex(self.0.verifying_key().as_bytes())
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// What it is called by: the beginning of a hash over all it says.
    pub id: String,
    /// How many entries there were.
    pub entries: i64,
    /// SHA-256 over the salt and the hash of the last of them.
    pub head: String,
    /// The salt.
    pub salt: String,
    /// When.
    pub at: String,
    /// The public key that it is signed with.
    pub key: String,
    /// The signature, Ed25519, over every line before it.
    pub signature: String,
}

/// Why a text is no statement that can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotACheckpoint {
    /// It does not have the lines of one.
    #[error(
        "this is no checkpoint of an access trail, or not a whole one; `fivebar trail checkpoint` prints one"
    )]
    Unreadable,
    /// Its signature does not fit it.
    #[error("the checkpoint was altered after it was signed, so it proves nothing; take another copy of it")]
    Altered,
}

/// What a trail is to a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It has all of it, as it was.
    Held,
    /// It ends before it.
    Shortened {
        /// How many entries there are.
        entries: i64,
    },
    /// Another entry has its place: that one, or what came before it, was written anew.
    Rewritten,
    /// The entry is there, and what came before it does not lead to it.
    Broken {
        /// The number of the first entry that cannot be right.
        seq: i64,
    },
}

impl Checkpoint {
    /// Signs how far the trail has come at `at`. The salt is 16 random bytes.
    pub async fn sign(
        db: &Db,
        key: &CheckpointKey,
        salt: [u8; 16],
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let tx = db.read().await?;
        let (entries, hash) = last(tx.conn()).await?.unwrap_or((0, NOTHING_BEFORE.to_owned()));
        tx.roll_back().await?;
        let salt = hex(&salt);
        let mut made = Self {
            id: String::new(),
            entries,
            head: salted(&salt, &hash),
            salt,
            at: at.to_string(),
            key: key.public(),
            signature: String::new(),
        };
        made.id = made.true_id();
        made.signature = hex(&key.0.sign(made.signed().as_bytes()).to_bytes());
        Ok(made)
    }

    /// Whether the trail still has what this says, in the place where it says it, and everything before it as it was.
    /// Works on records opened with [`Db::look`] as well, without a running program.
    pub async fn compare(&self, db: &Db) -> Result<Stands, StoreError> {
        let tx = db.read().await?;
        let sql = "SELECT hash FROM trail WHERE seq = $1";
        let asked = Statement::from_sql_and_values(tx.backend(), sql, [self.entries.into()]);
        let row = tx.conn().query_one_raw(asked).await?;
        let hash = row.map(|row| row.try_get::<String>("", "hash")).transpose()?;
        let there = last(tx.conn()).await?.map_or(0, |(seq, _)| seq);
        tx.roll_back().await?;
        let hash = if self.entries == 0 { Some(NOTHING_BEFORE.to_owned()) } else { hash };
        match hash {
            None => return Ok(Stands::Shortened { entries: there }),
            Some(hash) if salted(&self.salt, &hash) != self.head => return Ok(Stands::Rewritten),
            Some(_) => {}
        }
        Ok(match verify(db).await? {
            Verified::BrokenAt { seq, .. } if seq <= self.entries => Stands::Broken { seq },
            _ => Stands::Held,
        })
    }

    /// Every line before the signature.
    fn signed(&self) -> String {
        format!("{FORM}\nid: {}\n{}", self.id, self.stated())
    }

    fn stated(&self) -> String {
        let Self { entries, head, salt, at, key, .. } = self;
        format!("entries: {entries}\nhead: {head}\nsalt: {salt}\nat: {at}\nkey: {key}\n")
    }

    fn true_id(&self) -> String {
        let hash = hex(&Sha256::digest(self.stated()));
        hash.chars().take(16).collect()
    }

    fn is_signed(&self) -> bool {
        let key = bytes::<32>(&self.key).and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let signature = bytes::<64>(&self.signature).map(|bytes| Signature::from_bytes(&bytes));
        let (Some(key), Some(signature)) = (key, signature) else { return false };
        self.id == self.true_id() && key.verify_strict(self.signed().as_bytes(), &signature).is_ok()
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}signature: {}", self.signed(), self.signature)
    }
}

impl FromStr for Checkpoint {
    type Err = NotACheckpoint;

    /// Reads a statement as it is printed; what stands around it, and space at the ends of its lines, is passed over.
    fn from_str(text: &str) -> Result<Self, NotACheckpoint> {
        let mut lines = text.lines().map(str::trim).skip_while(|line| *line != FORM).skip(1);
        let mut field = |name: &str| {
            let value = lines.next()?.strip_prefix(name)?.strip_prefix(": ")?;
            Some(value.to_owned())
        };
        let read = (|| {
            Some(Self {
                id: field("id")?,
                entries: field("entries")?.parse().ok().filter(|entries| *entries >= 0)?,
                head: field("head")?,
                salt: field("salt")?,
                at: field("at")?,
                key: field("key")?,
                signature: field("signature")?,
            })
        })();
        let read = read.ok_or(NotACheckpoint::Unreadable)?;
        if read.is_signed() { Ok(read) } else { Err(NotACheckpoint::Altered) }
    }
}

fn salted(salt: &str, hash: &str) -> String {
    let mut sha = Sha256::new();
    sha.update(DOMAIN);
    sha.update(salt);
    sha.update("\n");
    sha.update(hash);
    hex(&sha.finalize())
}

/// So many bytes from hexadecimal.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}
