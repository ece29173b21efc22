//! How quickly past requests are replayed: 20 lists of 1 M names, 40 groups, 1,500 people, 100,000 sites by Zipf, three in ten
//! requests with a path of which a third is like no other.
//!
//! `cargo run --release -p engine --example replay_bench [-- EVENTS [by-time]]`: by person and time, as packed files are, or as a
//! log that is not packed yet. Prints JSON: events a second of processor time, reading the log not included, and what was found.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be set up should stop")]

use std::collections::HashMap;
use std::sync::Arc;

use engine::catalogue::Catalogue;
use engine::live::{DeviceEntry, PersonEntry, Roll};
use engine::replay::{Batch, Replay, Row};
use engine::{
    DeviceNo, Fact, FilterPolicy, Front, Host, HostName, PersonNo, PolicyDocument, Sealed, Step, Verdict,
};
use kit::Timestamp;
use lists::{Entry, IndexBuilder, ListHead, ListIndex, Seed, Sink};

const PEOPLE: u32 = 1_500;
const GROUPS: u32 = 40;
const SITES: usize = 100_000;
/// As many as the log hands over at once.
const A_BATCH: usize = 32 << 10;

struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to before 1.
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The processor time of this process so far, in nanoseconds.
fn processor_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn main() {
    let events: usize = std::env::args().nth(1).map_or(5_000_000, |text| text.parse().unwrap());
    let sorted = std::env::args().nth(2).is_none_or(|word| word != "by-time");
    let catalogue = Arc::new(Catalogue::built_in().unwrap());
    let ids: Vec<&str> = catalogue.categories.iter().map(|category| category.id.as_str()).collect();
    let site = |number: usize| format!("host{number}.site{}.example", number / 3);
    let mut builder = IndexBuilder::new(Seed([5; 16]));
    for list in 0..20usize {
        let category = ids.get(list * 3 % ids.len()).unwrap();
        let head = ListHead {
            id: format!("list-{list}"),
            categories: vec![(*category).to_owned()],
            ..ListHead::default()
        };
        let mut writer = builder.list(head).unwrap();
        for number in (list..1_000_000).step_by(20) {
            // One in fifty is a site that is asked for.
            let name = if number % 50 == 0 {
                site(number / 50 * 7 % SITES)
            } else {
                format!("other{number}.example")
            };
            writer.take(lists::Says::Listed, Entry::Below(HostName::new(&name).unwrap()));
        }
    }
    let index = Arc::new(ListIndex::open(Arc::new(builder.build().unwrap())).unwrap());
    let text = |closed: usize| {
        let mut text = String::from(
            "form = 1\ntitle = \"Replay\"\nversion = 1\n[calendar]\nzone = \"Europe/London\"\n[[calendar.time]]\nid = \"mornings\"\nname = \"Mornings\"\nfrom = \"09:00\"\nto = \"12:00\"\n[[group]]\nid = \"pupils\"\nname = \"Pupils\"\n",
        );
        for group in 0..GROUPS {
            text +=
                &format!("[[group]]\nid = \"g{group}\"\nname = \"Group {group}\"\nwithin = [\"pupils\"]\n");
        }
        for (place, id) in ids.iter().enumerate() {
            let cell = match place % 3 {
                _ if place < closed => "\"not-allowed\"",
                0 => "\"allowed\"",
                1 => "{ times = [\"mornings\"] }",
                _ => "\"not-allowed\"",
            };
            text += &format!(
                "[[use]]\nid = \"u{place}\"\nactivity = \"A\"\ncategories = [\"{id}\"]\ncells = {{ pupils = {cell}, g{} = \"allowed\" }}\n",
                place as u32 % GROUPS
            );
        }
        text
    };
    let compile = |text: &str| {
        let document = PolicyDocument::parse(text).unwrap();
        FilterPolicy::compile(
            &document,
            &catalogue,
            Arc::clone(&index),
            &Arc::new(Sealed::never_configured()),
        )
        .unwrap()
    };
    let (before, after) = (compile(&text(0)), compile(&text(30)));
    let address = |number: u32| std::net::IpAddr::from([10, 0, (number >> 8) as u8, number as u8]);
    let roll = Roll {
        people: (0..PEOPLE)
            .map(|number| PersonEntry {
                person: PersonNo(number),
                groups: vec![format!("g{}", number % GROUPS)],
            })
            .collect(),
        devices: (0..PEOPLE)
            .map(|number| DeviceEntry {
                device: DeviceNo(number),
                person: Some(PersonNo(number)),
                groups: Vec::new(),
                addresses: vec![address(number)],
            })
            .collect(),
        ..Roll::default()
    };

    // Zipf with exponent 1.05, by its inverse.
    let mut sums = Vec::with_capacity(SITES);
    let mut sum = 0.0;
    for rank in 1..=SITES {
        sum += 1.0 / (rank as f64).powf(1.05);
        sums.push(sum);
    }
    let mut numbers = Numbers(88_172_645_463_325_252);
    let hosts: Vec<String> = (0..SITES).map(site).collect();
    let start = Timestamp::parse("2026-11-23T08:00:00Z").unwrap();
    let made: Vec<(u32, usize, Option<String>)> = (0..events)
        .map(|_| {
            let at = numbers.part() * sum;
            let rank = sums.partition_point(|one| *one < at).min(SITES - 1);
            let person = (numbers.next() % u64::from(PEOPLE)) as u32;
            let path = (numbers.next() % 10 < 3).then(|| {
                let id = if numbers.next() % 100 < 35 {
                    numbers.next() as u32
                } else {
                    (numbers.next() % 40) as u32
                };
                format!("/page/{id}")
            });
            (person, rank, path)
        })
        .collect();
    // As the log hands them over: by person and time, so many at once, each host and asker once among them.
    let mut order: Vec<usize> = (0..events).collect();
    if sorted {
        order.sort_by_key(|number| made.get(*number).map(|(person, ..)| *person));
    }
    let mut batches = Vec::new();
    for numbers in order.chunks(A_BATCH) {
        let mut batch = Batch::default();
        let (mut askers, mut places) = (HashMap::new(), HashMap::new());
        for number in numbers {
            let (person, rank, path) = made.get(*number).unwrap();
            let asker = *askers.entry(*person).or_insert_with(|| {
                batch.askers.push((Some(PersonNo(*person)), Some(address(*person))));
                batch.askers.len() as u32 - 1
            });
            let host = *places.entry(*rank).or_insert_with(|| {
                batch.hosts.push(Host::Name(HostName::new(hosts.get(*rank).unwrap()).unwrap()));
                batch.hosts.len() as u32 - 1
            });
            batch.rows.push(Row {
                at: start.plus_millis(*number as i64 * 36_000_000 / events as i64),
                asker,
                host: Some(host),
                path: path.as_deref(),
                front: Front::Dns,
                known_by: engine::KnownBy::DeviceRegister,
                verdict: Verdict::Allow,
                step: Step::Unknown,
                fact: Fact::None,
            });
        }
        batches.push(batch);
    }
    let mut replay = Replay::new(&before, &after, &roll);
    let before_all = processor_ns();
    batches.iter().for_each(|batch| replay.take_all(batch));
    let seconds = (processor_ns() - before_all) as f64 / 1e9;
    let found = replay.end(5);
    println!(
        "{{\"events\": {events}, \"events_a_second\": {:.0}, \"compared\": {}, \"newly_blocked\": {}, \"newly_open\": {}, \"visits\": {}}}",
        events as f64 / seconds,
        found.compared,
        found.newly_blocked.requests,
        found.newly_open.requests,
        found.visits
    );
}
