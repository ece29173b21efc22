//! One event of the activity log, as it is encoded, read back and shown.
//!
//! Encoded, an event is `[length u16]` and then
//!
//! | field | form |
//! | --- | --- |
//! | number − the batch's base number | varint |
//! | at − the batch's base time, ms | signed varint |
//! | front (2 bits), verdict (2), known by (3), erased (1) | byte |
//! | step (4 bits), client: none, IPv4, IPv6 (2), host: none, name, IPv4, IPv6 (2) | byte |
//! | which of person, device, path, agent, category, list, group, beside follow | byte |
//! | rule, or the refusal where the step is `front`; fact with its index × 8; bytes; for `connect`, bytes the device sent + 1, or 0 while open | varints |
//! | the sealed record's reference, where the step is `sealed`, or `elsewhere` without a host; 0 for none | 8 bytes |
//! | client; person, device, category, list, group, beside | 4 or 16 bytes; varints |
//! | host; path, and behind a `?` in it what was searched for, or for `dns` how the question came, a word or nothing for one datagram; agent | 4 or 16 bytes or text; texts |
//!
//! An erased event is its first three fields only: that there was one, and when its batch was, but nothing of whom.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use engine::{
    Activity, DeviceNo, Fact, Front, GroupNo, KnownBy, Origin, PersonNo, Refusal, RuleRef, Step, Transport,
    Verdict,
};
use kit::{Host, HostName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::bytes::{Reader, put_signed, put_text, put_texts, put_varint};
use crate::sealed::RecordRef;

/// The longest path kept; the rest is left out.
pub const LONGEST_PATH: usize = 2048;
/// The longest words of a search kept, which count as part of the path; the rest is left out.
pub const LONGEST_WORDS: usize = engine::searching::LONGEST_WORDS;
/// The longest agent kept; the rest is left out.
pub const LONGEST_AGENT: usize = 256;
const LONGEST_HOST: usize = 253;
/// No encoded event is longer.
pub const LONGEST_EVENT: usize =
    2 + 10 + 10 + 3 + 4 * 10 + 8 + 16 + 6 * 5 + 3 * 5 + 253 + LONGEST_PATH + LONGEST_AGENT;

const ERASED: u8 = 0x80;
const PERSON: u8 = 1;
const DEVICE: u8 = 2;
const PATH: u8 = 4;
const AGENT: u8 = 8;
const CATEGORY: u8 = 16;
const LIST: u8 = 32;
const GROUP: u8 = 64;
const BESIDE: u8 = 128;

/// Appends one event. `number` counts from the batch's base number, `at_ms` from its base time. About 40 ns. `record` is written where a sealed
/// entry spoke, or would have.
pub fn encode(
    out: &mut Vec<u8>,
    number: u64,
    at_ms: i64,
    activity: &Activity<'_>,
    record: Option<RecordRef>,
) {
    let start = out.len();
    out.extend_from_slice(&[0, 0]);
    put_varint(out, number);
    put_signed(out, at_ms);
    let decision = activity.decision();
    let reason = &decision.reason;
    let client = activity.client().map(|client| client.to_canonical());
    let host = activity.host();
    let words = activity.searched().map(|words| start_of(words.reveal(), LONGEST_WORDS));
    let longest = LONGEST_PATH - words.map_or(0, |words| words.len() + 1);
    let path = activity.path().map(|path| start_of(path, longest));
    // A question to the name server has no path: how it came is in that place, where a log of before has nothing.
    let path = path.or_else(|| match activity.transport().filter(|_| activity.front() == Front::Dns)? {
        Transport::Udp => Some(""),
        other => Some(other.id()),
    });
    let agent = activity.agent().map(|agent| start_of(agent, LONGEST_AGENT));
    let client_form = client.map_or(0, |client| if client.is_ipv4() { 1 } else { 2 });
    let host_form = match host {
        None => 0,
        Some(Host::Name(_)) => 1,
        Some(Host::Address(IpAddr::V4(_))) => 2,
        Some(Host::Address(IpAddr::V6(_))) => 3,
    };
    let present = flag(activity.person().is_some(), PERSON)
        | flag(activity.device().is_some(), DEVICE)
        | flag(path.is_some(), PATH)
        | flag(agent.is_some(), AGENT)
        | flag(reason.category.is_some(), CATEGORY)
        | flag(reason.list.is_some(), LIST)
        | flag(reason.group.is_some(), GROUP)
        | flag(reason.beside.is_some(), BESIDE);
    out.extend_from_slice(&[
        (activity.front() as u8) | (decision.verdict as u8) << 2 | (activity.known_by() as u8) << 4,
        (reason.step as u8) | client_form << 4 | host_form << 6,
        present,
    ]);
    put_varint(out, u64::from(reason.rule.0));
    put_varint(out, fact_number(reason.fact));
    put_varint(out, activity.bytes());
    if has_record(reason.step, host.is_some()) {
        out.extend_from_slice(&record.map_or(0, RecordRef::number).to_le_bytes());
    }
    if activity.front() == Front::Connect {
        put_varint(out, activity.sent().map_or(0, |sent| sent.saturating_add(1)));
    }
    if let Some(client) = client {
        put_address(out, client);
    }
    let numbers = [
        activity.person().map(|person| person.0),
        activity.device().map(|device| device.0),
        reason.category.map(u32::from),
        reason.list.map(u32::from),
        reason.group.map(|group| u32::from(group.0)),
        reason.beside.map(|group| u32::from(group.0)),
    ];
    for number in numbers.into_iter().flatten() {
        put_varint(out, u64::from(number));
    }
    match host {
        None => {}
        Some(Host::Name(name)) => put_text(out, name.as_str()),
        Some(Host::Address(address)) => put_address(out, address),
    }
    if let Some(path) = path {
        // A path is kept without its query, so that a `?` is never part of it.
        let parts = [path, if words.is_some() { "?" } else { "" }, words.unwrap_or_default()];
        put_texts(out, &parts);
    }
    if let Some(agent) = agent {
        put_text(out, agent);
    }
    close(out, start);
}

/// Appends what is left of an event that has been erased.
pub fn encode_erased(out: &mut Vec<u8>, number: u64, at_ms: i64) {
    let start = out.len();
    out.extend_from_slice(&[0, 0]);
    put_varint(out, number);
    put_signed(out, at_ms);
    out.push(ERASED);
    close(out, start);
}

fn close(out: &mut [u8], start: usize) {
    let length = (out.len() - start - 2) as u16;
    if let Some(head) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut::<2>) {
        *head = length.to_le_bytes();
    }
}

/// Whether a sealed record's reference is among the fields: a sealed entry spoke, or another filter decided about what is
/// sealed here. What was brought in and is not sealed always has a host.
fn has_record(step: Step, has_host: bool) -> bool {
    step == Step::Sealed || (step == Step::Elsewhere && !has_host)
}

const fn flag(present: bool, bit: u8) -> u8 {
    if present { bit } else { 0 }
}

fn start_of(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest)).unwrap_or(text)
}

pub(crate) fn put_address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
        IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
    }
}

/// A fact as one number.
pub const fn fact_number(fact: Fact) -> u64 {
    match fact {
        Fact::None => 0,
        Fact::Host => 1,
        Fact::Path => 2,
        Fact::Chain(index) => 3 | (index as u64) << 3,
        Fact::Address(index) => 4 | (index as u64) << 3,
        Fact::PartOfHost => 5,
    }
}

/// The fact that a number stands for.
pub fn fact_of(number: u64) -> Option<Fact> {
    let index = u8::try_from(number >> 3).ok()?;
    Some(match (number & 7, index) {
        (0, 0) => Fact::None,
        (1, 0) => Fact::Host,
        (2, 0) => Fact::Path,
        (3, index) => Fact::Chain(index),
        (4, index) => Fact::Address(index),
        (5, 0) => Fact::PartOfHost,
        _ => return None,
    })
}

/// One event, borrowed from its encoded bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoded<'a> {
    /// Its number in its gate run.
    pub number: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What was kept of it; `None` once it has been erased.
    pub kept: Option<Kept<'a>>,
    /// The encoded fields after number and time, from which an event can be written again.
    pub rest: &'a [u8],
}

/// What is kept of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept<'a> {
    /// Which front decided.
    pub front: Front,
    /// What was decided.
    pub verdict: Verdict,
    /// How surely it is known who asked.
    pub known_by: KnownBy,
    /// The step that spoke.
    pub step: Step,
    /// The rule that spoke.
    pub rule: RuleRef,
    /// Which fact it spoke about.
    pub fact: Fact,
    /// How many bytes were sent back.
    pub bytes: u64,
    /// The encrypted record of what was asked for, where that is sealed and a record was made.
    pub record: Option<RecordRef>,
    /// How many bytes the device sent, in a tunnel's last word.
    pub sent: Option<u64>,
    /// The device's address.
    pub client: Option<IpAddr>,
    /// The person.
    pub person: Option<PersonNo>,
    /// The device.
    pub device: Option<DeviceNo>,
    /// The category that was the ground.
    pub category: Option<u16>,
    /// The list that knew the host.
    pub list: Option<u16>,
    /// The group whose cell or rule won.
    pub group: Option<GroupNo>,
    /// The group beside it.
    pub beside: Option<GroupNo>,
    /// The host asked for.
    pub host: Option<Host<'a>>,
    /// The path without its query.
    pub path: Option<&'a str>,
    /// What was searched for.
    pub searched: Option<&'a str>,
    /// What the browser calls itself.
    pub agent: Option<&'a str>,
    /// How a question to the name server came. None of one from before this was kept.
    pub transport: Option<Transport>,
}

/// Whether the byte after number and time says that the request was refused.
pub const fn is_refusal(first: u8) -> bool {
    first & ERASED == 0 && (first >> 2) & 3 == Verdict::Block as u8
}

/// Reads one event from the front of `reader`: `None` where the bytes are not exactly one event as written above.
pub fn decode<'a>(reader: &mut Reader<'a>, base_number: u64, base_at: i64) -> Option<Encoded<'a>> {
    let length = reader.u16()?;
    let mut body = Reader(reader.take(usize::from(length))?);
    let number = base_number.checked_add(body.varint()?)?;
    let at = Timestamp::from_millis(base_at.checked_add(body.signed()?)?);
    let rest = body.0;
    let kept = decode_kept(&mut body)?;
    body.0.is_empty().then_some(Encoded { number, at, kept, rest })
}

fn decode_kept<'a>(body: &mut Reader<'a>) -> Option<Option<Kept<'a>>> {
    let first = body.byte()?;
    if first == ERASED {
        return Some(None);
    }
    let front = Front::from_number(first & 3)?;
    let verdict = Verdict::from_number(first >> 2 & 3)?;
    let known_by = KnownBy::from_number(first >> 4)?;
    let second = body.byte()?;
    let step = Step::from_number(second & 0xf)?;
    let present = body.byte()?;
    let rule = RuleRef(body.small()?);
    let fact = fact_of(body.varint()?)?;
    let bytes = body.varint()?;
    let has_record = has_record(step, second >> 6 != 0);
    let record = if has_record { RecordRef::from_number(body.u64()?) } else { None };
    let sent = if front == Front::Connect { body.varint()?.checked_sub(1) } else { None };
    let client = match second >> 4 & 3 {
        0 => None,
        1 => Some(ipv4(body)?),
        2 => Some(ipv6(body)?),
        _ => return None,
    };
    let person = if present & PERSON == 0 { None } else { Some(PersonNo(body.small()?)) };
    let device = if present & DEVICE == 0 { None } else { Some(DeviceNo(body.small()?)) };
    let category = if present & CATEGORY == 0 { None } else { Some(body.small()?) };
    let list = if present & LIST == 0 { None } else { Some(body.small()?) };
    let group = if present & GROUP == 0 { None } else { Some(GroupNo(body.small()?)) };
    let beside = if present & BESIDE == 0 { None } else { Some(GroupNo(body.small()?)) };
    let host = match second >> 6 {
        0 => None,
        1 => Some(Host::Name(HostName::new(body.text(LONGEST_HOST)?)?)),
        2 => Some(Host::Address(ipv4(body)?)),
        _ => Some(Host::Address(ipv6(body)?)),
    };
    let path = if present & PATH == 0 { None } else { Some(body.text(LONGEST_PATH)?) };
    let (path, transport) = match path.filter(|path| front == Front::Dns && !path.starts_with('/')) {
        Some("") => (None, Some(Transport::Udp)),
        Some(word) => (None, Transport::from_id(word)),
        None => (path, None),
    };
    let (path, searched) = match path.and_then(|path| path.split_once('?')) {
        Some((path, words)) => (Some(path), Some(words)),
        None => (path, None),
    };
    let agent = if present & AGENT == 0 { None } else { Some(body.text(LONGEST_AGENT)?) };
    Some(Some(Kept {
        front,
        verdict,
        known_by,
        step,
        rule,
        fact,
        bytes,
        record,
        sent,
        client,
        person,
        device,
        category,
        list,
        group,
        beside,
        host,
        path,
        searched,
        agent,
        transport,
    }))
}

pub(crate) fn ipv4(body: &mut Reader<'_>) -> Option<IpAddr> {
    Some(IpAddr::V4(Ipv4Addr::from(body.array::<4>()?)))
}

pub(crate) fn ipv6(body: &mut Reader<'_>) -> Option<IpAddr> {
    Some(IpAddr::V6(Ipv6Addr::from(body.array::<16>()?)))
}

/// One event as it is shown and exported: numbers, not names. The caller, who may know them, joins the names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in this log: rises by one an event and never repeats, whatever clocks do.
    pub seq: u64,
    /// When it was decided, RFC 3339 in UTC, as the gate's clock stood.
    #[serde(with = "moment")]
    pub at: Timestamp,
    /// Which front decided: `dns`, `proxy`, `connect`, `explain`.
    pub front: String,
    /// The device's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
    /// The person's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonNo>,
    /// The device's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceNo>,
    /// How surely it is known who asked.
    pub known_by: KnownBy,
    /// The host asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The path without its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What was searched for by it, as it was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub searched: Option<String>,
    /// What the browser calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// How a question to the name server came: `udp`, `tcp`, `tls`, `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// What was decided.
    pub verdict: Verdict,
    /// The step that spoke.
    pub step: Step,
    /// The rule that spoke, as the policy of that time numbered it; 0 for a built-in default.
    pub rule: RuleRef,
    /// Why a front refused it itself, where the step is `front`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Which kind of log it was brought in from, where the step is `elsewhere`: another filter decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Which fact it spoke about.
    pub fact: Fact,
    /// The category's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<u16>,
    /// The list's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<u16>,
    /// The group whose cell or rule won.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupNo>,
    /// The other group, where two equally specific ones spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<GroupNo>,
    /// How many bytes were sent back; 0 where the front doesn't count, and while a tunnel is open.
    pub bytes: u64,
    /// The reference of the encrypted record of what was asked for, where that is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordRef>,
    /// How many bytes the device sent: said by the last word of a tunnel, when both are known, and by nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<u64>,
}

impl Event {
    /// The event at place `seq`.
    pub fn of(seq: u64, at: Timestamp, kept: &Kept<'_>) -> Self {
        Self {
            seq,
            at,
            front: kept.front.id().to_owned(),
            client: kept.client,
            person: kept.person,
            device: kept.device,
            known_by: kept.known_by,
            host: kept.host.map(|host| host.to_string()),
            path: kept.path.map(str::to_owned),
            searched: kept.searched.map(str::to_owned),
            agent: kept.agent.map(str::to_owned),
            transport: kept.transport,
            verdict: kept.verdict,
            step: kept.step,
            rule: kept.rule,
            refusal: Refusal::of(kept.step, kept.rule),
            origin: Origin::of(kept.step, kept.rule),
            fact: kept.fact,
            category: kept.category,
            list: kept.list,
            group: kept.group,
            beside: kept.beside,
            bytes: kept.bytes,
            record: kept.record,
            sent: kept.sent,
        }
    }
}

/// Moments as RFC 3339 text, for people and for other tools.
pub mod moment {
    use kit::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the moment.
    pub fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(at)
    }

    /// Reads the moment.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        // The form that a moment takes which no calendar has; a gate with a broken clock may send one.
        let odd = || text.strip_suffix(" ms")?.parse().ok().map(Timestamp::from_millis);
        Timestamp::parse(&text).or_else(odd).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is not a moment such as 2026-11-23T10:49:00Z"))
        })
    }

    /// The same for a moment that may be missing.
    pub mod maybe {
        use kit::Timestamp;
        use serde::{Deserialize, Deserializer, Serializer};

        /// Writes the moment or nothing.
        pub fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => to.collect_str(at),
                None => to.serialize_none(),
            }
        }

        /// Reads the moment or nothing.
        pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
            #[derive(Deserialize)]
            struct Moment(#[serde(with = "super")] Timestamp);
            Ok(Option::<Moment>::deserialize(from)?.map(|moment| moment.0))
        }
    }
}

/// Appends an event from the fields that [`Encoded::rest`] kept.
pub fn write_again(out: &mut Vec<u8>, number: u64, at_ms: i64, rest: &[u8]) {
    let start = out.len();
    out.extend_from_slice(&[0, 0]);
    put_varint(out, number);
    put_signed(out, at_ms);
    out.extend_from_slice(rest);
    close(out, start);
}

#[cfg(test)]
mod tests;
