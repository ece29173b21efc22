//! Who may do what, written out: `duties.txt` is read before the table is changed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use people::duty::Duties;

const WRITTEN: &str = "tests/it/duties.txt";
/// Set to anything, it has the file written anew.
const WRITE: &str = "FIVEBAR_WRITE";

const HEAD: &str = "\
// Who may do what: each action of content/duties.toml, whether it asks for a proof of who they are within the last minutes (fresh), and the
// duties that may, in the order of their ids. A test writes this out and compares. Read the difference, then renew the file:
// FIVEBAR_WRITE=1 cargo nextest run -E 'test(what_each_duty_may_do_is_what_was_reviewed)'
";

fn table(duties: &Duties) -> String {
    let mut rows: Vec<_> = duties.table().collect();
    rows.sort_unstable_by_key(|(action, ..)| *action);
    let mut text = HEAD.to_owned();
    for (action, _, may, fresh) in rows {
        let may: Vec<&str> = may.iter().map(String::as_str).collect();
        let fresh = if fresh { " (fresh)" } else { "" };
        let _ = writeln!(text, "{action}{fresh}: {}", may.join(", "));
    }
    text
}

/// The lines that are in one text and not in the other, as people read a difference.
fn difference(before: &str, now: &str) -> Vec<String> {
    let (before, now): (BTreeSet<&str>, BTreeSet<&str>) = (before.lines().collect(), now.lines().collect());
    let gone = before.difference(&now).map(|line| format!("- {line}"));
    gone.chain(now.difference(&before).map(|line| format!("+ {line}"))).collect()
}

#[test]
fn what_each_duty_may_do_is_what_was_reviewed() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(WRITTEN);
    let now = table(Duties::built_in());
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap();
    assert!(
        reviewed == now,
        "who may do what is not what {WRITTEN} says. Is this what is meant? Then write the file anew: {WRITE}=1 and the same test.\n{}",
        difference(&reviewed, &now).join("\n")
    );
}

#[test]
fn a_duty_that_may_more_or_less_and_a_proof_that_is_not_asked_for_are_seen() {
    let reviewed = "a.read: head\nb.give (fresh): chair, head\n";
    for (now, lines) in [
        (reviewed, vec![]),
        (
            "a.read: governor, head\nb.give (fresh): chair, head\n",
            vec!["- a.read: head", "+ a.read: governor, head"],
        ),
        (
            "a.read: head\nb.give: chair, head\n",
            vec!["- b.give (fresh): chair, head", "+ b.give: chair, head"],
        ),
    ] {
        assert_eq!(difference(reviewed, now), lines);
    }
}
