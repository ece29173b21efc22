//! What a draft of the policy would do to requests of the past.

use engine::live::{DeviceEntry, PersonEntry, Roll};
use engine::replay::{Batch, LeftOut, Past, Replay, Replayed, Row};
use engine::{DeviceNo, Fact, Front, Live, LiveDocument, PersonNo, Sealed, Step, Verdict};
use engine::{FilterPolicy, PolicyDocument};
use kit::{Host, HostName, Timestamp};
use proptest::prelude::*;
use std::sync::Arc;

use crate::school::{catalogue, index};

const HEAD: &str = r#"form = 1
title = "Replay"
version = 1
unidentified = "pupils"
[calendar]
zone = "Europe/London"
[[calendar.term]]
name = "Autumn"
from = "2026-09-01"
to = "2026-12-18"
[[calendar.time]]
id = "mornings"
name = "Mornings"
from = "09:00"
to = "12:00"
[[group]]
id = "pupils"
name = "Pupils"
[[group]]
id = "year-7"
name = "Year 7"
within = ["pupils"]
[[group]]
id = "staff"
name = "Staff"
"#;

fn policy(rows: &str) -> FilterPolicy {
    let document =
        PolicyDocument::parse(&format!("{HEAD}{rows}")).unwrap_or_else(|problems| panic!("{problems:#?}"));
    FilterPolicy::compile(&document, &catalogue(), index(), &Arc::new(Sealed::never_configured()))
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn roll() -> Roll {
    let person =
        |number, group: &str| PersonEntry { person: PersonNo(number), groups: vec![group.to_owned()] };
    let device = DeviceEntry {
        device: DeviceNo(1),
        person: Some(PersonNo(1)),
        groups: Vec::new(),
        addresses: vec!["10.0.0.1".parse().unwrap()],
    };
    Roll {
        people: vec![person(1, "year-7"), person(2, "pupils"), person(3, "staff")],
        devices: vec![device],
        ..Roll::default()
    }
}

const MORNING: &str = "2026-11-23T10:30:00Z";
const EVENING: &str = "2026-11-23T19:30:00Z";

fn past<'a>(person: u32, host: &'a str, at: &str) -> Past<'a> {
    Past {
        at: Timestamp::parse(at).unwrap(),
        front: Front::Dns,
        person: Some(PersonNo(person)),
        known_by: engine::KnownBy::DeviceRegister,
        client: Some("10.0.0.1".parse().unwrap()),
        host: Some(Host::Name(HostName::new(host).unwrap())),
        path: None,
        verdict: Verdict::Allow,
        step: Step::Unknown,
        fact: Fact::None,
    }
}

fn replayed(before: &str, after: &str, all: &[Past<'_>]) -> Replayed {
    let (before, after) = (policy(before), policy(after));
    let mut replay = Replay::new(&before, &after, &roll());
    all.iter().for_each(|past| replay.take(past));
    assert_eq!(replay.taken(), all.len() as u64);
    replay.end(10)
}

const GAMES_IN_MORNINGS: &str = "[[use]]\nid = \"games\"\nactivity = \"Games\"\ncategories = [\"games\"]\n\
                                cells = { pupils = { times = [\"mornings\"] }, staff = \"allowed\" }\n";
const NO_GAMES: &str = "[[use]]\nid = \"games\"\nactivity = \"Games\"\ncategories = [\"games\"]\n\
                        cells = { pupils = \"not-allowed\", staff = \"allowed\" }\n";

#[test]
fn what_a_draft_closes_is_counted_by_group_and_site_with_both_reasons() {
    let all = [
        past(1, "games.test", MORNING),
        past(1, "games.test", MORNING),
        past(2, "www.games.test", MORNING),
        past(3, "games.test", MORNING),
        past(1, "games.test", EVENING),
        past(1, "unknown.example", MORNING),
    ];
    let found = replayed(GAMES_IN_MORNINGS, NO_GAMES, &all);
    assert_eq!((found.compared, found.left_out), (6, LeftOut::default()));
    // Recorded as open, closed in the evening by the policy of today.
    assert_eq!(found.otherwise_then, 1);
    assert_eq!(found.newly_open.requests, 0);
    let closed = &found.newly_blocked;
    assert_eq!((closed.requests, closed.sites, closed.more), (3, 2, 0));
    let groups: Vec<_> = closed.groups.iter().map(|one| (one.id.as_str(), one.requests)).collect();
    assert_eq!(groups, [("pupils", 3), ("year-7", 2)]);
    let of = |one: &engine::replay::OfList| (one.id.clone(), one.requests, one.visits, one.people);
    assert_eq!(closed.lists.iter().map(of).collect::<Vec<_>>(), [("test/games".to_owned(), 3, 2, 2)]);
    assert_eq!(found.visits, 4);
    let first = &closed.examples[0];
    assert_eq!((first.host.as_str(), first.requests, first.people), ("games.test", 2, 1));
    assert!(first.in_force.contains("allowed") && first.draft.contains("not allowed"), "{first:?}");
    // And the other way round.
    let found = replayed(NO_GAMES, GAMES_IN_MORNINGS, &all);
    assert_eq!((found.newly_open.requests, found.newly_blocked.requests), (3, 0));
    assert_eq!(replayed(NO_GAMES, NO_GAMES, &all).newly_blocked.requests, 0);
}

#[test]
fn what_no_policy_decides_or_nobody_can_know_again_is_counted_and_left_out() {
    let like = past(1, "games.test", MORNING);
    let all = [
        Past { step: Step::Sealed, host: None, verdict: Verdict::Block, ..like },
        Past { step: Step::Front, ..like },
        Past { fact: Fact::Chain(0), ..like },
        Past { fact: Fact::Address(1), ..like },
        Past { step: Step::Override, ..like },
        Past { step: Step::Focus, ..like },
        past(77, "games.test", MORNING),
        Past { known_by: engine::KnownBy::FilterTest, ..like },
        // Whoever was nobody then is who the address belongs to now.
        Past { person: None, ..like },
        Past { person: None, client: None, ..like },
    ];
    let found = replayed(GAMES_IN_MORNINGS, NO_GAMES, &all);
    assert_eq!(
        found.left_out,
        LeftOut { not_the_policys: 2, led_elsewhere: 2, exceptions: 2, gone: 1, tests: 1 }
    );
    assert_eq!((found.compared, found.newly_blocked.requests), (2, 1));
    // A lock stands before overrides: what it would close was open by one.
    let locked = format!(
        "{GAMES_IN_MORNINGS}[[locked]]\ndo = \"block\"\nsite = \"games.test\"\nset-by = \"leadership\"\nreason = \"r\"\n"
    );
    let found = replayed(GAMES_IN_MORNINGS, &locked, &all);
    assert_eq!((found.left_out.exceptions, found.newly_blocked.requests), (0, 4));
    // And a locked allow what was closed by one.
    let opened = locked.replace("do = \"block\"", "do = \"allow\"");
    let closed = Past { step: Step::Override, verdict: Verdict::Block, ..like };
    let found = replayed(NO_GAMES, &opened, &[closed]);
    assert_eq!((found.left_out.exceptions, found.newly_open.requests), (0, 1));
    let example = &found.newly_open.examples[0];
    assert!(example.in_force.contains("exception") && example.path.is_none(), "{example:?}");
}

#[test]
fn what_another_filter_met_and_is_sealed_here_is_not_even_counted() {
    let like = past(1, "games.test", MORNING);
    let elsewhere = Past { step: Step::Elsewhere, ..like };
    let count = |sealed: usize| {
        let (before, after) = (policy(GAMES_IN_MORNINGS), policy(NO_GAMES));
        let mut replay = Replay::new(&before, &after, &roll());
        replay.take(&elsewhere);
        (0..sealed).for_each(|_| replay.take(&Past { host: None, verdict: Verdict::Block, ..elsewhere }));
        (replay.taken(), replay.end(10))
    };
    let found = count(0);
    assert_eq!((found.0, found.1.left_out, found.1.newly_blocked.requests), (1, LeftOut::default(), 1));
    assert_eq!(count(3), found);
}

#[test]
fn what_is_decided_once_for_many_is_what_each_would_be_told() {
    let (before, after) = (policy(GAMES_IN_MORNINGS), policy(NO_GAMES));
    let categories: Vec<String> =
        catalogue().categories.iter().map(|category| format!("{}.test", category.id)).collect();
    let mut all = Vec::new();
    for host in &categories {
        for (person, at) in
            [(1, MORNING), (2, MORNING), (3, MORNING), (1, EVENING), (3, EVENING), (1, MORNING)]
        {
            let path = (person == 2).then_some("/games");
            all.push(Past { path, ..past(person, host, at) });
            all.push(Past { path, ..past(person, "shared.test", at) });
        }
    }
    let mut replay = Replay::new(&before, &after, &roll());
    all.iter().for_each(|past| replay.take(past));
    let found = replay.end(3);
    let document = LiveDocument { roll: roll(), ..LiveDocument::default() };
    let (mut closed, mut opened) = (0, 0);
    for past in &all {
        let blocked = [&before, &after].map(|policy| {
            let (live, _) = Live::compile(&document, policy);
            let identity = live.person(past.person.unwrap()).unwrap();
            let request = engine::Request {
                host: past.host.unwrap(),
                port: None,
                path: past.path,
                as_sent: None,
                chain: &[],
                addresses: &[],
                identity: &identity,
                front: past.front,
            };
            let at = policy.calendar().zone().local(past.at);
            engine::decide(policy, &live, &request, at).verdict.is_block()
        });
        closed += u64::from(blocked == [false, true]);
        opened += u64::from(blocked == [true, false]);
    }
    assert!(closed > 50, "{closed}");
    assert_eq!((found.newly_blocked.requests, found.newly_open.requests), (closed, opened));
    assert!(found.newly_blocked.examples.len() <= 3);
}

/// The place of something in a list that it is added to where it is new, or, with `again`, even where it is not.
fn place_in<T: PartialEq>(all: &mut Vec<T>, one: T, again: bool) -> u32 {
    let known = all.iter().position(|known| *known == one).filter(|_| !again);
    let place = known.unwrap_or(all.len());
    if known.is_none() {
        all.push(one);
    }
    place as u32
}

fn batch<'a>(all: &[Past<'a>], again: usize) -> Batch<'a> {
    let mut batch = Batch::default();
    for (number, past) in all.iter().enumerate() {
        let Past { at, front, person, known_by, client, host, path, verdict, step, fact } = *past;
        let again = number % 7 == again;
        let asker = place_in(&mut batch.askers, (person, client), again);
        let host = host.map(|host| place_in(&mut batch.hosts, host, again));
        batch.rows.push(Row { at, asker, host, path, front, known_by, verdict, step, fact });
    }
    batch
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 24, ..Default::default() })]

    #[test]
    fn many_at_once_come_to_what_one_after_the_other_does(
        picks in proptest::collection::vec((0u32..5, 0usize..40, 0i64..40, 0u8..16, 0u8..9, any::<bool>()), 1..300),
        sizes in proptest::collection::vec(1usize..80, 1..12),
        again in 0usize..8,
    ) {
        let hosts: Vec<String> = (catalogue().categories.iter())
            .flat_map(|category| [format!("{}.test", category.id), format!("a.{}.test", category.id)])
            .chain(["unknown.example".to_owned(), "shared.test".to_owned()])
            .collect();
        let all: Vec<Past<'_>> = (picks.iter())
            .map(|&(person, host, hours, step, fact, has_path)| {
                let host = &hosts[host % hosts.len()];
                Past {
                    at: Timestamp::parse(MORNING).unwrap().plus_millis(hours * 3_600_000),
                    person: (person > 0).then_some(PersonNo(person)),
                    client: (person != 3).then_some([10, 0, 0, (hours % 3) as u8].into()),
                    path: has_path.then_some("/games/1"),
                    step: Step::from_number(step).unwrap_or(Step::Unknown),
                    verdict: Verdict::from_number(fact % 4).unwrap(),
                    fact: if fact == 8 { Fact::Chain(1) } else { Fact::Host },
                    host: (fact != 7).then(|| Host::Name(HostName::new(host).unwrap())),
                    known_by: engine::KnownBy::from_number(step % 8).unwrap(),
                    ..past(1, host, MORNING)
                }
            })
            .collect();
        let (before, after) = (policy(GAMES_IN_MORNINGS), policy(NO_GAMES));
        let mut one_by_one = Replay::new(&before, &after, &roll());
        all.iter().for_each(|past| one_by_one.take(past));
        let mut together = Replay::new(&before, &after, &roll());
        let (mut rest, mut sizes) = (&all[..], sizes.iter().cycle());
        while !rest.is_empty() {
            let (next, behind) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            together.take_all(&batch(next, again));
            rest = behind;
        }
        // What another filter met and is sealed here is passed over, uncounted.
        let sealed = |past: &&Past<'_>| past.step == Step::Elsewhere && past.host.is_none();
        prop_assert_eq!(together.taken(), (all.len() - all.iter().filter(sealed).count()) as u64);
        prop_assert_eq!(together.end(5), one_by_one.end(5));
    }
}

#[test]
fn a_request_that_names_what_is_not_there_is_passed_over() {
    let (before, after) = (policy(GAMES_IN_MORNINGS), policy(NO_GAMES));
    let mut replay = Replay::new(&before, &after, &roll());
    let mut wrong = batch(&[past(1, "games.test", MORNING); 3], 7);
    wrong.rows[0].asker = 9;
    wrong.rows[1].host = Some(9);
    replay.take_all(&wrong);
    assert_eq!((replay.taken(), replay.end(1).newly_blocked.requests), (1, 1));
}
