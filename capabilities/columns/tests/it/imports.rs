//! What is brought in from another filter's log: once, marked, in files of its own, in no report, and gone again when asked.

use activity::import::{Heard, Imported, SealedRow};
use activity::log::{AppendLog, Known};
use activity::page::Run;
use activity::past::Asked;
use activity::sealed::RecordRef;
use activity::{LogStore as _, Report, Search, StoreError, Subject, TimeRange, Whose};
use engine::{Fact, Front, KnownBy, Origin, PersonNo, Step, Verdict};
use kit::Timestamp;

use crate::school::{School, as_replayed, at, columns_in, fill, found, replayed, scanned};

const RUN: Run = Run(0x1234_5678_9abc_def0);

fn rows(lines: std::ops::RangeInclusive<u64>) -> Vec<Imported> {
    // Each seventh line told nothing.
    let told = lines.filter(|line| line % 7 != 0);
    told.map(|line| {
        let heard = Heard {
            line,
            at: at("2026-10-05T09:00:00Z").plus_millis(line as i64 * 1_000),
            client: (line % 3 > 0).then(|| [10, 0, 0, 7].into()),
            user: None,
            host: if line % 2 == 0 { "www.google.com".to_owned() } else { "192.0.2.9".to_owned() },
            path: Some(format!("/search?q=tudor+kings+{line}")),
            agent: Some("Old/1".to_owned()),
            front: Front::Proxy,
            verdict: if line % 5 == 0 { Verdict::Block } else { Verdict::Allow },
            bytes: 10,
        };
        heard.imported(Some(PersonNo(2)), None, KnownBy::ProxySignIn)
    })
    .collect()
}

fn file(bytes: u64) -> Known {
    Known { bytes, digest: format!("{bytes:064x}") }
}

fn now() -> Timestamp {
    at("2026-11-26T12:00:00Z")
}

/// Brings lines in; how many events are new.
fn bring(log: &AppendLog, lines: u64) -> u64 {
    bring_as(log, RUN, lines)
}

fn bring_as(log: &AppendLog, run: Run, lines: u64) -> u64 {
    log.begin_import(run, Origin::Squid, file(lines), now()).unwrap();
    let mut new = 0;
    for first in (1..=lines).step_by(40) {
        let last = lines.min(first + 39);
        new += log.import(run, &rows(first..=last), last, now()).unwrap().events;
    }
    log.end_import(run, file(lines), lines, now()).unwrap();
    new
}

fn elsewhere(log: &AppendLog) -> Vec<activity::Event> {
    found(log, &Search { step: Some(Step::Elsewhere), ..Search::default() })
        .0
        .into_iter()
        .filter(|event| event.agent.as_deref() == Some("Old/1"))
        .collect()
}

#[test]
fn a_log_counts_once_however_often_it_is_brought_in_and_what_is_new_of_it_is_added() {
    let school = School::new(true);
    let log = school.open();
    fill(&log, 60, 3, &mut [1; 2]);
    let before = log.accounts(&school.run_dir());
    let of_a_gate = found(&log, &Search::default()).0.len();
    assert_eq!(bring(&log, 100), 86);
    let events = elsewhere(&log);
    assert_eq!(events.len(), 86);
    for event in &events {
        assert_eq!(event.origin, Some(Origin::Squid));
        assert_eq!((event.step, event.known_by), (Step::Elsewhere, KnownBy::ProxySignIn));
        assert_eq!(event.person, Some(PersonNo(2)));
        assert_eq!(event.path.as_deref(), Some("/search"));
        assert_eq!(event.searched.is_some(), event.host.as_deref() == Some("www.google.com"));
    }
    assert!(events.iter().any(|event| event.client.is_none()));
    // No gate gave them out, and none is missing.
    let told = log.accounts(&school.run_dir());
    assert_eq!((told.issued, told.durable, told.lost), (before.issued, before.durable, before.lost));
    assert_eq!((told.imported, told.open.len(), told.at_least), (86, before.open.len(), before.at_least));
    assert_eq!(bring(&log, 100), 0);
    drop(log);
    for packs in [false, true] {
        let log = school.open();
        if packs {
            log.pack(|| false).unwrap();
            log.merge_days(now(), || false).unwrap();
        }
        log.settle(&school.run_dir(), |_| false, now()).unwrap();
        assert_eq!(bring(&log, 100), 0);
        assert_eq!(elsewhere(&log).len(), 86);
        for brought_in in [false, true] {
            let asked = Asked { time: TimeRange::default(), brought_in };
            let wanted = as_replayed(&scanned(&log, asked.time), brought_in);
            assert!(wanted.len() > 40 && replayed(&log, &asked) == wanted, "{brought_in}");
        }
        assert_eq!(found(&log, &Search::default()).0.len(), of_a_gate + 86);
        let told = log.accounts(&school.run_dir());
        assert_eq!((told.imported, told.open.len(), told.at_least), (86, 0, told.inexact_runs > 0));
    }
    // The file has grown.
    let log = school.open();
    assert_eq!(bring(&log, 140), 34);
    assert_eq!(elsewhere(&log).len(), 120);
    let imports = log.imports();
    assert_eq!((imports.len(), imports[0].events, imports[0].lines), (1, 120, 140));
    assert_eq!(log.look_for_damage(now(), || false).unwrap(), 0);
}

#[test]
fn one_that_was_broken_off_goes_on_where_it_was() {
    let school = School::new(true);
    let log = school.open();
    log.begin_import(RUN, Origin::Squid, file(100), now()).unwrap();
    log.import(RUN, &rows(1..=40), 40, now()).unwrap();
    drop(log);
    let log = school.open();
    log.pack(|| false).unwrap();
    log.settle(&school.run_dir(), |_| false, now()).unwrap();
    let told = log.accounts(&school.run_dir());
    assert_eq!((told.imported, told.open.len(), told.lost, told.at_least), (35, 0, 0, false));
    let state = |log: &AppendLog| log.imports().iter().map(|one| (one.events, one.whole, one.undone)).next();
    assert_eq!(state(&log), Some((35, false, false)), "what is in is told, and that it is not all");
    assert_eq!(bring(&log, 100), 51);
    assert_eq!(state(&log), Some((86, true, false)));
    // The same where a file that had grown was broken off.
    log.begin_import(RUN, Origin::Squid, file(140), now()).unwrap();
    log.import(RUN, &rows(1..=120), 120, now()).unwrap();
    assert_eq!(state(&log), Some((103, false, false)));
    drop(log);
    let log = school.open();
    assert_eq!(state(&log), Some((103, false, false)));
    assert_eq!(bring(&log, 140), 17);
    assert_eq!(state(&log), Some((120, true, false)));
    assert_eq!(bring(&log, 100), 0);
    assert_eq!(elsewhere(&log).len(), 120);
    assert_eq!(log.accounts(&school.run_dir()).imported, 120);
}

#[test]
fn one_that_was_broken_off_is_taken_out_and_nothing_more_comes_into_it() {
    let school = School::new(true);
    let log = school.open();
    log.begin_import(RUN, Origin::Squid, file(100), now()).unwrap();
    log.import(RUN, &rows(1..=40), 40, now()).unwrap();
    let subject = Subject { whose: Whose::Import(RUN), time: TimeRange::default() };
    assert_eq!(log.erase(subject, now()).unwrap(), 35);
    let is_undone = |outcome: Result<(), StoreError>| matches!(outcome, Err(StoreError::ImportUndone(RUN)));
    assert!(is_undone(log.import(RUN, &rows(41..=80), 80, now()).map(drop)));
    assert!(is_undone(log.begin_import(RUN, Origin::Squid, file(100), now())));
    assert!(is_undone(log.end_import(RUN, file(100), 100, now()).map(drop)));
    drop(log);
    let log = school.open();
    assert!(elsewhere(&log).is_empty() && log.imports()[0].undone);
    // The file comes in anew, as another.
    let other = Run(RUN.0 + 1);
    log.begin_import(other, Origin::Squid, file(100), now()).unwrap();
    assert_eq!(log.import(other, &rows(1..=100), 100, now()).unwrap().events, 86);
    log.end_import(other, file(100), 100, now()).unwrap();
    assert_eq!(elsewhere(&log).len(), 86);
}

#[test]
fn what_is_sealed_comes_in_without_a_site_and_refers_to_its_record() {
    let record = RecordRef::scattered(7);
    let hidden = |row: Imported| {
        let is_hidden = row.line.is_multiple_of(4);
        let sealed = SealedRow { fact: Fact::Path, record: row.line.is_multiple_of(8).then_some(record) };
        if is_hidden {
            Imported { host: None, path: None, searched: None, sealed: Some(sealed), ..row }
        } else {
            row
        }
    };
    let school = School::new(true);
    let log = school.open();
    log.begin_import(RUN, Origin::Squid, file(100), now()).unwrap();
    let all: Vec<Imported> = rows(1..=100).into_iter().map(hidden).collect();
    assert_eq!(log.import(RUN, &all, 100, now()).unwrap().events, 86);
    log.end_import(RUN, file(100), 100, now()).unwrap();
    for packed in [false, true] {
        if packed {
            log.pack(|| false).unwrap();
        }
        let events = elsewhere(&log);
        assert_eq!(events.len(), 86);
        let without: Vec<_> = events.iter().filter(|event| event.host.is_none()).collect();
        assert_eq!(without.len(), all.iter().filter(|row| row.host.is_none()).count());
        for event in without {
            assert_eq!((&event.path, &event.searched, event.fact), (&None, &None, Fact::Path));
            assert_eq!((event.origin, event.person), (Some(Origin::Squid), Some(PersonNo(2))));
            assert!(event.record.is_none_or(|found| found == record));
        }
        assert_eq!(
            events.iter().filter(|event| event.record.is_some()).count(),
            all.iter().filter(|row| row.sealed.is_some_and(|sealed| sealed.record.is_some())).count()
        );
        assert!(events.iter().all(|event| event.host.is_none() || event.record.is_none()));
    }
    assert_eq!(log.look_for_damage(now(), || false).unwrap(), 0);
}

#[test]
fn what_damage_takes_of_an_import_is_no_loss_of_a_gate() {
    let school = School::new(false);
    let log = school.open();
    fill(&log, 60, 3, &mut [1; 2]);
    log.close_day(at("2026-11-24T02:00:00Z")).unwrap();
    let before = log.accounts(&school.run_dir());
    bring(&log, 100);
    drop(log);
    // Of the three segments that it took, the second loses every event, its only frame of them.
    let mut with_it: Vec<_> = std::fs::read_dir(school.dir())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| std::fs::read(path).unwrap().windows(5).any(|part| part == b"Old/1"))
        .collect();
    with_it.sort();
    assert_eq!(with_it.len(), 3);
    let mut bytes = std::fs::read(&with_it[1]).unwrap();
    let place = bytes.windows(5).position(|part| part == b"Old/1").unwrap();
    bytes[place] ^= 1;
    std::fs::write(&with_it[1], bytes).unwrap();
    for _ in 0..2 {
        let log = school.open();
        log.look_for_damage(now(), || false).unwrap();
        let told = log.accounts(&school.run_dir());
        assert_eq!(
            (told.issued, told.durable, told.lost, told.damaged, told.at_least),
            (before.issued, before.durable, before.lost, before.damaged, before.at_least)
        );
        assert_eq!((told.imported, told.imported_damaged), (52, 34));
    }
}

#[test]
fn it_is_in_files_of_its_own_which_go_by_their_own_age() {
    let school = School::new(true);
    let log = school.open();
    fill(&log, 60, 3, &mut [1; 2]);
    bring(&log, 100);
    fill(&log, 60, 4, &mut [1_000; 2]);
    log.close_day(at("2026-11-24T02:00:00Z")).unwrap();
    log.pack(|| false).unwrap();
    log.merge_days(now(), || false).unwrap();
    let of_a_gate = found(&log, &Search::default()).0.len() - 86;
    // The old events are older than ninety days, those of the gate are not.
    let files = columns_in(&school.dir()).len();
    assert!(log.expire(at("2027-01-15T00:00:00Z")).unwrap() > 0);
    assert!(columns_in(&school.dir()).len() < files);
    assert_eq!(found(&log, &Search::default()).0.len(), of_a_gate);
}

#[test]
fn it_is_in_no_report_and_goes_when_asked() {
    let school = School::new(true);
    let log = school.open();
    fill(&log, 60, 3, &mut [1; 2]);
    let reports = [
        Report::Person { person: PersonNo(2), time: TimeRange::default() },
        Report::TopBlocked { most: 5, time: TimeRange::default(), zone: "UTC".to_owned() },
        Report::Site { site: "google.com".to_owned(), time: TimeRange::default(), zone: "UTC".to_owned() },
        Report::SearchTerms { term: "tudor".to_owned(), time: TimeRange::default() },
    ];
    let tables = |log: &AppendLog| reports.each_ref().map(|report| log.report(report).unwrap());
    let before = tables(&log);
    let events = found(&log, &Search::default()).0;
    for (packed, run) in [(false, RUN), (true, Run(RUN.0 + 1))] {
        bring_as(&log, run, 100);
        if packed {
            log.pack(|| false).unwrap();
        }
        assert_eq!(tables(&log), before);
        let subject = Subject { whose: Whose::Import(run), time: TimeRange::default() };
        assert_eq!(log.erase(subject, now()).unwrap(), 86);
        assert!(elsewhere(&log).is_empty());
        assert!(log.imports().iter().all(|import| import.undone));
        assert_eq!(tables(&log), before);
        assert_eq!(found(&log, &Search::default()).0, events);
    }
    assert_eq!(log.look_for_damage(now(), || false).unwrap(), 0);
}

#[test]
fn an_import_is_taken_out_of_columns_too() {
    let school = School::new(true);
    let log = school.open();
    fill(&log, 60, 3, &mut [1; 2]);
    let events = found(&log, &Search::default()).0;
    bring(&log, 100);
    log.pack(|| false).unwrap();
    let subject = Subject { whose: Whose::Import(RUN), time: TimeRange::default() };
    assert_eq!(log.erase(subject, now()).unwrap(), 86);
    assert_eq!(found(&log, &Search::default()).0, events);
    drop(log);
    for name in columns_in(&school.dir()) {
        let bytes = std::fs::read(school.dir().join(name)).unwrap();
        assert!(!bytes.windows(5).any(|window| window == b"Old/1"));
    }
    let log = school.open();
    assert_eq!(found(&log, &Search::default()).0, events);
    assert!(log.imports()[0].undone);
}

#[test]
fn rows_with_the_longest_texts_come_back_and_nothing_is_damaged() {
    let school = School::new(true);
    let log = school.open();
    log.begin_import(RUN, Origin::Squid, file(1), now()).unwrap();
    let path = format!("/{}", "a".repeat(activity::event::LONGEST_PATH - 1));
    let agent = format!("Old/1 {}", "b".repeat(activity::event::LONGEST_AGENT - 6));
    let long: Vec<Imported> = rows(1..=1_500)
        .into_iter()
        .map(|row| Imported { path: Some(path.clone()), searched: None, agent: Some(agent.clone()), ..row })
        .collect();
    let new = log.import(RUN, &long, 1_500, now()).unwrap().events;
    assert_eq!(new, long.len() as u64);
    log.end_import(RUN, file(1), 1_500, now()).unwrap();
    drop(log);
    let log = school.open();
    let search = Search { step: Some(Step::Elsewhere), ..Search::default() };
    let (events, damaged) = found(&log, &search);
    assert_eq!((events.len(), damaged), (long.len(), 0));
    assert!(events.iter().all(|event| event.path.as_deref() == Some(path.as_str())));
}
