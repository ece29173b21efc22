//! How long one decision takes: 50 groups, 10,000 overrides, 1 M names in the index.
//!
//! `cargo run --release -p engine --example decide_bench [-- NAMES]`. Prints JSON: nanoseconds a decision as mean over
//! each kind of request (fetching and checking the name included), and p50 and p99 over single decisions with the cost
//! of reading the clock taken off.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot be set up should stop"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use engine::catalogue::Catalogue;
use engine::document::{Cell, Effect, Group, PolicyDocument, TargetText, Use};
use engine::live::{DeviceEntry, LiveDocument, Override, PersonEntry, Subject};
use engine::policy::decide_in;
use engine::{Current, DeviceNo, FilterPolicy, Front, Host, HostName, Identity, PersonNo, Request, Sealed};
use kit::Timestamp;
use lists::{Entry, IndexBuilder, ListHead, ListIndex, Seed, Sink};

const GROUPS: usize = 50;
const OVERRIDES: u32 = 10_000;
const PEOPLE: u32 = 1_500;

/// A small generator, so that two runs measure the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn name(number: u64) -> String {
    format!("site-{:x}.host{}.example", number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40, number % 1_000)
}

fn index(names: u64, categories: &[String]) -> ListIndex {
    let mut builder = IndexBuilder::new(Seed([5; 16]));
    let lists = 20u64;
    for list in 0..lists {
        let category = categories.get(list as usize * 3 % categories.len()).unwrap();
        let head = ListHead {
            id: format!("list-{list}"),
            name: format!("List {list}"),
            categories: vec![category.clone()],
            ..ListHead::default()
        };
        let mut writer = builder.list(head).unwrap();
        for number in (list..names).step_by(lists as usize) {
            writer.take(lists::Says::Listed, Entry::Below(HostName::new(&name(number)).unwrap()));
        }
    }
    ListIndex::open(Arc::new(builder.build().unwrap())).unwrap()
}

fn document(categories: &[String]) -> PolicyDocument {
    let mut document = PolicyDocument::parse("form = 1\ntitle = \"Bench\"\nversion = 1\n").unwrap();
    let group = |id: String, within: Vec<String>| Group {
        name: id.clone(),
        id,
        within,
        unknown: None,
        note: None,
        line: Default::default(),
    };
    document.groups = (0..GROUPS)
        .map(|number| {
            let within = if number == 0 { vec![] } else { vec![format!("g{}", (number - 1) / 3)] };
            group(format!("g{number}"), within)
        })
        .collect();
    document.uses = categories
        .iter()
        .enumerate()
        .map(|(row, category)| Use {
            id: format!("row-{row}"),
            activity: category.clone(),
            categories: vec![category.clone()],
            services: Vec::new(),
            service_kinds: Vec::new(),
            seen_by_gate: true,
            illegal: false,
            note: None,
            cells: (0..GROUPS)
                .step_by(1 + row % 4)
                .map(|group| {
                    let cell = match (row + group) % 4 {
                        0 => Cell::Allowed,
                        1 => Cell::Times(vec!["outside-lessons".to_owned()]),
                        _ => Cell::NotAllowed,
                    };
                    (format!("g{group}"), cell)
                })
                .collect::<BTreeMap<_, _>>(),
            line: Default::default(),
        })
        .collect();
    document
}

fn live(ends_at: Timestamp) -> LiveDocument {
    let mut document = LiveDocument::default();
    for number in 0..OVERRIDES {
        document.overrides.push(Override {
            number,
            id: String::new(),
            subject: match number % 3 {
                0 => Subject::Person(PersonNo(number % PEOPLE)),
                1 => Subject::Group(format!("g{}", number as usize % GROUPS)),
                _ => Subject::Everyone,
            },
            effect: if number % 2 == 0 { Effect::Allow } else { Effect::Block },
            target: if number % 10 == 9 {
                TargetText::url(format!("{}/part/{number}", name(u64::from(number))))
            } else {
                TargetText::site(name(u64::from(number)))
            },
            begins_at: None,
            ends_at,
            reason: String::new(),
        });
    }
    for person in 0..PEOPLE {
        document.roll.people.push(PersonEntry {
            person: PersonNo(person),
            groups: vec![format!("g{}", 17 + person as usize % 33)],
        });
        document.roll.devices.push(DeviceEntry {
            device: DeviceNo(person),
            person: Some(PersonNo(person)),
            groups: vec!["g1".to_owned()],
            addresses: vec![std::net::Ipv4Addr::from(0x0a00_0000 + person).into()],
        });
    }
    document
}

fn main() {
    let names: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let catalogue = Arc::new(Catalogue::built_in().unwrap());
    let categories: Vec<String> = catalogue.categories.iter().map(|category| category.id.clone()).collect();
    let at = Timestamp::parse("2026-11-23T10:30:00Z").unwrap();
    let begun = Instant::now();
    let index = Arc::new(index(names, &categories));
    let index_ms = begun.elapsed().as_millis();
    let begun = Instant::now();
    let policy = FilterPolicy::compile(
        &document(&categories),
        &catalogue,
        index,
        &Arc::new(Sealed::never_configured()),
    )
    .expect("the policy compiles");
    let compile_us = begun.elapsed().as_micros();
    let begun = Instant::now();
    let (current, problems) = Current::new(policy, &live(at.plus_millis(3_600_000)));
    let live_us = begun.elapsed().as_micros();
    assert!(problems.is_empty(), "{problems:?}");

    let mut numbers = Numbers(0x1234_5678_9abc_def1);
    let people: Vec<Identity> = (0..PEOPLE)
        .map(|person| current.hold(at).identify(std::net::Ipv4Addr::from(0x0a00_0000 + person).into()))
        .collect();
    let mut result = serde_json::json!({
        "names": names, "groups": GROUPS, "overrides": OVERRIDES,
        "build_index_ms": index_ms, "compile_policy_us": compile_us, "compile_live_us": live_us,
    });
    for (kind, make) in [
        ("listed", &(|number: u64| name(number % names)) as &dyn Fn(u64) -> String),
        ("overridden", &|number| name(number % u64::from(OVERRIDES))),
        ("unknown", &|number| format!("www.unlisted-{number:x}.co.uk")),
        ("below_listed", &|number| format!("cdn.img.{}", name(number % names))),
    ] {
        let hosts: Vec<String> = (0..200_000).map(|_| make(numbers.next() >> 8)).collect();
        // A front has read the name and found who asks just before it decides, so both are at hand.
        let at_hand = |place: usize| {
            let host = HostName::new(hosts.get(place % hosts.len()).unwrap()).unwrap();
            (black_box(host), black_box(*people.get(place % people.len()).unwrap()))
        };
        let ask = |(host, identity): (HostName<'_>, Identity), path: Option<&'static str>| {
            let request = Request {
                host: Host::Name(host),
                port: None,
                path,
                as_sent: None,
                chain: &[],
                addresses: &[],
                identity: &identity,
                front: Front::Dns,
            };
            black_box(current.hold(at).decide(black_box(&request)))
        };
        for (way, path) in [("", None), ("_with_path", Some("/part/of/it?x=1"))] {
            (0..hosts.len()).for_each(|place| _ = ask(at_hand(place), path));
            let begun = Instant::now();
            (0..hosts.len()).for_each(|place| _ = ask(at_hand(place), path));
            let mean = begun.elapsed().as_nanos() as f64 / hosts.len() as f64;
            let mut clock: Vec<u64> =
                (0..20_000).map(|_| Instant::now().elapsed().as_nanos() as u64).collect();
            clock.sort_unstable();
            let off = clock.get(clock.len() / 2).copied().unwrap();
            let mut each: Vec<u64> = (0..hosts.len())
                .map(|place| {
                    let asked = at_hand(place);
                    let begun = Instant::now();
                    ask(asked, path);
                    (begun.elapsed().as_nanos() as u64).saturating_sub(off)
                })
                .collect();
            each.sort_unstable();
            let at = |share: f64| each.get((each.len() as f64 * share) as usize).copied().unwrap();
            let blocked =
                (0..hosts.len()).filter(|place| ask(at_hand(*place), path).verdict.is_block()).count();
            result[format!("{kind}{way}")] = serde_json::json!({
                "mean_ns": mean.round(), "p50_ns": at(0.5), "p99_ns": at(0.99),
                "blocked": blocked as f64 / hosts.len() as f64,
            });
        }
    }
    let (policy, live) = (current.policy(), current.live());
    let begun = Instant::now();
    let rounds = 100_000;
    for _ in 0..rounds {
        black_box(policy.moment_at(black_box(at)));
    }
    result["moment_ns"] = (begun.elapsed().as_nanos() as u64 / rounds).into();
    let moment = policy.moment_at(at);
    let host = Host::Name(HostName::new("www.unlisted.example").unwrap());
    let request = Request {
        host,
        port: None,
        path: None,
        as_sent: None,
        chain: &[],
        addresses: &[],
        identity: people.first().unwrap(),
        front: Front::Dns,
    };
    let begun = Instant::now();
    for _ in 0..rounds {
        black_box(decide_in(&policy, &live, black_box(&request), &moment));
    }
    result["one_hot_name_ns"] = (begun.elapsed().as_nanos() as u64 / rounds).into();
    println!("{result:#}");
}
