//! The pass of the filter test: with it the school's own check asks the running gate as somebody of a group would.
//!
//! Nobody without the ticket key can make one. It holds for one asker's address and about a minute, so that one which
//! somebody reads along the way is of no use from anywhere else. A group is named by a hash: a pass tells nobody which.

use std::net::IpAddr;

use hmac::{Hmac, Mac};
use kit::Timestamp;
use sha2::{Digest as _, Sha256};

/// How long a pass holds, to either side: whoever tests and the gate may read two clocks.
const HOLDS_MS: i64 = 60_000;
/// Tells a pass from anything else made with the same key.
const SHAPE: &[u8] = b"fivebar filter test 1\n";
const GROUP: usize = 16;
const PROOF: usize = 16;

/// How long a pass is: the moment, the group's hash, and the proof.
pub const PASS_BYTES: usize = 8 + GROUP + PROOF;

/// The header field in which the proxy is shown a pass, in lower case: as hexadecimal digits. It is never passed on.
pub const FIELD: &str = "fivebar-test";

/// A pass as a header field holds it.
pub fn to_text(pass: &[u8; PASS_BYTES]) -> String {
    pass.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The pass in a header field; `None` for what is none.
pub fn of_text(text: &[u8]) -> Option<[u8; PASS_BYTES]> {
    let mut pass = [0; PASS_BYTES];
    if text.len() != 2 * PASS_BYTES {
        return None;
    }
    for (byte, pair) in pass.iter_mut().zip(text.as_chunks::<2>().0) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let [high, low] = pair.map(digit);
        *byte = u8::try_from(high? << 4 | low?).ok()?;
    }
    Some(pass)
}

/// The group that a test asks as. There is none but from a pass that was made with the school's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestGroup([u8; GROUP]);

impl TestGroup {
    /// Whether it is the group with that id.
    pub(crate) fn is(self, id: &str) -> bool {
        hash(id) == self.0
    }
}

/// A pass to ask as a group, from an address, about now.
pub fn write_pass(key: &[u8; 32], group: &str, client: IpAddr, at: Timestamp) -> [u8; PASS_BYTES] {
    let mut pass = [0; PASS_BYTES];
    let (said, proof) = pass.split_at_mut(PASS_BYTES - PROOF);
    let (moment, named) = said.split_at_mut(8);
    moment.copy_from_slice(&at.as_millis().to_be_bytes());
    named.copy_from_slice(&hash(group));
    if let Some(mac) = mac(key, said, client) {
        let made = mac.finalize().into_bytes();
        proof.iter_mut().zip(made).for_each(|(to, from)| *to = from);
    }
    pass
}

/// The group that a pass names, if it was made with the same key, for this asker, about now.
pub fn read_pass(key: &[u8; 32], pass: &[u8], client: IpAddr, now: Timestamp) -> Option<TestGroup> {
    let pass = pass.first_chunk::<PASS_BYTES>().filter(|_| pass.len() == PASS_BYTES)?;
    let (said, proof) = pass.split_at_checked(PASS_BYTES - PROOF)?;
    mac(key, said, client)?.verify_truncated_left(proof).ok()?;
    let (moment, group) = said.split_first_chunk::<8>()?;
    let apart = now.as_millis().checked_sub(i64::from_be_bytes(*moment))?.checked_abs()?;
    if apart > HOLDS_MS { None } else { group.first_chunk().copied().map(TestGroup) }
}

fn hash(group: &str) -> [u8; GROUP] {
    let digest = Sha256::digest(group.as_bytes());
    digest.first_chunk().copied().unwrap_or_default()
}

fn mac(key: &[u8; 32], said: &[u8], client: IpAddr) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).ok()?;
    mac.update(SHAPE);
    mac.update(said);
    mac.update(client.to_canonical().to_string().as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const AT: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn a_pass_is_for_one_asker_a_minute_and_a_key() {
        let me: IpAddr = "127.0.0.1".parse().unwrap();
        let pass = write_pass(&KEY, "year-7", me, AT);
        let read = |key: &[u8; 32], client: &str, later| {
            read_pass(key, &pass, client.parse().unwrap(), AT.plus_millis(later)).is_some()
        };
        for later in [0, 60_000, -60_000] {
            assert!(read(&KEY, "127.0.0.1", later) && read(&KEY, "::ffff:127.0.0.1", later), "{later}");
        }
        assert!(!read(&KEY, "127.0.0.1", 60_001) && !read(&KEY, "127.0.0.1", -60_001));
        assert!(!read(&KEY, "127.0.0.2", 0) && !read(&[8; 32], "127.0.0.1", 0));
        let text = to_text(&pass);
        assert_eq!(of_text(text.as_bytes()), Some(pass));
        assert_eq!(of_text(text.to_uppercase().as_bytes()), Some(pass));
        for wrong in [&text[1..], &format!("{text}00"), &text.replace(&text[..1], "g"), ""] {
            assert_eq!(of_text(wrong.as_bytes()), None, "{wrong}");
        }
        let group = read_pass(&KEY, &pass, me, AT).unwrap();
        assert!(group.is("year-7") && !group.is("year-8"));
    }

    #[test]
    fn a_changed_cut_or_longer_pass_names_nobody() {
        let me: IpAddr = "::1".parse().unwrap();
        let pass = write_pass(&KEY, "staff", me, AT);
        for place in 0..PASS_BYTES {
            let mut changed = pass;
            changed[place] ^= 1;
            assert_eq!(read_pass(&KEY, &changed, me, AT), None, "byte {place}");
            assert_eq!(read_pass(&KEY, &pass[..place], me, AT), None, "cut at {place}");
        }
        assert_eq!(read_pass(&KEY, &[pass.as_slice(), &[0]].concat(), me, AT), None);
    }
}
