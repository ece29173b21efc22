//! A time in which the filter observes only, and what one may not be.

use engine::{FilterPolicy, Live};
use kit::{Timestamp, Zone};

use crate::lasting::{self, Span, State, Withdrawn};

kit::id_kind!(
    /// The id of a time in which the filter observes only.
    ObservingId, ObservingKind, "observing"
);

/// The longest that the filter may observe only, in milliseconds: ninety days. Whoever needs longer says so again, and
/// that stands in the trail.
pub const LONGEST_MS: i64 = 90 * 86_400_000;

/// So long before the end everybody who looks after the filter is told that it comes: a week, in milliseconds.
pub const NEAR_MS: i64 = 7 * 86_400_000;

/// What is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Why, and which other filter stands meanwhile.
    pub reason: String,
    /// From when until when.
    pub span: Span,
}

/// Why there is no such time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has no reason, or no end that may be.
    #[error(transparent)]
    Lasting(#[from] lasting::Refused),
    /// A filter that never refuses is none.
    #[error(
        "the filter may observe only for 90 days at most; give an end within that time, and another one then if it must be"
    )]
    TooLong,
}

impl Plan {
    /// Whether it may be.
    pub fn check(&self, at: Timestamp) -> Result<(), Refused> {
        self.span.check(&self.reason, at)?;
        if self.span.ends_at.as_millis().saturating_sub(at.as_millis()) > LONGEST_MS {
            return Err(Refused::TooLong);
        }
        Ok(())
    }
}

/// A time in which the filter observes only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observing {
    /// Its id.
    pub id: ObservingId,
    /// Its number; never used twice.
    pub number: u32,
    /// Why.
    pub reason: String,
    /// From when until when.
    pub span: Span,
    /// Who decided, as the trail writes it.
    pub made_by: String,
    /// When.
    pub created_at: Timestamp,
    /// How it ended before its time.
    pub withdrawn: Option<Withdrawn>,
}

impl Observing {
    /// As the gate reads it.
    pub const fn published(&self) -> engine::live::Observing {
        engine::live::Observing {
            number: self.number,
            begins_at: Some(self.span.starts_at),
            ends_at: self.span.ends_at,
        }
    }

    /// Where it stands at `at`.
    pub fn state(&self, at: Timestamp) -> State {
        State::of(self.span, self.withdrawn.as_ref(), at)
    }
}

/// What must be said wherever somebody may think that the filter refuses; nothing while it does.
pub fn notice(policy: &FilterPolicy, live: &Live, at: Timestamp) -> Option<String> {
    let until = live.observing(at)?.ends_at;
    let zone = Zone::named(&policy.document().calendar.zone).unwrap_or_else(|_| Zone::utc());
    Some(words(until, at, &zone))
}

/// The same where the end is known.
pub fn words(until: Timestamp, at: Timestamp, zone: &Zone) -> String {
    let shown = zone.local(until).civil().strftime("%Y-%m-%d %H:%M");
    let left = until.as_millis().saturating_sub(at.as_millis());
    let near = if left <= NEAR_MS {
        let days = u64::try_from(left).unwrap_or(0).div_ceil(86_400_000);
        let days = if days == 1 { "a day".to_owned() } else { format!("{days} days") };
        format!(" In {days} or less it begins to refuse.")
    } else {
        String::new()
    };
    format!(
        "OBSERVES ONLY until {shown}: nothing but illegal content is refused here. What the rules close is let through and \
         noted down, so another filter must do the filtering until then.{near}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn moment(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn plan(days: i64) -> Plan {
        let span = Span { starts_at: moment(0), ends_at: moment(days * DAY_MS) };
        Plan { reason: "Beside the county's filter until the contract ends".into(), span }
    }

    #[test]
    fn observing_only_has_a_reason_and_an_end_within_ninety_days() {
        assert_eq!(plan(90).check(moment(0)), Ok(()));
        assert_eq!(plan(91).check(moment(0)), Err(Refused::TooLong));
        assert_eq!(plan(91).check(moment(DAY_MS)), Ok(()), "from now on");
        let unexplained = Plan { reason: " ".into(), ..plan(1) };
        assert_eq!(unexplained.check(moment(0)), Err(Refused::Lasting(lasting::Refused::NoReason)));
        let over = plan(1).check(moment(DAY_MS));
        assert_eq!(over, Err(Refused::Lasting(lasting::Refused::OverBeforeItBegins)));
    }

    #[test]
    fn the_notice_says_until_when_and_in_the_last_week_that_the_end_comes() {
        let zone = Zone::named("Europe/London").unwrap();
        let until = Timestamp::parse("2026-07-10T15:00:00Z").unwrap();
        let said = |days: i64| words(until, until.plus_millis(-days * DAY_MS), &zone);
        assert!(said(8).contains("OBSERVES ONLY until 2026-07-10 16:00"), "{}", said(8));
        assert!(!said(8).contains("begins to refuse"));
        assert!(said(7).contains("In 7 days or less it begins to refuse."), "{}", said(7));
        assert!(said(1).contains("In a day or less"), "{}", said(1));
    }
}
