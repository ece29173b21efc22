//! Importing the roll, and giving it to the gate.

use std::sync::Arc;

use engine::{DeviceNo, KnownBy, NameHash, PersonNo};
use people::{
    Changes, Counts, Owner, RollFile, compare, devices, dns_names_of, gate_roll, give_dns_name, import,
    name_of, people, people_called, revoke_dns_names,
};
use store::trail::{self, Verified};
use store::{Actor, Db};
use testing::{MONDAY, databases};

const WHO: Actor = Actor::CommandLine(1000);

const FIRST: &str = r#"
[[person]]
id = "p-1"
name = "Ada Example"
groups = ["year-7"]
[[person]]
id = "p-2"
name = "Bo Example"
groups = ["year-8"]
[[person]]
name = "Cy Example"
groups = ["staff"]
[[device]]
name = "tablet-1"
address = "10.3.0.1"
person = "p-1"
[[device]]
name = "tablet-2"
addresses = ["10.3.0.2", "fd00:3::2"]
person = "p-2"
groups = ["tablets"]
[[range]]
range = "10.4.0.0/16"
name = "Guest wireless"
groups = ["guests"]
"#;

fn roll(text: &str) -> RollFile {
    RollFile::parse(text).unwrap()
}

/// Imports a roll and commits it; what `compare` foretold must be what happened.
async fn imported(db: &Db, text: &str) -> Changes {
    let file = roll(text);
    let mut tx = db.begin().await.unwrap();
    let foretold = compare(&mut tx, &file).await.unwrap();
    let changes = import(&mut tx, &WHO, &file, MONDAY).await.unwrap();
    assert_eq!(changes, foretold);
    let left = compare(&mut tx, &file).await.unwrap();
    assert!(left.is_nothing(), "the roll is now the file: {left:?}");
    tx.commit().await.unwrap();
    changes
}

fn counts(added: usize, changed: usize, removed: usize, same: usize) -> Counts {
    Counts { added, changed, removed, same }
}

async fn trail_of(db: &Db) -> Vec<String> {
    assert!(matches!(trail::verify(db).await.unwrap(), Verified::Whole { .. }));
    let mut tx = db.read().await.unwrap();
    trail::newest(&mut tx, None, 100).await.unwrap().into_iter().map(|entry| entry.detail).collect()
}

#[tokio::test]
async fn an_import_is_one_change_with_one_entry_that_names_nobody() {
    for test in databases().await {
        let changes = imported(&test.db, FIRST).await;
        assert_eq!((changes.people, changes.devices), (counts(3, 0, 0, 0), counts(2, 0, 0, 0)));
        let again = imported(&test.db, FIRST).await;
        assert!(again.is_nothing(), "{again:?}");
        assert_eq!(again.people, counts(0, 0, 0, 3));

        let entries = trail_of(&test.db).await;
        assert_eq!(entries.len(), 1, "{}: nothing changed the second time", test.engine);
        assert!(!entries[0].contains("Example") && !entries[0].contains("p-1"), "{}", entries[0]);
    }
}

#[tokio::test]
async fn an_import_that_is_not_committed_leaves_nothing() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        import(&mut tx, &WHO, &roll(FIRST), MONDAY).await.unwrap();
        drop(tx);
        let mut tx = test.db.read().await.unwrap();
        assert!(people(&mut tx).await.unwrap().is_empty(), "{}", test.engine);
        drop(tx);
        assert!(trail_of(&test.db).await.is_empty());
    }
}

#[tokio::test]
async fn who_leaves_keeps_their_number_and_nobody_gets_it_again() {
    for test in databases().await {
        imported(&test.db, FIRST).await;
        // Bo leaves, Ada changes her name, Di comes; the tablets swap addresses.
        let second = r#"
[[person]]
id = "p-1"
name = "Ada Other"
groups = ["year-7", "chess"]
[[person]]
name = "Cy Example"
groups = ["staff"]
[[person]]
id = "p-4"
name = "Di Example"
[[device]]
name = "tablet-1"
address = "10.3.0.2"
person = "p-4"
[[device]]
name = "tablet-2"
address = "10.3.0.1"
groups = ["tablets"]
"#;
        let changes = imported(&test.db, second).await;
        assert_eq!(changes.people, counts(1, 1, 1, 1), "{}", test.engine);
        assert_eq!(changes.devices, counts(0, 2, 0, 0));
        assert_eq!(changes.ranges, counts(0, 0, 1, 0));

        let mut tx = test.db.read().await.unwrap();
        let numbers: Vec<u32> = people(&mut tx).await.unwrap().iter().map(|one| one.number.0).collect();
        assert_eq!(numbers, [1, 3, 4]);
        let name = async |tx: &mut store::Tx, number| name_of(tx, PersonNo(number)).await.unwrap();
        assert_eq!(name(&mut tx, 1).await.unwrap().reveal(), "Ada Other");
        assert_eq!(name(&mut tx, 2).await.unwrap().reveal(), "Bo Example", "the log still names number 2");
        assert_eq!(name(&mut tx, 9).await, None);
        drop(tx);

        // Somebody comes with the id of the one who left: somebody new, with a new number.
        let third = format!("{second}\n[[person]]\nid = \"p-2\"\nname = \"Eve Example\"\n");
        imported(&test.db, &third).await;
        let mut tx = test.db.read().await.unwrap();
        let eve = people_called(&mut tx, "p-2").await.unwrap();
        assert_eq!(eve.iter().map(|one| one.number.0).collect::<Vec<_>>(), [5], "{}", test.engine);
        for written in ["Cy Example", "cy example", "CY  EXAMPLE "] {
            assert_eq!(people_called(&mut tx, written).await.unwrap().len(), 1, "{written}");
        }
        assert!(people_called(&mut tx, "Bo Example").await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_device_that_goes_gives_up_its_address_and_comes_back_as_another() {
    for test in databases().await {
        imported(&test.db, "[[device]]\nname = \"t\"\naddress = \"10.3.0.1\"\n").await;
        imported(&test.db, "[[device]]\nname = \"u\"\naddress = \"10.3.0.1\"\n").await;
        imported(&test.db, "[[device]]\nname = \"t\"\naddress = \"10.3.0.1\"\n").await;
        let mut tx = test.db.read().await.unwrap();
        let devices = devices(&mut tx).await.unwrap();
        assert_eq!(devices.iter().map(|one| one.number.0).collect::<Vec<_>>(), [3], "{}", test.engine);
    }
}

#[tokio::test]
async fn the_gate_gets_numbers_and_groups_and_no_names() {
    for test in databases().await {
        imported(&test.db, FIRST).await;
        let mut tx = test.db.read().await.unwrap();
        let roll = gate_roll(&mut tx).await.unwrap();
        let written = serde_json::to_string(&roll).unwrap();
        for personal in ["Example", "p-1", "tablet-1", "Guest"] {
            assert!(!written.contains(personal), "{}: {personal} is in {written}", test.engine);
        }

        let policy = policy();
        let (index, problems) = engine::live::RollIndex::build(&roll, &policy);
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("tablets"), "{said:?}");
        let who = |address: &str| index.identify(address.parse().unwrap());
        let groups = |address: &str| {
            let names = who(address)
                .groups
                .iter()
                .map(|group| policy.groups().id(group).to_owned())
                .collect::<Vec<_>>();
            names.into_iter().filter(|name| name != "everyone").collect::<Vec<_>>()
        };
        for (address, person, known_by, in_groups) in [
            ("10.3.0.1", Some(1), KnownBy::DeviceRegister, vec!["year-7"]),
            ("10.3.0.2", Some(2), KnownBy::DeviceRegister, vec!["year-8"]),
            ("fd00:3::2", Some(2), KnownBy::DeviceRegister, vec!["year-8"]),
            ("10.4.200.9", None, KnownBy::AddressRange, vec!["guests"]),
            ("10.5.0.1", None, KnownBy::Nothing, vec![]),
        ] {
            let identity = who(address);
            assert_eq!(identity.person.map(|person| person.0), person, "{address}");
            assert_eq!(identity.known_by, known_by, "{address}");
            assert_eq!(groups(address), in_groups, "{address}");
        }
        assert_eq!(who("10.3.0.2").device, who("fd00:3::2").device, "IPv6 is equal to IPv4");
    }
}

/// A policy with every group of the roll but `tablets`.
fn policy() -> engine::FilterPolicy {
    let groups = ["year-7", "year-8", "staff", "guests"]
        .map(|id| format!("[[group]]\nid = \"{id}\"\nname = \"{id}\"\n"))
        .concat();
    let text = format!("form = 1\ntitle = \"A school\"\nversion = 1\n\n{groups}");
    let document = engine::PolicyDocument::parse(&text).unwrap();
    let index = lists::IndexBuilder::new(lists::Seed([1; 16])).build().unwrap();
    let index = Arc::new(lists::ListIndex::open(Arc::new(index)).unwrap());
    let sealed = Arc::new(engine::Sealed::never_configured());
    engine::FilterPolicy::compile(&document, &Arc::default(), index, &sealed).unwrap()
}

#[tokio::test]
async fn a_name_of_somebodys_own_is_kept_as_a_hash_until_it_is_taken_back_or_they_leave() {
    for test in databases().await {
        imported(&test.db, FIRST).await;
        let (ada, tablet) = (Owner::Person(PersonNo(1)), Owner::Device(DeviceNo(2)));
        let mut tx = test.db.begin().await.unwrap();
        let given = give_dns_name(&mut tx, &WHO, ada, [7; 16], MONDAY).await.unwrap();
        let second = give_dns_name(&mut tx, &WHO, ada, [8; 16], MONDAY).await.unwrap();
        give_dns_name(&mut tx, &WHO, tablet, [9; 16], MONDAY).await.unwrap();
        assert_eq!(dns_names_of(&mut tx, ada).await.unwrap(), 2);
        // Nobody is given what somebody has, and a name is somebody's.
        assert!(give_dns_name(&mut tx, &WHO, tablet, [7; 16], MONDAY).await.is_err());
        tx.roll_back().await.unwrap();
        let mut tx = test.db.begin().await.unwrap();
        for (owner, random) in [(ada, [7; 16]), (ada, [8; 16]), (tablet, [9; 16])] {
            give_dns_name(&mut tx, &WHO, owner, random, MONDAY).await.unwrap();
        }
        tx.commit().await.unwrap();
        let names = |roll: &engine::live::Roll| {
            let mut all: Vec<_> = roll.names.iter().map(|one| (one.name, one.person, one.device)).collect();
            all.sort();
            all
        };
        let hash = |token: &str| NameHash::of_token(token).unwrap();
        let mut tx = test.db.read().await.unwrap();
        let roll = gate_roll(&mut tx).await.unwrap();
        tx.roll_back().await.unwrap();
        let mut expected = vec![
            (hash(given.reveal()), Some(PersonNo(1)), None),
            (hash(second.reveal()), Some(PersonNo(1)), None),
            (hash(&NameHash::token([9; 16])), None, Some(DeviceNo(2))),
        ];
        expected.sort();
        assert_eq!(names(&roll), expected, "{}", test.engine);
        let mut tx = test.db.begin().await.unwrap();
        assert_eq!(revoke_dns_names(&mut tx, &WHO, ada, MONDAY).await.unwrap(), 2);
        assert_eq!(revoke_dns_names(&mut tx, &WHO, ada, MONDAY).await.unwrap(), 0);
        let roll = gate_roll(&mut tx).await.unwrap();
        assert_eq!(roll.names.len(), 1, "the device's own goes on");
        tx.commit().await.unwrap();
        let entries = trail_of(&test.db).await;
        assert_eq!(entries.len(), 1 + 3 + 1, "{entries:?}");
        assert!(!entries.iter().any(|entry| entry.contains(given.reveal())), "{entries:?}");
    }
}

#[tokio::test]
async fn a_devices_hardware_address_reaches_the_gate_and_goes_to_another_when_it_is_given_up() {
    for database in databases().await {
        let (with, without) = ("mac = \"3c:22:fb:00:10:2a\"\n", "[[device]]\nname = ");
        let two = |first: &str, second: &str| {
            format!("{without}\"tablet-1\"\n{first}{without}\"tablet-2\"\n{second}")
        };
        let of = async |text: String| {
            let changes = imported(&database.db, &text).await;
            let mut tx = database.db.read().await.unwrap();
            let roll = gate_roll(&mut tx).await.unwrap();
            tx.roll_back().await.unwrap();
            let hardware: Vec<_> =
                roll.hardware.iter().map(|one| (one.address.to_string(), one.device)).collect();
            (changes.devices, hardware)
        };
        let address = "3c:22:fb:00:10:2a".to_owned();
        assert_eq!(of(two(with, "")).await, (counts(2, 0, 0, 0), vec![(address.clone(), DeviceNo(1))]));
        assert_eq!(of(two("", with)).await, (counts(0, 2, 0, 0), vec![(address, DeviceNo(2))]));
        assert_eq!(of(two("", "")).await, (counts(0, 1, 0, 1), Vec::new()));
    }
}
