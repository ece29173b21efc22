//! What a person who is about to apply a document should hear, beside what keeps it from being compiled.
//!
//! Nothing here stops a policy that is in force: a gate carries out what was applied, whatever newer content or a newer
//! program has to say of it. What is written as closed and stays open, or contradicts itself, is an error; what is
//! written as open and stays closed, or does nothing, is a warning.

mod days;
mod never;
mod safe_search;
mod suffixes;
mod table;

use std::collections::BTreeSet;

use super::groups::GroupTable;
use crate::calendar::Calendar;
use crate::catalogue::Catalogue;
use crate::document::target::{Target, TargetText};
use crate::document::{Effect, PolicyDocument, Problem};
use crate::groups::GroupNo;
use crate::targets::matches_everything;

/// What a document is looked at beside.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// The content.
    pub catalogue: &'a Catalogue,
    /// The categories that the lists in use give; not looked at where that is not known.
    pub listed: Option<&'a BTreeSet<String>>,
    /// Whether all of the document was read: what seems to be missing may be what could not be.
    pub is_whole: bool,
}

/// Everything in a document that does not do what it says, or says nothing where something is needed.
pub fn review(document: &PolicyDocument, beside: &Beside<'_>) -> Vec<Problem> {
    // What is wrong with groups and calendar by themselves is said where they are compiled.
    let groups = GroupTable::read(document, &mut Vec::new());
    let calendar = Calendar::read(&document.calendar, &mut Vec::new());
    let mut review = Review { document, beside, groups, problems: Vec::new() };
    days::review(&document.calendar, &calendar, &mut review.problems);
    review.wildcards();
    review.rows();
    review.strangers();
    review.unlawful();
    review.never();
    review.suffixes();
    review.safe_search();
    review.unlisted();
    review.problems.sort_by_key(|problem| problem.line);
    review.problems
}

struct Review<'a> {
    document: &'a PolicyDocument,
    beside: &'a Beside<'a>,
    groups: GroupTable,
    problems: Vec<Problem>,
}

/// A rule or a lock, as far as it can be read.
struct Written {
    what: &'static str,
    effect: Effect,
    target: Target,
    audience: GroupNo,
    line: u32,
}

impl Written {
    /// Whether it closes every site there is.
    fn closes_everything(&self) -> bool {
        self.effect == Effect::Block
            && matches!(&self.target, Target::Expression { pattern, on: None } if matches_everything(pattern))
    }
}

impl Review<'_> {
    fn locks(&self) -> Vec<Written> {
        let all = self.document.locked.iter();
        all.filter_map(|lock| {
            self.written("lock", lock.effect, &TargetText::from(lock), lock.group.as_deref(), lock.line.0)
        })
        .collect()
    }

    fn rules(&self) -> Vec<Written> {
        let all = self.document.rules.iter();
        all.filter_map(|rule| {
            self.written("rule", rule.effect, &TargetText::from(rule), rule.group.as_deref(), rule.line.0)
        })
        .collect()
    }

    fn written(
        &self,
        what: &'static str,
        effect: Effect,
        target: &TargetText,
        group: Option<&str>,
        line: u32,
    ) -> Option<Written> {
        let audience = self.groups.number(group.unwrap_or(crate::document::EVERYONE))?;
        Some(Written { what, effect, target: target.read().ok()?, audience, line })
    }

    /// Whether everybody in `inner` is in `outer`.
    fn holds(&self, outer: GroupNo, inner: GroupNo) -> bool {
        self.groups.up(inner).contains(outer)
    }

    /// Sites with a `*` where none can stand: they would be about no site at all.
    fn wildcards(&mut self) {
        let locks = self.document.locked.iter().map(|lock| (TargetText::from(lock), lock.line.0));
        let rules = self.document.rules.iter().map(|rule| (TargetText::from(rule), rule.line.0));
        let mut found = Vec::new();
        for (target, line) in locks.chain(rules) {
            if let Some(url) = target.url.as_deref().filter(|url| host_of(url).contains('*')) {
                found.push(Problem::error(
                    line,
                    format!("url = {url:?} has a * in its host, and is about no site"),
                    "Write the one host it is about; a site with everything below it is written site = \"example.org\".",
                ));
            }
            for site in [&target.site, &target.on].into_iter().flatten() {
                found.extend(starred(site, line));
            }
        }
        for (place, site) in self.document.essential.iter().enumerate() {
            found.extend(starred(site, self.document.lines.essential.of(place)));
        }
        for site in &self.document.withheld.learning_sites {
            found.extend(starred(site, self.document.withheld.line.0));
        }
        self.problems.append(&mut found);
    }

    /// Categories that no list gives.
    fn unlisted(&mut self) {
        let Some(listed) = self.beside.listed else { return };
        let rows = self.document.uses.iter().filter(|row| row.seen_by_gate);
        let rows = rows.map(|row| (row.categories.iter().collect(), row.line.0));
        let locks = self.document.locked.iter().map(|lock| (lock.category.iter().collect(), lock.line.0));
        let rules = self.document.rules.iter().map(|rule| (rule.category.iter().collect(), rule.line.0));
        let mut found = Vec::new();
        for (named, line) in rows.chain(locks).chain(rules) {
            let named: Vec<&String> = named;
            let missing: Vec<&str> = named
                .into_iter()
                .filter(|id| !listed.contains(*id) && self.beside.catalogue.category_no(id).is_some())
                .map(String::as_str)
                .collect();
            if missing.is_empty() {
                continue;
            }
            let (word, them) = if missing.len() == 1 {
                ("this category", "It is")
            } else {
                ("these categories", "They are")
            };
            found.push(Problem::warning(
                line,
                format!("no list gives {word} yet: {}", missing.join(", ")),
                format!("{them} about no site until a list is there: `fivebar lists import`."),
            ));
        }
        self.problems.append(&mut found);
    }
}

fn starred(site: &str, line: u32) -> Option<Problem> {
    let bare = site.trim().strip_prefix("*.").unwrap_or(site.trim());
    bare.contains('*').then(|| {
        Problem::error(
            line,
            format!("{site:?} has a * where none can stand, and is about no site"),
            "Write the host alone, as in example.org: it stands for itself and everything below it.",
        )
    })
}

/// The host of a web address as a person wrote it.
fn host_of(url: &str) -> &str {
    let bare = url.trim().split_once("://").map_or(url.trim(), |(_, rest)| rest);
    bare.split('/').next().unwrap_or(bare)
}

/// Words joined as a sentence does, each in quotes.
fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
