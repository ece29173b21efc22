//! Documents: what is refused and how it is said, and that exporting loses nothing.

use engine::content::{DEMO_POLICY, VILLAGE_PRIMARY_POLICY};
use engine::document::differences;
use engine::policy::{Covered, FilterPolicy};
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
