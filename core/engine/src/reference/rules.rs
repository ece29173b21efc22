//! Rules and overrides: which there are, and which of several wins.

use super::{Asking, Match, Rule, Url, answer, order};
use crate::decision::{Decision, Fact, Reason, RuleRef, Verdict};
use crate::document::target::{Target, TargetText};
use crate::document::{EVERYONE, Effect};
use crate::live::Subject;
use crate::policy::LIVE;
use crate::step::Step;

impl<'a> Asking<'a> {
    /// Locked rules, then school rules, with their numbers.
    pub(super) fn policy_rules(&self) -> Vec<Rule<'a>> {
        let world = self.world;
        let document = &world.document;
        let opens = world.catalogue.help.iter().chain(&world.catalogue.essential);
        let mut number =
            (opens.map(|open| open.sites().count()).sum::<usize>() + document.essential.len()) as u32;
        let mut all = Vec::new();
        for rule in &document.locked {
            number += 1;
            all.push(self.rule(number, rule.effect, rule.group.as_deref(), &TargetText::from(rule)));
        }
        number += document.withheld.learning_sites.len() as u32;
        for rule in &document.rules {
            number += 1;
            all.push(self.rule(number, rule.effect, rule.group.as_deref(), &TargetText::from(rule)));
        }
        all
    }

    pub(super) fn rule(
        &self,
        number: u32,
        effect: Effect,
        group: Option<&'a str>,
        target: &TargetText,
    ) -> Rule<'a> {
        Rule {
            number: RuleRef(number),
            effect,
            audience: Some(group.unwrap_or(EVERYONE)),
            target: target.read().unwrap(),
        }
    }

    pub(super) fn school_rules(&self) -> Vec<Rule<'a>> {
        self.policy_rules().into_iter().skip(self.world.document.locked.len()).collect()
    }

    pub(super) fn overrides(&self) -> Vec<Rule<'a>> {
        self.world
            .live
            .overrides
            .iter()
            .filter(|one| one.begins_at.is_none_or(|begins| begins <= self.at) && self.at < one.ends_at)
            .filter_map(|one| {
                let audience = match &one.subject {
                    Subject::Person(person) if Some(*person) == self.person => None,
                    Subject::Person(_) => return None,
                    Subject::Group(id) => Some(id.as_str()),
                    Subject::Everyone => Some(EVERYONE),
                };
                let number = RuleRef(LIVE | one.number);
                Some(Rule { number, effect: one.effect, audience, target: one.target.read().unwrap() })
            })
            .collect()
    }

    pub(super) fn contest(&self, step: Step, rules: Vec<Rule<'a>>, url: &Url) -> Option<Decision> {
        let mut all: Vec<(&Rule<'a>, Match)> = Vec::new();
        for rule in &rules {
            let for_me = rule.audience.is_none_or(|group| self.is_in(group));
            let refused = rule.effect == Effect::Allow && self.covers_sealed(&rule.target);
            if for_me && !refused {
                let matches = self.matches(&rule.target, url, Some(rule.number));
                all.extend(
                    matches
                        .into_iter()
                        .filter(|(fact, _, _, opens)| {
                            rule.effect == Effect::Block
                                || (*opens && matches!(fact, Fact::Host | Fact::Path))
                        })
                        .map(|found| (rule, found)),
                );
            }
        }
        let by_category =
            |rule: &Rule<'_>| rule.effect == Effect::Allow && matches!(rule.target, Target::Category(_));
        let aside: Vec<u16> =
            all.iter().filter(|(rule, _)| by_category(rule)).filter_map(|(_, found)| found.1).collect();
        if self.permitted_use(url, &aside).is_some_and(|rest| rest.verdict.is_block()) {
            all.retain(|(rule, _)| !by_category(rule));
        }
        let overrules = |a: &Rule<'_>, b: &Rule<'_>| match (a.audience, b.audience) {
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => rank(&a.target) > rank(&b.target),
            (Some(a_group), Some(b_group)) => {
                self.strictly_within(a_group, b_group)
                    || (a_group == b_group && rank(&a.target) > rank(&b.target))
            }
        };
        let mut standing: Vec<_> =
            all.iter().filter(|(rule, _)| !all.iter().any(|(other, _)| overrules(other, rule))).collect();
        standing.sort_by_key(|(rule, (fact, category, list, _))| {
            (rule.effect == Effect::Allow, rule.number, order(*fact), *category, *list)
        });
        let (rule, (fact, category, list, _)) = standing.first()?;
        let beside = standing
            .iter()
            .find(|(other, _)| other.effect != rule.effect)
            .filter(|(other, _)| other.audience != rule.audience)
            .and_then(|(other, _)| self.group_no(other.audience?));
        let verdict = if rule.effect == Effect::Block { Verdict::Block } else { Verdict::Allow };
        Some(answer(
            verdict,
            Reason {
                step,
                rule: rule.number,
                fact: *fact,
                category: *category,
                list: *list,
                group: rule.audience.and_then(|group| self.group_no(group)),
                beside,
            },
        ))
    }
}

fn rank(target: &Target) -> (u8, usize) {
    match target {
        Target::Category(_) => (0, 0),
        Target::Site(site) => (1, site.split('.').count()),
        Target::Address(_) => (2, 0),
        Target::Expression { .. } => (3, 0),
        Target::Url(url) => (4, url.path.len()),
    }
}
