//! Small secrets under the school's key: those that are kept, and those that travel in a form.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use kit::Private;
use sha2::Sha256;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many bytes of a nonce there are: random ones may be used for as many secrets as there ever will be.
const NONCE: usize = 24;

/// Seals bytes for one purpose: for a column, its table, column and row; for a form, what it is for and whose. Nothing else opens
/// them. `None` where the machine gives no randomness.
pub(super) fn seal(key: &Private<[u8; 32]>, purpose: &str, bytes: &[u8]) -> Option<String> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).ok()?;
    let payload = Payload { msg: bytes, aad: purpose.as_bytes() };
    let sealed = cipher(key)?.encrypt(XNonce::from_slice(&nonce), payload).ok()?;
    Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
}

/// Opens what was sealed for that purpose.
pub(super) fn open(key: &Private<[u8; 32]>, purpose: &str, text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
    let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
    cipher(key)?.decrypt(XNonce::from_slice(nonce), payload).ok()
}

fn cipher(key: &Private<[u8; 32]>) -> Option<XChaCha20Poly1305> {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key.reveal()).ok()?;
    mac.update(b"fivebar sign-in sealing");
    XChaCha20Poly1305::new_from_slice(&mac.finalize().into_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_purpose_and_key_and_unchanged_alone() {
        let (key, other) = (Private::new([7; 32]), Private::new([8; 32]));
        let sealed = seal(&key, "code_app secret account_1", b"twenty bytes").unwrap();
        assert_ne!(sealed, seal(&key, "code_app secret account_1", b"twenty bytes").unwrap());
        let opened = |key, purpose, text: &str| open(key, purpose, text);
        assert_eq!(opened(&key, "code_app secret account_1", &sealed).unwrap(), b"twenty bytes");
        assert_eq!(opened(&other, "code_app secret account_1", &sealed), None);
        assert_eq!(opened(&key, "code_app secret account_2", &sealed), None);
        let mut bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        for place in [0, NONCE, bytes.len() - 1] {
            bytes[place] ^= 1;
            assert_eq!(opened(&key, "code_app secret account_1", &URL_SAFE_NO_PAD.encode(&bytes)), None);
            bytes[place] ^= 1;
        }
        for none in ["", "AAAA", "not base64!"] {
            assert_eq!(opened(&key, "code_app secret account_1", none), None);
        }
    }
}
