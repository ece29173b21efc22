//! For which device the gate speaks when it carries a request to the school's own portal. The portal sees the gate's
//! address there; this word, which nobody without the ticket key can make, tells it whose request it is.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use kit::Timestamp;
use sha2::Sha256;

/// The header field that holds the word. The gate takes it out of everything that it passes on.
pub const FIELD: &str = "Fivebar-Client";

/// How long a word holds, to either side: gate and portal read one machine's clock.
const HOLDS_MS: i64 = 60_000;
/// Tells a word from anything else made with the same key.
const SHAPE: &[u8] = b"fivebar client 1\n";

/// The word for a request of that device's: `10.1.2.3; 1790000000000; …`.
pub fn speak_for(key: &[u8; 32], client: IpAddr, at: Timestamp) -> String {
    let said = format!("{}; {}", client.to_canonical(), at.as_millis());
    let proof = mac(key, &said).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    format!("{said}; {}", proof.unwrap_or_default())
}

/// The device that a word names, if it was made with the same key about now.
pub fn spoken_for(key: &[u8; 32], word: &str, now: Timestamp) -> Option<IpAddr> {
    let (said, proof) = word.rsplit_once("; ")?;
    let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
    mac(key, said)?.verify_slice(&proof).ok()?;
    let (client, at) = said.split_once("; ")?;
    let apart = now.as_millis().checked_sub(at.parse::<i64>().ok()?)?;
    if apart.checked_abs()? > HOLDS_MS { None } else { client.parse().ok() }
}

fn mac(key: &[u8; 32], said: &str) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).ok()?;
    mac.update(SHAPE);
    mac.update(said.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const AT: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn a_word_names_its_device_for_a_minute_and_only_under_its_key() {
        for (client, named) in
            [("10.1.2.3", "10.1.2.3"), ("::ffff:10.1.2.3", "10.1.2.3"), ("2001:db8::1", "2001:db8::1")]
        {
            let word = speak_for(&KEY, client.parse().unwrap(), AT);
            let read = |key: &[u8; 32], later| spoken_for(key, &word, AT.plus_millis(later));
            let named = named.parse().ok();
            assert_eq!([read(&KEY, 0), read(&KEY, 60_000), read(&KEY, -60_000)], [named; 3], "{word}");
            assert_eq!([read(&KEY, 60_001), read(&KEY, -60_001), read(&[8; 32], 0)], [None; 3], "{word}");
        }
    }

    #[test]
    fn a_changed_cut_or_made_up_word_names_nobody() {
        let word = speak_for(&KEY, "10.1.2.3".parse().unwrap(), AT);
        for place in 0..word.len() {
            let mut changed = word.clone().into_bytes();
            changed[place] = if changed[place] == b'1' { b'2' } else { b'1' };
            assert_eq!(spoken_for(&KEY, &String::from_utf8(changed).unwrap(), AT), None, "byte {place}");
            assert_eq!(spoken_for(&KEY, &word[..place], AT), None, "cut at {place}");
        }
        for made_up in ["", "; ", "10.1.2.3", "10.1.2.3; 1790000000000", "10.1.2.3; 1790000000000; "] {
            assert_eq!(spoken_for(&KEY, made_up, AT), None, "{made_up}");
        }
    }
}
