//! Ids and cursors in which nothing can be read, and small secrets under the school's key. Pure, randomness excepted.
//!
//! The roll and the gate count people and devices, and a number tells how many there are and who came when. Here each has an id that only
//! the school's key makes. It is not the pseudonym of the activity log: whoever reads both cannot hold one against the other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use kit::Private;
use sha2::Sha256;

const NONCE: usize = 24;
/// Letters and digits of ids: small, and none that can be mistaken for another.
const SIGNS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 80 bits: nobody finds another's by trying.
const LENGTH: usize = 16;

/// Makes ids, and seals.
#[derive(Debug, Clone)]
pub struct Opaque {
    key: Private<[u8; 32]>,
}

impl Opaque {
    /// By the school's key.
    pub const fn new(key: Private<[u8; 32]>) -> Self {
        Self { key }
    }

    fn mac(&self, what: &str, text: &str) -> Vec<u8> {
        let Ok(mut mac) = <Hmac<Sha256> as hmac::Mac>::new_from_slice(self.key.reveal()) else {
            return Vec::new();
        };
        for part in ["fivebar api ", what, "\n", text] {
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().to_vec()
    }

    /// The id of the thing of that kind that is called so inside, as in `person_0a1b2c3d4e5f6g7h`.
    pub fn id(&self, kind: &str, inside: &str) -> String {
        let mac = self.mac(kind, inside);
        let signs = mac.iter().take(LENGTH).filter_map(|byte| SIGNS.get(usize::from(byte % 32)));
        format!("{kind}_{}", signs.map(|sign| char::from(*sign)).collect::<String>())
    }

    /// Which of some things of a kind an id means.
    pub fn which<T>(&self, kind: &str, id: &str, all: impl IntoIterator<Item = (String, T)>) -> Option<T> {
        all.into_iter().find(|(inside, _)| self.id(kind, inside) == id).map(|(_, thing)| thing)
    }

    fn cipher(&self) -> Option<XChaCha20Poly1305> {
        XChaCha20Poly1305::new_from_slice(&self.mac("sealing", "")).ok()
    }

    /// Seals bytes for one purpose. `None` where the machine gives no randomness.
    pub fn seal(&self, purpose: &str, bytes: &[u8]) -> Option<String> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let payload = Payload { msg: bytes, aad: purpose.as_bytes() };
        let sealed = self.cipher()?.encrypt(XNonce::from_slice(&nonce), payload).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was sealed for that purpose.
    pub fn open(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        self.cipher()?.decrypt(XNonce::from_slice(nonce), payload).ok()
    }
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub fn same(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    one.len() == other.len() && pairs.fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_nothing_and_is_found_again() {
        let opaque = Opaque::new(Private::new([7; 32]));
        let ids: Vec<String> = (1..=3).map(|number| opaque.id("person", &number.to_string())).collect();
        assert!(ids.iter().all(|id| id.len() == 23 && id.starts_with("person_")), "{ids:?}");
        assert!(ids[0] != ids[1] && ids[0][7..] != opaque.id("device", "1")[7..]);
        assert_ne!(ids[0], Opaque::new(Private::new([8; 32])).id("person", "1"));
        let all = || (1..=3).map(|number| (number.to_string(), number));
        assert_eq!(opaque.which("person", &ids[1], all()), Some(2));
        assert_eq!(opaque.which("person", "person_2", all()), None);
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_alone() {
        let opaque = Opaque::new(Private::new([7; 32]));
        let sealed = opaque.seal("cursor people", b"12").unwrap();
        assert_eq!(opaque.open("cursor people", &sealed).unwrap(), b"12");
        assert_eq!(opaque.open("cursor devices", &sealed), None);
        assert_eq!(opaque.open("cursor people", "AAAA"), None);
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab"));
    }
}
