use super::*;

const ROLL: &str = r#"
[[person]]
id = "p-1"
name = "Ada Example"
groups = ["year-7", "chess-club", "year-7"]

[[person]]
name = "Bo Example"

[[device]]
name = "tablet-1"
address = "10.3.0.14"
addresses = ["fd00:3::14", "::ffff:10.3.0.15"]
person = "p-1"
groups = ["tablets"]
mac = "3C-22-FB-00-10-2A"
macs = ["3c22.fb00.102b"]

[[range]]
range = "10.4.0.0/16"
name = "Guest wireless"
groups = ["guests"]
"#;

#[test]
fn a_roll_is_read_in_one_form() {
    let roll = RollFile::parse(ROLL).unwrap();
    let [ada, bo] = &roll.people[..] else { panic!("two people") };
    assert_eq!((ada.key.as_str(), ada.line), ("p-1", 2));
    assert_eq!(ada.groups, ["chess-club", "year-7"]);
    assert_eq!(bo.key, "Bo Example", "without an id, the name is the key");
    let addresses: Vec<String> = roll.devices[0].addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["10.3.0.14", "10.3.0.15", "fd00:3::14"], "a mapped address is the IPv4 one");
    let hardware: Vec<String> = roll.devices[0].hardware.iter().map(ToString::to_string).collect();
    assert_eq!(hardware, ["3c:22:fb:00:10:2a", "3c:22:fb:00:10:2b"]);
    assert_eq!(roll.ranges[0].range, "10.4.0.0/16");
    assert_eq!(format!("{roll:?}"), "RollFile(2 people, 1 devices, 1 ranges)");
}

/// Each row is a roll, and what is said of it: line and words.
#[test]
fn every_mistake_is_named_by_its_line_and_its_remedy() {
    let person = "[[person]]\nname = \"Ada Secret\"\n";
    let rows = [
        (format!("{person}nmae = 1\n"), 3, "unknown field"),
        ("[[person]]\ngroups = []\n".to_owned(), 1, "missing field"),
        ("[[person]]\nname = \" \"\n".to_owned(), 1, "has no name"),
        (format!("{person}id = \"\"\n"), 1, "id is empty"),
        (format!("{person}{person}"), 3, "line 1 is there again. Give each an id"),
        (format!("{person}groups = [\"Year 7\"]\n"), 1, "not named by its id"),
        (format!("{person}groups = \"Ada Secret\"\n"), 3, "something else stands here than a sequence"),
        ("[[device]]\nname = \"t\"\naddress = \"Secret\"\n".to_owned(), 3, "not an address"),
        ("[[device]]\nname = \"t\"\naddress = \"10.0.0.1\"\n[[device]]\nname = \"u\"\naddress = \"10.0.0.1\"\n".to_owned(), 6,
            "address of line 3 is there again"),
        ("[[device]]\nname = \"t\"\nmac = \"Secret\"\n".to_owned(), 3, "not a hardware address"),
        ("[[device]]\nname = \"t\"\nmac = \"3c:22:fb:00:10:2a\"\n[[device]]\nname = \"u\"\nmac = \"3C22FB00102A\"\n".to_owned(), 6,
            "hardware address of line 3 is there again"),
        ("[[device]]\nname = \"t\"\n[[device]]\nname = \"t\"\n".to_owned(), 3, "device of line 1 is there again"),
        ("[[device]]\nname = \"t\"\nperson = \"Secret\"\n".to_owned(), 3, "not on this roll"),
        ("[[range]]\nrange = \"10.4.0.0/33\"\n".to_owned(), 2, "not a range"),
        ("[[range]]\nrange = \"10.4.0.9/16\"\n".to_owned(), 2, "Write 10.4.0.0/16."),
        ("[[range]]\nrange = \"fd00::9/48\"\n".to_owned(), 2, "Write fd00::/48."),
        ("[[range]]\nrange = \"10.4.0.0/16\"\n[[range]]\nrange = \"10.4.0.0/16\"\n".to_owned(), 4, "line 2 is there again"),
        ("[[pupil]]\nname = \"Ada Secret\"\n".to_owned(), 1, "not part of a roll"),
        ("person = \"Secret\"\n".to_owned(), 1, "written once for each"),
        ("[[person]]\nname = \"Ada Secret\n".to_owned(), 2, "not written as TOML"),
    ];
    for (text, line, words) in rows {
        let problems = RollFile::parse(&text).unwrap_err();
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(problems.iter().any(|problem| problem.line == line), "{text}\n{shown:?}");
        assert!(shown.iter().any(|shown| shown.contains(words)), "{text}\n{shown:?}");
        assert!(!shown.concat().contains("Secret"), "a message repeats what somebody wrote: {shown:?}");
        assert!(problems.iter().all(|problem| !problem.remedy.is_empty()));
    }
}

#[test]
fn all_mistakes_are_reported_together() {
    let text =
        "[[person]]\nname = \"\"\n[[device]]\nname = \"t\"\naddress = \"x\"\n[[range]]\nrange = \"y\"\n";
    let lines: Vec<u32> = RollFile::parse(text).unwrap_err().iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 5, 7]);
}

#[test]
fn the_smallest_and_the_largest_range_are_ranges() {
    for (text, wanted) in [
        ("10.0.0.1", "10.0.0.1/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("fd00::1", "fd00::1/128"),
    ] {
        let roll = RollFile::parse(&format!("[[range]]\nrange = \"{text}\"\n")).unwrap();
        assert_eq!(roll.ranges[0].range, wanted);
    }
}

#[test]
fn a_group_that_the_policy_does_not_have_is_named_once_with_its_first_line() {
    let roll = RollFile::parse(ROLL).unwrap();
    let problems = roll.unknown_groups(|group| group == "tablets" || group == "year-7");
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{shown:?}");
    assert!(shown[0].starts_with("line 2: the policy has no group \"chess-club\""), "{shown:?}");
    assert!(shown[1].contains("\"guests\", which the roll names once"), "{shown:?}");
}
