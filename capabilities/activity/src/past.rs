//! Requests of the past in parcels: what a replay needs of many at once, where a JSON line each would take longer than deciding.
//!
//! A parcel is `[version u8][askers u32][hosts u32][rows u32]`, and then
//!
//! | what | form |
//! | --- | --- |
//! | askers | which of person (1), IPv4 (2), IPv6 (4) follow: byte; person as a varint; 4 or 16 bytes |
//! | hosts | the length of a name, 1 to 253, which follows; or 254 and 4 bytes; or 255 and 16 bytes |
//! | rows, 22 bytes each | at i64 ms; place of the asker u32; place of the host u32; length of the path u16; front (2 bits), verdict (2) and known by (3); step; fact with its index × 8 u16. All ones in place of a host or a path that there is none of |
//! | paths | one text, in the order of the rows |

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::ControlFlow;

use engine::replay::{Asker, Batch, Row};
use engine::{Front, KnownBy, PersonNo, Step, Verdict};
use kit::hash::Seeded;
use kit::{Host, HostName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::bytes::{Reader, put_varint};
use crate::event::{Kept, fact_number, fact_of, ipv4, ipv6, put_address};
use crate::search::{Subject, TimeRange};

/// Requests a parcel, at most.
pub const MOST_ROWS: usize = 32 << 10;
/// A parcel of so many bytes is handed over before it has as many requests.
const MOST_BYTES: usize = 4 << 20;
/// No parcel is longer.
pub const LONGEST: usize = 64 << 20;

const VERSION: u8 = 1;
const PERSON: u8 = 1;
const IPV4: u8 = 2;
const IPV6: u8 = 4;
const HOST_IPV4: u8 = 254;
const HOST_IPV6: u8 = 255;
const A_ROW: usize = 22;
const NO_HOST: u32 = u32::MAX;
const NO_PATH: u16 = u16::MAX;

/// Which requests are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Of which time.
    pub time: TimeRange,
    /// Those that were brought in from another filter's log, in place of those of our own gates.
    #[serde(default)]
    pub brought_in: bool,
}

impl Asked {
    /// Whether a request that a step decided is one of them; its time aside.
    pub fn takes(&self, step: Step) -> bool {
        (step == Step::Elsewhere) == self.brought_in
    }
}

/// The same, asked of one file of columns.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Which.
    pub asked: Asked,
    /// Whose are not shown.
    pub hidden: &'a [Subject],
    /// The first place wanted and the place after the last; all of them where missing.
    pub places: Option<(u64, u64)>,
}

/// Takes a parcel; breaking ends the reading.
pub type EachParcel<'a> = dyn FnMut(&[u8]) -> ControlFlow<()> + 'a;

/// Gathers requests and hands them over in parcels.
pub struct Parcels<'e> {
    gathered: Gathered,
    each: &'e mut EachParcel<'e>,
    events: u64,
    flow: ControlFlow<()>,
}

impl<'e> Parcels<'e> {
    /// Nothing yet.
    pub fn new(each: &'e mut EachParcel<'e>) -> Self {
        Self { gathered: Gathered::default(), each, events: 0, flow: ControlFlow::Continue(()) }
    }

    /// Makes room for so many requests, at most [`MOST_ROWS`]; breaks where nobody wants more. Places of askers and hosts hold
    /// until room is made again.
    pub fn room(&mut self, rows: usize) -> ControlFlow<()> {
        let gathered = &self.gathered;
        if gathered.rows() > 0 && (gathered.rows() + rows > MOST_ROWS || gathered.bytes() > MOST_BYTES) {
            self.hand_over();
        }
        self.flow
    }

    /// Where they are gathered.
    pub const fn gathered(&mut self) -> &mut Gathered {
        &mut self.gathered
    }

    fn hand_over(&mut self) {
        if self.flow.is_continue() {
            self.events += self.gathered.rows() as u64;
            self.flow = (self.each)(&self.gathered.take());
        }
    }

    /// Hands over what is left; how many there were in all.
    pub fn end(mut self) -> u64 {
        if self.gathered.rows() > 0 {
            self.hand_over();
        }
        self.events
    }
}

/// A parcel that is being made.
#[derive(Debug, Default)]
pub struct Gathered {
    askers: Vec<u8>,
    asker_of: HashMap<Asker, u32, Seeded>,
    /// Most requests are of whoever made the one before.
    last: Option<(Asker, u32)>,
    hosts: Vec<u8>,
    name_of: HashMap<Box<str>, u32, Seeded>,
    address_of: HashMap<IpAddr, u32, Seeded>,
    rows: Vec<u8>,
    paths: Vec<u8>,
}

impl Gathered {
    fn rows(&self) -> usize {
        self.rows.len() / A_ROW
    }

    const fn bytes(&self) -> usize {
        self.askers.len() + self.hosts.len() + self.rows.len() + self.paths.len()
    }

    /// The place of whoever asked.
    pub fn asker(&mut self, asker: Asker) -> u32 {
        if let Some((last, place)) = self.last
            && last == asker
        {
            return place;
        }
        let next = self.asker_of.len() as u32;
        let place = *self.asker_of.entry(asker).or_insert(next);
        if place == next {
            let (person, client) = asker;
            let form = client.map_or(0, |client| if client.is_ipv4() { IPV4 } else { IPV6 });
            self.askers.push(form | if person.is_some() { PERSON } else { 0 });
            if let Some(person) = person {
                put_varint(&mut self.askers, u64::from(person.0));
            }
            if let Some(client) = client {
                put_address(&mut self.askers, client);
            }
        }
        self.last = Some((asker, place));
        place
    }

    /// The place of a host.
    pub fn host(&mut self, host: Host<'_>) -> u32 {
        let next = (self.name_of.len() + self.address_of.len()) as u32;
        match host {
            Host::Name(name) => {
                if let Some(place) = self.name_of.get(name.as_str()) {
                    return *place;
                }
                self.name_of.insert(name.as_str().into(), next);
                // No name is longer than 253.
                self.hosts.push(name.as_str().len() as u8);
                self.hosts.extend_from_slice(name.as_str().as_bytes());
                next
            }
            Host::Address(address) => {
                let place = *self.address_of.entry(address).or_insert(next);
                if place == next {
                    self.hosts.push(if address.is_ipv4() { HOST_IPV4 } else { HOST_IPV6 });
                    put_address(&mut self.hosts, address);
                }
                place
            }
        }
    }

    /// Adds a request, whose places this has given.
    pub fn add(&mut self, row: &Row<'_>) {
        let path = row.path.map_or(NO_PATH, |path| u16::try_from(path.len()).unwrap_or(NO_PATH));
        let what = [(row.front as u8) | (row.verdict as u8) << 2 | (row.known_by as u8) << 4, row.step as u8];
        // A kind below 8 and an index below 256.
        let fact = fact_number(row.fact) as u16;
        self.rows.reserve(A_ROW);
        self.rows.extend_from_slice(&row.at.as_millis().to_le_bytes());
        self.rows.extend_from_slice(&row.asker.to_le_bytes());
        self.rows.extend_from_slice(&row.host.unwrap_or(NO_HOST).to_le_bytes());
        self.rows.extend_from_slice(&path.to_le_bytes());
        self.rows.extend_from_slice(&what);
        self.rows.extend_from_slice(&fact.to_le_bytes());
        if path != NO_PATH {
            self.paths.extend_from_slice(row.path.unwrap_or_default().as_bytes());
        }
    }

    /// Adds an event.
    pub fn add_event(&mut self, at: Timestamp, kept: &Kept<'_>) {
        let Kept { front, verdict, known_by, step, fact, path, .. } = *kept;
        let asker = self.asker((kept.person, kept.client));
        let host = kept.host.map(|host| self.host(host));
        self.add(&Row { at, asker, host, path, front, known_by, verdict, step, fact });
    }

    /// What was gathered as a parcel; begins anew.
    fn take(&mut self) -> Vec<u8> {
        let mut parcel = Vec::with_capacity(13 + self.bytes());
        parcel.push(VERSION);
        for count in [self.asker_of.len(), self.name_of.len() + self.address_of.len(), self.rows()] {
            parcel.extend_from_slice(&(count as u32).to_le_bytes());
        }
        for part in [&mut self.askers, &mut self.hosts, &mut self.rows, &mut self.paths] {
            parcel.append(part);
        }
        self.asker_of.clear();
        self.name_of.clear();
        self.address_of.clear();
        self.last = None;
        parcel
    }
}

/// Reads a parcel; none where it is not one.
pub fn read(bytes: &[u8]) -> Option<Batch<'_>> {
    let mut reader = Reader(bytes);
    if reader.byte()? != VERSION {
        return None;
    }
    let (askers, hosts, rows) = (reader.u32()?, reader.u32()?, reader.u32()?);
    let mut batch = Batch::default();
    for _ in 0..askers {
        batch.askers.push(asker(&mut reader)?);
    }
    for _ in 0..hosts {
        batch.hosts.push(host(&mut reader)?);
    }
    let rows = reader.take((rows as usize).checked_mul(A_ROW)?)?;
    let paths = std::str::from_utf8(reader.0).ok()?;
    let mut at = 0;
    let (rows, _) = rows.as_chunks::<A_ROW>();
    batch.rows.reserve_exact(rows.len());
    for row in rows {
        batch.rows.push(read_row(row, (askers, hosts), paths, &mut at)?);
    }
    (at == paths.len()).then_some(batch)
}

fn asker(reader: &mut Reader<'_>) -> Option<Asker> {
    let present = reader.byte()?;
    let person = if present & PERSON == 0 { None } else { Some(PersonNo(reader.small()?)) };
    let client = match present & !PERSON {
        0 => None,
        IPV4 => Some(ipv4(reader)?),
        IPV6 => Some(ipv6(reader)?),
        _ => return None,
    };
    Some((person, client))
}

fn host<'a>(reader: &mut Reader<'a>) -> Option<Host<'a>> {
    Some(match reader.byte()? {
        HOST_IPV4 => Host::Address(ipv4(reader)?),
        HOST_IPV6 => Host::Address(ipv6(reader)?),
        length => {
            let text = std::str::from_utf8(reader.take(usize::from(length))?).ok()?;
            Host::Name(HostName::new(text)?)
        }
    })
}

fn read_row<'a>(
    row: &[u8; A_ROW],
    (askers, hosts): (u32, u32),
    paths: &'a str,
    at: &mut usize,
) -> Option<Row<'a>> {
    let mut reader = Reader(row);
    let moment = Timestamp::from_millis(reader.i64()?);
    let asker = reader.u32().filter(|asker| *asker < askers)?;
    let host = Some(reader.u32()?).filter(|host| *host != NO_HOST);
    if host.is_some_and(|host| host >= hosts) {
        return None;
    }
    let path = match reader.u16()? {
        NO_PATH => None,
        length => {
            let from = *at;
            *at += usize::from(length);
            Some(paths.get(from..*at)?)
        }
    };
    let (first, step) = (reader.byte()?, reader.byte()?);
    Some(Row {
        at: moment,
        asker,
        host,
        path,
        front: Front::from_number(first & 3)?,
        verdict: Verdict::from_number(first >> 2 & 3)?,
        known_by: KnownBy::from_number(first >> 4)?,
        step: Step::from_number(step)?,
        fact: fact_of(u64::from(reader.u16()?))?,
    })
}

#[cfg(test)]
mod tests {
    use engine::Fact;
    use proptest::prelude::*;

    use super::*;

    fn parcels(kept: &[(i64, Kept<'_>)], rows: usize) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        let mut each = |parcel: &[u8]| {
            all.push(parcel.to_vec());
            ControlFlow::Continue(())
        };
        let mut parcels = Parcels::new(&mut each);
        for (number, (at, kept)) in kept.iter().enumerate() {
            let room = if number % rows == 0 { MOST_ROWS } else { 1 };
            assert!(parcels.room(room).is_continue());
            parcels.gathered().add_event(Timestamp::from_millis(*at), kept);
        }
        assert_eq!(parcels.end(), kept.len() as u64);
        all
    }

    fn kept<'a>(
        (person, client, host, path): (u32, u8, usize, &'a Option<String>),
        (step, verdict, fact): (u8, u8, u8),
        hosts: &'a [&str],
    ) -> Kept<'a> {
        let address = |number: u8| -> Option<IpAddr> {
            match number % 3 {
                0 => None,
                1 => Some([10, 0, 0, number].into()),
                _ => Some([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number)].into()),
            }
        };
        let host = match hosts.get(host) {
            Some(name) => HostName::new(name).map(Host::Name),
            None => address(host as u8).map(Host::Address),
        };
        Kept {
            front: Front::from_number(step % 4).unwrap(),
            verdict: Verdict::from_number(verdict % 4).unwrap(),
            known_by: KnownBy::from_number(verdict % 8).unwrap(),
            step: Step::from_number(1 + step % 14).unwrap(),
            rule: engine::RuleRef(0),
            fact: if fact > 9 { Fact::Address(fact) } else { Fact::Host },
            bytes: 0,
            record: None,
            sent: None,
            client: address(client),
            person: (person > 0).then_some(PersonNo(person)),
            device: None,
            category: None,
            list: None,
            group: None,
            beside: None,
            host,
            path: path.as_deref(),
            searched: None,
            agent: None,
            transport: None,
        }
    }

    const HOSTS: [&str; 4] = ["a.example", "www.a.example", "x", "xn--mnchen-3ya.example"];

    proptest! {
        #[test]
        fn what_is_gathered_is_read_again(
            all in proptest::collection::vec(
                (any::<i64>(), (0u32..4, 0u8..9, 0usize..9, proptest::option::of(".{0,12}")), any::<(u8, u8, u8)>()),
                0..60,
            ),
            rows in 1usize..30,
        ) {
            let all: Vec<(i64, Kept<'_>)> = (all.iter())
                .map(|(at, (person, client, host, path), what)| {
                    (*at, kept((*person, *client, *host, path), *what, &HOSTS))
                })
                .collect();
            let parcels = parcels(&all, rows);
            prop_assert_eq!(parcels.len(), all.len().div_ceil(rows));
            let mut next = all.iter();
            for parcel in &parcels {
                let batch = read(parcel).unwrap();
                let mut hosts = batch.hosts.clone();
                hosts.dedup();
                prop_assert!(hosts.len() == batch.hosts.len() && batch.askers.len() <= batch.rows.len());
                for row in &batch.rows {
                    let (at, kept) = next.next().unwrap();
                    prop_assert_eq!(row.at.as_millis(), *at);
                    prop_assert_eq!(batch.askers[row.asker as usize], (kept.person, kept.client));
                    prop_assert_eq!(row.host.map(|host| batch.hosts[host as usize]), kept.host);
                    prop_assert_eq!((row.path, row.step, row.fact), (kept.path, kept.step, kept.fact));
                    prop_assert_eq!((row.front, row.verdict, row.known_by), (kept.front, kept.verdict, kept.known_by));
                }
            }
            prop_assert!(next.next().is_none());
        }

        #[test]
        fn no_bytes_make_the_reader_panic(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..120),
            counts in any::<[u8; 3]>(),
        ) {
            let _ = read(&bytes);
            for (place, count) in counts.iter().enumerate() {
                if let Some(head) = bytes.get_mut(1 + place * 4..5 + place * 4) {
                    head.copy_from_slice(&u32::from(count % 4).to_le_bytes());
                }
            }
            if let Some(first) = bytes.first_mut() {
                *first = VERSION;
            }
            let _ = read(&bytes);
        }
    }

    #[test]
    fn what_is_cut_or_names_what_is_not_there_is_no_parcel() {
        let (path, none) = (Some("/a".to_owned()), None);
        let all =
            [(7, kept((1, 1, 0, &path), (1, 0, 0), &HOSTS)), (8, kept((0, 2, 7, &none), (2, 1, 20), &HOSTS))];
        let parcel = parcels(&all, 60).remove(0);
        assert_eq!(read(&parcel).map(|batch| batch.rows.len()), Some(2));
        for cut in 0..parcel.len() {
            assert!(read(&parcel[..cut]).is_none(), "cut at {cut}");
        }
        // The place of the asker, and that of the host, in the first row.
        let row = parcel.len() - 2 * A_ROW - 2;
        for place in [row + 8, row + 12] {
            let mut wrong = parcel.clone();
            wrong[place] = 9;
            assert!(read(&wrong).is_none(), "{place}");
        }
        let another = [&[VERSION + 1], &parcel[1..]].concat();
        assert!(read(&another).is_none());
    }

    #[test]
    fn inputs_that_fuzzing_begins_with_are_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/past_parcel");
        let mut rows = Vec::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            rows.extend(read(&bytes).map(|batch| batch.rows.len()));
        }
        assert!(rows.contains(&3), "{rows:?}");
    }

    #[test]
    fn whoever_wants_no_more_gets_no_more() {
        let mut each = |_: &[u8]| ControlFlow::Break(());
        let mut parcels = Parcels::new(&mut each);
        let none = None;
        let event = kept((1, 1, 0, &none), (1, 0, 0), &HOSTS);
        parcels.gathered().add_event(Timestamp::from_millis(1), &event);
        assert!(parcels.room(MOST_ROWS).is_break());
        parcels.gathered().add_event(Timestamp::from_millis(2), &event);
        assert_eq!(parcels.end(), 1);
    }
}
