//! Documents: what is refused and how it is said, and that exporting loses nothing.

use std::collections::BTreeSet;

use engine::content::{DEMO_POLICY, VILLAGE_PRIMARY_POLICY};
use engine::document::differences;
use engine::policy::{Beside, Covered, FilterPolicy, review};
use engine::{PolicyDocument, Problem};

use crate::school::{catalogue, index, sealed};

const HEAD: &str =
    "form = 1\ntitle = \"A school\"\nversion = 1\n[[group]]\nid = \"pupils\"\nname = \"Pupils\"\n";

fn problems(rest: &str) -> Vec<Problem> {
    let document = match PolicyDocument::parse(&format!("{HEAD}{rest}")) {
        Ok(document) => document,
        Err(problems) => return problems,
    };
    match FilterPolicy::compile(&document, &catalogue(), index(), &sealed()) {
        Ok(policy) => policy.warnings().to_vec(),
        Err(problems) => problems,
    }
}

#[test]
fn the_examples_are_exported_and_read_back_unchanged() {
    for text in [DEMO_POLICY, VILLAGE_PRIMARY_POLICY] {
        let document = PolicyDocument::parse(text).unwrap();
        let exported = document.to_toml();
        let again = PolicyDocument::parse(&exported).unwrap();
        assert_eq!(again, document);
        assert_eq!(again.to_toml(), exported);
        assert_eq!(differences(&document, &again), Vec::<String>::new());
    }
}

/// What a person who is about to apply the document hears of it.
fn reviewed(text: &str, listed: Option<&BTreeSet<String>>) -> Vec<Problem> {
    let (document, problems) = PolicyDocument::read(text);
    let beside = Beside { catalogue: &catalogue(), listed, is_whole: problems.is_empty() };
    document.map_or(problems, |document| review(&document, &beside))
}

#[test]
fn nothing_is_said_of_the_examples() {
    let every = catalogue().categories.iter().map(|category| category.id.clone()).collect();
    for text in [DEMO_POLICY, VILLAGE_PRIMARY_POLICY] {
        assert_eq!(reviewed(text, Some(&every)), []);
    }
}

const REVIEWED: &str = "form = 1\ntitle = \"A school\"\nversion = 1\nunidentified = \"guests\"\nessential = [\"portal.example\"]\n\
    [[group]]\nid = \"pupils\"\nname = \"Pupils\"\n[[group]]\nid = \"guests\"\nname = \"Guests\"\n\
    [[group]]\nid = \"year-9\"\nname = \"Year 9\"\nwithin = [\"pupils\"]\n";

/// Rows of one category, `games` where nothing else is said.
fn row(id: &str, cells: &str) -> String {
    format!("[[use]]\nid = \"{id}\"\nactivity = \"{id}\"\ncategories = [\"games\"]\ncells = {{ {cells} }}\n")
}

fn rule(what: &str) -> String {
    format!("[[rule]]\n{}\n", what.replace("; ", "\n"))
}

fn lock(what: &str) -> String {
    format!("[[locked]]\nset-by = \"leadership\"\n{}\n", what.replace("; ", "\n"))
}

#[test]
fn what_does_not_do_what_it_says_is_told_with_its_line() {
    let block = |site: &str| format!("do = \"block\"; site = \"{site}\"");
    let allow = |site: &str| format!("do = \"allow\"; site = \"{site}\"");
    for (rest, line, error, said) in [
        // What stays open though it is written as closed stops the policy.
        (lock(&block("childline.org.uk")), 16, true, "help (Childline)"),
        (lock(&block("www.childline.org.uk")), 16, true, "can never close"),
        (lock("do = \"block\"; url = \"childline.org.uk/toolbox\""), 16, true, "help (Childline)"),
        (lock(&block("portal.example")), 16, true, "essential, as this file says itself"),
        (rule(&block("chat.samaritans.org")), 16, true, "help (Samaritans)"),
        (rule(&allow("samaritans.org")), 16, false, "never speaks"),
        (lock(&allow("a.example")) + &rule(&block("b.a.example")), 20, true, "the lock of line 16"),
        // What stays closed though it is written as open is told.
        (lock(&block("a.example")) + &rule(&allow("b.a.example")), 20, false, "the lock of line 16"),
        (lock(&block("a.example")) + &lock(&allow("b.a.example")), 20, false, "among locks a block"),
        (rule("do = \"block\"; expression = \"^\"; group = \"pupils\"") + &rule(&format!("{}; group = \"pupils\"", allow("a.example"))), 20, false, "never speaks"),
        (row("x", "pupils = \"allowed\", guests = \"allowed\"") + &rule("do = \"block\"; expression = \".*\"; group = \"guests\""), 16, false, "the cell never speaks"),
        // Twice, and against each other.
        (rule(&block("a.example")) + &rule(&block("a.example")), 19, false, "there twice"),
        (rule(&block("a.example")) + &rule(&allow("a.example")), 19, true, "contradict each other"),
        (row("x", "everyone = \"allowed\"") + &row("y", "everyone = \"allowed\""), 21, false, "says what the row \"x\" of line 16 says"),
        (row("x", "everyone = \"allowed\"") + &row("y", "everyone = \"not-allowed\""), 21, true, "\"games\" for \"everyone\""),
        // A host with a star in it is no host.
        (rule("do = \"block\"; url = \"*.a.example/games\""), 16, true, "has a * in its host"),
        (rule(&block("a.*.example")), 16, true, "has a *"),
        // A suffix that anybody can have a site below; closing a top level, or opening all schools, may be meant.
        (rule(&allow("co.uk")), 16, false, "this rule opens every site whose name ends in .co.uk"),
        (rule(&block("org.uk")), 16, false, "this rule closes every site"),
        (lock(&allow("app")), 16, false, "this lock opens every site"),
        (rule(&allow("herts.sch.uk")) + &rule(&block("zip")) + &rule(&allow("ac.uk")) + &rule(&allow("me.uk")), 25, false, ".me.uk"),
        // What the law forbids.
        (row("x", "pupils = \"not-allowed\", guests = \"allowed\"").replace("games", "terrorism"), 16, false, "opens to \"guests\" what the law forbids: Terrorism"),
        (rule("do = \"allow\"; category = \"hate-crime\""), 16, false, "the rule opens what the law forbids"),
        // Safe search that reaches further than it seems to, and engines that have none.
        ("[safe-search]\nsearch = { everyone = \"off\" }".into(), 16, false, "search under [safe-search] is off for everyone"),
        ("[safe-search]\nyoutube = { everyone = \"off\", pupils = \"strict\" }".into(), 16, false, "youtube under [safe-search] is off for everyone"),
        ("[safe-search]\nyoutube = { guests = \"off\" }".into(), 16, false, "is off for \"guests\", and a device that nothing is known of"),
        ("[safe-search]\nsearch = { everyone = \"on\" }".into(), 16, false, "safe search is on for \"everyone\", and no row says"),
        (row("x", "pupils = \"not-allowed\", guests = \"allowed\"").replace("games", "unsafe-search") + "[safe-search]\nsearch = { everyone = \"on\", year-9 = \"on\" }", 21, false, "safe search is on for \"everyone\", and no row says"),
        // Strangers.
        (row("x", "pupils = \"not-allowed\""), 16, false, "says nothing for \"guests\""),
        // The calendar.
        ("[calendar]\n[[calendar.time]]\nid = \"x\"\nfrom = \"24:00\"\nto = \"06:00\"".into(), 17, true, "begins at 24:00"),
        ("[calendar]\n[[calendar.time]]\nid = \"x\"\nfrom = \"10:45\"\nto = \"10:30\"".into(), 17, false, "23 hours 45 minutes in all. Swap its two times if it is meant to run from 10:30 to 10:45."),
        ("[calendar]\n[[calendar.time]]\nid = \"x\"\ndays = [\"sat\"]\nfrom = \"09:00\"\nto = \"10:00\"".into(), 17, false, "never holds"),
        ("[calendar]\n[[calendar.time]]\nid = \"x\"\non = \"not-school-days\"\ndays = [\"mon\"]\nfrom = \"09:00\"\nto = \"10:00\"".into(), 17, false, "never holds"),
        ("[calendar]\n[[calendar.lesson]]\nid = \"1\"\nfrom = \"09:00\"\nto = \"10:00\"\n[[calendar.lesson]]\nid = \"2\"\nfrom = \"09:50\"\nto = \"10:50\"".into(), 21, false, "goes on until 10:00"),
        (terms("2026-09-02", "2026-10-23", "2026-10-20", "2026-12-18"), 21, true, "goes on until 2026-10-23"),
        (terms("2026-09-05", "2026-09-06", "2026-10-20", "2026-12-18"), 17, false, "not one school day"),
        ("[calendar]\nclosed = [\n\"2026-11-27\",\n\"2026-11-28\",\n]".into(), 19, false, "Saturday"),
        (terms("2026-09-02", "2026-10-23", "2026-11-02", "2026-12-18").replace("[calendar]", "[calendar]\nclosed = [\"2026-10-26\"]"), 17, false, "lies in no term"),
    ] {
        let all = reviewed(&format!("{REVIEWED}{rest}"), None);
        let found = all.iter().find(|problem| problem.to_string().contains(said));
        let found = found.unwrap_or_else(|| panic!("{said}: {rest}: {all:#?}"));
        assert_eq!((found.line, found.is_error()), (line, error), "{found}");
        assert!(!found.remedy.is_empty(), "{found}");
        assert_eq!(all.len(), 1, "{all:#?}");
    }
}

fn terms(from: &str, to: &str, then_from: &str, then_to: &str) -> String {
    format!(
        "[calendar]\n[[calendar.term]]\nname = \"one\"\nfrom = \"{from}\"\nto = \"{to}\"\n\
         [[calendar.term]]\nname = \"two\"\nfrom = \"{then_from}\"\nto = \"{then_to}\"\n"
    )
}

#[test]
fn nothing_is_said_of_what_is_meant() {
    for rest in [
        // Wider than the help within it, or for a narrower group, a rule has something to say.
        lock("do = \"block\"; site = \"campaign.gov.uk\""),
        lock("do = \"block\"; site = \"a.example\"; group = \"pupils\"") + &rule("do = \"allow\"; site = \"a.example\""),
        rule("do = \"block\"; site = \"a.example\"; group = \"pupils\"") + &rule("do = \"allow\"; site = \"a.example\"; group = \"year-9\""),
        rule("do = \"block\"; site = \"a.example\"") + &rule("do = \"allow\"; url = \"a.example/maths\""),
        // Everyone is a stranger too.
        row("x", "everyone = \"not-allowed\", pupils = \"allowed\""),
        row("x", "everyone = \"not-allowed\", pupils = \"allowed\"").replace("games", "unsafe-search") + "[safe-search]\nsearch = { everyone = \"on\", pupils = \"off\" }",
        rule("do = \"block\"; category = \"unsafe-search\"") + "[safe-search]\nsearch = { pupils = \"on\" }",
        row("x", "pupils = \"not-allowed\"") + &rule("do = \"block\"; expression = \"^\"; group = \"guests\""),
        row("x", "everyone = \"not-allowed\"") + &row("y", "everyone = \"not-allowed\"").replace("[\"games\"]", "[\"games\", \"shopping\"]"),
        "[calendar]\nbank-holidays = [\"2026-12-26\"]\n[[calendar.time]]\nid = \"night\"\nfrom = \"22:00\"\nto = \"24:00\"".to_owned(),
        "[calendar]\n[[calendar.time]]\nid = \"home\"\nfrom = \"15:30\"\nto = \"08:45\"".to_owned(),
    ] {
        assert_eq!(reviewed(&format!("{REVIEWED}{rest}"), None), [], "{rest}");
    }
}

#[test]
fn a_rule_about_the_schools_own_portal_is_worth_a_look() {
    let catalogue = catalogue().with_portal(&["pages.school.example".to_owned(), "192.0.2.8".to_owned()]);
    let heard = |rest: String| {
        let document = PolicyDocument::read(&format!("{REVIEWED}{rest}")).0.unwrap();
        review(&document, &Beside { catalogue: &catalogue, listed: None, is_whole: true })
    };
    for target in ["site = \"pages.school.example\"", "url = \"pages.school.example/ask\""] {
        for effect in ["allow", "block"] {
            for text in
                [rule(&format!("do = \"{effect}\"; {target}")), lock(&format!("do = \"{effect}\"; {target}"))]
            {
                let all = heard(text);
                assert_eq!(all.len(), 1, "{target}: {all:#?}");
                assert!(!all[0].is_error() && all[0].line == 16, "{target}: {all:#?}");
                assert!(all[0].message.contains("the school's own portal"), "{target}: {all:#?}");
            }
        }
    }
    // A wider rule speaks of all that is not the portal, and one for its address of what else is there.
    assert_eq!(heard(rule("do = \"block\"; site = \"192.0.2.8\"")), []);
    assert_eq!(heard(rule("do = \"block\"; site = \"school.example\"")), []);
    assert_eq!(heard(rule("do = \"block\"; site = \"shop.school.example\"")), []);
}

#[test]
fn a_category_that_no_list_gives_yet_is_told() {
    let listed = BTreeSet::from(["games".to_owned()]);
    let rest = row("x", "everyone = \"not-allowed\"")
        .replace("[\"games\"]", "[\"games\", \"shopping\", \"dating\"]");
    let all = reviewed(&format!("{REVIEWED}{rest}"), Some(&listed));
    assert_eq!(all.len(), 1, "{all:#?}");
    assert!(!all[0].is_error() && all[0].line == 16, "{all:#?}");
    assert!(all[0].message.contains("no list gives these categories yet: shopping, dating"), "{all:#?}");
}

#[test]
fn a_mistake_of_form_hides_nothing_that_comes_after_it() {
    let text = REVIEWED.replace("name = \"Guests\"", "nmae = \"Guests\"")
        + "[calendar]\nzone = 3\n[[calendar.time]]\nid = \"lunch\"\nfrom = 12\nto = \"13:00\"\n"
        + &row("x", "guests = { times = [\"lunch\"] }, pupils = \"perhaps\"")
        + &row("y", "guests = { times = [\"lunch\"] }, everyone = { times = [\"tea\"] }")
        + &rule("do = alow; site = \"a.example\"")
        + &rule("do = \"block\"; site = \"a b\"");
    let (document, mut problems) = PolicyDocument::read(&text);
    assert!(PolicyDocument::parse(&text).is_err());
    problems.extend(
        FilterPolicy::compile(&document.unwrap(), &catalogue(), index(), &sealed())
            .map_or_else(|all| all, |_| vec![]),
    );
    let lines: BTreeSet<u32> = problems.iter().map(|problem| problem.line).collect();
    // Each mistake once, and neither the group nor the time is said not to be there.
    assert_eq!(lines, BTreeSet::from([11, 17, 20, 26, 27, 33, 35]), "{problems:#?}");
}

#[test]
fn each_mistake_is_named_with_its_line_and_what_to_do() {
    for (rest, line, message) in [
        ("[[rule]]\ndo = \"allow\"\nexpression = \"games\"", 7, "must say on which site"),
        ("[[rule]]\ndo = \"block\"\nexpression = \"(\"", 7, "cannot be read"),
        ("[[rule]]\ndo = \"block\"\nsite = \"a.example/part\"", 7, "is not a site"),
        ("[[rule]]\ndo = \"block\"\nsite = \"a.example\"\nurl = \"a.example/b\"", 7, "exactly one"),
        ("[[rule]]\ndo = \"block\"\nsite = \"a.example\"\ngroup = \"year-99\"", 7, "no group"),
        ("[[rule]]\ndo = \"block\"\ncategory = \"gaems\"", 7, "no category \"gaems\""),
        (
            "[[group]]\nid = \"a\"\nname = \"A\"\nwithin = [\"b\"]\n[[group]]\nid = \"b\"\nname = \"B\"\nwithin = [\"a\"]",
            7,
            "lies within itself",
        ),
        ("[[group]]\nid = \"pupils\"\nname = \"Again\"", 7, "there twice"),
        (
            "[[use]]\nid = \"x\"\nactivity = \"X\"\ncategories = [\"games\"]\ncells = { pupils = { times = [\"tea\"] } }",
            7,
            "time \"tea\"",
        ),
        (
            "[[use]]\nid = \"x\"\nactivity = \"X\"\ncells = { pupils = \"allowed\" }",
            7,
            "no category and no service",
        ),
        (
            "[[use]]\nid = \"x\"\nactivity = \"X\"\ncategories = [\"games\"]\ncells = { nobody = \"allowed\" }",
            7,
            "no group",
        ),
        ("[[rule]]\ndo = \"perhaps\"\nsite = \"a.example\"", 8, "unknown variant"),
        ("[calendar]\nzone = \"Mars/Olympus\"", 7, "time zone"),
    ] {
        let problems = problems(rest);
        let found = problems.iter().find(|problem| problem.message.contains(message));
        let found = found.unwrap_or_else(|| panic!("{message}: {problems:#?}"));
        assert_eq!(found.line, line, "{found}");
        assert!(found.is_error() && !found.remedy.is_empty(), "{found}");
    }
}

#[test]
fn mistakes_are_reported_together() {
    let all = problems(
        "[[rule]]\ndo = \"block\"\nsite = \"a b\"\n[[rule]]\ndo = \"block\"\ncategory = \"gaems\"\n[[rule]]\ndo = \"block\"\nsite = \"a.example\"\ngroup = \"x\"",
    );
    assert_eq!(all.iter().map(|problem| problem.line).collect::<Vec<_>>(), [7, 10, 13], "{all:#?}");
}

#[test]
fn an_exemption_that_covers_a_sealed_host_is_refused_without_naming_it() {
    for rest in [
        "[[rule]]\ndo = \"allow\"\nsite = \"sealed-entry.test\"",
        "[[rule]]\ndo = \"allow\"\nsite = \"below.sealed-entry.test\"",
        "[[rule]]\ndo = \"allow\"\nsite = \"test\"",
        "[[rule]]\ndo = \"allow\"\nurl = \"sealed-entry.test/page\"",
        "[[locked]]\nset-by = \"trust\"\ndo = \"allow\"\nsite = \"sealed-entry.test\"",
    ] {
        let all = problems(rest);
        assert!(Problem::any_error(&all), "{rest}");
        assert!(all.iter().all(|problem| !problem.to_string().contains("sealed-entry")), "{all:#?}");
        // A gate that gets new sealed entries leaves the exemption out instead of keeping the entries waiting.
        let document = PolicyDocument::parse(&format!("{HEAD}{rest}")).unwrap();
        let policy =
            FilterPolicy::compile_with(&document, &catalogue(), index(), &sealed(), Covered::Drop).unwrap();
        assert!(policy.warnings().iter().any(|problem| problem.message.contains("nobody may open")));
    }
}
