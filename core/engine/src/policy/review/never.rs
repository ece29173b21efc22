//! Rules and locks that can never speak, since something before them always does.

use super::{Review, Written};
use crate::catalogue::{OpenSite, PORTAL};
use crate::document::target::{Target, read_site};
use crate::document::{Effect, Problem};
use crate::policy::specificity;
use crate::targets::covers;

/// Something open to everyone before any rule is asked.
struct Open {
    site: String,
    /// What it is, for people.
    what: String,
    is_own: bool,
}

impl Review<'_> {
    pub(super) fn never(&mut self) {
        let (open, locks, rules) = (self.open(), self.locks(), self.rules());
        let mut found = Vec::new();
        let portal = self.portal();
        found.extend(locks.iter().chain(&rules).filter_map(|one| about_the_portal(one, &portal)));
        for (place, lock) in locks.iter().enumerate() {
            let before = locks.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, lock)| lock);
            found.extend(already_open(lock, &open).or_else(|| self.locked_away(lock, before)));
        }
        for (place, rule) in rules.iter().enumerate() {
            found.extend(
                already_open(rule, &open)
                    .or_else(|| self.decided_by_a_lock(rule, &locks))
                    .or_else(|| self.overruled(place, rule, &rules)),
            );
        }
        self.problems.append(&mut found);
    }

    /// The names of the school's own portal, where the content has it. At an address there may be more than the portal, of
    /// which a rule does speak.
    fn portal(&self) -> Vec<String> {
        let portal = self.beside.catalogue.essential.iter().filter(|one| one.id == PORTAL);
        let names = portal.flat_map(OpenSite::sites).filter_map(|(host, _)| match read_site(host) {
            Ok(Target::Site(name)) => Some(name),
            _ => None,
        });
        names.collect()
    }

    /// Help and essentials that are open with everything below them.
    fn open(&self) -> Vec<Open> {
        let catalogue = self.beside.catalogue;
        let confirmed = |id: &String| self.document.help_confirmed.contains(id);
        let help = catalogue.help.iter().filter(|help| !help.confirm_first || confirmed(&help.id));
        let help = help.map(|help| (help, format!("help ({})", help.name)));
        let essential = catalogue.essential.iter().map(|one| (one, format!("essential ({})", one.name)));
        let content = help.chain(essential).flat_map(|(one, what)| {
            let below = one.sites().filter(|(_, exact)| !exact);
            below.map(move |(site, _)| (site, what.clone(), false))
        });
        let own = self.document.essential.iter();
        let own = own.map(|site| (site.as_str(), "essential, as this file says itself".to_owned(), true));
        content
            .chain(own)
            .filter_map(|(site, what, is_own)| match read_site(site) {
                Ok(Target::Site(site)) => Some(Open { site, what, is_own }),
                _ => None,
            })
            .collect()
    }

    /// A lock that allows what another lock blocks for the same people, and so never opens it.
    fn locked_away<'w>(&self, lock: &Written, others: impl Iterator<Item = &'w Written>) -> Option<Problem> {
        let mut blocks = others.filter(|other| other.effect == Effect::Block);
        let over = blocks.find(|block| {
            lock.effect == Effect::Allow
                && self.holds(block.audience, lock.audience)
                && holds_all_of(&block.target, &lock.target)
        })?;
        Some(Problem::warning(
            lock.line,
            format!("the lock of line {} blocks what this lock allows, so this one never speaks", over.line),
            "Remove one of them: among locks a block always wins.",
        ))
    }

    /// A rule about what a lock decides already.
    fn decided_by_a_lock(&self, rule: &Written, locks: &[Written]) -> Option<Problem> {
        let lock = locks.iter().find(|lock| {
            let is_certain = lock.effect == Effect::Block || !matches!(lock.target, Target::Category(_));
            is_certain && self.holds(lock.audience, rule.audience) && holds_all_of(&lock.target, &rule.target)
        })?;
        let message = format!("the lock of line {} decides before this rule, which never speaks", lock.line);
        Some(if lock.effect == Effect::Allow && rule.effect == Effect::Block {
            Problem::error(
                rule.line,
                message,
                "What this rule blocks stays open. Remove it, or have the lock changed by those who set it.",
            )
        } else {
            Problem::warning(rule.line, message, "Remove it, or have the lock changed by those who set it.")
        })
    }

    /// A rule that another of the school's rules always overrules.
    fn overruled(&self, place: usize, rule: &Written, rules: &[Written]) -> Option<Problem> {
        for (other_place, other) in rules.iter().enumerate() {
            if other_place == place || other.audience != rule.audience {
                continue;
            }
            if other.target == rule.target {
                if other_place > place {
                    continue;
                }
                let line = other.line;
                return Some(if other.effect == rule.effect {
                    Problem::warning(
                        rule.line,
                        format!("the rule is there twice, first at line {line}"),
                        "Remove one of them.",
                    )
                } else {
                    Problem::error(
                        rule.line,
                        format!("this rule and the one of line {line} contradict each other"),
                        "Remove one of them; as they stand the block would win.",
                    )
                });
            }
            if other.closes_everything()
                && rule.effect == Effect::Allow
                && specificity(&other.target) > specificity(&rule.target)
            {
                return Some(Problem::warning(
                    rule.line,
                    format!(
                        "the rule of line {} closes every site to the same group, so this one never speaks",
                        other.line
                    ),
                    "Give this rule to a group within that group, or allow a part of the site, written url = \"…\".",
                ));
            }
        }
        None
    }
}

/// A rule about what is open to everyone before any rule is asked.
fn already_open(rule: &Written, open: &[Open]) -> Option<Problem> {
    let open = open.iter().find(|open| holds_all_of(&Target::Site(open.site.clone()), &rule.target))?;
    let (what, line) = (rule.what, rule.line);
    let remedy = |rest: &str| {
        if open.is_own {
            format!("Remove the {what}, or take the site out of essential = […].{rest}")
        } else {
            format!("Remove the {what}.{rest}")
        }
    };
    let message =
        |end: &str| format!("{} is {}: always open to everyone, so this {what} {end}", open.site, open.what);
    Some(match rule.effect {
        Effect::Block => Problem::error(
            line,
            message("can never close anything of it"),
            remedy(if open.is_own { "" } else { " No table closes such a site." }),
        ),
        Effect::Allow => Problem::warning(line, message("never speaks"), remedy("")),
    })
}

/// A rule about the school's own portal, which is open to everyone before any rule is asked.
fn about_the_portal(rule: &Written, portal: &[String]) -> Option<Problem> {
    let host = portal.iter().find(|host| match &rule.target {
        Target::Site(site) => site == *host,
        Target::Url(url) => host.strip_prefix("www.").unwrap_or(host) == url.host,
        _ => false,
    })?;
    let what = rule.what;
    Some(Problem::warning(
        rule.line,
        format!(
            "{host} is the school's own portal, always open to everyone, so this {what} never speaks of it"
        ),
        format!("Remove the {what}; a site beside the portal is named by its own host."),
    ))
}

/// Whether every address that `inner` is about is one that `outer` is about, whatever the lists hold.
fn holds_all_of(outer: &Target, inner: &Target) -> bool {
    if outer == inner {
        return true;
    }
    let below = |site: &str, name: &str| {
        name.strip_suffix(site).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    match (outer, inner) {
        (Target::Expression { pattern, on: None }, _) => crate::targets::matches_everything(pattern),
        (Target::Site(outer), Target::Site(inner)) => below(outer, inner),
        (Target::Site(outer), Target::Url(inner)) => below(outer, &inner.host),
        (Target::Site(outer), Target::Expression { on: Some(inner), .. }) => below(outer, inner),
        (Target::Url(outer), Target::Url(inner)) => {
            outer.host == inner.host && covers(&outer.path, &inner.path)
        }
        _ => false,
    }
}
