//! What is sealed in a log that is brought in: it comes into the log as a gate's refusals do, its address encrypted before it
//! leaves the process that read the file.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use engine::{Activity, DeviceNo, Fact, Identity, KnownBy, Origin, PersonNo, Request};
use kit::Timestamp;

use super::{Heard, Imported, SealedRow};
use crate::sealed::{Desk, Handed, NotAKey, RecordRef};

/// A row with a new record makes what is handed over at most so much longer.
pub const LONGEST_HANDED: usize = 32 << 10;

/// Where what is sealed in one log is noted.
///
/// The same file, read again from its beginning, gives the same records under the same references, so that they are kept
/// once however often it is brought in. Minutes are those of the log, whatever the order of its lines.
#[derive(Debug)]
pub struct Sealing {
    desk: Desk,
    /// The log's own clock: a moment that stands for its first request, that request's time, and the latest.
    began: Instant,
    span: Option<(Timestamp, Timestamp)>,
    waiting: Vec<Handed>,
}

impl Sealing {
    /// Records are encrypted to these keys; with none there are none. `began` is any moment.
    pub fn new(keys: &[String], policy: u32, generation: u64, began: Instant) -> Result<Self, NotAKey> {
        let desk = Desk::default();
        desk.write_to(keys, policy, generation)?;
        Ok(Self { desk, began, span: None, waiting: Vec::new() })
    }

    /// The row of a request of which `fact` is sealed. `reference` is that of its record, should it begin one.
    pub fn row(
        &mut self,
        heard: &Heard,
        origin: Origin,
        fact: Fact,
        (person, device, known_by): (Option<PersonNo>, Option<DeviceNo>, KnownBy),
        reference: RecordRef,
    ) -> Option<Imported> {
        let identity = Identity { person, device, known_by, ..Identity::default() };
        let request = Request {
            host: heard.host()?,
            port: None,
            path: heard.path.as_deref(),
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: heard.front,
        };
        let mut decision = origin.decision(heard.verdict);
        decision.reason.fact = fact;
        let client = heard.client.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let (at, agent) = (heard.at, heard.agent.as_deref());
        let activity = Activity::of(&request, &decision, at, client, agent, heard.bytes).sealing(&request);
        let activity = if heard.client.is_none() { activity.from_somewhere() } else { activity };
        let (first, latest) = self.span.unwrap_or((at, at));
        self.span = Some((first, latest.max(at)));
        // What a minute of the log ago was going on is over before this is noted.
        self.encrypt();
        let now = self.now();
        let record = self.desk.note_as(&activity, activity.sealed()?, now, || Some(reference));
        Some(Imported {
            line: heard.line,
            at,
            client: heard.client,
            person,
            device,
            known_by,
            host: None,
            sealed: Some(SealedRow { fact, record }),
            path: None,
            searched: None,
            agent: heard.agent.clone(),
            front: heard.front.id().to_owned(),
            verdict: heard.verdict,
            bytes: heard.bytes,
        })
    }

    /// How far the log's own clock has come.
    fn now(&self) -> Instant {
        let since =
            self.span.map_or(0, |(first, latest)| latest.as_millis().saturating_sub(first.as_millis()));
        let since = Duration::from_millis(u64::try_from(since).unwrap_or(0));
        self.began.checked_add(since).unwrap_or(self.began)
    }

    fn encrypt(&mut self) {
        let now = self.now();
        self.take(Some(now));
    }

    fn take(&mut self, now: Option<Instant>) {
        let frames = self.desk.encrypted(now);
        self.waiting.extend(frames.iter().filter_map(|(kind, body)| Handed::of(*kind, body)));
    }

    /// What has been noted, encrypted: to be handed over with the rows that refer to it, or before.
    pub fn encrypted(&mut self) -> Vec<Handed> {
        self.encrypt();
        std::mem::take(&mut self.waiting)
    }

    /// The same at the end of the log, with the counts of what was going on.
    pub fn end(&mut self) -> Vec<Handed> {
        self.take(None);
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use engine::{Front, Verdict};

    use super::*;
    use crate::frame::Kind;
    use crate::sealed::Identity as Key;

    fn heard(line: u64, second: i64, host: &str) -> Heard {
        Heard {
            line,
            at: Timestamp::from_millis(1_764_000_000_000 + second * 1_000),
            client: None,
            user: None,
            host: host.to_owned(),
            path: Some("/gallery?page=7".to_owned()),
            agent: Some("Old/1".to_owned()),
            front: Front::Proxy,
            verdict: Verdict::Allow,
            bytes: 9,
        }
    }

    type Frames = Vec<(Kind, Vec<u8>)>;

    /// The references of the rows, and what is handed over with them.
    fn sealed(keys: &[String], rows: &[(u64, i64, &str)]) -> (Vec<Option<RecordRef>>, Frames) {
        let mut sealing = Sealing::new(keys, 3, 12, Instant::now()).unwrap();
        let nobody = (None, None, KnownBy::Nothing);
        let mut references = Vec::new();
        for &(line, second, host) in rows {
            let heard = heard(line, second, host);
            let own = RecordRef::scattered(line);
            let row = sealing.row(&heard, Origin::Squid, Fact::Path, nobody, own).unwrap();
            assert_eq!((row.host, row.path, row.searched), (None, None, None));
            assert_eq!((row.agent, row.bytes, row.line), (heard.agent, 9, line));
            references.push(row.sealed.unwrap().record);
        }
        let mut handed = sealing.encrypted();
        handed.extend(sealing.end());
        (references, handed.iter().map(|handed| handed.frame().unwrap()).collect())
    }

    #[test]
    fn a_minute_of_the_log_is_one_record_a_host_and_only_its_recipients_open_it() {
        let dsl = Key::generate();
        let rows = [(3, 0, "a.example"), (4, 20, "a.example"), (5, 30, "b.example"), (9, 61, "a.example")];
        let (references, frames) = sealed(&[dsl.public()], &rows);
        let own = |line| Some(RecordRef::scattered(line));
        assert_eq!(references, [own(3), own(3), own(5), own(9)]);
        let records: Vec<_> = frames.iter().filter(|(kind, _)| *kind == Kind::SealedRecord).collect();
        assert_eq!((records.len(), frames.len()), (3, 4), "and one count, of the first");
        let opened = dsl.open(&records[0].1[16..]).unwrap();
        assert_eq!((opened.host.as_str(), opened.path.as_deref()), ("a.example", Some("/gallery?page=7")));
        assert_eq!((opened.fact, opened.client, opened.policy), (Fact::Path, None, 3));
        let elsewhere = opened.elsewhere.unwrap();
        assert_eq!((elsewhere.origin, elsewhere.verdict), (Origin::Squid, Verdict::Allow));
        assert!(frames.iter().all(|(_, body)| !body.windows(7).any(|part| part == b"example")));
    }

    #[test]
    fn the_same_log_gives_the_same_references_and_nobody_to_open_them_no_records() {
        let dsl = Key::generate();
        let rows = [(3, 0, "a.example"), (4, 90, "a.example"), (5, 10, "a.example")];
        let (once, again) = (sealed(&[dsl.public()], &rows), sealed(&[dsl.public()], &rows));
        assert_eq!(once.0, again.0);
        let heads = |frames: &Frames| -> Vec<Vec<u8>> {
            frames.iter().map(|(_, body)| body[..16].to_vec()).collect()
        };
        assert_eq!(heads(&once.1), heads(&again.1));
        assert_eq!(sealed(&[], &rows), (vec![None; 3], Vec::new()));
    }
}
