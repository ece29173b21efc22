//! Another filter's log on its way in, as whoever brings it talks with the log process.

use std::time::Instant;

use activity::import::{Heard, Imported, Sealing};
use activity::log::{Import, Known};
use activity::page::Run;
use activity::sealed::{Identity, RecordRef, Shelf};
use activity::{Search, Subject, TimeRange, Whose};
use engine::{Fact, Front, KnownBy, Origin, Step, Verdict};

use crate::house::{House, at, until};

const RUN: Run = Run(7);

fn heard(line: u64, host: &str) -> Heard {
    Heard {
        line,
        at: at("2026-11-20T09:00:00Z").plus_millis(line as i64 * 1_000),
        client: Some([10, 0, 0, 7].into()),
        user: None,
        host: host.to_owned(),
        path: Some("/a".to_owned()),
        agent: None,
        front: Front::Proxy,
        verdict: Verdict::Allow,
        bytes: 10,
    }
}

fn row(line: u64) -> Imported {
    heard(line, "www.example.org").imported(None, None, KnownBy::Nothing)
}

fn file() -> Known {
    Known { bytes: 100, digest: format!("{:064x}", 100) }
}

#[test]
fn what_was_handed_over_is_in_although_whoever_brought_it_has_gone() {
    let house = House::new();
    let log = house.log();
    let client = house.client();
    let state = || -> Vec<(u64, bool, bool, bool)> {
        let all = client.imports().unwrap();
        let told = |import: &Import| (import.events, import.whole, import.going_on, import.undone);
        all.iter().map(told).collect()
    };
    let mut importing = client.import(RUN, Origin::Squid, file()).unwrap();
    importing.take((1..=5).map(row).collect(), 5, Vec::new()).unwrap();
    assert_eq!(state(), [(0, false, true, false)], "it waits for more, and is told to go on");
    let subject = Subject { whose: Whose::Import(RUN), time: TimeRange::default() };
    let refused = client.erase(subject).unwrap_err().to_string();
    assert!(refused.contains("being brought in"), "{refused}");
    drop(importing);
    until("it is broken off, and what there was is in", || state() == [(5, false, false, false)]);
    log.stop();
    let log = house.log();
    assert_eq!(state(), [(5, false, false, false)], "and so it stays");

    // It goes on with what is new, or what can be read of it.
    let mut importing = client.import(RUN, Origin::Squid, file()).unwrap();
    importing.take((1..=8).map(row).collect(), 8, Vec::new()).unwrap();
    let taken = importing.break_off().unwrap();
    assert_eq!((taken.events, taken.repeated), (3, 5));
    until("it is broken off again", || state() == [(8, false, false, false)]);
    let mut importing = client.import(RUN, Origin::Squid, file()).unwrap();
    importing.take((1..=9).map(row).collect(), 9, Vec::new()).unwrap();
    assert_eq!(importing.end(file(), 9).unwrap().events, 1);
    until("it is whole", || state() == [(9, true, false, false)]);
    assert_eq!(client.erase(subject).unwrap(), 9);
    assert_eq!(state(), [(9, true, false, true)]);
    assert!(client.import(RUN, Origin::Squid, file()).is_err(), "what was taken out is not gone on with");
    let accounts = house.status().accounts;
    assert_eq!((accounts.issued, accounts.lost, accounts.imported, accounts.at_least), (0, 0, 9, false));
    log.stop();
}

#[test]
fn a_sealed_request_comes_in_as_a_gates_does_its_record_before_its_row_and_once() {
    let house = House::new();
    let log = house.log();
    let client = house.client();
    let dsl = Identity::generate();
    for again in [false, true] {
        let mut sealing = Sealing::new(&[dsl.public()], 3, 12, Instant::now()).unwrap();
        let reference = RecordRef::scattered(2);
        let nobody = (None, None, KnownBy::Nothing);
        let sealed =
            sealing.row(&heard(2, "sealed-whole.example"), Origin::Squid, Fact::Host, nobody, reference);
        let mut importing = client.import(RUN, Origin::Squid, file()).unwrap();
        importing.take(vec![row(1), sealed.unwrap(), row(3)], 3, sealing.end()).unwrap();
        // The row still waits for more.
        let shown = Shelf::look(&house.log_dir()).unwrap();
        assert_eq!(shown.records.iter().map(|one| one.reference).collect::<Vec<_>>(), [reference]);
        importing.end(file(), 3).unwrap();
        let found = house.found(&Search { step: Some(Step::Elsewhere), ..Search::default() });
        assert_eq!(found.len(), 3, "{again}");
        let row = &found[1];
        assert_eq!((&row.host, &row.path, row.record), (&None, &None, Some(reference)));
        assert_eq!((row.origin, row.fact, row.verdict), (Some(Origin::Squid), Fact::Host, Verdict::Allow));
    }
    let encrypted = Shelf::find(&house.log_dir(), RecordRef::scattered(2)).unwrap().unwrap();
    assert_eq!(dsl.open(&encrypted).unwrap().host, "sealed-whole.example");
    log.stop();
    for (path, bytes) in house.files() {
        assert!(!bytes.windows(12).any(|part| part == b"sealed-whole"), "{}", path.display());
    }
}
