//! To whom a gate encrypts its records of sealed addresses: public keys alone, vouched for by the school's key.

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{SealedKey, Unverifiable, from_hex, to_hex};

/// Public keys as the hub publishes them. A gate that finds them changed does not use them: whoever could put a key of
/// their own among them would be told what the gate sees.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recipients {
    /// The keys, in the form `age1…`.
    keys: Vec<String>,
    /// HMAC-SHA256 over all of them under the school's key, in hexadecimal; empty where none were ever published.
    seal: String,
}

impl Recipients {
    /// Vouches for keys.
    pub fn seal(key: &SealedKey, keys: Vec<String>) -> Self {
        let seal = mac(key, &keys).map(|mac| to_hex(&mac.finalize().into_bytes())).unwrap_or_default();
        Self { keys, seal }
    }

    /// The keys, if they are those that were vouched for.
    pub fn open(&self, key: &SealedKey) -> Result<&[String], Unverifiable> {
        if self.keys.is_empty() && self.seal.is_empty() {
            return Ok(&[]);
        }
        let seal = from_hex(&self.seal).ok_or(Unverifiable)?;
        mac(key, &self.keys)?.verify_slice(&seal).map_err(|_| Unverifiable)?;
        Ok(&self.keys)
    }
}

fn mac(key: &SealedKey, keys: &[String]) -> Result<Hmac<Sha256>, Unverifiable> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key.derive("sealed record recipients"))
        .map_err(|_| Unverifiable)?;
    for text in keys {
        mac.update(&(text.len() as u64).to_be_bytes());
        mac.update(text.as_bytes());
    }
    Ok(mac)
}
