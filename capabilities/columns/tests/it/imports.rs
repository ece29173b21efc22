//! What is brought in from another filter's log: once, marked, in files of its own, in no report, and gone again when asked.

use activity::import::{Heard, Imported};
use activity::log::{AppendLog, Known};
use activity::page::Run;
use activity::{LogStore as _, Report, Search, Subject, TimeRange, Whose};
use engine::{Front, KnownBy, Origin, PersonNo, Step, Verdict};
use kit::Timestamp;

use crate::school::{School, at, columns_in, fill, found};

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
    log.begin_import(RUN, Origin::Squid, file(lines), now()).unwrap();
    let mut new = 0;
    for first in (1..=lines).step_by(40) {
        let last = lines.min(first + 39);
        new += log.import(RUN, &rows(first..=last), last).unwrap().events;
    }
    log.end_import(RUN, file(lines), lines, now()).unwrap();
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
    log.import(RUN, &rows(1..=40), 40).unwrap();
    drop(log);
    let log = school.open();
    log.pack(|| false).unwrap();
    log.settle(&school.run_dir(), |_| false, now()).unwrap();
    let told = log.accounts(&school.run_dir());
    assert_eq!((told.imported, told.open.len(), told.lost, told.at_least), (35, 0, 0, false));
    assert_eq!(bring(&log, 100), 51);
    assert_eq!(elsewhere(&log).len(), 86);
    assert_eq!(log.accounts(&school.run_dir()).imported, 86);
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
        Report::TopBlocked { most: 5, time: TimeRange::default() },
        Report::Site { site: "google.com".to_owned(), time: TimeRange::default() },
        Report::SearchTerms { term: "tudor".to_owned(), time: TimeRange::default() },
    ];
    let tables = |log: &AppendLog| reports.each_ref().map(|report| log.report(report).unwrap());
    let before = tables(&log);
    let events = found(&log, &Search::default()).0;
    for packed in [false, true] {
        bring(&log, 100);
        if packed {
            log.pack(|| false).unwrap();
        }
        assert_eq!(tables(&log), before);
        let run = log.imports().last().unwrap().run;
        let subject = Subject { whose: Whose::Import(run), time: TimeRange::default() };
        assert_eq!(log.erase(subject, now()).unwrap(), if packed { 0 } else { 86 });
        assert!(elsewhere(&log).is_empty());
        assert!(log.imports()[0].undone);
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
    let new = log.import(RUN, &long, 1_500).unwrap().events;
    assert_eq!(new, long.len() as u64);
    log.end_import(RUN, file(1), 1_500, now()).unwrap();
    drop(log);
    let log = school.open();
    let search = Search { step: Some(Step::Elsewhere), ..Search::default() };
    let (events, damaged) = found(&log, &search);
    assert_eq!((events.len(), damaged), (long.len(), 0));
    assert!(events.iter().all(|event| event.path.as_deref() == Some(path.as_str())));
}
