//! Safe search: whom it holds for, what it does to the hosts of engines, and that it does nothing else.

use std::collections::BTreeSet;

use engine::content::{DEMO_POLICY, SECONDARY_POLICY, VILLAGE_PRIMARY_POLICY};
use engine::document::differences;
use engine::{Catalogue, Identity, KnownBy, Level, PolicyDocument};

use crate::school::{School, catalogue};

const LESSON: &str = "2026-11-23T09:30:00Z";

const GROUPS: &str = r#"
form = 1
title = "A school"
version = 1
unidentified = "staff"
[[group]]
id = "pupils"
name = "Pupils"
[[group]]
id = "staff"
name = "Staff"
[[group]]
id = "year-9"
name = "Year 9"
within = ["pupils"]
[[group]]
id = "film-club"
name = "Film club"
"#;

/// Where a host leads for somebody in these groups.
fn leads(school: &School, groups: &[&str], host: &str) -> Option<String> {
    let trace = school.ask(groups, host, LESSON);
    let target = school.policy.safe_target(&trace.decision).map(|target| target.name.to_string());
    let said = trace.safe_search.and_then(|said| said.leads_to);
    assert_eq!(said, target, "{host} for {groups:?}");
    let looked_back = school.policy.safe_target_for(host, &school.identity(groups, None));
    assert_eq!(looked_back.map(|target| target.name.to_string()), target, "{host} for {groups:?}");
    target
}

#[test]
fn every_host_of_an_engine_leads_where_it_answers_safely_and_nothing_else_does() {
    let school = School::of(GROUPS);
    for engine in &catalogue().engines {
        for host in engine.every_host() {
            for groups in [&["pupils"][..], &["year-9"], &["staff"], &[]] {
                assert_eq!(leads(&school, groups, &host).as_ref(), Some(&engine.target), "{host}");
            }
            assert_eq!(leads(&school, &["pupils"], &format!("below.{host}")), None);
        }
        assert_eq!(leads(&school, &["pupils"], &engine.target), None, "a target is answered as it is");
    }
    for (host, wanted) in [
        ("www.google.co.uk", Some("forcesafesearch.google.com")),
        ("google.com.au", Some("forcesafesearch.google.com")),
        ("www.bing.com", Some("strict.bing.com")),
        ("edgeservices.bing.com", Some("strict.bing.com")),
        ("start.duckduckgo.com", Some("safe.duckduckgo.com")),
        ("www.youtube.com", Some("restrict.youtube.com")),
        ("youtubei.googleapis.com", Some("restrict.youtube.com")),
        // Not search: a school's own work, and the films themselves.
        ("docs.google.com", None),
        ("classroom.google.com", None),
        ("www.googleapis.com", None),
        ("r1.googlevideo.com", None),
        ("i.ytimg.com", None),
        ("www.example.org", None),
    ] {
        assert_eq!(leads(&school, &["pupils"], host).as_deref(), wanted, "{host}");
    }
    let engines: BTreeSet<String> = catalogue().engines.iter().map(|engine| engine.id.clone()).collect();
    assert_eq!(engines.len(), 10);
    let google = catalogue().engines.iter().find(|engine| engine.id == "google").unwrap().domains.len();
    assert!(google > 185, "{google} domains of Google");
}

#[test]
fn the_cell_of_the_most_specific_group_holds_and_between_equals_the_stricter() {
    let cells = r#"
[safe-search]
search = { everyone = "on", staff = "off", film-club = "off" }
youtube = { everyone = "strict", pupils = "moderate", staff = "off", film-club = "off", year-9 = "strict" }
"#;
    let school = School::of(&format!("{GROUPS}{cells}"));
    for (groups, google, youtube) in [
        (&["pupils"][..], "strict", "moderate"),
        (&["year-9"], "strict", "strict"),
        (&["staff"], "off", "off"),
        (&["film-club"], "off", "off"),
        // Pupils have no cell for search engines of their own: everyone's is less specific than the club's.
        (&["pupils", "film-club"], "off", "moderate"),
        (&["year-9", "film-club"], "off", "strict"),
        (&[], "strict", "strict"),
    ] {
        let level = |host| {
            let trace = school.ask(groups, host, LESSON);
            match school.policy.safe_target(&trace.decision).map(|target| target.level) {
                Some(Level::Strict) => "strict",
                Some(Level::Moderate) => "moderate",
                Some(Level::Off) | None => "off",
            }
        };
        assert_eq!((level("www.google.com"), level("m.youtube.com")), (google, youtube), "{groups:?}");
    }
}

#[test]
fn whoever_nothing_is_known_of_has_the_strictest_whatever_their_group_has() {
    let cells = "[safe-search]\nsearch = { everyone = \"off\" }\nyoutube = { everyone = \"off\" }\n";
    let school = School::of(&format!("{GROUPS}{cells}"));
    let stranger = *school.policy.unidentified();
    assert_eq!(stranger.known_by, KnownBy::Nothing);
    let known = Identity { known_by: KnownBy::AddressRange, ..stranger };
    for host in ["www.google.com", "www.youtube.com"] {
        let trace = school.ask_as(&stranger, host, LESSON);
        assert_eq!(school.policy.safe_target(&trace.decision).unwrap().level, Level::Strict);
        let why = trace.safe_search.unwrap().why;
        assert!(why.contains("nothing is known of who asks"), "{why}");
        let trace = school.ask_as(&known, host, LESSON);
        assert_eq!(school.policy.safe_target(&trace.decision), None, "{host}");
    }
}

#[test]
fn it_is_said_why_and_where_the_host_leads() {
    let school = School::of(DEMO_POLICY);
    for (groups, host, said) in [
        (
            &["year-9"][..],
            "www.google.com",
            "Google: safe search is on, because the policy says so for everyone. The host leads to forcesafesearch.google.com.",
        ),
        (
            &["teachers"],
            "www.google.com",
            "Google: safe search is off, because the policy says so for Staff.",
        ),
        (
            &["year-12"],
            "www.youtube.com",
            "YouTube: restricted mode is moderate, because the policy says so for Sixth form. The host leads to restrictmoderate.youtube.com.",
        ),
        (
            &["year-12", "staff"],
            "www.youtube.com",
            "YouTube: restricted mode is moderate, because the policy says so for Sixth form; Staff as specific and looser, so the stricter holds. The host leads to restrictmoderate.youtube.com.",
        ),
    ] {
        let trace = school.ask(groups, host, LESSON);
        assert_eq!(trace.safe_search.map(|said| said.why).as_deref(), Some(said));
    }
    assert_eq!(school.ask(&["year-9"], "www.example.org", LESSON).safe_search, None);
    let bare = School::of(GROUPS).ask(&["pupils"], "www.bing.com", LESSON).safe_search.unwrap();
    assert_eq!(bare.level, Level::Strict);
    assert!(bare.why.contains("the policy has no cell for them"), "{}", bare.why);
}

#[test]
fn help_and_what_devices_need_are_left_as_they_are() {
    let text = GROUPS.replace("unidentified", "essential = [\"www.bing.com\"]\nunidentified");
    let school = School::of(&text);
    let trace = school.ask(&["pupils"], "www.bing.com", LESSON);
    assert_eq!((trace.step.id(), trace.decision.obligations.safe_search), ("essential", 0));
    assert_eq!(trace.safe_search, None);
    for help in catalogue().help.iter().flat_map(|help| help.sites()) {
        let trace = school.ask(&["pupils"], help.0, LESSON);
        assert_eq!(trace.decision.obligations.safe_search, 0, "{}", help.0);
    }
    // What is closed stays closed, and what a lock opens is opened as it is held.
    let locked = format!(
        "{GROUPS}[[locked]]\nset-by = \"leadership\"\ndo = \"allow\"\nsite = \"google.com\"\n\
         [[rule]]\ndo = \"block\"\nsite = \"bing.com\"\n"
    );
    let school = School::of(&locked);
    assert_eq!(school.says(&["pupils"], "www.bing.com", LESSON), "block: school");
    assert_eq!(school.says(&["pupils"], "www.google.com", LESSON), "allow: locked-allow");
    assert!(leads(&school, &["pupils"], "www.google.com").is_some());
}

#[test]
fn the_example_policies_hold_children_to_it_and_close_engines_that_cannot_be_held() {
    for (text, children, adults, youtube) in [
        (DEMO_POLICY, &["year-1", "year-6", "year-9", "guests"][..], Some("teachers"), None),
        (
            VILLAGE_PRIMARY_POLICY,
            &["nursery", "infants", "juniors", "visitors"],
            None,
            Some("restrictmoderate.youtube.com"),
        ),
        (SECONDARY_POLICY, &["year-7", "year-11", "closer-watch", "visitors"], Some("staff"), None),
    ] {
        let school = School::of(text);
        for group in children {
            assert_eq!(
                leads(&school, &[group], "www.google.co.uk").as_deref(),
                Some("forcesafesearch.google.com")
            );
            assert_eq!(leads(&school, &[group], "www.youtube.com").as_deref(), Some("restrict.youtube.com"));
            assert_eq!(
                school.says(&[group], "unsafe-search.test", LESSON),
                "block: permitted-use",
                "{group}"
            );
        }
        if let Some(adults) = adults {
            assert_eq!(leads(&school, &[adults], "www.google.co.uk"), None);
            assert_eq!(school.says(&[adults], "unsafe-search.test", LESSON), "allow: permitted-use");
        }
        assert_eq!(leads(&school, &["staff"], "www.youtube.com").as_deref(), youtube);
    }
}

#[test]
fn a_change_of_it_is_a_sentence() {
    let read = |cells: &str| PolicyDocument::parse(&format!("{GROUPS}{cells}")).unwrap();
    let old = read("[safe-search]\nsearch = { staff = \"off\" }\nyoutube = { pupils = \"moderate\" }\n");
    let new = read("[safe-search]\nsearch = { staff = \"on\", film-club = \"off\" }\n");
    assert_eq!(
        differences(&old, &new),
        [
            "Safe search: film-club has a cell now: off.",
            "Safe search: staff changed from off to on.",
            "YouTube's restricted mode: pupils has no cell any more; it was moderate.",
        ]
    );
    assert_eq!(PolicyDocument::parse(&old.to_toml()).unwrap(), old);
}

#[test]
fn content_that_would_lead_astray_is_refused() {
    let engine = |lines: &str| format!("[[engine]]\nid = \"one\"\nname = \"One\"\n{lines}\n");
    for (lines, said) in [
        ("target = \"safe.example\"", "has no host"),
        ("target = \"safe.example\"\nhosts = [\"a b\"]", "one that is no name"),
        ("target = \"192.0.2.1\"\nhosts = [\"a.example\"]", "leads to what is no name"),
        ("target = \"www.a.example\"\ndomains = [\"a.example\"]", "is led on itself"),
        ("target = \"safe.example\"\nhosts = [\"a.example\", \"a.example\"]", "there twice"),
        ("target = \"safe.example\"\nhosts = [\"a.example\"]\nheader = \"A: b\"", "has a header"),
        ("target = \"safe.example\"\nhosts = [\"a.example\"]\nparameter = \"a=b&c=d\"", "has a parameter"),
    ] {
        let problems = Catalogue::parse([("content", engine(lines).as_str())]).unwrap_err();
        assert!(problems.iter().any(|problem| problem.message.contains(said)), "{said}: {problems:#?}");
    }
}
