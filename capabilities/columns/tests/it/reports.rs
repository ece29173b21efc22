//! Reports: the same answer as counting by hand, from columns and from what is not packed yet; and from ClickHouse.

use std::collections::BTreeMap;
use std::process::Command;

use activity::columns::Table;
use activity::log::AppendLog;
use activity::{Event, LogStore as _, Report, Subject, TimeRange, Whose};
use engine::{KnownBy, PersonNo, Step, Verdict};
use kit::Zone;
use serde_json::{Value, json};

use crate::school::{School, at, columns_in, fill, fill_from, morning, scanned};

/// Whether reports are about an event.
pub fn counts(event: &Event) -> bool {
    event.known_by != KnownBy::FilterTest && event.step != Step::Elsewhere
}

/// Three quarters in one file of a day, some in smaller files, the rest in frames; and the same in columns alone.
fn school(all_packed: bool) -> (School, AppendLog) {
    let school = School::new(true);
    let log = school.open();
    let mut next = [1; 2];
    fill(&log, 300, 21, &mut next);
    log.pack(|| false).unwrap();
    log.merge_days(at("2026-11-24T02:00:00Z"), || false).unwrap();
    fill(&log, 100, 22, &mut next);
    log.pack(|| false).unwrap();
    fill(&log, 40, 23, &mut next);
    if all_packed {
        log.close_day(at("2026-11-24T02:00:00Z")).unwrap();
        log.pack(|| false).unwrap();
    }
    (school, log)
}

/// The site that a host of the made-up school has.
fn site(event: &Event) -> Option<String> {
    let host = event.host.as_ref()?;
    let ends = ["example.org", "example.net", "example.co.uk", "amazonaws.com", "notexample.org"];
    let end = ends.iter().rev().find(|end| host == *end || host.ends_with(&format!(".{end}")));
    Some(match host.as_str() {
        "xn--mnchen-3ya.example" => host.clone(),
        _ => end.map_or_else(|| host.clone(), |end| (*end).to_owned()),
    })
}

fn time() -> TimeRange {
    TimeRange { from: Some(morning().plus_millis(300_000)), to: Some(morning().plus_millis(5_000_000)) }
}

fn number(value: u64) -> Value {
    value.into()
}

/// What a person did, counted from the events one by one.
fn person_by_hand(events: &[Event], person: u32) -> Vec<Vec<Value>> {
    let mut sites = BTreeMap::<Option<String>, (u64, u64, u64, i64, i64)>::new();
    for event in
        events.iter().filter(|event| event.person == Some(PersonNo(person)) && time().contains(event.at))
    {
        let at = event.at.as_millis();
        let sum = sites.entry(site(event)).or_insert((0, 0, 0, i64::MAX, i64::MIN));
        sum.0 += 1;
        sum.1 += u64::from(event.verdict == Verdict::Block);
        sum.2 = sum.2.wrapping_add(event.bytes);
        (sum.3, sum.4) = (sum.3.min(at), sum.4.max(at));
    }
    let mut rows: Vec<_> = sites.into_iter().collect();
    rows.sort_by_key(|(site, sum)| (std::cmp::Reverse(sum.0), site.is_none(), site.clone()));
    let moment = |at| kit::Timestamp::from_millis(at).to_string();
    rows.into_iter()
        .map(|(site, (requests, blocked, bytes, first, last))| {
            let first_and_last = [moment(first).into(), moment(last).into()];
            let mut row =
                vec![site.map_or(Value::Null, Value::from), number(requests), number(blocked), number(bytes)];
            row.extend(first_and_last);
            row
        })
        .collect()
}

fn by_day_and_group(events: &[Event], wanted: &str, zone: &Zone) -> Vec<Vec<Value>> {
    let mut days = BTreeMap::<(String, Option<u16>), (u64, u64, u64)>::new();
    for event in events.iter().filter(|event| site(event).as_deref() == Some(wanted)) {
        let day = zone.local(event.at).date().to_string();
        let sum = days.entry((day, event.group.map(|group| group.0))).or_default();
        sum.0 += 1;
        sum.1 += u64::from(event.verdict == Verdict::Block);
        sum.2 = sum.2.wrapping_add(event.bytes);
    }
    days.into_iter()
        .map(|((day, group), (requests, blocked, bytes))| {
            let group = group.map_or(Value::Null, Value::from);
            vec![day.into(), group, number(requests), number(blocked), number(bytes)]
        })
        .collect()
}

fn top_blocked(events: &[Event], most: usize) -> Vec<Vec<Value>> {
    let mut groups = BTreeMap::<Option<u16>, BTreeMap<String, u64>>::new();
    for event in events.iter().filter(|event| event.verdict == Verdict::Block) {
        if let Some(site) = site(event) {
            *groups.entry(event.group.map(|group| group.0)).or_default().entry(site).or_default() += 1;
        }
    }
    let mut rows = Vec::new();
    for (group, sites) in groups {
        let mut sites: Vec<_> = sites.into_iter().collect();
        sites.sort_by_key(|(site, requests)| (std::cmp::Reverse(*requests), site.clone()));
        for (site, requests) in sites.into_iter().take(most) {
            rows.push(vec![group.map_or(Value::Null, Value::from), site.into(), number(requests)]);
        }
    }
    rows
}

fn searches(events: &[Event], term: &str) -> Vec<Vec<Value>> {
    let with_term = events.iter().filter_map(|event| Some((event, event.searched.as_ref()?)));
    let mut found: Vec<_> = with_term
        .filter(|(_, words)| words.to_lowercase().contains(term))
        .map(|(event, words)| (event.at, words.clone(), event))
        .collect();
    found.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
    let maybe = |number: Option<u64>| number.map_or(Value::Null, Value::from);
    found
        .into_iter()
        .map(|(at, words, event)| {
            vec![
                at.to_string().into(),
                maybe(event.person.map(|person| u64::from(person.0))),
                maybe(event.group.map(|group| u64::from(group.0))),
                site(event).map_or(Value::Null, Value::from),
                words.into(),
            ]
        })
        .collect()
}

const LONDON: &str = "Europe/London";

fn of_site(time: TimeRange, zone: &str) -> Report {
    Report::Site { site: "example.org".to_owned(), time, zone: zone.to_owned() }
}

fn top(time: TimeRange, zone: &str) -> Report {
    Report::TopBlocked { most: 2, time, zone: zone.to_owned() }
}

fn reports() -> [Report; 5] {
    [
        Report::Person { person: PersonNo(2), time: time() },
        of_site(TimeRange::default(), LONDON),
        top(TimeRange::default(), LONDON),
        Report::SearchTerms { term: "chess".to_owned(), time: TimeRange::default() },
        Report::Opened {
            hosts: vec!["example.org".to_owned(), "printer".to_owned()],
            time: time(),
            brought_in: Some(false),
        },
    ]
}

fn opened(events: &[Event], hosts: &[&str]) -> Vec<Vec<Value>> {
    let mut sums = BTreeMap::<(&str, Option<u32>, Option<String>), u64>::new();
    for event in events {
        let is_open = matches!(event.verdict, Verdict::Allow | Verdict::Scan)
            && !matches!(event.step, Step::Essential | Step::Front)
            && event.sent.is_none()
            && time().contains(event.at);
        if let Some(host) = event.host.as_deref().filter(|host| is_open && hosts.contains(host)) {
            let client = event.client.map(|client| client.to_string());
            *sums.entry((host, event.person.map(|person| person.0), client)).or_default() += 1;
        }
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|((host, person, client), requests)| {
        (*host, std::cmp::Reverse(*requests), client.clone(), *person)
    });
    rows.into_iter()
        .map(|((host, person, client), requests)| {
            vec![host.into(), person.map_or(Value::Null, Value::from), client.into(), number(requests)]
        })
        .collect()
}

fn by_hand(events: &[Event]) -> [Vec<Vec<Value>>; 5] {
    let of_us: Vec<Event> = events.iter().filter(|event| counts(event)).cloned().collect();
    [
        person_by_hand(&of_us, 2),
        by_day_and_group(&of_us, "example.org", &Zone::named(LONDON).unwrap()),
        top_blocked(&of_us, 2),
        searches(&of_us, "chess"),
        opened(&of_us, &["example.org", "printer"]),
    ]
}

#[test]
fn reports_are_what_counting_by_hand_gives() {
    for all_packed in [false, true] {
        let (school, log) = school(all_packed);
        let check = |log: &AppendLog, when: &str| {
            let events = scanned(log, TimeRange::default());
            for (report, expected) in reports().iter().zip(by_hand(&events)) {
                let Table { rows, .. } = log.report(report).unwrap();
                assert_eq!(rows, expected, "{report:?} {when}");
            }
        };
        check(&log, "as written");
        assert!(log.report(&reports()[1]).unwrap().rows.len() > 2);
        assert!(log.report(&reports()[3]).unwrap().rows.len() > 20);
        // Side tables are made again with their files, and what somebody did is counted no more.
        let subject = Subject { whose: Whose::Person(PersonNo(1)), time: TimeRange::default() };
        log.erase(subject, at("2026-12-01T00:00:00Z")).unwrap();
        check(&log, "after an erasure");
        // Without side tables the same is counted from the events.
        let sides: Vec<_> = crate::school::files(&school.dir(), ".parquet");
        for name in sides.iter().filter(|name| !name.starts_with("columns-")) {
            std::fs::write(school.dir().join(name), b"not what was written").unwrap();
        }
        drop(log);
        check(&school.open(), "with damaged side tables");
        assert!(!columns_in(&school.dir()).is_empty());
    }
}

/// The night of a clock change and the day after, in files with and without side tables and in what is not packed.
fn over_a_night(evening: &str) -> (School, AppendLog) {
    let school = School::new(true);
    let log = school.open();
    let mut next = [1; 2];
    for (part, seed) in [(300, 31), (100, 32), (40, 33)] {
        let minutes = 2_100 / part;
        fill_from(&log, (part, seed), &mut next, at(evening), |done| done * minutes);
        if part > 40 {
            log.pack(|| false).unwrap();
        }
        if part == 300 {
            log.merge_days(at("2026-12-01T00:00:00Z"), || false).unwrap();
        }
    }
    (school, log)
}

#[test]
fn days_are_the_schools_own_over_both_changes_of_its_clocks() {
    for evening in ["2026-03-28T18:00:00Z", "2026-10-24T18:00:00Z"] {
        let (_school, log) = over_a_night(evening);
        let all: Vec<Event> = scanned(&log, TimeRange::default()).into_iter().filter(counts).collect();
        let mut days_of_zones = Vec::new();
        // Of the last two, parts of a day that side tables have lie in two days.
        for name in [LONDON, "UTC", "Europe/Athens", "America/New_York", "Asia/Kolkata"] {
            let zone = Zone::named(name).unwrap();
            let whole = log.report(&of_site(TimeRange::default(), name)).unwrap().rows;
            assert_eq!(whole, by_day_and_group(&all, "example.org", &zone), "{name}");
            days_of_zones.push(whole);
            for hours in [0, 5, 12, 30] {
                let day = zone.day(at(evening).plus_millis(hours * 3_600_000));
                let theirs: Vec<Event> =
                    all.iter().filter(|event| zone.local(event.at).date() == day.date).cloned().collect();
                // An hour of it is all of it.
                let an_hour = (day.begins.plus_millis(7_200_000), day.begins.plus_millis(10_800_000));
                for (from, to) in [(day.begins, day.ends), an_hour] {
                    let time = TimeRange { from: Some(from), to: Some(to) };
                    let rows = log.report(&of_site(time, name)).unwrap().rows;
                    assert_eq!(rows, by_day_and_group(&theirs, "example.org", &zone), "{name} {}", day.date);
                    assert_eq!(log.report(&top(time, name)).unwrap().rows, top_blocked(&theirs, 2), "{name}");
                }
            }
        }
        assert_ne!(days_of_zones[0], days_of_zones[1], "an hour of the night is another day's in UTC");
    }
}

/// Asks ClickHouse, in a Python that has it.
const CHDB: &str = r#"
import glob, json, sys
import chdb.session
folder, texts = sys.argv[1], json.load(sys.stdin)
session = chdb.session.Session()
session.query("create database school engine = Atomic")
session.query("use school")
session.query(f"create view events as select * from file('{folder}/columns-*.parquet', Parquet) where front is not null and known_by <> 'filter-test' and step <> 'elsewhere'")
session.query(f"create view daily as select site, toDate(toTimeZone(begins_at, 'Europe/London')) as day, grp, verdict, n, bytes from file('{folder}/sums-*.parquet', Parquet)")
session.query(f"create view searches as select * from file('{folder}/searches-*.parquet', Parquet)")
settings = " settings output_format_json_quote_64bit_integers = 0, date_time_output_format = 'iso', join_use_nulls = 1"
for text in texts:
    answer = json.loads(str(session.query(text + settings, "JSONCompact")))
    print(json.dumps(answer["data"]))
"#;

#[test]
fn clickhouse_reads_the_same_texts_and_gives_the_same_answers() {
    let there = Command::new("python3").args(["-c", "import chdb"]).output();
    if !there.is_ok_and(|ran| ran.status.success()) {
        eprintln!("skipped: there is no python3 with chdb; `pip install chdb` brings it");
        return;
    }
    let (school, log) = school(true);
    let texts: Vec<String> = reports().iter().map(|report| report.sql().unwrap()).collect();
    let mut python = Command::new("python3")
        .args(["-c", CHDB])
        .arg(school.dir())
        .current_dir(school.folder.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(python.stdin.take().unwrap(), &texts).unwrap();
    let said = python.wait_with_output().unwrap();
    assert!(said.status.success());
    let answers: Vec<Value> = String::from_utf8(said.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), texts.len());
    for (report, theirs) in reports().iter().zip(answers) {
        let ours = log.report(report).unwrap().rows;
        assert_eq!(normal(json!(ours)), normal(theirs), "{report:?}");
    }
}

/// Moments without the zeros at their end, which engines write differently.
fn normal(value: Value) -> Value {
    match value {
        Value::Array(all) => all.into_iter().map(normal).collect(),
        Value::String(text) if text.ends_with('Z') && text.contains('T') => {
            let at = kit::Timestamp::parse(&text);
            at.map_or(Value::String(text), |at| at.as_millis().into())
        }
        other => other,
    }
}
