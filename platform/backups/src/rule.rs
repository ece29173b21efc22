//! What a school wants of its back-ups, and what is owed of it. Pure.

use std::sync::Arc;

use kit::{Timestamp, Zone};

use crate::keep::Keep;
use crate::kept::{Drill, Problem};
use crate::schedule::Wanted;

/// What a school wants, as `[backup]` in `fivebar.toml` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// When one is made by itself; never where there is none.
    pub wanted: Option<Wanted>,
    /// Which old ones stay.
    pub keep: Keep,
    /// How many days may lie between drills.
    pub drill_every_days: u16,
    /// Where they lie, in words.
    pub place: String,
    /// Whether they are encrypted to somebody, whose identity a whole drill needs.
    pub encrypted: bool,
}

/// What is known of how it goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// When the newest was made that is still there.
    pub last_made: Option<Timestamp>,
    /// Why the last could not be made, or an old one not removed.
    pub problem: Option<Problem>,
    /// The newest drill that restored one whole.
    pub restored: Option<Drill>,
    /// The newest drill of any kind.
    pub drilled: Option<Drill>,
}

/// What is owed to the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owed {
    /// The last could not be made, or could not be made good.
    Failed(Problem),
    /// One is owed since then, and nobody made it.
    Late(Timestamp),
    /// The newest drill found something wrong.
    DrillFailed(Drill),
    /// No back-up was restored to try it for too long; since when, where one ever was.
    DrillDue(Option<Timestamp>),
    /// The new ones are made, and something beside them went wrong.
    Beside(Problem),
}

/// A back-up that is owed for an hour is late: whatever was to make it does not run.
const LATE_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

impl Rule {
    /// What is owed, the worst first.
    pub fn owed(&self, known: &Known, zone: &Zone, at: Timestamp) -> Vec<Owed> {
        let mut owed = Vec::new();
        match &known.problem {
            Some(problem) if problem.no_backup => owed.push(Owed::Failed(problem.clone())),
            Some(problem) => owed.push(Owed::Beside(problem.clone())),
            None => {}
        }
        let since = self.wanted.as_ref().and_then(|wanted| wanted.owed_since(known.last_made, zone, at));
        if let Some(since) = since.filter(|since| since.plus_millis(LATE_MS) <= at)
            && !known.problem.as_ref().is_some_and(|problem| problem.no_backup)
        {
            owed.push(Owed::Late(since));
        }
        if let Some(drill) = known.drilled.as_ref().filter(|drill| !drill.passed) {
            owed.push(Owed::DrillFailed(drill.clone()));
        } else if self.drill_is_due(known, at) && known.last_made.is_some() {
            owed.push(Owed::DrillDue(known.restored.as_ref().map(|drill| drill.at)));
        }
        owed
    }

    /// Whether it is time to restore one to try it.
    pub fn drill_is_due(&self, known: &Known, at: Timestamp) -> bool {
        is_older(known.restored.as_ref(), self.drill_every_days, at)
    }

    /// Whether it is time for what a machine can do by itself where nobody's identity is at hand: read the newest whole, and see whether
    /// it still is what was put there.
    pub fn look_is_due(&self, known: &Known, at: Timestamp) -> bool {
        // As often as drills at the least, and once a month.
        is_older(known.drilled.as_ref(), self.drill_every_days.min(30), at)
    }
}

fn is_older(drill: Option<&Drill>, days: u16, at: Timestamp) -> bool {
    let span = i64::from(days.max(1)) * DAY_MS;
    drill.is_none_or(|drill| drill.at > at || at >= drill.at.plus_millis(span))
}

/// What pages and commands are told beside the records.
#[derive(Clone)]
pub struct Watching {
    /// What the school wants; nothing where it has no such rule.
    pub rule: Option<Rule>,
    /// What is being done just now.
    pub now: Arc<dyn Fn() -> Option<String> + Send + Sync>,
}

impl Default for Watching {
    fn default() -> Self {
        Self { rule: None, now: Arc::new(|| None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::Depth;
    use crate::schedule::weekday_of;

    fn rule() -> Rule {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
        Rule {
            wanted: Some(Wanted {
                from_minute: 150,
                days: days.iter().filter_map(|day| weekday_of(day)).collect(),
            }),
            keep: Keep::default(),
            drill_every_days: 90,
            place: "/srv/disk".to_owned(),
            encrypted: true,
        }
    }

    fn drill(at: Timestamp, passed: bool) -> Drill {
        Drill {
            number: 1,
            at,
            run_by: "job:back-ups".to_owned(),
            backup: "x".to_owned(),
            depth: Depth::Restored,
            passed,
            took_ms: 1,
            says: String::new(),
        }
    }

    #[test]
    fn what_is_owed_is_said_and_what_is_well_is_not() {
        let (zone, at) = (Zone::utc(), Timestamp::parse("2026-06-03T12:00:00Z").unwrap());
        let ago = |hours: i64| at.plus_millis(-hours * 3_600_000);
        let well = Known {
            last_made: Some(ago(9)),
            problem: None,
            restored: Some(drill(ago(24), true)),
            drilled: Some(drill(ago(24), true)),
        };
        assert_eq!(rule().owed(&well, &zone, at), []);
        let late = Known { last_made: Some(ago(30)), ..well.clone() };
        assert!(matches!(rule().owed(&late, &zone, at)[..], [Owed::Late(_)]));
        assert_eq!(rule().owed(&late, &zone, Timestamp::parse("2026-06-03T03:00:00Z").unwrap()), []);
        let problem = |no_backup| Some(Problem { at, why: "full".to_owned(), no_backup });
        let failed = Known { problem: problem(true), ..late };
        assert!(matches!(rule().owed(&failed, &zone, at)[..], [Owed::Failed(_)]), "said once");
        let beside = Known { problem: problem(false), ..well.clone() };
        assert!(matches!(rule().owed(&beside, &zone, at)[..], [Owed::Beside(_)]));
        let undrilled = Known { restored: None, ..well.clone() };
        assert_eq!(rule().owed(&undrilled, &zone, at), [Owed::DrillDue(None)]);
        let old = Known { restored: Some(drill(ago(24 * 91), true)), ..well.clone() };
        assert!(matches!(rule().owed(&old, &zone, at)[..], [Owed::DrillDue(Some(_))]));
        let bad = Known { drilled: Some(drill(ago(1), false)), ..well };
        assert!(matches!(rule().owed(&bad, &zone, at)[..], [Owed::DrillFailed(_)]));
        let none_yet = Known::default();
        assert!(
            matches!(rule().owed(&none_yet, &zone, at)[..], [Owed::Late(_)]),
            "no drill of what is not there"
        );
    }
}
