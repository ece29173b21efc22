//! Two schools want opposite things, and one program does both: a test for each topic in which a primary's and a secondary's
//! written policies disagree and that is a matter of filtering. `docs/coverage.toml` lists every topic (`[[conflict]]`), those
//! that wait for another part of the program among them, and is held to its tests.

use std::collections::BTreeMap;

use engine::PersonNo;
use engine::content::{SECONDARY_POLICY, VILLAGE_PRIMARY_POLICY};
use engine::document::{Cell, TargetText};
use engine::live::{LiveDocument, Override, Subject};
use kit::Timestamp;

use crate::school::School;

const LESSON: &str = "2026-11-23T09:30:00Z";
const LUNCH: &str = "2026-11-23T12:30:00Z";

fn primary() -> School {
    School::of(VILLAGE_PRIMARY_POLICY)
}

fn secondary() -> School {
    School::of(SECONDARY_POLICY)
}

/// What a school's document says of a row for a group, for what only people can watch.
fn cell<'s>(school: &'s School, row: &str, group: &str) -> Option<&'s Cell> {
    let row = school.policy.document().uses.iter().find(|one| one.id == row)?;
    assert!(!row.seen_by_gate, "{}", row.id);
    row.cells.get(group)
}

#[test]
fn staff_personal_social_media_at_times_or_for_named_staff_alone() {
    let (one, other) = (primary(), secondary());
    for site in ["social-media.test", "www.facebook.com"] {
        assert_eq!(one.says(&["staff"], site, LUNCH), "allow: permitted-use");
        assert_eq!(one.says(&["staff"], site, LESSON), "block: permitted-use");
        for at in [LESSON, LUNCH] {
            assert_eq!(other.says(&["staff"], site, at), "block: permitted-use");
            assert_eq!(other.says(&["marketing"], site, at), "allow: permitted-use");
        }
    }
}

#[test]
fn personal_email_at_times_or_never() {
    let (one, other) = (primary(), secondary());
    for site in ["personal-email.test", "mail.google.com"] {
        assert_eq!(one.says(&["staff"], site, LUNCH), "allow: permitted-use");
        assert_eq!(one.says(&["staff"], site, LESSON), "block: permitted-use");
        assert_eq!(one.says(&["juniors"], site, LUNCH), "block: permitted-use");
        for who in ["staff", "marketing", "year-10"] {
            assert_eq!(other.says(&[who], site, LUNCH), "block: permitted-use");
        }
    }
}

#[test]
fn phones_coming_in_in_lessons_and_in_social_time_are_settings_apart() {
    let (one, other) = (primary(), secondary());
    assert!(matches!(cell(&one, "phones-at-school", "children"), Some(Cell::Permission(_))));
    assert_eq!(cell(&other, "phones-at-school", "everyone"), Some(&Cell::Allowed));
    // A pupil's own device may not come in by one table and may with leave by another: both are kept as written.
    assert_eq!(cell(&one, "device-in-school", "pupil-owned"), Some(&Cell::NotAllowed));
    assert_eq!(cell(&one, "phones-in-social-time", "children"), Some(&Cell::NotAllowed));
    assert_eq!(cell(&other, "phones-in-social-time", "pupils"), Some(&Cell::NotAllowed));
    assert!(matches!(cell(&one, "phones-in-social-time", "adults"), Some(Cell::Times(_))));
    assert_eq!(cell(&other, "phones-in-social-time", "staff"), None);
}

#[test]
fn phones_for_learning_never_or_by_leave() {
    assert_eq!(cell(&primary(), "phones-for-learning", "children"), Some(&Cell::NotAllowed));
    assert_eq!(cell(&primary(), "phones-for-learning", "adults"), Some(&Cell::NotAllowed));
    assert!(matches!(cell(&secondary(), "phones-for-learning", "pupils"), Some(Cell::Permission(_))));
}

#[test]
fn staff_phones_for_photographs_by_selected_staff_or_never() {
    assert!(matches!(cell(&primary(), "photos", "adults"), Some(Cell::Named(_))));
    assert_eq!(cell(&secondary(), "photos", "staff"), Some(&Cell::NotAllowed));
}

#[test]
fn a_personal_device_has_no_access_or_the_level_of_who_holds_it() {
    let (one, other) = (primary(), secondary());
    assert_eq!(one.says(&["staff", "staff-owned"], "www.example.org", LUNCH), "block: school");
    assert_eq!(other.says(&["staff", "personal-devices"], "www.example.org", LUNCH), "allow: unknown");
    assert_eq!(other.says(&["year-8", "personal-devices"], "drugs.test", LUNCH), "block: permitted-use");
    assert_eq!(other.says(&["staff", "personal-devices"], "drugs.test", LUNCH), "allow: permitted-use");
}

#[test]
fn a_lesson_opening_is_a_short_path_and_a_lasting_change_a_long_one() {
    // What was asked for a topic is open to a class for the lesson, and to nobody else, and closes by itself.
    let opening = Override {
        number: 1,
        id: String::new(),
        subject: Subject::Group("year-10".to_owned()),
        effect: engine::document::Effect::Allow,
        target: TargetText::site("drugs.test"),
        begins_at: Timestamp::parse("2026-11-23T09:00:00Z"),
        ends_at: Timestamp::parse("2026-11-23T10:00:00Z").unwrap(),
        reason: "A topic in biology".to_owned(),
    };
    let live = LiveDocument { overrides: vec![opening], ..LiveDocument::default() };
    let school = secondary().with_live(&live);
    assert_eq!(school.says(&["year-10"], "drugs.test", LESSON), "allow: override");
    assert_eq!(school.says(&["year-11"], "drugs.test", LESSON), "block: permitted-use");
    assert_eq!(school.says(&["year-10"], "drugs.test", LUNCH), "block: permitted-use");
    // A lasting one is another version of the document, kept beside the one before with who made it.
    let wider = SECONDARY_POLICY
        .replace("key-stage-4 = { permission = \"a teacher, for a topic\" }", "key-stage-4 = \"allowed\"")
        .replace("version = 1\n", "version = 2\n");
    let school = School::of(&wider);
    assert_eq!(school.says(&["year-10"], "drugs.test", LUNCH), "allow: permitted-use");
    let before = secondary();
    let told = engine::document::differences(before.policy.document(), school.policy.document());
    assert!(told.iter().any(|one| one.contains("Key stage 4") || one.contains("key-stage-4")), "{told:?}");
}

#[test]
fn levels_are_the_school_s_own_and_one_pupil_may_have_a_plan() {
    let (one, other) = (primary(), secondary());
    for group in ["nursery", "infants", "juniors"] {
        assert_eq!(one.says(&[group], "drugs.test", LUNCH), "block: permitted-use");
    }
    let levels = ["year-8", "year-10", "year-12", "staff"]
        .map(|who| other.ask(&[who], "drugs.test", LUNCH).verdict.id());
    assert_eq!(levels, ["block", "block", "scan", "allow"]);
    // By ability or need: a group beside the years, and the stricter of the two holds.
    assert_eq!(other.says(&["year-12", "closer-watch"], "www.example.org", LUNCH), "block: unknown");
    assert_eq!(other.says(&["year-12"], "www.example.org", LUNCH), "scan: unknown");
    // For one pupil alone, in either school: what is closed to a class is open to them, or the other way round.
    let plan = |effect, site: &str| Override {
        number: 1,
        id: String::new(),
        subject: Subject::Person(PersonNo(7)),
        effect,
        target: TargetText::site(site),
        begins_at: Timestamp::parse("2026-09-01T00:00:00Z"),
        ends_at: Timestamp::parse("2027-07-20T00:00:00Z").unwrap(),
        reason: "An individual plan".to_owned(),
    };
    for (school, class, effect, site, before, after) in [
        (primary(), "juniors", engine::document::Effect::Allow, "messaging.test", "block", "allow"),
        (secondary(), "year-9", engine::document::Effect::Block, "news.test", "scan", "block"),
    ] {
        let live = LiveDocument { overrides: vec![plan(effect, site)], ..LiveDocument::default() };
        let school = school.with_live(&live);
        let class_says = school.ask(&[class], site, LESSON).verdict.id();
        let pupil = school.identity(&[class], Some(7));
        let pupil_says = school.ask_as(&pupil, site, LESSON).verdict.id();
        assert_eq!(pupil_says, after, "{site}");
        assert_eq!(class_says, before, "{site}");
    }
}

#[test]
fn software_and_media_are_settings_strict_by_default() {
    assert_eq!(cell(&secondary(), "software", "everyone"), Some(&Cell::NotAllowed));
    assert!(matches!(cell(&secondary(), "portable-media", "everyone"), Some(Cell::Permission(_))));
    // The primary leaves it open which of the two it wants; either can be written.
    for (written, want) in [("\"allowed\"", Cell::Allowed), ("\"not-allowed\"", Cell::NotAllowed)] {
        let row = format!(
            "\n[[use]]\nid = \"software\"\nactivity = \"Installing programs\"\nseen-by-gate = false\ncells = {{ staff = {written} }}\n"
        );
        let school = School::of(&format!("{VILLAGE_PRIMARY_POLICY}{row}"));
        assert_eq!(cell(&school, "software", "staff"), Some(&want));
    }
}

#[test]
fn guests_are_adults_of_the_house_or_have_the_strictest_level() {
    let (one, other) = (primary(), secondary());
    assert_eq!(one.says(&["visitors"], "social-media.test", LUNCH), "allow: permitted-use");
    assert_eq!(other.says(&["visitors"], "social-media.test", LUNCH), "block: permitted-use");
    assert_eq!(other.says(&["visitors"], "drugs.test", LUNCH), "block: permitted-use");
    assert!(matches!(cell(&other, "guests", "visitors"), Some(Cell::Permission(_))));
}

#[test]
fn meetings_by_video_open_or_by_a_teacher_s_leave() {
    let (one, other) = (primary(), secondary());
    assert!(!one.ask(&["juniors"], "zoom.us", LESSON).verdict.is_block());
    assert_eq!(other.says(&["year-9"], "zoom.us", LESSON), "block: permitted-use");
    assert_eq!(other.says(&["staff"], "zoom.us", LESSON), "allow: permitted-use");
    let said = other.ask(&["year-9"], "zoom.us", LESSON).reason;
    assert!(said.contains("a teacher, before the call") && said.contains("Zoom"), "{said}");
}

#[test]
fn each_school_reads_its_own_words() {
    let words: BTreeMap<&str, String> = [
        ("primary", primary().ask(&["juniors"], "games.test", LESSON).reason),
        ("secondary", secondary().ask(&["year-9"], "drugs.test", LESSON).reason),
    ]
    .into();
    assert!(words["primary"].contains("for Children"), "{}", words["primary"]);
    assert!(words["secondary"].contains("for Key stage 3"), "{}", words["secondary"]);
    // No rule depends on a label: with every name changed, the verdicts are the same.
    let renamed = VILLAGE_PRIMARY_POLICY.replace("name = \"Children\"", "name = \"Learners\"");
    let trace = School::of(&renamed).ask(&["juniors"], "games.test", LESSON);
    assert!(trace.reason.contains("for Learners") && trace.verdict.is_block(), "{}", trace.reason);
}
