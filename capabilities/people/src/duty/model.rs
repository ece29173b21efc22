//! Who holds a duty, from when to when. Pure.

use engine::PersonNo;
use kit::Timestamp;
use web::speech::say;

use super::content::{Duties, Duty, SchoolKind};
use crate::kind::Kind;

kit::id_kind!(
    /// The id of a duty's assignment.
    AssignmentId, AssignmentKind, "duty"
);

/// From when to when somebody holds a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From this moment.
    pub starts_at: Timestamp,
    /// Until this one; without one, until it is ended.
    pub ends_at: Option<Timestamp>,
}

impl Span {
    /// Whether `at` lies in it.
    pub fn holds(self, at: Timestamp) -> bool {
        self.starts_at <= at && self.ends_at.is_none_or(|end| at < end)
    }

    /// Whether the two have a moment in common.
    pub fn meets(self, other: Self) -> bool {
        let begins_before = |one: Self, end: Option<Timestamp>| end.is_none_or(|end| one.starts_at < end);
        begins_before(self, other.ends_at) && begins_before(other, self.ends_at)
    }
}

/// A duty that is to be given to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Giving {
    /// To whom.
    pub person: PersonNo,
    /// The duty's id.
    pub duty: String,
    /// From when to when.
    pub span: Span,
    /// The assignment that it stands in for, as cover or by delegation.
    pub covers: Option<AssignmentId>,
    /// Why, in the giver's words.
    pub reason: String,
}

/// What is wrong with a giving.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// There is no such duty.
    #[error("there is no duty {0:?}; `fivebar duties list` shows them")]
    NoDuty(String),
    /// It is not given.
    #[error("{0} is what the roll says somebody is, so it cannot be given")]
    Relation(String),
    /// A school of this kind has none.
    #[error("a school like this one has no {0}")]
    NotHere(String),
    /// It ends before it starts, or has ended.
    #[error("{}", say("refused.it-must-end-after"))]
    Ends,
    /// Cover without an end is no cover.
    #[error("{}", say("refused.cover-needs-an-end"))]
    CoverWithoutEnd,
    /// Nobody gives themselves what they may do.
    #[error("{}", say("refused.nobody-gives-themselves-a"))]
    Oneself,
    /// The roll says that they are something else.
    #[error("the roll says that they are: {is}. {duty} can be: {can}")]
    Kind {
        /// What they are.
        is: String,
        /// The duty.
        duty: String,
        /// What somebody is who can be given it.
        can: String,
    },
    /// They are too young.
    #[error("the roll says that they are under eighteen, and {0} is for adults")]
    Young(String),
    /// What it stands in for is not there.
    #[error("{}", say("refused.there-is-nothing-that"))]
    NothingToCover,
    /// Nobody stands in for themselves.
    #[error("{}", say("refused.nobody-stands-in-for"))]
    OwnCover,
    /// They hold it in that time already.
    #[error("{}", say("refused.they-hold-that-duty"))]
    HoldsIt,
}

/// What the roll says of whoever is to be given a duty.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ByRoll<'a> {
    /// What they are.
    pub kind: Option<Kind>,
    /// Their date of birth.
    pub born_on: Option<&'a str>,
    /// The school's own day, as in `2026-11-27`.
    pub today: &'a str,
}

impl ByRoll<'_> {
    /// Refuses whom that duty cannot be given to. Whom the roll says nothing of can be given any.
    pub fn fits(&self, duty: &Duty, school: SchoolKind) -> Result<(), Mistake> {
        let name = duty.called_in(school).to_owned();
        if let Some(kind) = self.kind.filter(|kind| !duty.kinds.is_empty() && !duty.kinds.contains(kind)) {
            let can: Vec<&str> = duty.kinds.iter().map(|kind| kind.name()).collect();
            return Err(Mistake::Kind { is: kind.name().to_owned(), duty: name, can: can.join(", ") });
        }
        let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
        if duty.adult
            && let Some((born, today)) = self.born_on.and_then(day).zip(day(self.today))
            && born.saturating_add(jiff::Span::new().years(ADULT)) > today
        {
            return Err(Mistake::Young(name));
        }
        Ok(())
    }
}

/// From how many years on somebody is an adult: Family Law Reform Act 1969, section 1.
const ADULT: i16 = 18;

impl Giving {
    /// The duty, where a school of that kind can give it so.
    pub fn check<'a>(
        &self,
        duties: &'a Duties,
        kind: SchoolKind,
        at: Timestamp,
    ) -> Result<&'a Duty, Mistake> {
        let duty = duties.named(&self.duty).ok_or_else(|| Mistake::NoDuty(self.duty.clone()))?;
        if duty.relation {
            return Err(Mistake::Relation(duty.name.clone()));
        }
        if !duty.is_in(kind) {
            return Err(Mistake::NotHere(duty.name.clone()));
        }
        if self.span.ends_at.is_some_and(|end| end <= self.span.starts_at || end <= at) {
            return Err(Mistake::Ends);
        }
        if self.covers.is_some() && self.span.ends_at.is_none() {
            return Err(Mistake::CoverWithoutEnd);
        }
        Ok(duty)
    }
}

/// A duty that somebody holds, held or will hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// What was given.
    pub given: Giving,
    /// By whom, as the trail writes them.
    pub given_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was ended before its time, and by whom.
    pub ended: Option<(Timestamp, String)>,
}

impl Assignment {
    /// Whether the duty is held at `at`.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.given.span.holds(at) && self.ended.as_ref().is_none_or(|(ended, _)| at < *ended)
    }

    /// When it was or will be over: by itself, or because somebody ended it; nothing where it lasts.
    pub fn over_at(&self) -> Option<Timestamp> {
        let ended = self.ended.as_ref().map(|(ended, _)| *ended);
        [self.given.span.ends_at, ended].into_iter().flatten().min()
    }

    /// Whether the duty is held at `at`, or will be.
    pub fn is_not_over(&self, at: Timestamp) -> bool {
        self.ended.is_none() && self.given.span.ends_at.is_none_or(|end| at < end)
    }
}

/// A duty that a school needs and nobody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap<'a> {
    /// The duty.
    pub duty: &'a Duty,
    /// Since when, where somebody held it before.
    pub since: Option<Timestamp>,
    /// When somebody will hold it, where that is settled.
    pub until: Option<Timestamp>,
}

/// The duties that a school of that kind needs and nobody holds at `at`.
pub fn gaps<'a>(
    duties: &'a Duties,
    kind: SchoolKind,
    assignments: &[Assignment],
    at: Timestamp,
) -> Vec<Gap<'a>> {
    duties
        .given_in(kind)
        .filter(|duty| duty.needed)
        .filter_map(|duty| {
            let mut of_it = assignments.iter().filter(|one| one.given.duty == duty.id);
            if of_it.clone().any(|one| one.holds(at)) {
                return None;
            }
            let since = of_it.clone().filter_map(|one| one.over_at()).filter(|end| *end <= at).max();
            let until = of_it
                .by_ref()
                .filter(|one| one.ended.is_none())
                .map(|one| one.given.span.starts_at)
                .filter(|start| *start > at)
                .min();
            Some(Gap { duty, since, until })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn giving(duty: &str, starts: i64, ends: Option<i64>) -> Giving {
        Giving {
            person: PersonNo(1),
            duty: duty.to_owned(),
            span: Span { starts_at: at(starts), ends_at: ends.map(at) },
            covers: None,
            reason: String::new(),
        }
    }

    fn assignment(duty: &str, starts: i64, ends: Option<i64>, ended: Option<i64>) -> Assignment {
        Assignment {
            id: kit::Ids::default().make(at(1)),
            given: giving(duty, starts, ends),
            given_by: "command-line:0".to_owned(),
            created_at: at(1),
            ended: ended.map(|ended| (at(ended), "person:1".to_owned())),
        }
    }

    #[test]
    fn a_duty_is_held_from_its_start_to_its_end_or_until_it_is_ended() {
        for (starts, ends, ended, when, holds) in [
            (10, None, None, 9, false),
            (10, None, None, 10, true),
            (10, Some(20), None, 19, true),
            (10, Some(20), None, 20, false),
            (10, Some(20), Some(15), 14, true),
            (10, Some(20), Some(15), 15, false),
            (10, None, Some(5), 30, false),
        ] {
            let one = assignment("head", starts, ends, ended);
            assert_eq!(one.holds(at(when)), holds, "{starts} {ends:?} {ended:?} at {when}");
        }
    }

    #[test]
    fn what_cannot_be_given_says_why() {
        let duties = Duties::built_in();
        let kind = SchoolKind::Maintained;
        for (duty, starts, ends, why) in [
            ("dsl", 10, None, None),
            ("queen", 10, None, Some(Mistake::NoDuty("queen".into()))),
            ("pupil", 10, None, Some(Mistake::Relation("Pupil".into()))),
            ("proprietor", 10, None, Some(Mistake::NotHere("Proprietor".into()))),
            ("dsl", 10, Some(10), Some(Mistake::Ends)),
            ("dsl", 1, Some(4), Some(Mistake::Ends)),
        ] {
            assert_eq!(giving(duty, starts, ends).check(duties, kind, at(5)).err(), why, "{duty}");
        }
        let cover = Giving { covers: Some(kit::Ids::default().make(at(1))), ..giving("dsl", 10, None) };
        assert_eq!(cover.check(duties, kind, at(5)).err(), Some(Mistake::CoverWithoutEnd));
    }

    #[test]
    fn what_somebody_is_and_how_old_decides_what_they_can_be_given() {
        let duties = Duties::built_in();
        let fits = |duty: &str, kind, born_on| {
            let by = ByRoll { kind, born_on, today: "2026-11-27" };
            by.fits(duties.named(duty).unwrap(), SchoolKind::Maintained).map_err(|error| error.to_string())
        };
        for (duty, kind, born) in [
            ("dsl", None, None),
            ("dsl", Some(Kind::Staff), None),
            ("dsl", Some(Kind::Staff), Some("2008-11-27")),
            ("chair", Some(Kind::Parent), None),
            ("digital-leader", Some(Kind::Pupil), Some("2015-03-02")),
        ] {
            assert_eq!(fits(duty, kind, born), Ok(()), "{duty} {kind:?} {born:?}");
        }
        for (duty, kind, born, says) in [
            ("dsl", Some(Kind::Pupil), None, "Pupil. Designated safeguarding lead can be: Staff"),
            ("dsl", Some(Kind::Parent), None, "can be: Staff"),
            ("teacher", Some(Kind::Visitor), None, "Staff, Supply staff, Trainee"),
            ("dsl", Some(Kind::Staff), Some("2008-11-28"), "under eighteen"),
            ("network-manager", None, Some("2011-01-01"), "under eighteen"),
            ("digital-leader", Some(Kind::Staff), None, "can be: Pupil"),
        ] {
            let said = fits(duty, kind, born).unwrap_err();
            assert!(said.contains(says), "{duty} {kind:?}: {said}");
        }
    }

    #[test]
    fn a_needed_duty_that_nobody_holds_is_a_gap() {
        let duties = Duties::built_in();
        let all = |assignments: &[Assignment]| {
            let gaps = gaps(duties, SchoolKind::Maintained, assignments, at(100));
            gaps.into_iter().map(|gap| (gap.duty.id.clone(), gap.since, gap.until)).collect::<Vec<_>>()
        };
        assert!(all(&[]).contains(&("head".into(), None, None)));
        assert!(!all(&[]).iter().any(|(id, ..)| id == "teacher"), "not every duty is needed");
        assert!(!all(&[assignment("head", 1, None, None)]).iter().any(|(id, ..)| id == "head"));
        let between = [
            assignment("head", 1, Some(50), None),
            assignment("head", 1, Some(90), Some(60)),
            assignment("head", 200, None, None),
        ];
        assert!(all(&between).contains(&("head".into(), Some(at(60)), Some(at(200)))));
    }

    /// The row "Who leads" of the two policies: several people with a duty each, or few with several.
    #[test]
    fn a_co_ordinator_leads_beside_the_safeguarding_lead_or_one_person_is_both() {
        let duties = Duties::built_in();
        let others = ["head", "deputy-dsl", "network-manager", "data-protection-officer"];
        let by = |person: u32, duty: &str| {
            let mut one = assignment(duty, 1, None, None);
            one.given.person = PersonNo(person);
            one
        };
        let separate = [(1, "dsl"), (2, "online-safety-lead"), (3, "online-safety-governor"), (4, "chair")];
        // The deputy head leads with the safeguarding lead, and the chair is the governor who leads.
        let together = [
            (1, "dsl"),
            (1, "online-safety-lead"),
            (5, "leader"),
            (5, "online-safety-lead"),
            (4, "online-safety-governor"),
            (4, "chair"),
        ];
        for held in [&separate[..], &together[..]] {
            let mut all: Vec<_> = others.iter().map(|duty| by(9, duty)).collect();
            all.extend(held.iter().map(|(person, duty)| by(*person, duty)));
            for one in &all {
                assert_eq!(one.given.check(duties, SchoolKind::Maintained, at(5)).err(), None);
            }
            assert_eq!(gaps(duties, SchoolKind::Maintained, &all, at(5)), []);
            // Whichever way it is, a duty that is left is said to be.
            all.retain(|one| one.given.duty != "online-safety-lead");
            let left = gaps(duties, SchoolKind::Maintained, &all, at(5));
            assert_eq!(
                left.iter().map(|gap| gap.duty.id.as_str()).collect::<Vec<_>>(),
                ["online-safety-lead"]
            );
        }
    }
}
