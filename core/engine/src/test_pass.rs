//! The pass of the filter test: with it the school's own check asks the running gate as somebody of a group would.
//!
//! Nobody without the ticket key can make one. It is for one request of one asker's address, about a minute, once: whoever
//! reads it along the way can ask nothing else with it, and not that either. Which group it names only the key tells.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, Mac};
use kit::{Private, Timestamp};
use sha2::{Digest as _, Sha256};

/// How long a pass holds, to either side: whoever tests and the gate may read two clocks.
const HOLDS_MS: i64 = 60_000;
/// Tells a pass from anything else made with the same key.
const SHAPE: &[u8] = b"fivebar filter test 2\n";
/// The same for what hides the group.
const HIDES: &[u8] = b"fivebar filter test 2, the group\n";
const NONCE: usize = 8;
const GROUP: usize = 16;
const PROOF: usize = 16;

/// How long a pass is: the moment, what tells it from every other, the hidden group, and the proof.
pub const PASS_BYTES: usize = 8 + NONCE + GROUP + PROOF;

/// The one request that a pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// A DNS question.
    Question {
        /// The name in lower case, without a dot at its end.
        name: &'a [u8],
        /// The type of record.
        kind: u16,
    },
    /// A page through the proxy.
    Page {
        /// The host as it stands in a `Host` field.
        host: &'a str,
        /// The port.
        port: u16,
        /// The canonical path with its query.
        path: &'a str,
    },
    /// A tunnel through the proxy.
    Tunnel {
        /// The host as it stands in a `Host` field.
        host: &'a str,
        /// The port.
        port: u16,
    },
}

impl Asked<'_> {
    fn add_to(&self, mac: &mut Hmac<Sha256>) {
        let (tag, number, parts): (u8, u16, [&[u8]; 2]) = match *self {
            Self::Question { name, kind } => (1, kind, [name, b""]),
            Self::Page { host, port, path } => (2, port, [host.as_bytes(), path.as_bytes()]),
            Self::Tunnel { host, port } => (3, port, [host.as_bytes(), b""]),
        };
        mac.update(&[tag]);
        mac.update(&number.to_be_bytes());
        for part in parts {
            // With their lengths, so that no two requests read the same.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
    }
}

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

/// A pass to ask one thing as a group, from an address, about now. `nonce` is another for each pass.
pub fn write_pass(
    key: &[u8; 32],
    group: &str,
    client: IpAddr,
    asked: Asked<'_>,
    at: Timestamp,
    nonce: [u8; NONCE],
) -> [u8; PASS_BYTES] {
    let moment = at.as_millis().to_be_bytes();
    let named = hash(group);
    let proof = proof(key, moment, nonce, &named, client, asked);
    let hidden = hidden(key, &proof, named);
    let mut pass = [0; PASS_BYTES];
    let parts = moment.iter().chain(&nonce).chain(&hidden).chain(&proof);
    pass.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
    pass
}

/// The group that a pass names, if it was made with the same key, for this asker and request, about now. Whether it was
/// shown before, [`Passes`] knows.
pub fn read_pass(
    key: &[u8; 32],
    pass: &[u8],
    client: IpAddr,
    asked: Asked<'_>,
    now: Timestamp,
) -> Option<TestGroup> {
    read(key, pass, client, asked, now).map(|read| read.group)
}

/// What a good pass says.
struct Read {
    group: TestGroup,
    proof: [u8; PROOF],
    /// In milliseconds, when it was made.
    moment: i64,
}

fn read(key: &[u8; 32], pass: &[u8], client: IpAddr, asked: Asked<'_>, now: Timestamp) -> Option<Read> {
    let pass = pass.first_chunk::<PASS_BYTES>().filter(|_| pass.len() == PASS_BYTES)?;
    let (moment, rest) = pass.split_first_chunk::<8>()?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
    let (named, said) = rest.split_first_chunk::<GROUP>()?;
    let said = *said.first_chunk::<PROOF>()?;
    let named = hidden(key, &said, *named);
    // In a time that tells nothing of how much of it is right.
    mac_of(key, *moment, *nonce, &named, client, asked)?.verify_truncated_left(&said).ok()?;
    let moment = i64::from_be_bytes(*moment);
    let apart = now.as_millis().checked_sub(moment)?.checked_abs()?;
    (apart <= HOLDS_MS).then_some(Read { group: TestGroup(named), proof: said, moment })
}

/// The passes that a gate was shown: none is good twice. Shared by its fronts and their threads; whoever shows no pass, as every
/// device does, never waits for another here.
#[derive(Debug)]
pub struct Passes {
    key: Private<[u8; 32]>,
    /// By their proofs, with the moments that they were made.
    shown: Mutex<HashMap<[u8; PROOF], i64>>,
}

/// So many may be remembered before those that are over are let go.
const REMEMBERED: usize = 1_024;

impl Passes {
    /// Of the school with that key.
    pub fn new(key: Private<[u8; 32]>) -> Self {
        Self { key, shown: Mutex::default() }
    }

    /// The group that a pass names, as [`read_pass`] reads it, the first time that it is shown.
    pub fn take(&self, pass: &[u8], client: IpAddr, asked: Asked<'_>, now: Timestamp) -> Option<TestGroup> {
        let Read { group, proof, moment } = read(self.key.reveal(), pass, client, asked, now)?;
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.len() >= REMEMBERED {
            let over = now.as_millis().saturating_sub(HOLDS_MS);
            shown.retain(|_, moment| *moment >= over);
        }
        shown.insert(proof, moment).is_none().then_some(group)
    }
}

fn hash(group: &str) -> [u8; GROUP] {
    let digest = Sha256::digest(group.as_bytes());
    digest.first_chunk().copied().unwrap_or_default()
}

fn proof(
    key: &[u8; 32],
    moment: [u8; 8],
    nonce: [u8; NONCE],
    named: &[u8; GROUP],
    client: IpAddr,
    asked: Asked<'_>,
) -> [u8; PROOF] {
    let made = mac_of(key, moment, nonce, named, client, asked).map(|mac| mac.finalize().into_bytes());
    made.and_then(|made| made.first_chunk().copied()).unwrap_or_default()
}

/// The group's hash hidden, or shown again: with bytes that come of the key and of the proof, which is another for each pass.
fn hidden(key: &[u8; 32], proof: &[u8; PROOF], mut named: [u8; GROUP]) -> [u8; GROUP] {
    if let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(key) {
        mac.update(HIDES);
        mac.update(proof);
        named.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(byte, hides)| *byte ^= hides);
    }
    named
}

fn mac_of(
    key: &[u8; 32],
    moment: [u8; 8],
    nonce: [u8; NONCE],
    named: &[u8; GROUP],
    client: IpAddr,
    asked: Asked<'_>,
) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).ok()?;
    mac.update(SHAPE);
    mac.update(&moment);
    mac.update(&nonce);
    mac.update(named);
    asked.add_to(&mut mac);
    mac.update(client.to_canonical().to_string().as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const AT: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const PAGE: Asked<'_> = Asked::Page { host: "games.example", port: 80, path: "/a" };
    const NO: [u8; 8] = [0; 8];

    #[test]
    fn a_pass_is_for_one_asker_a_minute_and_a_key() {
        let me: IpAddr = "127.0.0.1".parse().unwrap();
        let pass = write_pass(&KEY, "year-7", me, PAGE, AT, NO);
        let read = |key: &[u8; 32], client: &str, later| {
            read_pass(key, &pass, client.parse().unwrap(), PAGE, AT.plus_millis(later)).is_some()
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
        let group = read_pass(&KEY, &pass, me, PAGE, AT).unwrap();
        assert!(group.is("year-7") && !group.is("year-8"));
    }

    #[test]
    fn a_pass_is_for_one_request_and_good_once() {
        let me: IpAddr = "127.0.0.1".parse().unwrap();
        let all = [
            PAGE,
            Asked::Page { host: "games.example", port: 80, path: "/ab" },
            Asked::Page { host: "games.example", port: 81, path: "/a" },
            Asked::Page { host: "games.example/", port: 80, path: "a" },
            Asked::Tunnel { host: "games.example", port: 80 },
            Asked::Question { name: b"games.example", kind: 80 },
            Asked::Question { name: b"games.example", kind: 1 },
        ];
        let passes = Passes::new(Private::new(KEY));
        for (place, asked) in all.iter().enumerate() {
            let pass = write_pass(&KEY, "staff", me, *asked, AT, NO);
            for (other, request) in all.iter().enumerate() {
                let read = read_pass(&KEY, &pass, me, *request, AT);
                assert_eq!(read.is_some(), place == other, "{asked:?} for {request:?}");
            }
            assert!(passes.take(&pass, me, *asked, AT).is_some_and(|group| group.is("staff")));
            for later in [0, 59_000] {
                assert_eq!(passes.take(&pass, me, *asked, AT.plus_millis(later)), None, "shown before");
            }
        }
        // Of one second, each of many is good once, and what is over is not remembered for ever.
        for later in [0, 200_000] {
            for number in 0..2 * REMEMBERED as u64 {
                let at = AT.plus_millis(later);
                let pass = write_pass(&KEY, "staff", me, PAGE, at, (number + 1).to_be_bytes());
                assert!(passes.take(&pass, me, PAGE, at).is_some(), "{number}");
                assert!(passes.take(&pass, me, PAGE, at).is_none(), "{number}");
            }
        }
        assert!(passes.shown.lock().unwrap().len() <= 2 * REMEMBERED);
    }

    #[test]
    fn nobody_without_the_key_learns_which_group_it_names() {
        let me: IpAddr = "127.0.0.1".parse().unwrap();
        let named = |pass: [u8; PASS_BYTES]| <[u8; GROUP]>::try_from(&pass[16..32]).unwrap();
        let of = |group: &str, number: u8| named(write_pass(&KEY, group, me, PAGE, AT, [number; 8]));
        assert_ne!(of("staff", 1), hash("staff"));
        assert_ne!(of("staff", 1), of("staff", 2), "two passes for one group have nothing in common");
        let apart = |one: [u8; GROUP], other: [u8; GROUP]| -> Vec<u8> {
            one.iter().zip(other).map(|(one, other)| one ^ other).collect()
        };
        assert_ne!(apart(of("staff", 1), of("pupils", 1)), apart(hash("staff"), hash("pupils")));
    }

    #[test]
    fn a_changed_cut_or_longer_pass_names_nobody() {
        let me: IpAddr = "::1".parse().unwrap();
        let pass = write_pass(&KEY, "staff", me, PAGE, AT, NO);
        for place in 0..PASS_BYTES {
            let mut changed = pass;
            changed[place] ^= 1;
            assert_eq!(read_pass(&KEY, &changed, me, PAGE, AT), None, "byte {place}");
            assert_eq!(read_pass(&KEY, &pass[..place], me, PAGE, AT), None, "cut at {place}");
        }
        assert_eq!(read_pass(&KEY, &[pass.as_slice(), &[0]].concat(), me, PAGE, AT), None);
    }
}
