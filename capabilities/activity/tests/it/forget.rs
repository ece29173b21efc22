//! What is never kept, what is kept for a time, and what is taken out again.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::SeqCst;

use activity::entry::What;
use activity::log::{AppendLog, LogConfig};
use activity::{Search, Sink, Subject, TimeRange, Whose};
use engine::{Front, PersonNo};
use kit::Clock;

use crate::house::{House, Visit, at, until};

/// Everything that tells of one visit, as bytes that would stand somewhere if it were kept.
fn traces(visit: &Visit) -> Vec<(&'static str, Vec<u8>)> {
    let moment = visit.at.as_millis();
    let std::net::IpAddr::V4(client) = visit.client else { panic!("an IPv4 visit") };
    vec![
        ("host", visit.host.clone().into_bytes()),
        ("path", b"/chat/now".to_vec()),
        ("agent", visit.agent.clone().unwrap().into_bytes()),
        ("address", client.octets().to_vec()),
        ("address as text", visit.client.to_string().into_bytes()),
        ("person", varint(visit.person)),
        ("moment", moment.to_le_bytes().to_vec()),
        ("second", (moment / 1_000).to_string().into_bytes()),
    ]
}

fn varint(number: u32) -> Vec<u8> {
    let bits = |place: u32| (number >> (7 * place)) as u8;
    (0..5).map(|place| bits(place) & 0x7f | if place < 4 { 0x80 } else { 0 }).collect()
}

fn visit() -> Visit {
    Visit {
        at: at("2026-11-23T21:13:07.457Z"),
        client: [10, 91, 237, 113].into(),
        person: 0x3adb_e8b1,
        path: Some("/chat/now".to_owned()),
        agent: Some("Tablet-Of-One-Child/3.2".to_owned()),
        ..Visit::help("helpline.example")
    }
}

fn holds(bytes: &[u8], trace: &[u8]) -> bool {
    bytes.windows(trace.len()).any(|window| window == trace)
}

#[test]
fn a_visit_to_a_help_site_leaves_nothing_of_itself_on_the_socket_or_the_disk() {
    let house = House::new();
    // First a listener that keeps every byte a gate sends.
    let listener = UnixListener::bind(activity::gate_socket(&house.run_dir())).unwrap();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let seen_visit = Visit { unobserved: false, ..visit() };
    visit().record(&sink);
    Visit::to("ordinary.example").record(&sink);
    let mut sent = Vec::new();
    let mut buffer = [0; 4096];
    until("the ordinary visit is sent", || {
        let read = stream.read(&mut buffer).unwrap();
        sent.extend_from_slice(&buffer[..read]);
        holds(&sent, b"ordinary.example")
    });
    assert_eq!(sink.counts().issued, 1, "a help visit takes no number: a gap would tell when it was");
    // The same visit where it is not a help site proves that the search for traces finds them.
    seen_visit.record(&sink);
    let mut ordinary = Vec::new();
    until("it is sent", || {
        let read = stream.read(&mut buffer).unwrap();
        ordinary.extend_from_slice(&buffer[..read]);
        holds(&ordinary, b"helpline.example")
    });
    for (what, trace) in traces(&visit()) {
        assert!(!holds(&sent, &trace), "the socket carried the {what} of a help visit");
        if !matches!(what, "second" | "address as text") {
            assert!(holds(&ordinary, &trace), "this test would not notice the {what}");
        }
    }
    stream.flush().unwrap();
    drop((stream, listener, sink));
    std::fs::remove_file(activity::gate_socket(&house.run_dir())).unwrap();

    // Then the whole house.
    let house = House::new();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    visit().record(&sink);
    Visit { front: Front::Dns, ..visit() }.record(&sink);
    Visit::to("ordinary.example").record(&sink);
    until("the ordinary visit is durable", || sink.counts().taken == 1);
    for (file, bytes) in house.files() {
        for (what, trace) in traces(&visit()) {
            assert!(!holds(&bytes, &trace), "{} holds the {what} of a help visit", file.display());
        }
    }
    drop(sink);
    log.stop();
}

#[test]
fn help_visits_are_counted_by_day_and_shown_when_the_day_is_over() {
    let now = Arc::new(AtomicI64::new(at("2026-11-23T21:20:00Z").as_millis()));
    let house = House { clock: Clock::Set(Arc::clone(&now)), ..House::new() };
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    visit().record(&sink);
    visit().record(&sink);
    Visit { front: Front::Dns, ..visit() }.record(&sink);
    Visit { front: Front::Connect, at: at("2026-11-24T08:00:00Z"), ..visit() }.record(&sink);
    drop(sink);
    until("the run is settled", || house.status().accounts.ended_runs == 1);
    assert!(house.status().help.is_empty(), "the day is not over");
    // The log is stopped and started in between: the counts are on the page, not in its memory.
    log.stop();
    let log = house.log();
    now.store(at("2026-11-24T02:00:00Z").as_millis(), SeqCst);
    until("the day is shown", || house.status().help.len() == 1);
    let help = house.status().help[0];
    assert_eq!((help.day, help.counts.dns, help.counts.proxy), (Some(at("2026-11-23T00:00:00Z")), 1, 2));
    now.store(at("2026-11-25T02:00:00Z").as_millis(), SeqCst);
    until("the next day is shown", || house.status().help.len() == 2);
    until("the page has told everything", || activity::page::runs_in(&house.run_dir()).unwrap().is_empty());
    assert_eq!(house.status().help[1].counts.connect, 1);
    assert!(house.found(&Search::default()).is_empty(), "no row stands for a help visit");
    log.stop();
}

#[test]
fn an_erased_person_is_gone_from_answers_and_from_every_file_and_nobody_else_is() {
    let house = House::new();
    let mut config = house.config();
    config.log.segment_bytes = 1_500;
    let log = house.log_with(config.clone());
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    for round in 1..=40u64 {
        Visit { person: 8, host: "kept.example".into(), ..Visit::to("kept.example") }.record(&sink);
        Visit { person: 9, agent: Some("Erased-Agent".into()), ..Visit::refused("erased.example") }
            .record(&sink);
        until("they are durable", || sink.counts().taken == 2 * round);
    }
    assert!(house.status().segments > 2);
    let time = TimeRange { from: None, to: Some(at("2027-01-01T00:00:00Z")) };
    // The visits are stamped in the future of some machines' clocks, so the end is named.
    let log = restart_at(&house, log, config.clone(), "2026-12-01T00:00:00Z");
    let erased = house.client().erase(Subject { whose: Whose::Person(PersonNo(9)), time }).unwrap();
    assert_eq!(erased, 40);
    let hosts =
        |search: Search| house.found(&search).into_iter().filter_map(|event| event.host).collect::<Vec<_>>();
    assert_eq!(hosts(Search::default()), vec!["kept.example"; 40]);
    assert_eq!(house.client().recent_refusals([127, 0, 0, 7].into(), 16).unwrap(), []);
    for (file, bytes) in house.files() {
        assert!(!holds(&bytes, b"erased.example") && !holds(&bytes, b"Erased-Agent"), "{}", file.display());
    }
    let status = house.status();
    assert_eq!(status.last_seq, 80, "places stay, so that the accounts still add up");
    drop(sink);
    log.stop();
    let log = house.log_with(config);
    until("the run is settled", || house.status().accounts.open.is_empty());
    let accounts = house.status().accounts;
    assert_eq!((accounts.issued, accounts.durable, accounts.lost), (80, 80, 0));
    let entries = house.client().entries().unwrap();
    assert!(entries.iter().any(|entry| matches!(entry.what, What::ErasureDone { events: 40, .. })));
    log.stop();
}

fn restart_at(
    house: &House,
    log: crate::house::Log,
    mut config: activity::Config,
    time: &str,
) -> crate::house::Log {
    log.stop();
    config.clock = Clock::set_at(at(time));
    house.log_with(config)
}

#[test]
fn whole_segments_go_when_they_are_too_old_and_each_leaves_an_entry() {
    let house = House::new();
    let mut config = house.config();
    config.log.segment_bytes = 1_000;
    let log = house.log_with(config);
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    for (done, day) in (1..).zip(["2026-06-01", "2026-06-02", "2026-09-01", "2026-11-01"]) {
        let long = format!("/{}", "x".repeat(1_200));
        Visit { at: at(&format!("{day}T10:00:00Z")), path: Some(long), ..Visit::to("www.example.org") }
            .record(&sink);
        until("it is durable", || sink.counts().taken == done);
    }
    drop(sink);
    log.stop();
    let config = LogConfig { segment_bytes: 1_000, ..LogConfig::in_dir(&house.log_dir()) };
    let store = AppendLog::open(config, at("2026-11-02T00:00:00Z")).unwrap();
    assert_eq!(store.expire(at("2026-08-30T09:00:00Z")).unwrap(), 0, "ninety days are not over");
    assert_eq!(store.expire(at("2026-11-02T00:00:00Z")).unwrap(), 2);
    let gone: Vec<_> = store
        .entries()
        .unwrap()
        .into_iter()
        .filter_map(|entry| match entry.what {
            What::Expired { first_seq, last_seq, newest, kept_days, .. } => {
                Some((first_seq, last_seq, newest, kept_days))
            }
            _ => None,
        })
        .collect();
    let time = |day: &str| at(&format!("{day}T10:00:00Z"));
    assert_eq!(gone, [(1, 1, time("2026-06-01"), 90), (2, 2, time("2026-06-02"), 90)]);
    drop(store);
    let log = house.log();
    assert_eq!(house.found(&Search::default()).iter().map(|event| event.seq).collect::<Vec<_>>(), [4, 3]);
    log.stop();
}
