//! The key by which push services know that messages come from this school (VAPID, RFC 8292).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use kit::{Private, Timestamp};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;
use sha2::Sha256;

/// For how long a signature holds. A service takes up to a day.
const HOLDS_MS: i64 = 12 * 3_600_000;

/// The school's key for push messages: made once, since each subscription is for it alone.
#[derive(Clone)]
pub struct Vapid(SigningKey);

impl std::fmt::Debug for Vapid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(key)")
    }
}

impl Vapid {
    /// The one that follows from the school's key for notices; always the same.
    pub fn of(key: &Private<[u8; 32]>) -> Option<Self> {
        // Hardly any 32 bytes are no key of the curve; where the first are, the next are tried.
        (0_u8..=u8::MAX).find_map(|count| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key.reveal()).ok()?;
            mac.update(b"fivebar notices: the key of push messages\n");
            mac.update(&[count]);
            SigningKey::from_slice(&mac.finalize().into_bytes()).ok().map(Self)
        })
    }

    /// What a browser subscribes for, in base64url.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.verifying_key().to_encoded_point(false).as_bytes())
    }

    /// The header that proves to the service at `origin` who sends; `contact` is where to find them.
    pub(super) fn authorization(&self, origin: &str, contact: &str, at: Timestamp) -> String {
        let until = at.plus_millis(HOLDS_MS).as_millis().div_euclid(1_000);
        let head = json!({ "typ": "JWT", "alg": "ES256" });
        let claims = json!({ "aud": origin, "exp": until, "sub": contact });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let said = format!("{}.{}", part(&head), part(&claims));
        let signature: Signature = self.0.sign(said.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        format!("vapid t={said}.{signature}, k={}", self.public())
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier as _;

    use super::*;

    #[test]
    fn a_signature_names_the_service_alone_and_is_the_keys() {
        let key = Vapid::of(&Private::new([7; 32])).unwrap();
        assert_eq!(key.public(), Vapid::of(&Private::new([7; 32])).unwrap().public());
        assert_ne!(key.public(), Vapid::of(&Private::new([8; 32])).unwrap().public());
        let at = Timestamp::from_millis(1_795_424_400_999);
        let header = key.authorization("https://push.example", "https://portal.example", at);
        let (token, public) = header.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        let point = URL_SAFE_NO_PAD.decode(public).unwrap();
        assert_eq!((point.len(), point[0]), (65, 4));
        let (said, signature) = token.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        VerifyingKey::from_sec1_bytes(&point).unwrap().verify(said.as_bytes(), &signature).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(said.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        let expected =
            json!({ "aud": "https://push.example", "exp": 1_795_467_600, "sub": "https://portal.example" });
        assert_eq!(claims, expected);
    }
}
