//! Random worlds: small enough that everything meets everything.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use kit::{HostName, Timestamp};
use lists::{Entry, IndexBuilder, ListHead, ListIndex, Says, Seed, Sink};

use super::{PlainEntry, PlainList, PlainSealed, World};
use crate::catalogue::{Catalogue, Category, Engine, OpenSite, Service, ServiceKind};
use crate::document::safe_search::{SafeSearchSection, Search, YouTube};
use crate::document::{
    CalendarSection, Cell, Effect, Group, HeadLines, Line, Locked, NamedTime, On, PolicyDocument, Rule,
    SealedSection, SetBy, SharedHosts, TargetText, Unknown, Use, WithheldSection,
};
use crate::identity::PersonNo;
use crate::live::{Focus, LiveDocument, Observing, Override, Subject, Withheld};
use crate::sealed::{Feed, Sealed, SealedKey, SealedWriter};
use crate::targets::looks_ahead;

pub(super) const NAMES: [&str; 9] = [
    "a.example",
    "x.a.example",
    "y.x.a.example",
    "www.a.example",
    "b.example",
    "x.b.example",
    "www.b.example",
    "c.test",
    "help.test",
];
const SITES: [&str; 9] = [
    "a.example",
    "x.a.example",
    "b.example",
    "example",
    "c.test",
    "test",
    "www.a.example",
    "x.b.example",
    "help.test",
];
pub(super) const PATHS: [&str; 13] = [
    "/",
    "/p",
    "/p/q",
    "/P/Q/r",
    "/pq",
    "/p?x=1",
    "/q",
    "/q/games",
    "/games",
    "/p%2Fq",
    "/q%2F..%2Fp",
    "/p%3Fx=1",
    "/q%2F",
];
/// Paths as a client may send them; none is canonical.
pub(super) const AS_SENT: [&str; 4] = ["//games", "/p%2fq", "/%70", "/q/./p"];
const PREFIXES: [&str; 6] = ["/p", "/p/q", "/p?x=1", "/q", "/P", "/games"];
const EXPRESSIONS: [&str; 11] = [
    "//",
    "%2f",
    "games",
    "^x\\.",
    "example/$",
    "\\bp\\b",
    "a.example/p",
    "b\\.example",
    "q$",
    "^192\\.0\\.2\\.1/",
    "^192\\.0\\.2\\.2/p",
];
/// The last three lead to the first two.
pub(super) const ADDRESSES: [&str; 6] =
    ["192.0.2.1", "192.0.2.2", "2001:db8::1", "64:ff9b::c000:201", "2002:c000:202::1", "64:ff9b:1::c000:201"];
pub(super) const GROUPS: [&str; 6] = ["g0", "g1", "g2", "g3", "g4", "g5"];
const CATEGORIES: [&str; 5] = ["c0", "c1", "c2", "c3", "c4"];
const TIMES: [&str; 2] = ["lunch", "night"];

/// Makes choices out of bytes, so that a failing world shrinks with them. When they run out it takes the first choice.
pub(super) struct Dice<'b>(pub std::slice::Iter<'b, u8>);

impl Dice<'_> {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % sides
    }
    pub(super) fn chance(&mut self, in_ten: usize) -> bool {
        // The byte 0 says no, so that worlds shrink towards emptiness.
        self.roll(10) > 9 - in_ten
    }
    pub(super) fn pick<'t, T: ?Sized>(&mut self, all: &[&'t T]) -> &'t T {
        let place = self.roll(all.len());
        all[place]
    }
    fn text(&mut self, all: &[&str]) -> String {
        self.pick(all).to_owned()
    }
    fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.roll(most + 1)).map(|_| make(self)).collect()
    }
    fn effect(&mut self) -> Effect {
        if self.chance(5) { Effect::Allow } else { Effect::Block }
    }
}

fn address(dice: &mut Dice<'_>) -> IpAddr {
    dice.pick(&ADDRESSES).parse().unwrap()
}

pub(super) fn target(dice: &mut Dice<'_>, effect: Effect) -> TargetText {
    match dice.roll(10) {
        0..=3 => TargetText::site(dice.pick(&SITES)),
        4..=6 => TargetText::url(format!("{}{}", dice.pick(&NAMES), dice.pick(&PREFIXES))),
        7 => TargetText {
            expression: Some(dice.text(&EXPRESSIONS)),
            on: (effect == Effect::Allow || dice.chance(3)).then(|| dice.text(&SITES)),
            ..TargetText::default()
        },
        8 => TargetText::category(dice.pick(&CATEGORIES)),
        _ => TargetText::site(dice.pick(&ADDRESSES)),
    }
}

pub(super) fn rule(dice: &mut Dice<'_>) -> Rule {
    let effect = dice.effect();
    rule_of(dice, effect)
}

pub(super) fn rule_of(dice: &mut Dice<'_>, effect: Effect) -> Rule {
    let TargetText { site, url, expression, on, category } = target(dice, effect);
    let group = dice.chance(7).then(|| dice.text(&GROUPS));
    Rule {
        effect,
        group,
        site,
        url,
        expression,
        on,
        category,
        reason: String::new(),
        owner: String::new(),
        line: Line(0),
    }
}

pub(super) fn locked_of(dice: &mut Dice<'_>, effect: Effect) -> Locked {
    let Rule { group, site, url, expression, on, category, .. } = rule_of(dice, effect);
    let set_by = SetBy::Leadership;
    Locked {
        set_by,
        effect,
        group,
        site,
        url,
        expression,
        on,
        category,
        reason: String::new(),
        line: Line(0),
    }
}

pub(super) fn override_of(dice: &mut Dice<'_>, number: u32, effect: Effect) -> Override {
    Override {
        number,
        id: String::new(),
        subject: match dice.roll(3) {
            0 => Subject::Person(PersonNo(1 + dice.roll(2) as u32)),
            1 => Subject::Group(dice.text(&GROUPS)),
            _ => Subject::Everyone,
        },
        effect,
        target: target(dice, effect),
        begins_at: dice.chance(2).then(|| moment(dice)),
        ends_at: if dice.chance(7) { at("2030-01-01T00:00:00Z") } else { moment(dice) },
        reason: String::new(),
    }
}

fn cell(dice: &mut Dice<'_>) -> Cell {
    match dice.roll(8) {
        0 | 1 => Cell::NotAllowed,
        2 | 3 => Cell::Allowed,
        4 => Cell::Scan,
        5 => Cell::Times(vec![dice.text(&TIMES)]),
        6 => Cell::Named(vec![dice.text(&GROUPS)]),
        _ => Cell::Permission("staff".to_owned()),
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(super) fn moment(dice: &mut Dice<'_>) -> Timestamp {
    at(dice.pick(&[
        "2026-11-23T10:00:00Z",
        "2026-11-23T12:30:00Z",
        "2026-11-23T23:30:00Z",
        "2026-11-22T12:30:00Z",
    ]))
}

fn document(dice: &mut Dice<'_>) -> PolicyDocument {
    let groups = GROUPS
        .iter()
        .enumerate()
        .map(|(place, id)| Group {
            id: (*id).to_owned(),
            name: (*id).to_owned(),
            within: GROUPS[..place].iter().filter(|_| dice.chance(3)).map(|id| (*id).to_owned()).collect(),
            unknown: dice.chance(3).then(|| *dice.pick(&[&Unknown::Allow, &Unknown::Block, &Unknown::Scan])),
            note: None,
            line: Line(0),
        })
        .collect();
    let rows = dice.roll(5);
    let uses = (0..rows)
        .map(|row| {
            let mut cells = BTreeMap::from([(dice.text(&GROUPS), cell(dice))]);
            for _ in 0..dice.roll(4) {
                let group = if dice.chance(2) { "everyone".to_owned() } else { dice.text(&GROUPS) };
                cells.insert(group, cell(dice));
            }
            Use {
                id: format!("row-{row}"),
                activity: "something".to_owned(),
                categories: vec![dice.text(&CATEGORIES)],
                services: if dice.chance(3) { vec![dice.text(&["s0", "s1"])] } else { Vec::new() },
                service_kinds: if dice.chance(2) { vec![dice.text(&["c1", "k1"])] } else { Vec::new() },
                seen_by_gate: !dice.chance(1),
                illegal: false,
                note: None,
                cells,
                line: Line(0),
            }
        })
        .collect();
    let time = |id: &str, from: &str, to: &str, on| NamedTime {
        id: id.to_owned(),
        name: None,
        days: Vec::new(),
        from: from.to_owned(),
        to: to.to_owned(),
        on,
        line: Line(0),
    };
    PolicyDocument {
        form: 1,
        title: "random".to_owned(),
        version: 1,
        note: String::new(),
        unidentified: None,
        essential: if dice.chance(2) { vec![dice.text(&SITES)] } else { Vec::new() },
        help_confirmed: Vec::new(),
        sealed: SealedSection {
            shared_hosts: if dice.chance(3) { SharedHosts::Refuse } else { SharedHosts::CountedGap },
        },
        safe_search: SafeSearchSection::default(),
        withheld: WithheldSection { learning_sites: dice.some(1, |dice| dice.text(&SITES)), line: Line(0) },
        calendar: CalendarSection {
            times: vec![
                time("lunch", "12:00", "13:00", On::SchoolDays),
                time("night", "22:00", "06:00", On::AnyDay),
            ],
            ..CalendarSection::default()
        },
        groups,
        uses,
        locked: dice.some(2, |dice| {
            let effect = dice.effect();
            locked_of(dice, effect)
        }),
        rules: dice.some(5, rule),
        lines: HeadLines::default(),
    }
}

fn list(dice: &mut Dice<'_>) -> PlainList {
    PlainList {
        categories: dice.some(2, |dice| dice.text(&CATEGORIES)),
        entries: dice.some(4, |dice| {
            let entry = match dice.roll(8) {
                0..=2 => PlainEntry::Below(dice.text(&SITES)),
                3 => PlainEntry::Exact(dice.text(&NAMES)),
                4 => PlainEntry::Address(address(dice)),
                5 => PlainEntry::Path(dice.text(&ADDRESSES[..2]), dice.pick(&PREFIXES).to_lowercase()),
                6 => PlainEntry::Path(dice.text(&NAMES), dice.pick(&PREFIXES).to_lowercase()),
                _ => PlainEntry::Expression(dice.text(&EXPRESSIONS)),
            };
            // Only names can be taken out of a list.
            let is_name = matches!(entry, PlainEntry::Below(_) | PlainEntry::Exact(_));
            let says =
                if dice.chance(3) { Says::ALL[dice.roll(if is_name { 6 } else { 3 })] } else { Says::Listed };
            (says, entry)
        }),
    }
}

fn live(dice: &mut Dice<'_>) -> LiveDocument {
    let overrides = dice.roll(4) as u32;
    let focus = if dice.chance(2) { 1 + dice.roll(2) as u32 } else { 0 };
    LiveDocument {
        version: 1,
        overrides: (0..overrides)
            .map(|number| {
                let effect = dice.effect();
                override_of(dice, 10 + number, effect)
            })
            .collect(),
        focus: (0..focus)
            .map(|number| Focus {
                number: 50 + number,
                name: "lesson".to_owned(),
                group: if dice.chance(2) { "everyone".to_owned() } else { dice.text(&GROUPS) },
                garden: dice.some(3, |dice| {
                    if dice.chance(5) {
                        TargetText::site(dice.pick(&SITES))
                    } else {
                        TargetText::url(format!("{}{}", dice.pick(&NAMES), dice.pick(&PREFIXES)))
                    }
                }),
                begins_at: None,
                ends_at: if dice.chance(7) { at("2030-01-01T00:00:00Z") } else { moment(dice) },
            })
            .collect(),
        withheld: if dice.chance(2) {
            dice.some(3, |dice| Withheld {
                number: 90 + dice.roll(4) as u32,
                person: PersonNo(1 + dice.roll(2) as u32),
                begins_at: dice.chance(3).then(|| moment(dice)),
                ends_at: if dice.chance(5) { at("2030-01-01T00:00:00Z") } else { moment(dice) },
            })
        } else {
            Vec::new()
        },
        observing: if dice.chance(3) {
            dice.some(2, |dice| Observing {
                number: 1 + dice.roll(4) as u32,
                begins_at: dice.chance(5).then(|| moment(dice)),
                ends_at: if dice.chance(5) { at("2030-01-01T00:00:00Z") } else { moment(dice) },
            })
        } else {
            Vec::new()
        },
        roll: Default::default(),
    }
}

fn engine(id: &str, domains: &[&str], hosts: &[&str], moderate: Option<&str>) -> Engine {
    let owned = |all: &[&str]| all.iter().map(|host| (*host).to_owned()).collect();
    Engine {
        id: id.to_owned(),
        name: id.to_owned(),
        domains: owned(domains),
        hosts: owned(hosts),
        target: format!("{id}.safe.test"),
        moderate: moderate.map(str::to_owned),
        ..Engine::default()
    }
}

fn safe_search(dice: &mut Dice<'_>) -> SafeSearchSection {
    let group = |dice: &mut Dice<'_>| if dice.chance(2) { "everyone".to_owned() } else { dice.text(&GROUPS) };
    SafeSearchSection {
        search: dice
            .some(3, |dice| (group(dice), *dice.pick(&[&Search::On, &Search::Off])))
            .into_iter()
            .collect(),
        youtube: dice
            .some(4, |dice| (group(dice), *dice.pick(&[&YouTube::Strict, &YouTube::Moderate, &YouTube::Off])))
            .into_iter()
            .collect(),
        line: Line(0),
    }
}

pub(super) fn world(dice: &mut Dice<'_>) -> World {
    let open = |id: &str, sites: &[&str], exact: &[&str]| OpenSite {
        id: id.to_owned(),
        name: id.to_owned(),
        domains: sites.iter().map(|site| (*site).to_owned()).collect(),
        exact: exact.iter().map(|site| (*site).to_owned()).collect(),
        ..OpenSite::default()
    };
    let catalogue = Catalogue {
        categories: CATEGORIES
            .iter()
            .enumerate()
            .map(|(place, id)| Category {
                id: (*id).to_owned(),
                name: (*id).to_owned(),
                dangerous: place == 1,
                ..Category::default()
            })
            .collect(),
        service_kinds: ["c1", "k1"]
            .map(|id| ServiceKind { id: id.to_owned(), name: id.to_owned(), about: String::new() })
            .to_vec(),
        services: [("s0", "c1", "x.a.example"), ("s1", "k1", "b.example"), ("s2", "k1", "a.example")]
            .map(|(id, kind, site)| Service {
                id: id.to_owned(),
                name: id.to_owned(),
                kind: kind.to_owned(),
                domains: vec![site.to_owned()],
                minimum_age: None,
                note: String::new(),
            })
            .to_vec(),
        help: vec![open("help", &["help.test"], &[])],
        essential: if dice.chance(2) {
            let mut quiet = open("quiet", &[], &["a.example"]);
            quiet.unobserved = true;
            let mut part = open("part", &[], &["y.x.a.example", "192.0.2.2"]);
            part.ports = vec![8080];
            vec![open("essential", &[], &["x.b.example", "192.0.2.1", "64:ff9b::c000:201"]), quiet, part]
        } else {
            Vec::new()
        },
        engines: vec![
            engine("e0", &["a.example"], &["x.b.example"], None),
            engine("e1", &[], &["b.example", "y.x.a.example", "c.test"], Some("moderate.test")),
        ],
    };
    let mut world = World {
        document: document(dice),
        catalogue,
        lists: dice.some(4, list),
        live: live(dice),
        sealed: if dice.chance(3) {
            dice.some(2, |dice| match dice.roll(4) {
                0 => PlainSealed::Host(dice.text(&["y.x.a.example", "x.b.example", "c.test", "192.0.2.2"])),
                3 => PlainSealed::Prefix("192.0.2.1".to_owned(), dice.pick(&["/p", "/games"]).to_owned()),
                1 => PlainSealed::Prefix(
                    dice.text(&NAMES[..8]),
                    dice.pick(&["/p", "/p/q", "/games"]).to_owned(),
                ),
                _ => PlainSealed::Exact(dice.text(&NAMES[..8]), dice.pick(&["/q", "/p?x=1"]).to_owned()),
            })
        } else {
            Vec::new()
        },
    };
    world.document.safe_search = safe_search(dice);
    world
}

impl World {
    /// Whether an expression blocks that looks at what follows its match.
    pub(super) fn blocks_looking_ahead(&self) -> bool {
        let locked = self.document.locked.iter().map(|rule| (rule.effect, &rule.expression));
        let rules = self.document.rules.iter().map(|rule| (rule.effect, &rule.expression));
        let overrides = self.live.overrides.iter().map(|one| (one.effect, &one.target.expression));
        let own = locked.chain(rules).chain(overrides).filter(|(effect, _)| *effect == Effect::Block);
        let listed = self.lists.iter().flat_map(|list| &list.entries).filter_map(|(_, entry)| match entry {
            PlainEntry::Expression(pattern) => Some(pattern),
            _ => None,
        });
        own.filter_map(|(_, pattern)| pattern.as_ref()).chain(listed).any(|pattern| looks_ahead(pattern))
    }

    /// The same without expressions and sealed entries, which any path may be about.
    pub(super) fn without_expressions(mut self) -> Self {
        self.document.locked.retain(|rule| rule.expression.is_none());
        self.document.rules.retain(|rule| rule.expression.is_none());
        self.live.overrides.retain(|one| one.target.expression.is_none());
        for list in &mut self.lists {
            list.entries.retain(|(_, entry)| !matches!(entry, PlainEntry::Expression(_)));
        }
        self.sealed.clear();
        self
    }

    pub(super) fn index(&self, seed: u8) -> Arc<ListIndex> {
        let mut builder = IndexBuilder::new(Seed([seed; 16]));
        for (place, list) in self.lists.iter().enumerate() {
            let head = ListHead {
                id: format!("list-{place}"),
                name: format!("List {place}"),
                categories: list.categories.clone(),
                ..ListHead::default()
            };
            let mut writer = builder.list(head).unwrap();
            for (says, entry) in &list.entries {
                let name = |text: &'static str| HostName::new(text).unwrap();
                let leak = |text: &String| name(Box::leak(text.clone().into_boxed_str()));
                writer.take(
                    *says,
                    match entry {
                        PlainEntry::Below(name) => Entry::Below(leak(name)),
                        PlainEntry::Exact(name) => Entry::Exact(leak(name)),
                        PlainEntry::Address(address) => Entry::Range(*address, *address),
                        PlainEntry::Path(host, path) => Entry::Path(leak(host), path),
                        PlainEntry::Expression(pattern) => Entry::Expression(pattern),
                    },
                );
            }
        }
        Arc::new(ListIndex::open(Arc::new(builder.build().unwrap())).unwrap())
    }

    pub(super) fn sealed(&self) -> Arc<Sealed> {
        let mut writer = SealedWriter::new(SealedKey::new([3; 32]), Feed::Test);
        for entry in &self.sealed {
            match entry {
                PlainSealed::Host(host) => writer.host(host),
                PlainSealed::Prefix(host, path) => writer.prefix(&format!("{host}{path}")),
                PlainSealed::Exact(host, path) => writer.exact(&format!("{host}{path}")),
            }
            .unwrap();
        }
        Arc::new(writer.finish())
    }
}
