//! An emergency opening and what is said of it. Pure.

use kit::{Actor, Timestamp};

use crate::approval::{Approval, ApprovalId, NotYourOwn, State};

kit::id_kind!(
    /// The id of what one person opened alone.
    EmergencyId, EmergencyKind, "emergency"
);

/// The longest that it holds.
pub const LONGEST_MS: i64 = 24 * 3_600_000;

/// What somebody else makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was right, and ends when it ends.
    Right,
    /// It is ended before its time.
    Ended,
    /// They agree, as the ordinary second person, to what was proposed.
    Agreed,
}

impl Verdict {
    /// All.
    pub const ALL: [Self; 3] = [Self::Right, Self::Ended, Self::Agreed];

    /// The word in rows and forms.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Ended => "ended",
            Self::Agreed => "agreed",
        }
    }

    /// The one with that word.
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.id() == id)
    }
}

/// What somebody else said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Who, as the trail writes them.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What they made of it.
    pub verdict: Verdict,
    /// What they said.
    pub words: String,
}

/// What one person opened alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// Its id.
    pub id: EmergencyId,
    /// The proposal that it carries out before anybody agreed.
    pub approval: ApprovalId,
    /// The kind of change, as of the proposal.
    pub kind: String,
    /// What is changed, as of the proposal.
    pub subject: String,
    /// What was made, by whoever carries it out: an id that says nothing about a person.
    pub made: String,
    /// Why it could not wait.
    pub reason: String,
    /// Who opened it, as the trail writes them.
    pub opened_by: String,
    /// When.
    pub opened_at: Timestamp,
    /// When it ends by itself.
    pub ends_at: Timestamp,
    /// What somebody else said of it.
    pub reviewed: Option<Review>,
}

/// Why it cannot be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Only whoever proposed it opens it alone.
    #[error("only whoever proposed this can open it alone; you can agree to it")]
    NotTheirs,
    /// The proposal has an answer, or its time is over.
    #[error("what was proposed waits for nobody any more; propose it again")]
    NotWaiting,
    /// Somebody could not say later why.
    #[error("say why it cannot wait, for whoever looks at this")]
    NoReason,
    /// Nobody looks at what they opened themselves.
    #[error(transparent)]
    NotYourOwn(#[from] NotYourOwn),
    /// Somebody has looked at it.
    #[error("somebody has looked at this already")]
    Reviewed,
    /// Whoever looks back must know why.
    #[error("say what you found, for whoever looks back at this")]
    NoWords,
}

/// When what is opened alone now ends: a day from now, or when the proposal would end if that is sooner. Whoever may not is told why.
pub(super) fn may_open(
    approval: &Approval,
    by: &Actor,
    reason: &str,
    would_end: Timestamp,
    at: Timestamp,
) -> Result<Timestamp, Refused> {
    if approval.state != State::Waiting || at >= approval.lapses_at || at >= would_end {
        return Err(Refused::NotWaiting);
    }
    if approval.proposed_by != by.to_string() {
        return Err(Refused::NotTheirs);
    }
    if reason.trim().is_empty() {
        return Err(Refused::NoReason);
    }
    Ok(at.plus_millis(LONGEST_MS).min(would_end))
}

impl Emergency {
    /// Somebody else has looked at it.
    pub fn review(self, by: &Actor, verdict: Verdict, words: &str, at: Timestamp) -> Result<Self, Refused> {
        if self.opened_by == by.to_string() {
            return Err(NotYourOwn.into());
        }
        if self.reviewed.is_some() {
            return Err(Refused::Reviewed);
        }
        let words = words.trim();
        if words.is_empty() {
            return Err(Refused::NoWords);
        }
        let review = Review { by: by.to_string(), at, verdict, words: words.to_owned() };
        Ok(Self { reviewed: Some(review), ..self })
    }

    /// Whether it still holds by the clock.
    pub fn holds(&self, at: Timestamp) -> bool {
        at < self.ends_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn approval(state: State) -> Approval {
        Approval {
            id: kit::Ids::default().make(at(1)),
            kind: "request.approve".to_owned(),
            subject: "site-request_1".to_owned(),
            terms: serde_json::json!({}),
            reason: "low".to_owned(),
            proposed_by: Actor::Person(1).to_string(),
            proposed_at: at(10),
            lapses_at: at(10 * LONGEST_MS),
            state,
        }
    }

    #[test]
    fn whoever_proposed_it_opens_it_alone_for_a_day_at_most() {
        let (own, other) = (Actor::Person(1), Actor::Person(2));
        let far = at(9 * LONGEST_MS);
        let waiting = || approval(State::Waiting);
        assert_eq!(may_open(&waiting(), &own, "A visitor waits.", far, at(20)), Ok(at(20 + LONGEST_MS)));
        assert_eq!(may_open(&waiting(), &own, "A visitor waits.", at(50), at(20)), Ok(at(50)));
        for (approval, by, reason, would_end, when, why) in [
            (waiting(), &other, "x", far, 20, Refused::NotTheirs),
            (waiting(), &own, "  ", far, 20, Refused::NoReason),
            (waiting(), &own, "x", at(20), 20, Refused::NotWaiting),
            (waiting(), &own, "x", at(20 * LONGEST_MS), 10 * LONGEST_MS, Refused::NotWaiting),
            (approval(State::Withdrawn { at: at(15) }), &own, "x", far, 20, Refused::NotWaiting),
        ] {
            assert_eq!(may_open(&approval, by, reason, would_end, at(when)), Err(why), "{reason}");
        }
    }

    #[test]
    fn nobody_looks_at_what_they_opened_themselves_and_it_is_looked_at_once() {
        let emergency = Emergency {
            id: kit::Ids::default().make(at(1)),
            approval: kit::Ids::default().make(at(1)),
            kind: "request.approve".to_owned(),
            subject: "site-request_1".to_owned(),
            made: "1".to_owned(),
            reason: "x".to_owned(),
            opened_by: Actor::Person(1).to_string(),
            opened_at: at(20),
            ends_at: at(50),
            reviewed: None,
        };
        let review = |by: u32, words: &str| {
            emergency.clone().review(&Actor::Person(by), Verdict::Right, words, at(30))
        };
        assert_eq!(review(1, "fine"), Err(Refused::NotYourOwn(NotYourOwn)));
        assert_eq!(review(2, " "), Err(Refused::NoWords));
        let reviewed = review(2, "fine").unwrap();
        let again = reviewed.review(&Actor::Person(3), Verdict::Ended, "no", at(31));
        assert_eq!(again, Err(Refused::Reviewed));
        assert!(emergency.holds(at(49)) && !emergency.holds(at(50)));
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::of(verdict.id()), Some(verdict));
        }
    }
}
