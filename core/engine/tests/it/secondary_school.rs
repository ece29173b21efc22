//! A row for every rule of the secondary school's written policy. What the gate sees is asked of the gate for everybody the
//! policy tells apart; what it cannot see is read from the document, which records the school's rule for people.

use engine::content::SECONDARY_POLICY;
use engine::document::Cell;

use crate::school::{School, index};

const LESSON: &str = "2026-11-23T09:30:00Z";
const BREAK: &str = "2026-11-23T10:50:00Z";
const EVENING: &str = "2026-11-23T20:00:00Z";

/// Everybody whom the policy tells apart.
const ALL: [&str; 14] = [
    "key-stage-3",
    "key-stage-4",
    "key-stage-5",
    "year-7",
    "year-8",
    "year-9",
    "year-10",
    "year-11",
    "year-12",
    "year-13",
    "closer-watch",
    "staff",
    "marketing",
    "visitors",
];

fn school() -> School {
    School::of(SECONDARY_POLICY)
}

fn row_of<'s>(school: &'s School, id: &str) -> &'s engine::document::Use {
    school.policy.document().uses.iter().find(|row| row.id == id).unwrap_or_else(|| panic!("no row {id}"))
}

fn permission(who: &str) -> Cell {
    Cell::Permission(who.to_owned())
}

#[test]
fn nothing_in_the_policy_is_worth_a_second_look() {
    assert_eq!(school().policy.warnings(), []);
}

#[test]
fn what_the_policy_closes_to_everyone_is_closed_at_all_times() {
    let school = school();
    for (row, illegal, sites) in [
        (
            "illegal",
            true,
            &[
                "child-sexual-abuse.test",
                "sexual-exploitation.test",
                "coercive-control.test",
                "extreme-sexual-violence.test",
                "extreme-pornography.test",
                "intimate-image-abuse.test",
                "suicide-promotion.test",
                "hate-crime.test",
                "inciting-violence.test",
                "people-smuggling.test",
                "selling-drugs-weapons.test",
                "fraud.test",
            ][..],
        ),
        ("extremism", true, &["terrorism.test", "extremism.test"]),
        ("pornography", false, &["pornography.test", "lingerie.test"]),
        ("racial-hatred", false, &["hate.test", "violence-against-women.test"]),
        ("gaming", false, &["games.test", "www.roblox.com", "store.steampowered.com"]),
        (
            "unsuitable",
            false,
            &[
                "gambling.test",
                "dating.test",
                "strangers-chat.test",
                "self-harm.test",
                "cults.test",
                "unsuitable.test",
                "www.bet365.com",
                "tinder.com",
            ],
        ),
        ("harmful-software", false, &["malware.test", "phishing.test", "hacking.test"]),
        ("getting-around", false, &["proxies-vpn.test", "encrypted-dns.test"]),
        ("copyright", false, &["piracy.test"]),
        ("personal-email", false, &["personal-email.test", "mail.google.com", "outlook.live.com"]),
        ("file-sharing", false, &["file-sharing.test", "wetransfer.com"]),
    ] {
        let used = row_of(&school, row);
        assert_eq!((used.illegal, used.seen_by_gate), (illegal, true), "{row}");
        assert_eq!((used.cells.len(), used.cells.get("everyone")), (1, Some(&Cell::NotAllowed)), "{row}");
        for site in sites {
            for group in ALL {
                for at in [LESSON, BREAK, EVENING] {
                    let trace = school.ask(&[group], site, at);
                    assert_eq!(
                        (trace.verdict.id(), trace.step.id()),
                        ("block", "permitted-use"),
                        "{site} for {group}"
                    );
                    assert!(trace.reason.starts_with(&used.activity), "{site}: {}", trace.reason);
                }
            }
        }
    }
}

#[test]
fn each_cell_that_differs_by_who_asks_holds() {
    let school = school();
    let years = |want: [&'static str; 3]| {
        ["year-7", "year-8", "year-9"]
            .map(|year| (year, want[0]))
            .into_iter()
            .chain(["year-10", "year-11"].map(|year| (year, want[1])))
            .chain(["year-12", "year-13"].map(|year| (year, want[2])))
    };
    // Row, its sites, what each key stage may, and what others may.
    for (row, sites, stages, others) in [
        (
            "sensitive",
            &["violence.test", "drugs.test", "alcohol-tobacco-vaping.test", "weapons.test"][..],
            ["block", "block", "scan"],
            [("closer-watch", "block"), ("staff", "allow"), ("marketing", "allow"), ("visitors", "block")],
        ),
        (
            "social-media",
            &[
                "social-media.test",
                "forums.test",
                "blogs.test",
                "video.test",
                "www.instagram.com",
                "x.com",
                "www.youtube.com",
            ],
            ["block"; 3],
            [("closer-watch", "block"), ("staff", "block"), ("marketing", "allow"), ("visitors", "block")],
        ),
        (
            "messaging",
            &["messaging.test", "web.whatsapp.com", "discord.com"],
            ["block"; 3],
            [("closer-watch", "block"), ("staff", "block"), ("marketing", "allow"), ("visitors", "block")],
        ),
        (
            "video-meetings",
            &["zoom.us", "teams.microsoft.com", "meet.google.com", "webex.com"],
            ["block"; 3],
            [("closer-watch", "block"), ("staff", "allow"), ("marketing", "allow"), ("visitors", "block")],
        ),
    ] {
        let activity = &row_of(&school, row).activity;
        for site in sites {
            for (group, want) in years(stages).chain(others) {
                for at in [LESSON, BREAK, EVENING] {
                    let trace = school.ask(&[group], site, at);
                    let said = (trace.verdict.id(), trace.step.id());
                    assert_eq!(said, (want, "permitted-use"), "{site} for {group}: {}", trace.reason);
                    assert!(trace.reason.starts_with(activity), "{site} for {group}: {}", trace.reason);
                }
            }
        }
    }
    // Whoever is kept closer has the stricter of the two levels, whichever year they are in.
    assert_eq!(school.says(&["year-13", "closer-watch"], "drugs.test", LESSON), "block: permitted-use");
}

#[test]
fn apps_that_keep_children_s_progress_are_open_on_school_devices_and_closed_on_personal_ones() {
    let school = school();
    for site in ["tapestryjournal.com", "app.seesaw.me", "www.classdojo.com", "www.classcharts.com"] {
        for who in ["staff", "year-8"] {
            assert_eq!(school.says(&[who, "school-devices"], site, LESSON), "allow: permitted-use", "{site}");
            assert_eq!(
                school.says(&[who, "personal-devices"], site, LESSON),
                "block: permitted-use",
                "{site}"
            );
        }
    }
}

#[test]
fn a_site_that_nobody_knows_is_open_by_the_level_of_who_asks() {
    let school = school();
    for (group, want) in [
        ("year-7", "scan"),
        ("year-13", "scan"),
        ("closer-watch", "block"),
        ("staff", "allow"),
        ("visitors", "scan"),
    ] {
        assert_eq!(school.says(&[group], "www.example.org", LESSON), format!("{want}: unknown"), "{group}");
    }
    assert_eq!(school.says(&["year-11", "closer-watch"], "www.example.org", LESSON), "block: unknown");
    // A device that nobody knows is a visitor's, who has the strictest level.
    let unknown = *school.policy.unidentified();
    assert!(school.ask_as(&unknown, "drugs.test", LESSON).verdict.is_block());
}

#[test]
fn pupils_search_with_the_tools_that_the_school_chose() {
    let school = school();
    for engine in [
        "bing.com",
        "duckduckgo.com",
        "ecosia.org",
        "qwant.com",
        "startpage.com",
        "yandex.com",
        "baidu.com",
        "mojeek.com",
        "ask.com",
        "search.brave.com",
    ] {
        assert_eq!(school.says(&["year-9"], &format!("www.{engine}"), LESSON), "block: school", "{engine}");
        assert!(!school.ask(&["staff"], engine, LESSON).verdict.is_block(), "{engine}");
    }
    for engine in ["www.google.co.uk", "swiggle.org.uk", "www.bbc.co.uk"] {
        assert!(!school.ask(&["year-9"], engine, LESSON).verdict.is_block(), "{engine}");
    }
}

#[test]
fn what_only_people_can_watch_is_recorded() {
    let school = school();
    let (yes, no) = (Cell::Allowed, Cell::NotAllowed);
    for (row, cells) in [
        (
            "own-channels",
            vec![("everyone", no.clone()), ("staff", permission("the head teacher, on application"))],
        ),
        ("school-email", vec![("everyone", no.clone())]),
        (
            "learning-platform",
            vec![
                ("pupils", permission("a member of staff approves the text")),
                ("staff", yes.clone()),
                ("visitors", permission("leadership invites, for a time")),
            ],
        ),
        ("portable-media", vec![("everyone", permission("leave first, then a scan"))]),
        ("software", vec![("everyone", no.clone())]),
        ("others-account", vec![("everyone", no.clone())]),
        ("phones-at-school", vec![("everyone", yes)]),
        ("phones-in-private-places", vec![("everyone", no.clone())]),
        (
            "phones-for-learning",
            vec![("pupils", permission("leadership, for an activity that a teacher directs"))],
        ),
        ("phones-in-social-time", vec![("pupils", no.clone())]),
        ("phones-in-exams", vec![("pupils", no.clone())]),
        ("photos", vec![("staff", no), ("visitors", permission("the policy on images"))]),
        ("contact", vec![("staff", permission("the head teacher"))]),
        ("guests", vec![("visitors", permission("supervision, and a signed agreement"))]),
    ] {
        let row = row_of(&school, row);
        let said: Vec<(&str, Cell)> =
            row.cells.iter().map(|(group, cell)| (group.as_str(), cell.clone())).collect();
        assert_eq!((row.seen_by_gate, said), (false, cells), "{}", row.id);
    }
    // Every row is in one of these tests, or in those of safe search.
    assert_eq!(school.policy.document().uses.len(), 11 + 4 + 1 + 14 + 1);
}

#[test]
fn sites_to_learn_from_and_help_stay_open_to_every_pupil() {
    let school = school();
    for group in ["year-7", "year-11", "year-13"] {
        for site in [
            "www.bbc.co.uk",
            "classroom.google.com",
            "docs.google.com",
            "en.wikipedia.org",
            "senecalearning.com",
            "stackoverflow.com",
            "education.test",
            "health.test",
        ] {
            let trace = school.ask(&[group], site, LESSON);
            assert!(!trace.verdict.is_block(), "{site} for {group}: {}", trace.reason);
        }
        assert_eq!(school.says(&[group], "www.childline.org.uk", LESSON), "allow: help");
    }
    assert!(index().lists().len() > 70);
}
