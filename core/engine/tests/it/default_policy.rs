//! The default policy closes what it should and nothing that children learn from or find help at.

use engine::content::DEMO_POLICY;

use crate::school::{School, catalogue};

const LESSON: &str = "2026-11-23T09:30:00Z";
const LUNCH: &str = "2026-11-23T12:30:00Z";

fn every_audience(school: &School) -> Vec<String> {
    school.policy.groups().all().map(|(_, id, _)| id.to_owned()).filter(|id| id != "everyone").collect()
}

#[test]
fn nothing_to_learn_from_is_closed_to_anyone() {
    let school = School::of(DEMO_POLICY);
    assert_eq!(school.policy.warnings(), []);
    let mut sites: Vec<String> = [
        "www.bbc.co.uk",
        "en.wikipedia.org",
        "www.thenational.academy",
        "www.khanacademy.org",
        "www.phonicsplay.co.uk",
        "nrich.maths.org",
        "www.purplemash.com",
        "ttrockstars.com",
        "www.oxfordowl.co.uk",
        "scratch.mit.edu",
        "classroom.google.com",
        "www.gov.uk",
        "www.nhs.uk",
        "www.bl.uk",
        "www.nationalgeographic.com",
        "www.ucas.com",
        "village.lancs.sch.uk",
        "www.cam.ac.uk",
        "www.open.ac.uk",
    ]
    .map(str::to_owned)
    .to_vec();
    sites.extend(
        catalogue().categories.iter().filter(|one| one.neutral).map(|one| format!("{}.test", one.id)),
    );
    for group in every_audience(&school) {
        for site in &sites {
            for at in [LESSON, LUNCH] {
                let trace = school.ask(&[group.as_str()], site, at);
                assert!(!trace.verdict.is_block(), "{site} for {group}: {}", trace.reason);
            }
        }
    }
}

#[test]
fn every_help_site_is_open_to_everyone_and_never_observed() {
    let school = School::of(DEMO_POLICY);
    let mut count = 0;
    for help in catalogue().help.iter().filter(|help| !help.confirm_first) {
        for (site, _) in help.sites() {
            for group in every_audience(&school) {
                let trace = school.ask(&[group.as_str()], site, LESSON);
                assert_eq!((trace.verdict.id(), trace.step.id()), ("allow", "help"), "{site} for {group}");
                assert!(trace.decision.obligations.unobserved, "{site}");
            }
            count += 1;
        }
    }
    assert!(count > 60, "{count} help sites");
}

#[test]
fn everything_illegal_and_most_of_what_harms_is_closed_to_pupils() {
    let school = School::of(DEMO_POLICY);
    for category in catalogue().categories.iter().filter(|one| one.illegal || one.may_hurt) {
        let site = format!("{}.test", category.id);
        for group in ["nursery", "year-1", "year-6", "year-9", "year-13", "guests"] {
            assert_eq!(school.says(&[group], &site, LUNCH), "block: permitted-use", "{site} for {group}");
        }
    }
}

#[test]
fn cells_hold_by_age_time_and_name() {
    let school = School::of(DEMO_POLICY);
    for (groups, site, at, want) in [
        (&["year-9"][..], "games.test", LUNCH, "block"),
        (&["year-12"], "games.test", LUNCH, "allow"),
        (&["year-12"], "games.test", LESSON, "block"),
        (&["teachers"], "social-media.test", LESSON, "block"),
        // Teachers have no cell of their own here, so the more specific one is that of selected staff.
        (&["teachers", "selected-staff"], "social-media.test", LESSON, "allow"),
        (&["selected-staff"], "social-media.test", LESSON, "allow"),
        (&["teachers"], "self-harm.test", LESSON, "block"),
        (&["teachers", "selected-staff"], "self-harm.test", LESSON, "allow"),
        (&["year-3"], "video.test", LESSON, "block"),
        (&["year-8"], "video.test", LESSON, "scan"),
        (&["year-8"], "www.example.org", LESSON, "scan"),
        (&["teachers"], "www.example.org", LESSON, "allow"),
        (&["guests"], "pornography.test", LUNCH, "block"),
    ] {
        let trace = school.ask(groups, site, at);
        assert_eq!(trace.verdict.id(), want, "{groups:?} {site} {at}: {}", trace.reason);
    }
}
