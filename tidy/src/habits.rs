//! Habits of code that hide things: lints switched off without a reason, tests switched off without a reason, and
//! waiting by the clock.

use serde::Deserialize;

use crate::{Complaint, Source, rust_code};

/// Complains of `#[allow(…)]`; `#[expect(…, reason = "…")]` says why and complains itself once it is not needed.
pub fn allowed_lints(source: &Source) -> Vec<Complaint> {
    in_code(source, |line| line.contains("#[allow(") || line.contains("#![allow("))
        .map(|line| {
            Complaint::at(&source.path, line, "`#[allow(…)]` hides; write `#[expect(…, reason = \"…\")]`")
        })
        .collect()
}

/// Complains of a test that is switched off without saying why.
pub fn ignored_tests(source: &Source) -> Vec<Complaint> {
    in_code(source, |line| line.contains("#[ignore]"))
        .map(|line| {
            Complaint::at(
                &source.path,
                line,
                "a test is switched off; write `#[ignore = \"why\"]` or mend it",
            )
        })
        .collect()
}

/// Whoever could make a standing could do anything: only the file that reads it from the records may.
pub fn standings(source: &Source) -> Vec<Complaint> {
    const DOOR: &str = "capabilities/people/src/duty/standing.rs";
    if source.path == DOOR || source.path == "core/kit/src/permit.rs" {
        return Vec::new();
    }
    let made = concat!("Standing", "::loaded");
    in_code(source, |line| line.contains(made))
        .map(|line| Complaint::at(&source.path, line, format!("a standing is made in {DOOR} alone")))
        .collect()
}

/// A permit is granted where somebody's standing was read just now: by the door of whoever is signed in, and at the command line. Anywhere
/// else it would come of what somebody was a moment before.
pub fn grants(source: &Source) -> Vec<Complaint> {
    const DOORS: [&str; 4] = [
        "capabilities/people/src/account/door.rs",
        "capabilities/api/src/door.rs",
        "app/src/commands/context.rs",
        "core/kit/src/permit.rs",
    ];
    let of_tests = ["/tests/", "/examples/", "benches/"].iter().any(|folder| source.path.contains(folder));
    if of_tests || DOORS.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let granted = [concat!("authority()", ".grant"), concat!("authority", ".grant")];
    let text = "begin with `SignedIn::begin`, and `also` for something more: they grant permits from what somebody is in that transaction";
    in_code(source, |line| granted.iter().any(|granted| line.contains(granted)))
        .filter(|line| *line < tests_begin(source))
        .map(|line| Complaint::at(&source.path, line, text))
        .collect()
}

/// Once a change has begun, its moment is its permit's: whoever asked may have waited for a file, for paper or for the records since. So no page
/// gives a change, or its entry in the trail, the moment at which the request came.
pub fn moments(source: &Source) -> Vec<Complaint> {
    if !source.path.starts_with("capabilities/") || source.path.contains("/tests/") {
        return Vec::new();
    }
    let begins = |line: &str| {
        ["who.begin", "begin(who", "begin(&who", "begin_issuing("].iter().any(|call| line.contains(call))
    };
    let code = rust_code::without_words(&source.text);
    let mut has_begun = false;
    let mut found = Vec::new();
    for (index, line) in code.lines().enumerate() {
        // A function of the file begins where nothing is indented.
        if !line.is_empty() && !line.starts_with([' ', ')', '}']) {
            has_begun = false;
        }
        if has_begun && line.contains("who.at()") {
            let text = "the change has begun: its moment is `permit.at()`, and not when the request came";
            found.push(Complaint::at(&source.path, index + 1, text));
        }
        has_begun |= begins(line) && !line.contains("fn ");
    }
    found
}

/// The table of `tidy/sleeps.toml`: the few tests that may wait by the clock.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sleeps {
    #[serde(default)]
    allowed: Vec<AllowedSleep>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedSleep {
    path: String,
    why: String,
}

impl Sleeps {
    /// Reads the table.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Complains of a sleep in a test, or in what tests are made of, that the table does not allow. A timer of the
    /// program itself is no affair of ours.
    pub fn complaints(&self, source: &Source) -> Vec<Complaint> {
        if self.allowed.iter().any(|allowed| allowed.path == source.path) {
            return Vec::new();
        }
        let begins = tests_begin(source);
        in_code(source, sleeps)
            .filter(|line| *line >= begins)
            .map(|line| {
                let text =
                    "sleeps; wait for the condition with a deadline, or give a reason in tidy/sleeps.toml";
                Complaint::at(&source.path, line, text)
            })
            .collect()
    }

    /// Complains of allowances for files that are gone or sleep no more, and of those without a reason.
    pub fn unneeded<'a>(&'a self, find: impl Fn(&str) -> Option<&'a Source>) -> Vec<Complaint> {
        let needed = |path: &str| {
            find(path).is_some_and(|source| rust_code::without_words(&source.text).contains("sleep"))
        };
        self.allowed
            .iter()
            .filter(|allowed| allowed.why.trim().len() < 20 || !needed(&allowed.path))
            .map(|allowed| {
                let text =
                    format!("the allowance for {} has no reason, or is not needed any more", allowed.path);
                Complaint::whole("tidy/sleeps.toml", text)
            })
            .collect()
    }
}

/// The first line that is there for tests alone; past the end where there is none.
fn tests_begin(source: &Source) -> usize {
    let for_tests = source.path.starts_with("journeys/")
        || source.path.starts_with("testing/")
        || source.path.contains("/tests/")
        || source.path.ends_with("/tests.rs");
    if for_tests {
        return 0;
    }
    let begin = source.text.lines().position(|line| line.starts_with("#[cfg(test)]"));
    begin.map_or(usize::MAX, |index| index + 1)
}

/// Whether a line calls `sleep` or `sleep_until`, by whatever path.
fn sleeps(line: &str) -> bool {
    line.split('(').rev().skip(1).any(|before| {
        let name = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next();
        matches!(name, Some("sleep" | "sleep_until"))
    })
}

fn in_code(source: &Source, bad: impl Fn(&str) -> bool) -> impl Iterator<Item = usize> {
    let code = rust_code::without_words(&source.text);
    let lines: Vec<usize> =
        code.lines().enumerate().filter(|(_, line)| bad(line)).map(|(index, _)| index + 1).collect();
    lines.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lint_or_a_test_is_not_switched_off_silently() {
        let source = |text| Source::new("a.rs", text);
        for (text, allows, ignores) in [
            ("#[allow(dead_code)]\nfn f() {}", 1, 0),
            ("#![allow(dead_code)]", 1, 0),
            ("#[expect(dead_code, reason = \"r\")]", 0, 0),
            ("// #[allow(dead_code)]", 0, 0),
            ("#[test]\n#[ignore]\nfn f() {}", 0, 1),
            ("#[ignore = \"needs a network\"]", 0, 0),
        ] {
            assert_eq!(allowed_lints(&source(text)).len(), allows, "{text}");
            assert_eq!(ignored_tests(&source(text)).len(), ignores, "{text}");
        }
    }

    #[test]
    fn a_change_that_has_begun_has_the_moment_of_its_permit() {
        let within = |body: &str| {
            format!("async fn end(\n    who: SignedIn,\n) -> A {{\n{body}}}\nfn f() {{\n    who.at()\n}}\n")
        };
        let begin = "    let (tx, permit) = who.begin::<End>(id).await?;\n";
        for (path, body, found) in [
            ("capabilities/a/src/pages.rs", format!("    look(who.at());\n{begin}    end(&permit);\n"), 0),
            ("capabilities/a/src/pages.rs", format!("{begin}    end(&permit, who.at());\n"), 1),
            (
                "capabilities/a/src/pages.rs",
                "    let (tx, may) = begin(&who, of).await?;\n    say(who.at());\n".to_owned(),
                1,
            ),
            ("capabilities/a/src/pages.rs", format!("{begin}    // never who.at()\n"), 0),
            ("core/a/src/pages.rs", format!("{begin}    end(&permit, who.at());\n"), 0),
        ] {
            assert_eq!(moments(&Source::new(path, &within(&body))).len(), found, "{path}: {body}");
        }
    }

    #[test]
    fn nobody_sleeps_without_a_reason() {
        let table = "[[allowed]]\npath = 'a.rs'\nwhy = 'a line that is long enough'\n[[allowed]]\npath = 'b.rs'\nwhy = 'x'";
        let sleeps = Sleeps::parse(table).unwrap();
        let text = "std::thread::sleep(x);\n#[cfg(test)]\nmod tests {\n  tokio::time::sleep_until(y);\n}";
        for (path, text, found) in [
            ("c.rs", text, 1),
            ("a.rs", text, 0),
            ("journeys/src/lib.rs", text, 2),
            ("app/tests/it/main.rs", text, 2),
            ("app/src/tests.rs", text, 2),
            ("app/tests/it/main.rs", "// sleep(1)\nasleep();", 0),
            ("c.rs", "sleep(1)", 0),
        ] {
            assert_eq!(sleeps.complaints(&Source::new(path, text)).len(), found, "{path}: {text}");
        }
    }

    #[test]
    fn an_allowance_needs_a_reason_and_a_sleep() {
        let table = "[[allowed]]\npath = 'a.rs'\nwhy = 'a line that is long enough'";
        let sleeps = Sleeps::parse(table).unwrap();
        let (sleepy, awake) = (Source::new("a.rs", "sleep(1)"), Source::new("a.rs", "wake(1)"));
        assert!(sleeps.unneeded(|_| Some(&sleepy)).is_empty());
        assert_eq!(sleeps.unneeded(|_| Some(&awake)).len(), 1);
        assert_eq!(sleeps.unneeded(|_| None).len(), 1);
        let short = Sleeps::parse("[[allowed]]\npath = 'a.rs'\nwhy = 'x'").unwrap();
        assert_eq!(short.unneeded(|_| Some(&sleepy)).len(), 1);
    }
}
