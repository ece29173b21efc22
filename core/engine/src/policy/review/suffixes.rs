//! Rules and locks about a public suffix, and so about every site below it.

use super::{Review, Written};
use crate::HostName;
use crate::document::target::Target;
use crate::document::{Effect, Problem};

/// Suffixes whose registries give names to one kind of body only, so that opening all below them opens nobody else's. A name
/// below `ac.uk` is a college's or a university's, below `sch.uk` a school's.
const KEPT: [&str; 5] = ["ac.uk", "gov.uk", "nhs.uk", "police.uk", "sch.uk"];

impl Review<'_> {
    /// Suffixes that anybody can have a site below.
    pub(super) fn suffixes(&mut self) {
        let mut found: Vec<Problem> =
            self.locks().iter().chain(&self.rules()).filter_map(on_a_suffix).collect();
        self.problems.append(&mut found);
    }
}

fn is_kept(site: &str) -> bool {
    let below =
        |kept: &str| site.strip_suffix(kept).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    KEPT.into_iter().any(below)
}

fn on_a_suffix(rule: &Written) -> Option<Problem> {
    let Target::Site(site) = &rule.target else { return None };
    let (does, is_meant) = match rule.effect {
        Effect::Allow => ("opens", is_kept(site)),
        // Closing a whole top level, such as zip, is something that people do.
        Effect::Block => ("closes", !site.contains('.')),
    };
    if is_meant || !HostName::new(site).is_some_and(lists::url::is_suffix) {
        return None;
    }
    Some(Problem::warning(
        rule.line,
        format!(
            "{site} is no site of its own: this {} {does} every site whose name ends in .{site}",
            rule.what
        ),
        format!("Name the one that is meant, as in name.{site}."),
    ))
}
