//! How much is kept of a device that asks for sealed sites again and again: one record a device and host a minute, with a
//! count, and no more than so many a minute. Pure: time is what it is told.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use kit::Timestamp;

use super::RecordRef;

/// How long a record takes in further requests of the same device for the same host.
pub const LASTS: Duration = Duration::from_secs(60);
/// New records in that time of one device: a hundred names below one sealed name are one device's business.
pub const MOST_OF_A_DEVICE: usize = 20;
/// New records in that time of all devices: what an address list that somebody makes up can cost.
pub const MOST: usize = 240;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It begins a record.
    New(RecordRef),
    /// It is counted with a record that was begun before.
    Again(RecordRef),
    /// It is counted with no record: too many were begun.
    Over,
}

/// How often a record's device asked, when its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The record; `None` for requests that no record took in.
    pub record: Option<RecordRef>,
    /// When the last request was.
    pub last_at: Timestamp,
    /// How many requests, the first included.
    pub hits: u64,
    /// How many of them were for other hosts of which no record was begun.
    pub others: u64,
}

#[derive(Debug)]
struct Window {
    record: RecordRef,
    opened: Instant,
    last_at: Timestamp,
    hits: u64,
    others: u64,
}

/// The records that take in further requests now.
#[derive(Debug, Default)]
pub struct Windows {
    open: HashMap<(IpAddr, String), Window>,
    /// The newest window of each device, and how many it has.
    devices: HashMap<IpAddr, (String, usize)>,
    over: u64,
    over_at: Option<(Instant, Timestamp)>,
}

impl Windows {
    /// Takes in one request. `make` gives a new reference.
    pub fn take(
        &mut self,
        client: IpAddr,
        host: &str,
        at: Timestamp,
        now: Instant,
        make: impl FnOnce() -> Option<RecordRef>,
    ) -> Kept {
        let key = (client, host.to_owned());
        if let Some(window) = self.open.get_mut(&key).filter(|window| now < window.opened + LASTS) {
            window.hits += 1;
            window.last_at = at;
            return Kept::Again(window.record);
        }
        let of_device = self.devices.get(&client).map_or(0, |(_, count)| *count);
        let room = of_device < MOST_OF_A_DEVICE && self.open.len() < MOST && !self.open.contains_key(&key);
        if room && let Some(record) = make() {
            self.open.insert(key, Window { record, opened: now, last_at: at, hits: 1, others: 0 });
            self.devices.insert(client, (host.to_owned(), of_device + 1));
            return Kept::New(record);
        }
        let newest = self.devices.get(&client).map(|(host, _)| (client, host.clone()));
        if let Some(window) = newest.and_then(|key| self.open.get_mut(&key)) {
            window.hits += 1;
            window.others += 1;
            window.last_at = at;
            return Kept::Again(window.record);
        }
        self.over += 1;
        self.over_at = Some((self.over_at.map_or(now, |(since, _)| since), at));
        Kept::Over
    }

    /// Takes back a record that could not be begun after all.
    pub fn undo(&mut self, client: IpAddr, host: &str, at: Timestamp, now: Instant) {
        if self.open.remove(&(client, host.to_owned())).is_some()
            && let Some((_, count)) = self.devices.get_mut(&client)
        {
            *count = count.saturating_sub(1);
        }
        self.over += 1;
        self.over_at = Some((self.over_at.map_or(now, |(since, _)| since), at));
    }

    /// Ends what is older than a minute; everything, where `now` is `None`. Those with something to count come back.
    pub fn close(&mut self, now: Option<Instant>) -> Vec<Count> {
        let ended = |since: Instant| now.is_none_or(|now| now >= since + LASTS);
        let mut counts = Vec::new();
        let devices = &mut self.devices;
        self.open.retain(|(client, _), window| {
            if !ended(window.opened) {
                return true;
            }
            if window.hits > 1 {
                counts.push(Count {
                    record: Some(window.record),
                    last_at: window.last_at,
                    hits: window.hits,
                    others: window.others,
                });
            }
            if let Some((_, count)) = devices.get_mut(client) {
                *count = count.saturating_sub(1);
            }
            false
        });
        self.devices.retain(|_, (_, count)| *count > 0);
        if let Some((since, last_at)) = self.over_at
            && ended(since)
        {
            counts.push(Count { record: None, last_at, hits: self.over, others: self.over });
            (self.over, self.over_at) = (0, None);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_device_that_asks_again_and_again_has_one_record_a_host_and_minute_with_a_count() {
        let (mut windows, began) = (Windows::default(), Instant::now());
        let device = IpAddr::from([127, 0, 0, 7]);
        let first = windows.take(device, "a.example", at(0), began, RecordRef::random);
        let Kept::New(record) = first else { panic!("{first:?}") };
        for ms in 1..10_000 {
            let now = began + Duration::from_millis(ms);
            let again = windows.take(device, "a.example", at(ms as i64), now, || panic!("a second record"));
            assert_eq!(again, Kept::Again(record));
        }
        assert!(matches!(windows.take(device, "b.example", at(3), began, RecordRef::random), Kept::New(_)));
        assert_eq!(windows.close(Some(began + Duration::from_secs(59))), []);
        let counts = windows.close(Some(began + Duration::from_secs(60)));
        assert_eq!(counts, [Count { record: Some(record), last_at: at(9_999), hits: 10_000, others: 0 }]);
        let later = began + Duration::from_secs(61);
        assert!(matches!(windows.take(device, "a.example", at(0), later, RecordRef::random), Kept::New(_)));
    }

    #[test]
    fn endless_names_and_endless_addresses_are_bounded_and_counted() {
        let (mut windows, now) = (Windows::default(), Instant::now());
        let device = IpAddr::from([127, 0, 0, 7]);
        let mut begun = 0;
        for number in 0..1_000 {
            let kept = windows.take(device, &format!("{number}.a.example"), at(0), now, RecordRef::random);
            begun += usize::from(matches!(kept, Kept::New(_)));
            assert_ne!(kept, Kept::Over, "a device with a record is counted there");
        }
        assert_eq!(begun, MOST_OF_A_DEVICE);
        let mut over = 0;
        for number in 0..1_000_u32 {
            let kept =
                windows.take(IpAddr::from(number.to_be_bytes()), "a.example", at(5), now, RecordRef::random);
            begun += usize::from(matches!(kept, Kept::New(_)));
            over += u64::from(kept == Kept::Over);
        }
        assert_eq!((begun, over), (MOST, 1_000 - (MOST - MOST_OF_A_DEVICE) as u64));
        let counts = windows.close(None);
        assert_eq!(counts.iter().map(|count| count.others).sum::<u64>(), 980 + over);
        assert!(counts.contains(&Count { record: None, last_at: at(5), hits: over, others: over }));
        assert!(windows.open.is_empty() && windows.devices.is_empty());
    }
}
