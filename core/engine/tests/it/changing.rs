//! What is swapped while running: policies, live snapshots, identities, and the generation that tells of it.

use std::sync::Arc;

use engine::document::{Effect, TargetText};
use engine::live::{
    AddressEntry, DeviceEntry, Focus, HardwareEntry, Observing, Override, PersonEntry, RangeEntry, Roll,
    Subject, Withheld,
};
use engine::published::{Published, PublishedError};
use engine::sealed::SealedKey;
use engine::{
    Current, DeviceNo, FilterPolicy, HardwareAddress, KnownBy, LiveDocument, PersonNo, PolicyDocument, Step,
    Verdict,
};
use kit::Timestamp;
use lists::{Entry, IndexBuilder, ListHead, ListIndex, Seed, Sink as _};

use crate::school::{catalogue, index, sealed, with_request};

const POLICY: &str = r#"
form = 1
title = "A school"
version = 4
unidentified = "guests"
[[calendar.time]]
id = "lunch"
from = "12:00"
to = "13:00"
[[group]]
id = "guests"
name = "Guests"
[[group]]
id = "pupils"
name = "Pupils"
[[group]]
id = "room-3"
name = "Room 3"
[[group]]
id = "tablets"
name = "Tablets"
[[use]]
id = "games"
activity = "Online games"
categories = ["games"]
cells = { pupils = { times = ["lunch"] }, guests = "not-allowed" }
"#;

const HARDWARE: HardwareAddress = HardwareAddress::new([0x3c, 0x22, 0xfb, 0, 0x10, 0x2a]).unwrap();

fn policy(text: &str) -> FilterPolicy {
    let document = PolicyDocument::parse(text).unwrap();
    FilterPolicy::compile(&document, &catalogue(), index(), &sealed()).unwrap()
}

fn live() -> LiveDocument {
    LiveDocument {
        roll: Roll {
            names: Vec::new(),
            hardware: vec![HardwareEntry { address: HARDWARE, device: DeviceNo(8) }],
            people: vec![
                PersonEntry { person: PersonNo(1), groups: vec!["pupils".into()] },
                PersonEntry { person: PersonNo(2), groups: vec!["guests".into()] },
            ],
            devices: vec![DeviceEntry {
                device: DeviceNo(8),
                person: Some(PersonNo(1)),
                groups: vec!["tablets".into()],
                addresses: vec!["10.0.3.7".parse().unwrap(), "fd00:3::7".parse().unwrap()],
            }],
            addresses: vec![AddressEntry {
                address: "10.0.3.9".parse().unwrap(),
                person: PersonNo(2),
                known_by: KnownBy::PortalSignIn,
            }],
            ranges: vec![
                RangeEntry { range: "10.0.3.0/24".into(), groups: vec!["room-3".into()], person: None },
                RangeEntry { range: "10.0.0.0/8".into(), groups: vec!["pupils".into()], person: None },
                RangeEntry { range: "fd00:3::/64".into(), groups: vec!["room-3".into()], person: None },
            ],
        },
        ..LiveDocument::default()
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn verdict(current: &Current, client: &str, target: &str, now: &str) -> Verdict {
    let held = current.hold(at(now));
    let identity = held.identify(client.parse().unwrap());
    with_request(&identity, target, |request| held.decide(request)).verdict
}

#[test]
fn an_address_is_known_by_its_narrowest_entry_and_ipv6_is_equal_to_ipv4() {
    let (current, problems) = Current::new(policy(POLICY), &live());
    assert_eq!(problems, []);
    let policy = current.policy();
    for (client, person, device, known_by, groups) in [
        ("10.0.3.7", Some(1), Some(8), KnownBy::DeviceRegister, "everyone pupils room-3 tablets"),
        ("::ffff:10.0.3.7", Some(1), Some(8), KnownBy::DeviceRegister, "everyone pupils room-3 tablets"),
        ("fd00:3::7", Some(1), Some(8), KnownBy::DeviceRegister, "everyone pupils room-3 tablets"),
        ("10.0.3.9", Some(2), None, KnownBy::PortalSignIn, "everyone guests pupils room-3"),
        ("10.0.3.8", None, None, KnownBy::AddressRange, "everyone pupils room-3"),
        ("fd00:3::8", None, None, KnownBy::AddressRange, "everyone room-3"),
        ("10.255.255.255", None, None, KnownBy::AddressRange, "everyone pupils"),
        ("11.0.0.0", None, None, KnownBy::Nothing, "everyone guests"),
        ("9.255.255.255", None, None, KnownBy::Nothing, "everyone guests"),
        ("2001:db8::1", None, None, KnownBy::Nothing, "everyone guests"),
    ] {
        let identity = current.hold(at("2026-11-23T10:30:00Z")).identify(client.parse().unwrap());
        let names: Vec<&str> = identity.groups.iter().map(|group| policy.groups().id(group)).collect();
        assert_eq!(identity.person, person.map(PersonNo), "{client}");
        assert_eq!((identity.device, identity.known_by), (device.map(DeviceNo), known_by), "{client}");
        assert_eq!(names.join(" "), groups, "{client}");
    }
}

#[test]
fn a_filter_that_observes_only_refuses_again_at_its_end_and_open_connections_hear_of_it() {
    let mut document = live();
    document.observing = vec![
        Observing {
            number: 2,
            begins_at: Some(at("2026-11-23T10:00:00Z")),
            ends_at: at("2026-11-23T10:30:00Z"),
        },
        Observing { number: 1, begins_at: None, ends_at: at("2026-11-23T09:00:00Z") },
    ];
    let (current, problems) = Current::new(policy(POLICY), &document);
    assert_eq!(problems, []);
    let says = |now| verdict(&current, "10.0.3.7", "games.test", now);
    let mut last = current.generation(at("2026-11-23T08:59:59Z"));
    for (now, expected, rises) in [
        ("2026-11-23T08:59:59.999Z", Verdict::WouldBlock, false),
        ("2026-11-23T09:00:00Z", Verdict::Block, true),
        ("2026-11-23T09:59:59Z", Verdict::Block, false),
        ("2026-11-23T10:00:00Z", Verdict::WouldBlock, true),
        ("2026-11-23T10:29:59.999Z", Verdict::WouldBlock, false),
        ("2026-11-23T10:30:00Z", Verdict::Block, true),
    ] {
        assert_eq!(says(now), expected, "{now}");
        let generation = current.generation(at(now));
        assert_eq!(generation > last, rises, "{now}");
        last = generation;
    }
    // A gate that is older than the word leaves it out, and refuses.
    let text = serde_json::to_string(&document).unwrap();
    assert!(text.contains("\"observing\""), "{text}");
    let older = text.replace("observing", "a-word-of-later");
    assert_eq!(serde_json::from_str::<LiveDocument>(&older).unwrap().observing, []);
}

#[test]
fn a_device_that_a_router_knows_by_its_hardware_is_known_wherever_it_is_and_less_than_by_a_sign_in() {
    let (current, _) = Current::new(policy(POLICY), &live());
    let policy = current.policy();
    let held = current.hold(at("2026-11-23T10:30:00Z"));
    let known = |client: &str, hardware, is_its_own| {
        let identity = held.identify_by_hardware(client.parse().unwrap(), hardware, is_its_own);
        let groups: Vec<&str> = identity.groups.iter().map(|group| policy.groups().id(group)).collect();
        (identity.person, identity.device, identity.known_by, groups.join(" "))
    };
    let ada = (Some(PersonNo(1)), Some(DeviceNo(8)), KnownBy::DeviceRegister);
    // At an address that it was given today, in the room and out of it.
    let here = known("10.0.3.200", HARDWARE, true);
    assert_eq!((here.0, here.1, here.2), ada);
    assert_eq!(here.3, "everyone pupils room-3 tablets");
    assert_eq!(known("192.0.2.7", HARDWARE, true).3, "everyone pupils tablets");
    // Where the address is the router's, what is known of that is not about the device.
    assert_eq!(known("10.0.3.1", HARDWARE, false).3, "everyone pupils tablets");
    // Somebody signed in there; a device that nobody registered says nothing.
    assert_eq!(known("10.0.3.9", HARDWARE, true).2, KnownBy::PortalSignIn);
    let other = HardwareAddress::parse("3c:22:fb:00:10:2b").unwrap();
    assert_eq!(known("10.0.3.8", other, true).2, KnownBy::AddressRange);
    assert_eq!(known("192.0.2.7", other, true).2, KnownBy::Nothing);
}

#[test]
fn a_device_at_another_registered_devices_address_is_two_devices_and_nobody_is_who_that_is() {
    // Another registered device's address, this one's own, and addresses that are no device's.
    let mut document = live();
    let (device, addresses) = (DeviceNo(9), vec!["10.0.3.20".parse().unwrap()]);
    document.roll.devices.push(DeviceEntry { device, person: None, groups: Vec::new(), addresses });
    let (current, _) = Current::new(policy(POLICY), &document);
    let held = current.hold(at("2026-11-23T10:30:00Z"));
    let are_two = |client: &str, hardware| held.are_two_devices(client.parse().unwrap(), hardware);
    let other = HardwareAddress::parse("3c:22:fb:00:10:2b").unwrap();
    assert!(are_two("10.0.3.20", HARDWARE));
    for (client, hardware) in [("10.0.3.7", HARDWARE), ("10.0.3.200", HARDWARE), ("10.0.3.20", other)] {
        assert!(!are_two(client, hardware), "{client}");
    }
    assert_eq!(held.nobody(), held.identify("192.0.2.7".parse().unwrap()));
}

#[test]
fn the_generation_rises_at_a_swap_and_when_a_time_or_an_override_begins_or_ends() {
    let mut document = live();
    document.overrides.push(Override {
        number: 1,
        id: String::new(),
        subject: Subject::Everyone,
        effect: Effect::Block,
        target: TargetText::site("example.org"),
        begins_at: Some(at("2026-11-23T12:20:30Z")),
        ends_at: at("2026-11-23T12:20:45Z"),
        reason: String::new(),
    });
    document.withheld.push(Withheld {
        number: 1,
        person: PersonNo(1),
        begins_at: Some(at("2026-11-23T12:40:00Z")),
        ends_at: at("2026-11-23T12:50:00Z"),
    });
    let (current, _) = Current::new(policy(POLICY), &document);
    let mut last = current.generation(at("2026-11-23T11:58:00Z"));
    for (now, rises) in [
        ("2026-11-23T11:59:59Z", false),
        ("2026-11-23T12:00:00Z", true),
        ("2026-11-23T12:00:01Z", false),
        ("2026-11-23T12:20:29Z", false),
        ("2026-11-23T12:20:30Z", true),
        ("2026-11-23T12:20:44Z", false),
        ("2026-11-23T12:20:45Z", true),
        ("2026-11-23T12:40:00Z", true),
        ("2026-11-23T12:49:59Z", false),
        ("2026-11-23T12:50:00Z", true),
        ("2026-11-23T12:59:59Z", false),
        ("2026-11-23T13:00:00Z", true),
        ("2026-11-23T13:30:00Z", false),
        // A clock that is put back begins and ends things too.
        ("2026-11-23T12:30:00Z", true),
    ] {
        let is = current.generation(at(now));
        assert_eq!(is > last, rises, "{now}");
        last = is;
    }
    current.swap_live(&LiveDocument::default());
    assert!(current.generation(at("2026-11-23T12:30:00Z")) > last);
}

#[test]
fn a_swapped_policy_decides_at_once_under_its_own_calendar() {
    let (current, _) = Current::new(policy(POLICY), &live());
    let noon = "2026-11-23T12:30:00Z";
    assert_eq!(verdict(&current, "10.0.3.7", "games.test", noon), Verdict::Allow);
    assert_eq!(verdict(&current, "10.0.3.7", "games.test", "2026-11-23T13:00:00Z"), Verdict::Block);
    // Another order of groups and another lunch: numbers of groups and times change under the running front.
    let other = POLICY.replace("12:00", "11:00").replace("to = \"13:00\"", "to = \"12:15\"").replacen(
        "[[group]]",
        "[[group]]\nid = \"first\"\nname = \"First\"\n[[group]]",
        1,
    );
    current.swap_policy(policy(&other));
    assert_eq!(verdict(&current, "10.0.3.7", "games.test", noon), Verdict::Block);
    assert_eq!(verdict(&current, "10.0.3.7", "games.test", "2026-11-23T12:00:00Z"), Verdict::Allow);
}

#[test]
fn a_live_entry_that_makes_no_sense_is_left_out_and_holds_up_nothing() {
    let mut document = live();
    for (number, target) in [(1, "sealed-entry.test"), (2, "not a site"), (3, "games.test")] {
        document.overrides.push(Override {
            number,
            id: String::new(),
            subject: Subject::Everyone,
            effect: Effect::Allow,
            target: TargetText::site(target),
            begins_at: None,
            ends_at: at("2030-01-01T00:00:00Z"),
            reason: String::new(),
        });
    }
    document.roll.ranges.push(RangeEntry { range: "10.0.0.0/33".into(), groups: vec![], person: None });
    let (current, problems) = Current::new(policy(POLICY), &document);
    assert_eq!(problems.len(), 3, "{problems:#?}");
    let now = "2026-11-23T10:00:00Z";
    assert_eq!(verdict(&current, "10.0.3.7", "games.test", now), Verdict::Allow);
    assert_eq!(verdict(&current, "10.0.3.7", "sealed-entry.test", now), Verdict::Block);
}

#[test]
fn what_the_hub_publishes_a_gate_compiles_with_the_schools_key_alone() {
    let document = PolicyDocument::parse(POLICY).unwrap();
    let json = serde_json::to_string(&Published::new(&document, &sealed())).unwrap();
    assert!(!json.contains("sealed-entry"));
    let published: Published = serde_json::from_str(&json).unwrap();
    let policy = published.compile(SealedKey::new([1; 32]), &catalogue(), index()).unwrap();
    assert_eq!(policy.document(), &document);
    let (current, _) = Current::new(policy, &live());
    assert_eq!(verdict(&current, "10.0.3.7", "x.sealed-entry.test", "2026-11-23T10:00:00Z"), Verdict::Block);
    let refused = published.compile(SealedKey::new([2; 32]), &catalogue(), index());
    assert!(matches!(refused, Err(PublishedError::Sealed(_))));
    let text = serde_json::to_string(&live()).unwrap();
    assert_eq!(serde_json::from_str::<LiveDocument>(&text).unwrap(), live());
}

#[test]
fn the_schools_own_portal_is_essential_by_what_is_published_and_nothing_beside_it() {
    let locked =
        "[[locked]]\ndo = \"block\"\nset-by = \"trust\"\nsite = \"school.example\"\nreason = \"x\"\n";
    let document = PolicyDocument::parse(&format!("{POLICY}{locked}")).unwrap();
    let hosts = ["portal.school.example", "127.0.0.7", "fd00::7", "no host!"].map(str::to_owned);
    let published = Published { portal: hosts.to_vec(), ..Published::new(&document, &sealed()) };
    let text = serde_json::to_string(&published).unwrap();
    let compiled = |text: &str| {
        let published: Published = serde_json::from_str(text).unwrap();
        published.compile(SealedKey::new([1; 32]), &catalogue(), index()).unwrap()
    };
    let mut live = live();
    live.focus = vec![Focus {
        number: 1,
        name: "Maths mock".into(),
        group: "everyone".into(),
        garden: Vec::new(),
        begins_at: None,
        ends_at: at("2026-11-23T12:00:00Z"),
    }];
    let (current, problems) = Current::new(compiled(&text), &live);
    assert_eq!(problems, []);
    let now = "2026-11-23T10:00:00Z";
    let held = current.hold(at(now));
    for (target, step) in [
        ("portal.school.example", Step::Essential),
        ("PORTAL.school.example/why?t=x", Step::Essential),
        ("127.0.0.7", Step::Essential),
        ("127.0.0.7/requests", Step::Essential),
        ("fd00::7", Step::Essential),
        // What lies below or beside the name is the school's to decide, as is every other address.
        ("x.portal.school.example", Step::LockedBlock),
        ("school.example", Step::LockedBlock),
        ("127.0.0.8", Step::Focus),
        ("64:ff9b::7f00:7", Step::Focus),
    ] {
        let identity = held.identify("10.0.3.7".parse().unwrap());
        let reason = with_request(&identity, &target.to_lowercase(), |request| held.decide(request)).reason;
        assert_eq!(reason.step, step, "{target}");
    }
    // An address with a port is the portal at that port; elsewhere on it the policy decides as about anything.
    let hosts = ["127.0.0.7:8080", "[fd00::7]:81"].map(str::to_owned);
    let published = Published { portal: hosts.to_vec(), ..Published::new(&document, &sealed()) };
    let (at_ports, _) = Current::new(compiled(&serde_json::to_string(&published).unwrap()), &live);
    let at_ports = at_ports.hold(at(now));
    for (target, port, step) in [
        ("127.0.0.7", Some(8080), Step::Essential),
        ("127.0.0.7", None, Step::Essential),
        ("127.0.0.7", Some(80), Step::Focus),
        ("127.0.0.7", Some(81), Step::Focus),
        ("fd00::7", Some(81), Step::Essential),
        ("fd00::7", Some(8080), Step::Focus),
    ] {
        let identity = at_ports.identify("10.0.3.7".parse().unwrap());
        let decided =
            with_request(&identity, target, |request| at_ports.decide(&engine::Request { port, ..*request }));
        assert_eq!(decided.reason.step, step, "{target} {port:?}");
    }
    // A name whose answer leads to the portal is not the portal.
    let identity = held.identify("10.0.3.7".parse().unwrap());
    let leads = with_request(&identity, "cuckoo.example", |request| {
        let addresses = ["127.0.0.7".parse().unwrap()];
        held.decide(&engine::Request { addresses: &addresses, ..*request })
    });
    assert_eq!((leads.reason.step, leads.verdict), (Step::Focus, Verdict::Block));

    // What was published before portals were is read as it was.
    let mut older: serde_json::Value = serde_json::from_str(&text).unwrap();
    older.as_object_mut().unwrap().remove("portal").unwrap();
    let (older, _) = Current::new(compiled(&older.to_string()), &live);
    assert_eq!(verdict(&older, "10.0.3.7", "127.0.0.7", now), Verdict::Block);
    assert_eq!(older.policy().catalogue(), &catalogue());
}

#[test]
fn whoever_is_in_no_group_of_the_policy_meets_what_a_stranger_meets() {
    let mut document = live();
    document.roll.people.push(PersonEntry { person: PersonNo(3), groups: vec!["year9".into()] });
    document.roll.people.push(PersonEntry { person: PersonNo(4), groups: vec![] });
    for (number, person, address) in [(20, 3, "11.0.0.3"), (21, 4, "11.0.0.4")] {
        document.roll.devices.push(DeviceEntry {
            device: DeviceNo(number),
            person: Some(PersonNo(person)),
            groups: vec![],
            addresses: vec![address.parse().unwrap()],
        });
    }
    let (current, problems) = Current::new(policy(POLICY), &document);
    assert!(problems.iter().any(|problem| problem.to_string().contains("year9")), "{problems:?}");
    let held = current.hold(at("2026-11-23T10:30:00Z"));
    let stranger = held.identify("11.0.0.9".parse().unwrap());
    for address in ["11.0.0.3", "11.0.0.4"] {
        let known = held.identify(address.parse().unwrap());
        assert!(known.person.is_some(), "{address}");
        assert_eq!(known.groups, stranger.groups, "{address}");
    }
    for person in [3, 4] {
        assert_eq!(current.live().person(PersonNo(person)).unwrap().groups, stranger.groups);
    }
}

#[test]
fn a_list_whose_expressions_are_too_large_loses_them_and_nobody_else_does() {
    let mut builder = IndexBuilder::new(Seed([3; 16]));
    for (id, expressions) in [
        ("small", vec!["casino[0-9]+\\.example".to_owned()]),
        ("large", (0..1_200).map(|number| format!("w{number}[a-z]{{900}}x")).collect()),
    ] {
        let head = ListHead { id: id.into(), categories: vec!["games".into()], ..ListHead::default() };
        let mut writer = builder.list(head).unwrap();
        for expression in &expressions {
            writer.take(lists::Says::Listed, Entry::Expression(expression));
        }
    }
    let index = Arc::new(ListIndex::open(Arc::new(builder.build().unwrap())).unwrap());
    let document = PolicyDocument::parse(POLICY).unwrap();
    let policy = FilterPolicy::compile(&document, &catalogue(), index, &sealed()).unwrap();
    let warned: Vec<String> = policy.warnings().iter().map(ToString::to_string).collect();
    assert!(warned.iter().any(|one| one.contains("1200 expressions of the list \"large\"")), "{warned:?}");
    let (current, _) = Current::new(policy, &live());
    let held = current.hold(at("2026-11-23T10:30:00Z"));
    let pupil = held.identify("10.0.3.7".parse().unwrap());
    let decided = with_request(&pupil, "casino7.example/page", |request| held.decide(request));
    assert_eq!(decided.verdict, Verdict::Block);
}
