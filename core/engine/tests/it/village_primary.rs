//! A row for every cell of the village primary's tables. What the gate sees is asked of the gate, at the times that
//! matter; what it cannot see is read from the document, which records the school's rule for people.

use engine::content::VILLAGE_PRIMARY_POLICY;
use engine::document::Cell;

use crate::school::School;

const LESSON: &str = "2026-11-23T09:30:00Z";
const LUNCH: &str = "2026-11-23T12:30:00Z";
const BREAK: &str = "2026-11-23T10:35:00Z";
const AFTER: &str = "2026-11-23T16:00:00Z";

fn school() -> School {
    School::of(VILLAGE_PRIMARY_POLICY)
}

/// Unacceptable and illegal, and seen by the gate: row and the categories it closes.
const ILLEGAL: [(&str, &[&str]); 13] = [
    ("abuse-images", &["child-sexual-abuse", "people-smuggling"]),
    ("abuse-grooming", &["sexual-exploitation"]),
    ("terrorism", &["terrorism", "extremism"]),
    ("suicide", &["suicide-promotion"]),
    ("sexual-images", &["intimate-image-abuse", "extreme-pornography", "extreme-sexual-violence"]),
    ("violence", &["inciting-violence"]),
    ("hate-crime", &["hate-crime"]),
    ("harassment", &["coercive-control"]),
    ("drug-offences", &["selling-drugs-weapons"]),
    ("weapons", &["weapons"]),
    ("fraud", &["fraud", "phishing"]),
    ("breaking-in", &["hacking"]),
    ("viruses", &["malware"]),
];

/// Unacceptable, and seen by the gate.
const UNACCEPTABLE: [(&str, &[&str]); 5] = [
    ("inappropriate", &["pornography", "gambling", "drugs"]),
    ("discrimination", &["hate", "violence-against-women"]),
    ("getting-around", &["proxies-vpn", "encrypted-dns"]),
    ("copyright", &["piracy"]),
    ("offensive", &["unsuitable", "cults"]),
];

#[test]
fn what_nobody_may_do_is_closed_to_everyone_at_all_times() {
    let school = school();
    for (illegal, rows) in [(true, ILLEGAL.as_slice()), (false, UNACCEPTABLE.as_slice())] {
        for (row, categories) in rows {
            assert_eq!(row_of(&school, row).illegal, illegal, "{row}");
            for category in *categories {
                for group in ["staff", "visitors", "selected-staff", "nursery", "infants", "juniors"] {
                    for at in [LESSON, LUNCH, AFTER] {
                        let says = school.says(&[group], &format!("{category}.test"), at);
                        assert_eq!(says, "block: permitted-use", "{row}: {category} for {group}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_nobody_may_do_and_only_people_can_watch_is_recorded() {
    let school = school();
    for (row, illegal) in [
        ("others-account", true),
        ("confidential", true),
        ("disruption", true),
        ("penetration-testing", true),
        ("own-business", false),
        ("unfair-use", false),
    ] {
        let row = row_of(&school, row);
        assert_eq!((row.seen_by_gate, row.illegal), (false, illegal), "{}", row.id);
        assert_eq!(row.cells.get("everyone"), Some(&Cell::NotAllowed), "{}", row.id);
        assert_eq!(row.cells.len(), 1, "{}", row.id);
    }
}

#[test]
fn the_first_table_has_all_its_rows() {
    let school = school();
    let (illegal, rest): (Vec<_>, Vec<_>) =
        school.policy.document().uses.iter().take(24).partition(|row| row.illegal);
    assert_eq!((illegal.len(), rest.len()), (17, 7));
}

#[test]
fn non_educational_use_that_the_gate_sees() {
    let school = school();
    // Row, a site of it, and what adults may in a lesson, at break, at lunch and after school. Children never may.
    for (row, site, adults) in [
        ("gaming", "games.test", ["block", "block", "block", "block"]),
        ("shopping", "shopping.test", ["block", "allow", "allow", "allow"]),
        ("file-sharing", "file-sharing.test", ["block", "allow", "allow", "allow"]),
        ("social-media", "social-media.test", ["block", "allow", "allow", "allow"]),
        ("messaging", "messaging.test", ["block", "allow", "allow", "allow"]),
        ("video", "video.test", ["block", "allow", "allow", "allow"]),
        ("video", "streaming.test", ["block", "allow", "allow", "allow"]),
        ("personal-email", "personal-email.test", ["block", "allow", "allow", "allow"]),
    ] {
        for (at, want) in [LESSON, BREAK, LUNCH, AFTER].into_iter().zip(adults) {
            for group in ["staff", "visitors"] {
                assert_eq!(
                    school.says(&[group], site, at),
                    format!("{want}: permitted-use"),
                    "{row} {group} {at}"
                );
            }
            for group in ["children", "nursery", "infants", "juniors"] {
                assert_eq!(school.says(&[group], site, at), "block: permitted-use", "{row} {group} {at}");
            }
            let trace = school.ask(&["staff"], site, at);
            assert!(trace.reason.starts_with(&row_of(&school, row).activity), "{}", trace.reason);
        }
        // Outside the school day the written policy names no time, so there is none.
        assert_eq!(school.says(&["staff"], site, "2026-11-23T20:00:00Z"), "block: permitted-use", "{row}");
    }
}

#[test]
fn non_educational_use_that_only_people_can_watch_is_recorded() {
    let school = school();
    let times = || Cell::Times(["break", "lunch", "after-school"].map(str::to_owned).to_vec());
    for (row, adults, children) in [
        (
            "phones-at-school",
            Cell::Allowed,
            Cell::Permission("a member of staff knows and agrees".to_owned()),
        ),
        ("phones-for-learning", Cell::NotAllowed, Cell::NotAllowed),
        ("phones-in-social-time", times(), Cell::NotAllowed),
        ("photos", Cell::Named(vec!["selected-staff".to_owned()]), Cell::NotAllowed),
        ("other-devices", Cell::NotAllowed, Cell::NotAllowed),
        ("school-email", Cell::NotAllowed, Cell::NotAllowed),
    ] {
        let row = row_of(&school, row);
        assert!(!row.seen_by_gate, "{}", row.id);
        assert_eq!(
            (row.cells.get("adults"), row.cells.get("children")),
            (Some(&adults), Some(&children)),
            "{}",
            row.id
        );
        assert_eq!(row.cells.len(), 2, "{}", row.id);
    }
}

#[test]
fn the_device_table_records_every_mark_and_every_blank() {
    let school = school();
    let (yes, no) = (Some(&Cell::Allowed), Some(&Cell::NotAllowed));
    // Row, and its cells for the six kinds of device in the table's order; None is a blank.
    for (row, cells) in [
        ("device-in-school", [yes, yes, yes, no, yes, yes]),
        ("device-full-network", [yes, yes, yes, None, None, None]),
        ("device-internet-only", [None; 6]),
        ("device-no-network", [None; 6]),
    ] {
        let row = row_of(&school, row);
        let kinds = [
            "school-one-user",
            "school-many-users",
            "authorised",
            "pupil-owned",
            "staff-owned",
            "visitor-owned",
        ];
        for (kind, want) in kinds.into_iter().zip(cells) {
            assert_eq!(row.cells.get(kind), want, "{}: {kind}", row.id);
        }
        assert!(!row.seen_by_gate && row.cells.len() == cells.into_iter().flatten().count(), "{}", row.id);
    }
}

#[test]
fn a_personal_device_has_no_access_until_the_school_decides() {
    let school = school();
    for (kind, want) in [
        ("school-one-user", "allow: unknown"),
        ("school-many-users", "allow: unknown"),
        ("authorised", "allow: unknown"),
        ("pupil-owned", "block: school"),
        ("staff-owned", "block: school"),
        ("visitor-owned", "block: school"),
    ] {
        for who in ["staff", "juniors"] {
            assert_eq!(school.says(&[who, kind], "www.example.org", LUNCH), want, "{who} {kind}");
            assert_eq!(school.says(&[who, kind], "www.example.org/page", LUNCH), want, "{who} {kind}");
        }
    }
    // Help is open from any of them.
    assert_eq!(school.says(&["juniors", "pupil-owned"], "www.childline.org.uk", LESSON), "allow: help");
    // A device that nobody knows is a visitor's.
    let unknown = *school.policy.unidentified();
    assert_eq!(school.ask_as(&unknown, "www.example.org", LUNCH).step.id(), "school");
}

fn row_of<'s>(school: &'s School, id: &str) -> &'s engine::document::Use {
    school.policy.document().uses.iter().find(|row| row.id == id).unwrap_or_else(|| panic!("no row {id}"))
}
