//! A decision to withhold access, and what one may not be.

use engine::PersonNo;
use kit::Timestamp;

use crate::lasting::{self, Span, State, Withdrawn};

kit::id_kind!(
    /// The id of a decision to withhold access.
    WithheldId, WithheldKind, "withheld"
);

/// How long a decision that was to be reviewed goes on when nobody has: four weeks, in milliseconds. Access that stays
/// away because somebody forgot is not a decision any more.
pub const UNREVIEWED_MS: i64 = 28 * 86_400_000;

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// From whom.
    pub person: PersonNo,
    /// Why. It stays in the records: neither the gate nor the person's pages have it.
    pub reason: String,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when, where that is known.
    pub ends_at: Option<Timestamp>,
    /// When somebody must look at it again.
    pub review_at: Option<Timestamp>,
}

/// Why there is no such decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has no reason, or no end that may be.
    #[error(transparent)]
    Lasting(#[from] lasting::Refused),
    /// It would go on for ever.
    #[error(
        "say when it ends, with --for or --until, or when it is to be looked at again, with --review, as in --review 2026-12-04"
    )]
    NoEnd,
    /// The review would be too late or too early.
    #[error("a review must be after the beginning, after now and before the end")]
    ReviewOutside,
}

impl Decision {
    /// From when until when it holds: to its end; where there is none, to four weeks after the day of its review.
    pub fn span(&self) -> Result<Span, Refused> {
        let unreviewed = self.review_at.map(|review| review.plus_millis(UNREVIEWED_MS));
        let ends_at = self.ends_at.or(unreviewed).ok_or(Refused::NoEnd)?;
        Ok(Span { starts_at: self.starts_at, ends_at })
    }

    /// Whether it may be; from when until when.
    pub fn check(&self, at: Timestamp) -> Result<Span, Refused> {
        let span = self.span()?;
        if self
            .review_at
            .is_some_and(|review| review <= span.starts_at || review <= at || review >= span.ends_at)
        {
            return Err(Refused::ReviewOutside);
        }
        span.check(&self.reason, at)?;
        Ok(span)
    }
}

/// Access that is withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Its id.
    pub id: WithheldId,
    /// Its number, by which decisions of the gate name it; never used twice.
    pub number: u32,
    /// From whom.
    pub person: PersonNo,
    /// Why.
    pub reason: String,
    /// From when until when.
    pub span: Span,
    /// When somebody must look at it again.
    pub review_at: Option<Timestamp>,
    /// Who decided, as the trail writes it.
    pub made_by: String,
    /// When.
    pub created_at: Timestamp,
    /// How it ended before its time.
    pub withdrawn: Option<Withdrawn>,
}

impl Withheld {
    /// As the gate reads it: a number and a person, nothing else.
    pub const fn published(&self) -> engine::live::Withheld {
        engine::live::Withheld {
            number: self.number,
            person: self.person,
            begins_at: Some(self.span.starts_at),
            ends_at: self.span.ends_at,
        }
    }

    /// Where it stands at `at`.
    pub fn state(&self, at: Timestamp) -> State {
        State::of(self.span, self.withdrawn.as_ref(), at)
    }

    /// Whether it holds at `at` and somebody should have looked at it again.
    pub fn review_is_due(&self, at: Timestamp) -> bool {
        self.state(at) == State::Now && self.review_at.is_some_and(|review| review <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn decision() -> Decision {
        Decision {
            person: PersonNo(12),
            reason: "shared a password twice".into(),
            starts_at: moment(1_000),
            ends_at: Some(moment(5_000)),
            review_at: None,
        }
    }

    #[test]
    fn withheld_access_has_a_reason_and_an_end_or_a_review() {
        let at = moment(1_500);
        assert_eq!(decision().check(at).map(|span| span.ends_at), Ok(moment(5_000)));
        let endless = Decision { ends_at: None, ..decision() };
        assert_eq!(endless.check(at), Err(Refused::NoEnd));
        let unexplained = Decision { reason: " ".into(), ..decision() };
        assert_eq!(unexplained.check(at), Err(Refused::Lasting(lasting::Refused::NoReason)));
        for review in [1_000, 1_500, 5_000] {
            let outside = Decision { review_at: Some(moment(review)), ..decision() };
            assert_eq!(outside.check(at), Err(Refused::ReviewOutside), "{review}");
        }
        assert!(Decision { review_at: Some(moment(2_000)), ..decision() }.check(at).is_ok());
    }

    #[test]
    fn a_decision_that_nobody_reviews_is_said_to_be_due_and_ends_four_weeks_later() {
        let open = Decision { ends_at: None, review_at: Some(moment(2_000)), ..decision() };
        let span = open.check(moment(1_500)).unwrap();
        assert_eq!(span.ends_at, moment(2_000 + UNREVIEWED_MS));
        let withheld = Withheld {
            id: kit::Ids::default().make(moment(1)),
            number: 1,
            person: open.person,
            reason: open.reason,
            span,
            review_at: open.review_at,
            made_by: "command-line:1000".into(),
            created_at: moment(1),
            withdrawn: None,
        };
        assert!(!withheld.review_is_due(moment(1_999)) && withheld.review_is_due(moment(2_000)));
        assert_eq!(withheld.state(span.ends_at), State::Over);
        assert!(!withheld.review_is_due(span.ends_at));
    }
}
