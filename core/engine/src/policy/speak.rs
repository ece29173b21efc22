//! Asking the twelve steps in their order, once everything that a request matches is known.

use smallvec::SmallVec;

use super::contest::{Audience, Candidate, Winner, contest, fact_order};
use super::gather::{Case, CategoryHit, RuleHit};
use super::uses::{Answer, strictness};
use super::{Kind, LIVE};
use crate::catalogue::Category;
use crate::decision::{Decision, Fact, Obligations, Reason, RuleRef, Verdict};
use crate::document::Effect;
use crate::groups::GroupNo;
use crate::live::LiveKind;
use crate::step::Step;

impl Case<'_> {
    /// Asks the steps in their order.
    pub(super) fn speak(&self) -> Decision {
        if let Some(fact) = self.found.sealed {
            return decision(Verdict::Block, Reason { fact, ..reason(Step::Sealed) });
        }
        if let Some(hit) = self.first(|kind| kind == Kind::Help) {
            let mut open = decision(Verdict::Allow, self.about(Step::Help, hit));
            open.obligations.unobserved = true;
            return open;
        }
        if let Some(hit) = self.first(|kind| matches!(kind, Kind::Essential | Kind::OwnEssential)) {
            let mut open = decision(Verdict::Allow, self.about(Step::Essential, hit));
            open.obligations.unobserved = self.is_unobserved_essential();
            return open;
        }
        let locked_block = self.policy_candidates(Kind::Locked).filter(|one| one.effect == Effect::Block);
        if let Some(blocked) = self.contested(Step::LockedBlock, locked_block) {
            return blocked;
        }
        if let Some(number) = self.live.withheld(self.person, self.moment.at)
            && self.first(|kind| kind == Kind::Learning).is_none()
        {
            return decision(
                Verdict::Block,
                Reason { rule: RuleRef(LIVE | number), ..reason(Step::Withheld) },
            );
        }
        if let Some(focus) = self.focus() {
            return focus;
        }
        self.contested(Step::LockedAllow, self.policy_candidates(Kind::Locked))
            .or_else(|| self.contested(Step::Override, self.live_candidates()))
            .or_else(|| self.contested(Step::School, self.policy_candidates(Kind::School)))
            .or_else(|| self.permitted_use(|_| false))
            .unwrap_or_else(|| self.unknown())
    }

    /// Whether an essential that is not observed is among what matches.
    fn is_unobserved_essential(&self) -> bool {
        self.found.rules.iter().any(|hit| {
            self.policy.entries.get(hit.entry as usize).is_some_and(|entry| {
                let open = self.policy.catalogue.essential.get(entry.place as usize);
                entry.kind == Kind::Essential && open.is_some_and(|open| open.unobserved)
            })
        })
    }

    /// The first hit, by number and fact, on a rule of that kind.
    fn first(&self, wanted: impl Fn(Kind) -> bool) -> Option<&RuleHit> {
        self.found
            .rules
            .iter()
            .filter(|hit| self.policy.entries.get(hit.entry as usize).is_some_and(|entry| wanted(entry.kind)))
            .min_by_key(|hit| (hit.entry, fact_order(hit.fact), hit.category, hit.list))
    }

    fn about(&self, step: Step, hit: &RuleHit) -> Reason {
        let audience =
            self.policy.entries.get(hit.entry as usize).map(|entry| Audience::Group(entry.audience));
        Reason {
            rule: RuleRef(hit.entry + 1),
            fact: hit.fact,
            category: hit.category,
            list: hit.list,
            group: audience.and_then(Audience::group),
            ..reason(step)
        }
    }

    /// The matching rules of one section. `section` makes the kinds of it.
    fn policy_candidates(
        &self,
        section: impl Fn(Effect) -> Kind + Copy,
    ) -> impl Iterator<Item = Candidate> + Clone {
        self.found.rules.iter().filter_map(move |hit| {
            let entry = self.policy.entries.get(hit.entry as usize)?;
            let effect =
                [Effect::Allow, Effect::Block].into_iter().find(|effect| section(*effect) == entry.kind)?;
            Some(Candidate {
                rule: RuleRef(hit.entry + 1),
                effect,
                audience: Audience::Group(entry.audience),
                specificity: entry.specificity,
                fact: hit.fact,
                category: hit.category,
                list: hit.list,
            })
        })
    }

    fn live_candidates(&self) -> impl Iterator<Item = Candidate> + Clone {
        self.found.live.iter().filter_map(|hit| {
            let entry = self.live_entry(hit.entry)?;
            let LiveKind::Override(effect) = entry.kind else { return None };
            Some(Candidate {
                rule: RuleRef(LIVE | entry.number),
                effect,
                audience: entry.audience,
                specificity: entry.specificity,
                fact: hit.fact,
                category: hit.category,
                list: hit.list,
            })
        })
    }

    /// Which of the matching rules wins. An allow of a category counts only where permitted use, with the categories
    /// so allowed set aside, does not block.
    fn contested(&self, step: Step, all: impl Iterator<Item = Candidate> + Clone) -> Option<Decision> {
        let mut candidates = SmallVec::<[Candidate; 8]>::new();
        all.for_each(|candidate| candidates.push(candidate));
        if candidates.is_empty() {
            return None;
        }
        let by_category =
            |candidate: &Candidate| candidate.effect == Effect::Allow && candidate.category.is_some();
        let opened =
            |category: u16| candidates.iter().any(|one| by_category(one) && one.category == Some(category));
        let counts = !candidates.iter().any(by_category)
            || self.permitted_use(opened).is_none_or(|rest| !rest.verdict.is_block());
        let Winner { candidate, beside } = contest(
            candidates.iter().filter(move |candidate| counts || !by_category(candidate)),
            &self.policy.groups,
        )?;
        Some(decision(
            candidate.effect.verdict(),
            Reason {
                step,
                rule: candidate.rule,
                fact: candidate.fact,
                category: candidate.category,
                list: candidate.list,
                group: candidate.audience.group(),
                beside,
            },
        ))
    }

    /// The walled gardens the asker is in.
    fn focus(&self) -> Option<Decision> {
        let focuses = self.live.focuses();
        if focuses.is_empty() {
            return None;
        }
        let held = || {
            focuses.iter().filter(|focus| focus.holds_at(self.moment.at) && self.groups.contains(focus.group))
        };
        let standing = || {
            held().filter(|focus| !held().any(|other| self.policy.groups.is_within(other.group, focus.group)))
        };
        let opening = |place: u32| {
            self.found
                .live
                .iter()
                .filter(|hit| {
                    self.live_entry(hit.entry).is_some_and(|entry| entry.kind == LiveKind::Garden(place))
                })
                .map(|hit| hit.fact)
                .min_by_key(|fact| fact_order(*fact))
        };
        let blocking =
            standing().filter(|focus| opening(focus.place).is_none()).min_by_key(|focus| focus.number);
        let (verdict, spoke, fact) = match blocking {
            Some(focus) => (Verdict::Block, focus, Fact::None),
            None => {
                let focus = standing().min_by_key(|focus| focus.number)?;
                (Verdict::Allow, focus, opening(focus.place).unwrap_or(Fact::None))
            }
        };
        let beside = standing()
            .filter(|other| {
                other.group != spoke.group && verdict.is_block() && opening(other.place).is_some()
            })
            .min_by_key(|other| other.number)
            .and_then(|other| Audience::Group(other.group).group());
        Some(decision(
            verdict,
            Reason {
                rule: RuleRef(LIVE | spoke.number),
                fact,
                group: Audience::Group(spoke.group).group(),
                beside,
                ..reason(Step::Focus)
            },
        ))
    }

    /// The permitted-use table, with some categories set aside.
    fn permitted_use(&self, aside: impl Fn(u16) -> bool) -> Option<Decision> {
        let Self { policy, moment, groups, .. } = self;
        let mut best: Option<(Answer, Reason)> = None;
        let said = |service: u16, fact: Fact| Reason {
            fact,
            category: policy.uses.category_of(service),
            ..reason(Step::PermittedUse)
        };
        for (service, fact) in self.found.services.iter() {
            let answer = policy.uses.service(*service, groups, moment.times, &policy.groups);
            hear(&mut best, answer, *fact == Fact::Host, said(*service, *fact));
        }
        // A service's own cells stand before its kind's and before what lists say of its sites, and not before what they
        // say of a part of one, nor before an expression: where no path is seen, that one is met by the host.
        // Nor before a list of what is unlawful or dangerous: a service that somebody broke into is that too.
        let is_named = best.is_some();
        if !is_named {
            for (service, fact) in self.found.services.iter() {
                if !policy.uses.category_of(*service).is_some_and(&aside) {
                    let answer = policy.uses.kind(*service, groups, moment.times, &policy.groups);
                    hear(&mut best, answer, *fact == Fact::Host, said(*service, *fact));
                }
            }
        }
        let categories = self.found.categories.iter().filter(|hit| !aside(hit.category));
        let is_finer = |fact: Fact, opens: bool| fact == Fact::Path || (fact == Fact::Host && !opens);
        let is_grave = |number: u16| policy.catalogue.category(number).is_some_and(Category::is_grave);
        let counts = |hit: &&CategoryHit| is_finer(hit.fact, hit.opens) || is_grave(hit.category);
        for hit in categories.filter(|hit| !is_named || counts(hit)) {
            let answer = policy.uses.category(hit.category, groups, moment.times, &policy.groups);
            let said = Reason {
                fact: hit.fact,
                category: Some(hit.category),
                list: Some(hit.list),
                ..reason(Step::PermittedUse)
            };
            hear(&mut best, answer, hit.opens, said);
        }
        let (answer, said) = best?;
        Some(decision(
            answer.verdict,
            Reason {
                rule: policy.use_ref(answer.row),
                group: Audience::Group(answer.group).group(),
                beside: answer.beside.and_then(|group| Audience::Group(group).group()),
                ..said
            },
        ))
    }

    /// What no list and no rule knows.
    fn unknown(&self) -> Decision {
        let groups = &self.policy.groups;
        let speaking = groups.with_unknown().intersection(&self.groups);
        if speaking.is_empty() {
            return decision(Verdict::Allow, reason(Step::Unknown));
        }
        let mut best: Option<(Verdict, GroupNo)> = None;
        let heard = || speaking.iter().filter(|group| !groups.overrules(&speaking, *group));
        let verdict_of =
            |group: GroupNo| groups.unknown(group).map_or(Verdict::Allow, |unknown| unknown.verdict());
        for group in heard() {
            let verdict = verdict_of(group);
            if best.is_none_or(|(other, _)| strictness(verdict) > strictness(other)) {
                best = Some((verdict, group));
            }
        }
        let Some((verdict, group)) = best else { return decision(Verdict::Allow, reason(Step::Unknown)) };
        let beside =
            heard().find(|other| *other != group && strictness(verdict_of(*other)) < strictness(verdict));
        decision(
            verdict,
            Reason {
                group: Audience::Group(group).group(),
                beside: beside.and_then(|group| Audience::Group(group).group()),
                ..reason(Step::Unknown)
            },
        )
    }
}

/// Keeps the strictest answer; between equals the one of the first fact, row, category and list.
fn hear(best: &mut Option<(Answer, Reason)>, answer: Option<Answer>, opens: bool, said: Reason) {
    let Some(answer) = answer else { return };
    if !opens && !answer.verdict.is_block() {
        return;
    }
    let order = |answer: &Answer, reason: &Reason| {
        (2 - strictness(answer.verdict), fact_order(reason.fact), answer.row, reason.category, reason.list)
    };
    if best.as_ref().is_none_or(|(other, reason)| order(&answer, &said) < order(other, reason)) {
        *best = Some((answer, said));
    }
}

pub(crate) const fn reason(step: Step) -> Reason {
    Reason { step, rule: RuleRef(0), fact: Fact::None, category: None, list: None, group: None, beside: None }
}

pub(crate) fn decision(verdict: Verdict, reason: Reason) -> Decision {
    let obligations = Obligations { scan: verdict == Verdict::Scan, ..Obligations::default() };
    Decision { verdict, reason, obligations }
}
