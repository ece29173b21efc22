//! What must not stand in a public repository: paths of one machine, and real addresses of people.

use regex::Regex;

use crate::{Complaint, Source};

/// The searches, prepared once.
#[derive(Debug)]
pub struct PrivateText {
    machine: Regex,
    mail: Regex,
}

impl PrivateText {
    /// Prepares the searches.
    pub fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            machine: Regex::new(
                r"(?:^|[^A-Za-z0-9_./-])(/(?:work|home/[a-z]{2}|root/|Users/|tmp/[a-z]/|mnt/)[^\s`'\x22)]*)",
            )?,
            mail: Regex::new(r"[A-Za-z0-9._%+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})")?,
        })
    }

    /// Complains of absolute paths that exist on one machine alone.
    pub fn machine_paths(&self, source: &Source) -> Vec<Complaint> {
        self.lines(
            source,
            &self.machine,
            |_| true,
            |found| {
                format!("names a path of one machine, {found}; paths start at the repository or in `home`")
            },
        )
    }

    /// Complains of e-mail addresses outside the domains kept for examples (RFC 2606, RFC 6761).
    pub fn addresses(&self, source: &Source) -> Vec<Complaint> {
        self.lines(
            source,
            &self.mail,
            |domain| !is_example(domain),
            |domain| format!("holds an address at {domain}; use one at school.example"),
        )
    }

    fn lines(
        &self,
        source: &Source,
        pattern: &Regex,
        bad: impl Fn(&str) -> bool,
        say: impl Fn(&str) -> String,
    ) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        for (index, line) in source.text.lines().enumerate() {
            for found in pattern.captures_iter(line).filter_map(|captures| captures.get(1)) {
                if bad(found.as_str()) {
                    complaints.push(Complaint::at(&source.path, index + 1, say(found.as_str())));
                }
            }
        }
        complaints
    }
}

fn is_example(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    ["example", "test", "invalid", "localhost", "example.com", "example.org", "example.net"]
        .iter()
        .any(|kept| domain == *kept || domain.ends_with(&format!(".{kept}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_one_machine_are_found() {
        let private = PrivateText::new().unwrap();
        // Put together here, so that this file holds none itself.
        let at = |folder: &str, rest: &str| format!("see /{folder}{rest} for it");
        for (text, bad) in [
            (at("home/", "ada/notes"), true),
            (at("work", "/main"), true),
            (at("root/", ".cargo"), true),
            (at("usr", "/bin/env"), false),
            (at("api/home/", "x"), false),
            ("https://school.example/work/list".to_owned(), false),
            ("a/home/b".to_owned(), false),
        ] {
            assert_eq!(!private.machine_paths(&Source::new("a", &text)).is_empty(), bad, "{text}");
        }
    }

    #[test]
    fn addresses_of_real_people_are_found() {
        let private = PrivateText::new().unwrap();
        let at = |domain: &str| format!("write to ada@{domain} now");
        for (domain, bad) in [
            ("school.example", false),
            ("example.org", false),
            ("mail.example.com", false),
            ("gate.test", false),
            (concat!("gmail", ".com"), true),
            (concat!("notexample", ".com"), true),
            ("1.2.3", false),
        ] {
            assert_eq!(!private.addresses(&Source::new("a", &at(domain))).is_empty(), bad, "{domain}");
        }
    }
}
