//! Columns answer what frames answer.

use std::ops::ControlFlow;
use std::time::Duration;

use activity::log::AppendLog;
use activity::past::Asked;
use activity::{Event, LogStore as _, Search, Subject, TimeRange, Whose};
use engine::{DeviceNo, GroupNo, PersonNo, Step, Transport, Verdict};
use proptest::option::of;
use proptest::prelude::*;

use crate::school::{
    ADDRESSES, HOSTS, School, as_replayed, at, columns_in, files, fill, found, morning, replayed, scanned,
};

fn time() -> impl Strategy<Value = TimeRange> {
    let moment = || of((0i64..40).prop_map(|minute| morning().plus_millis(minute * 60_000 + 500)));
    (moment(), moment()).prop_map(|(from, to)| TimeRange { from, to })
}

fn search() -> impl Strategy<Value = Search> {
    let sites = HOSTS.iter().map(|host| (*host).to_owned()).chain([
        "org".to_owned(),
        "co.uk".to_owned(),
        "example.co.uk".to_owned(),
        "amazonaws.com".to_owned(),
        "EXAMPLE.net.".to_owned(),
        "10.0.0.7".to_owned(),
        "2001:db8::9".to_owned(),
    ]);
    let who = (
        of((0u32..6).prop_map(PersonNo)),
        of((0u32..8).prop_map(DeviceNo)),
        of(proptest::sample::select(&ADDRESSES[..])),
        of((0u16..5).prop_map(GroupNo)),
    );
    let what = (
        of((0u8..4).prop_map(|number| Verdict::from_number(number).unwrap())),
        of((1u8..14).prop_map(|number| Step::from_number(number).unwrap())),
        of(0u16..5),
        of(0u16..5),
        (
            of(proptest::sample::select(vec!["dns", "proxy", "connect", "explain"]).prop_map(str::to_owned)),
            of(proptest::sample::select(&Transport::ALL[..])),
        ),
    );
    let sites = of(proptest::sample::select(sites.collect::<Vec<_>>()));
    // Two conditions at most, so that most searches find something.
    (who, what, sites, time(), of(0u64..30), 0u8..16, 0u8..16).prop_map(
        |(
            (person, device, client, group),
            (verdict, step, category, list, (front, transport)),
            site,
            time,
            limit,
            one,
            two,
        )| {
            let all = Search {
                person,
                device,
                client,
                group,
                site,
                verdict,
                step,
                category,
                list,
                front,
                transport,
                time,
                limit,
                ..Search::default()
            };
            let has = |number| number == one || number == two;
            Search {
                person: all.person.filter(|_| has(0)),
                device: all.device.filter(|_| has(1)),
                client: all.client.filter(|_| has(2)),
                group: all.group.filter(|_| has(3)),
                members: if one % 2 == 0 { vec![PersonNo(3), PersonNo(1)] } else { Vec::new() },
                member_devices: if two % 3 == 0 { vec![DeviceNo(2)] } else { Vec::new() },
                site: all.site.filter(|_| has(4) || one > 11),
                verdict: all.verdict.filter(|_| has(5)),
                step: all.step.filter(|_| has(6)),
                category: all.category.filter(|_| has(7)),
                list: all.list.filter(|_| has(8)),
                front: all.front.filter(|_| has(9)),
                transport: all.transport.filter(|_| has(12)),
                time: if has(10) { all.time } else { TimeRange::default() },
                limit: all.limit.filter(|_| has(11)),
            }
        },
    )
}

fn subject() -> impl Strategy<Value = Subject> {
    let whose = prop_oneof![
        (0u32..6).prop_map(|number| Whose::Person(PersonNo(number))),
        (0u32..8).prop_map(|number| Whose::Device(DeviceNo(number))),
        proptest::sample::select(&ADDRESSES[..]).prop_map(Whose::Client),
    ];
    (whose, time()).prop_map(|(whose, time)| Subject { whose, time })
}

fn followed(log: &AppendLog, search: &Search, from: u64) -> Vec<Event> {
    let mut follow = log.follow(search, Some(from)).unwrap();
    let mut events = Vec::new();
    log.next(&mut follow, Duration::ZERO, &mut |event| {
        events.push(event);
        ControlFlow::Continue(())
    })
    .unwrap();
    events
}

/// Two logs of the same events, one of them packed: three quarters of it in a file of one day, some in smaller files, the
/// rest in frames.
fn both(seed: u64) -> (School, AppendLog, School, AppendLog) {
    let (plain, packing) = (School::new(false), School::new(true));
    let (frames, columns) = (plain.open(), packing.open());
    let (mut one, mut other) = ([1; 2], [1; 2]);
    for (part, count) in [(0, 120), (1, 60), (2, 30)] {
        fill(&frames, count, seed ^ part, &mut one);
        fill(&columns, count, seed ^ part, &mut other);
        if part < 2 {
            assert!(columns.pack(|| false).unwrap() > 0);
        }
        if part == 0 {
            assert_eq!(columns.merge_days(at("2026-11-24T02:00:00Z"), || false).unwrap(), 1);
            assert_eq!(columns_in(&packing.dir()).len(), 1);
        }
    }
    assert!(columns_in(&packing.dir()).len() > 1 && files(&packing.dir(), ".log").len() > 1);
    (plain, frames, packing, columns)
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 6, ..Default::default() })]

    #[test]
    fn every_answer_is_the_same(
        seed: u64,
        searches in proptest::collection::vec((search(), 1u64..220), 12),
        subjects in proptest::collection::vec(subject(), 2),
    ) {
        let (_plain, frames, packing, mut columns) = both(seed);
        for round in 0..3 {
            let (all, damaged) = found(&frames, &Search::default());
            prop_assert_eq!((found(&columns, &Search::default()), damaged), ((all, 0), 0));
            for (search, from) in &searches {
                prop_assert_eq!(found(&columns, search), found(&frames, search), "{:?}", search);
                prop_assert_eq!(columns.counts(search).unwrap(), frames.counts(search).unwrap(), "{:?}", search);
                prop_assert_eq!(scanned(&columns, search.time), scanned(&frames, search.time));
                for brought_in in [false, true] {
                    let asked = Asked { time: search.time, brought_in };
                    let wanted = as_replayed(&scanned(&frames, search.time), brought_in);
                    prop_assert_eq!(&replayed(&frames, &asked), &wanted);
                    prop_assert_eq!(&replayed(&columns, &asked), &wanted);
                }
                prop_assert_eq!(followed(&columns, search, *from), followed(&frames, search, *from), "{:?}", search);
            }
            let accounts = frames.accounts(&packing.run_dir());
            prop_assert_eq!(columns.accounts(&packing.run_dir()), accounts);
            match subjects.get(round) {
                // A start in between changes nothing.
                None => {
                    drop(columns);
                    columns = packing.open();
                }
                Some(subject) => {
                    let now = at("2026-12-01T00:00:00Z");
                    prop_assert_eq!(columns.erase(*subject, now).unwrap(), frames.erase(*subject, now).unwrap());
                }
            }
        }
    }
}
