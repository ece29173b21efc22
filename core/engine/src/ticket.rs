//! The signed, ending token of a decision, carried in a link from the block page to the portal. Sealed, so that the
//! address holds nothing that can be read: not the site, not the person.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use kit::Timestamp;

use crate::decision::{Decision, RuleRef};
use crate::groups::GroupNo;
use crate::identity::{DeviceNo, PersonNo};
use crate::step::Step;

/// What a ticket says of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The host that was asked for; empty where a sealed entry spoke.
    pub host: String,
    /// The path without its query, where one was seen; its beginning only, where it is long.
    pub path: Option<String>,
    /// The person.
    pub person: Option<PersonNo>,
    /// The device.
    pub device: Option<DeviceNo>,
    /// The device's address.
    pub client: IpAddr,
    /// The step that spoke.
    pub step: Step,
    /// The rule that spoke.
    pub rule: RuleRef,
    /// The category, where one was the ground.
    pub category: Option<u16>,
    /// The group whose cell or rule won.
    pub group: Option<GroupNo>,
    /// When it was decided.
    pub at: Timestamp,
    /// From when on the ticket is worth nothing.
    pub ends_at: Timestamp,
}

/// Why a text is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Its time is over.
    #[error("this link has ended; open the blocked page again to get a new one")]
    Ended,
    /// It was not made here, or was changed since.
    #[error("this link was not made by this school's filter, or was changed")]
    NotOurs,
}

/// Tells tickets from anything else sealed with the same key, and this shape from later ones.
const SHAPE: &[u8] = b"fivebar ticket 1";
/// The most bytes of text in a ticket: a link stays short enough to be typed from a screen if need be.
const MOST_TEXT: usize = 170;
const NONCE_BYTES: usize = 12;

impl Ticket {
    /// The ticket of a decision.
    pub fn of(
        decision: &Decision,
        (host, path): (&str, Option<&str>),
        (person, device, client): (Option<PersonNo>, Option<DeviceNo>, IpAddr),
        at: Timestamp,
        ends_at: Timestamp,
    ) -> Self {
        let reason = &decision.reason;
        // A link to a sealed address would stand in the browser's history, and this machine holds the key to it.
        let sealed = reason.step == Step::Sealed;
        Self {
            host: if sealed { String::new() } else { host.to_owned() },
            path: path.filter(|_| !sealed).map(|path| path.split('?').next().unwrap_or_default().to_owned()),
            person,
            device,
            client,
            step: reason.step,
            rule: reason.rule,
            category: reason.category,
            group: reason.group,
            at,
            ends_at,
        }
    }

    /// The ticket as text for a link: letters, digits, `-` and `_`; at most 350 of them unless the host alone is
    /// longer. `nonce` must never be used twice with one key; twelve random bytes do.
    pub fn seal(&self, key: &[u8; 32], nonce: [u8; NONCE_BYTES]) -> String {
        let mut plain = Vec::with_capacity(256);
        let flags = u8::from(self.path.is_some())
            | u8::from(self.person.is_some()) << 1
            | u8::from(self.device.is_some()) << 2
            | u8::from(self.client.is_ipv6()) << 3
            | u8::from(self.category.is_some()) << 4
            | u8::from(self.group.is_some()) << 5;
        plain.push(flags);
        plain.push(self.step as u8);
        plain.extend(self.rule.0.to_be_bytes());
        plain.extend(self.at.as_millis().to_be_bytes());
        plain.extend(self.ends_at.as_millis().to_be_bytes());
        match self.client {
            IpAddr::V4(address) => plain.extend(address.octets()),
            IpAddr::V6(address) => plain.extend(address.octets()),
        }
        plain.extend(self.person.into_iter().flat_map(|person| person.0.to_be_bytes()));
        plain.extend(self.device.into_iter().flat_map(|device| device.0.to_be_bytes()));
        plain.extend(self.category.into_iter().flat_map(u16::to_be_bytes));
        plain.extend(self.group.into_iter().flat_map(|group| group.0.to_be_bytes()));
        let host = self.host.as_bytes();
        let host = host.get(..255).unwrap_or(host);
        plain.push(u8::try_from(host.len()).unwrap_or(u8::MAX));
        plain.extend(host);
        if let Some(path) = &self.path {
            plain.extend(beginning(path, MOST_TEXT.saturating_sub(host.len())).bytes());
        }
        let cipher = ChaCha20Poly1305::new(Key::from_slice(key));
        // Sealing fails only beyond 256 GiB; the text of nothing opens as "not ours".
        let sealed = cipher.encrypt(Nonce::from_slice(&nonce), Payload { msg: &plain, aad: SHAPE });
        let mut whole = nonce.to_vec();
        whole.extend(sealed.unwrap_or_default());
        URL_SAFE_NO_PAD.encode(whole)
    }

    /// Opens a ticket that [`Ticket::seal`] made with the same key and that has not ended by `now`.
    pub fn open(key: &[u8; 32], text: &str, now: Timestamp) -> Result<Self, TicketError> {
        let whole = URL_SAFE_NO_PAD.decode(text).map_err(|_| TicketError::NotOurs)?;
        let (nonce, sealed) = whole.split_at_checked(NONCE_BYTES).ok_or(TicketError::NotOurs)?;
        let cipher = ChaCha20Poly1305::new(Key::from_slice(key));
        let plain = cipher
            .decrypt(Nonce::from_slice(nonce), Payload { msg: sealed, aad: SHAPE })
            .map_err(|_| TicketError::NotOurs)?;
        let ticket = Self::read(&plain).ok_or(TicketError::NotOurs)?;
        if now >= ticket.ends_at { Err(TicketError::Ended) } else { Ok(ticket) }
    }

    fn read(plain: &[u8]) -> Option<Self> {
        let mut rest = plain;
        let [flags] = take(&mut rest)?;
        let has = |bit: u8| flags >> bit & 1 == 1;
        let [step] = take(&mut rest)?;
        let step = Step::from_number(step)?;
        let rule = RuleRef(u32::from_be_bytes(take(&mut rest)?));
        let at = Timestamp::from_millis(i64::from_be_bytes(take(&mut rest)?));
        let ends_at = Timestamp::from_millis(i64::from_be_bytes(take(&mut rest)?));
        let client = if has(3) {
            IpAddr::V6(Ipv6Addr::from(take::<16>(&mut rest)?))
        } else {
            IpAddr::V4(Ipv4Addr::from(take::<4>(&mut rest)?))
        };
        let person = if has(1) { Some(PersonNo(u32::from_be_bytes(take(&mut rest)?))) } else { None };
        let device = if has(2) { Some(DeviceNo(u32::from_be_bytes(take(&mut rest)?))) } else { None };
        let category = if has(4) { Some(u16::from_be_bytes(take(&mut rest)?)) } else { None };
        let group = if has(5) { Some(GroupNo(u16::from_be_bytes(take(&mut rest)?))) } else { None };
        let [length] = take(&mut rest)?;
        let (host, path) = rest.split_at_checked(usize::from(length))?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let path = if has(0) { Some(text(path)?) } else { None };
        Some(Self {
            host: text(host)?,
            path,
            person,
            device,
            client,
            step,
            rule,
            category,
            group,
            at,
            ends_at,
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*first)
}

/// The longest beginning of at most `bytes` bytes that ends between two characters.
fn beginning(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];
    const NONCE: [u8; 12] = [9; 12];
    const AT: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn ticket() -> Ticket {
        Ticket {
            host: "games.example".into(),
            path: Some("/play".into()),
            person: Some(PersonNo(41)),
            device: None,
            client: "10.1.2.3".parse().unwrap(),
            step: Step::PermittedUse,
            rule: RuleRef(12),
            category: Some(3),
            group: Some(GroupNo(9)),
            at: AT,
            ends_at: AT.plus_millis(3_600_000),
        }
    }

    #[test]
    fn a_ticket_opens_until_it_ends_and_only_with_its_key() {
        let text = ticket().seal(&KEY, NONCE);
        assert_eq!(Ticket::open(&KEY, &text, AT), Ok(ticket()));
        assert_eq!(Ticket::open(&KEY, &text, AT.plus_millis(3_599_999)), Ok(ticket()));
        assert_eq!(Ticket::open(&KEY, &text, AT.plus_millis(3_600_000)), Err(TicketError::Ended));
        assert_eq!(Ticket::open(&[8; 32], &text, AT), Err(TicketError::NotOurs));
    }

    #[test]
    fn a_changed_cut_or_made_up_ticket_is_not_ours() {
        let text = ticket().seal(&KEY, NONCE);
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(Ticket::open(&KEY, &changed, AT), Err(TicketError::NotOurs), "byte {place}");
            assert_eq!(Ticket::open(&KEY, &text[..place], AT), Err(TicketError::NotOurs), "cut at {place}");
        }
        for made_up in ["", "x", "AAAA", "…", &"A".repeat(400)] {
            assert_eq!(Ticket::open(&KEY, made_up, AT), Err(TicketError::NotOurs));
        }
    }

    #[test]
    fn a_ticket_is_short_and_nothing_in_it_can_be_read() {
        let long = Ticket {
            host: format!("{}.example", "a".repeat(60)),
            path: Some(format!("/{}", "é".repeat(500))),
            client: "2001:db8::1".parse().unwrap(),
            device: Some(DeviceNo(1)),
            ..ticket()
        };
        let text = long.seal(&KEY, NONCE);
        assert!(text.len() <= 350, "{}", text.len());
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        let opened = Ticket::open(&KEY, &text, AT).unwrap();
        assert_eq!((&opened.host, opened.client), (&long.host, long.client));
        assert!(long.path.unwrap().starts_with(opened.path.as_deref().unwrap()));
        let raw = URL_SAFE_NO_PAD.decode(&text).unwrap();
        assert!(!raw.windows(4).any(|window| window == b"aaaa"));
    }

    proptest! {
        #[test]
        fn any_ticket_comes_back_whole(
            host in "[a-z0-9.-]{1,80}", path in proptest::option::of("/[ -~é]{0,60}"),
            person in proptest::option::of(any::<u32>()), device in proptest::option::of(any::<u32>()),
            client in any::<IpAddr>(), step in 1u8..=12, rule in any::<u32>(),
            category in proptest::option::of(any::<u16>()), group in proptest::option::of(any::<u16>()),
        ) {
            let ticket = Ticket {
                host, path, person: person.map(PersonNo), device: device.map(DeviceNo), client,
                step: Step::from_number(step).unwrap(), rule: RuleRef(rule), category,
                group: group.map(GroupNo), at: AT, ends_at: AT.plus_millis(1),
            };
            prop_assert_eq!(Ticket::open(&KEY, &ticket.seal(&KEY, NONCE), AT), Ok(ticket));
        }
    }
}
