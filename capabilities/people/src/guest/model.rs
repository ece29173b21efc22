//! Guests and lanyards. Pure.

use std::collections::BTreeSet;

use engine::PersonNo;
use jiff::civil::Date;
use kit::{Private, Timestamp, Zone};
use web::speech::say;

use crate::by_age::ByAge;
use crate::kind::Kind;

kit::id_kind!(
    /// The id of a guest's stay.
    GuestId, GuestKind, "guest"
);
kit::id_kind!(
    /// The id of a lanyard.
    LanyardId, LanyardKind, "lanyard"
);

/// Whoever can be a guest.
pub const KINDS: [Kind; 5] = [Kind::Supply, Kind::Trainee, Kind::Visitor, Kind::Volunteer, Kind::Contractor];

/// A guest who is to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Giving {
    /// Their name.
    pub name: Private<String>,
    /// What they are.
    pub kind: Option<Kind>,
    /// Who answers for them.
    pub sponsor: PersonNo,
    /// Who looks after them while they are here.
    pub supervisor: PersonNo,
    /// What for.
    pub aim: String,
    /// Their first day and their last.
    pub days: (Date, Date),
    /// The groups of the filter that they teach, by id; none for whoever teaches nobody.
    pub classes: BTreeSet<String>,
}

/// What is wrong with a giving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It has no name.
    #[error("{}", say("refused.enter-their-name-up"))]
    Name,
    /// It has no kind.
    #[error("{}", say("refused.choose-what-they-are"))]
    Kind,
    /// It has no aim.
    #[error("{}", say("refused.enter-what-they-are"))]
    Aim,
    /// It ends before it starts, or is over.
    #[error("{}", say("refused.the-last-day-is"))]
    Days,
    /// It is longer than a guest stays.
    #[error("A guest stays for {0} days at most. Whoever stays longer comes on the roll")]
    TooLong(i32),
    /// With a lanyard, it is longer than one holds.
    #[error("A lanyard holds for {0} days at most. Give another for the days after")]
    LanyardTooLong(i32),
    /// Only teachers have classes.
    #[error("{}", say("refused.only-supply-and-trainee"))]
    Classes,
}

impl Giving {
    /// From when until when, where it can be given so.
    pub fn check(&self, zone: &Zone, at: Timestamp) -> Result<(Kind, Timestamp, Timestamp), Mistake> {
        let fits = |text: &str, most: usize| !text.is_empty() && text.chars().count() <= most;
        if !fits(self.name.reveal(), 100) {
            return Err(Mistake::Name);
        }
        let kind = self.kind.filter(|kind| KINDS.contains(kind)).ok_or(Mistake::Kind)?;
        if !fits(&self.aim, 200) {
            return Err(Mistake::Aim);
        }
        let teaches = matches!(kind, Kind::Supply | Kind::Trainee);
        if !self.classes.is_empty() && !teaches {
            return Err(Mistake::Classes);
        }
        let (first, last) = self.days;
        let midnight = |date: Date| zone.moment(date.at(0, 0, 0, 0));
        let after = last.tomorrow().map_err(|_| Mistake::Days)?;
        let (starts_at, ends_at) = (midnight(first).max(at), midnight(after));
        if last < first || ends_at <= starts_at {
            return Err(Mistake::Days);
        }
        let days = i64::from((last - first).get_days()) + 1;
        let guests = ByAge::built_in().guests();
        if days > guests.longest_days.into() {
            return Err(Mistake::TooLong(guests.longest_days));
        }
        if !self.classes.is_empty() && days > guests.lanyard_days.into() {
            return Err(Mistake::LanyardTooLong(guests.lanyard_days));
        }
        Ok((kind, starts_at, ends_at))
    }
}

/// A guest.
#[derive(Debug, Clone)]
pub struct Guest {
    /// The id of their stay.
    pub id: GuestId,
    /// Who they are.
    pub person: PersonNo,
    /// Who answers for them.
    pub sponsor: PersonNo,
    /// Who looks after them.
    pub supervisor: PersonNo,
    /// What for.
    pub aim: String,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// When it was ended before its time.
    pub ended_at: Option<Timestamp>,
}

impl Guest {
    /// Whether they are a guest at `at`.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.starts_at <= at && !self.is_over(at)
    }

    /// Whether it is over.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.ends_at <= at || self.ended_at.is_some()
    }
}

/// A lanyard that was not taken back, as it is kept.
#[derive(Debug, Clone)]
pub struct Lanyard {
    /// Its id.
    pub id: LanyardId,
    /// Whose.
    pub guest: Guest,
    /// The keyed hash of the number that goes with it.
    pub pin: Private<String>,
    /// The groups it is for, by id.
    pub classes: BTreeSet<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 23 November 2026, 09:00 in London.
    const MONDAY: Timestamp = Timestamp::from_millis(1_795_424_400_000);

    fn giving(kind: Kind, first: &str, last: &str, classes: &[&str]) -> Giving {
        Giving {
            name: Private::new("Sam Example".into()),
            kind: Some(kind),
            sponsor: PersonNo(1),
            supervisor: PersonNo(2),
            aim: "Covers Year 5".into(),
            days: (first.parse().unwrap(), last.parse().unwrap()),
            classes: classes.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    #[test]
    fn a_guest_has_a_first_and_a_last_day_and_ends_with_it() {
        let zone = Zone::named("Europe/London").unwrap();
        for (kind, first, last, classes, wrong) in [
            (Kind::Supply, "2026-11-23", "2026-11-23", &["year-5"][..], None),
            (Kind::Supply, "2026-11-23", "2026-11-27", &["year-5"], None),
            (Kind::Supply, "2026-11-23", "2026-11-28", &["year-5"], Some(Mistake::LanyardTooLong(5))),
            (Kind::Supply, "2026-11-23", "2026-12-23", &[], None),
            (Kind::Visitor, "2026-11-23", "2026-11-23", &["year-5"], Some(Mistake::Classes)),
            (Kind::Visitor, "2026-11-23", "2028-11-23", &[], Some(Mistake::TooLong(200))),
            (Kind::Visitor, "2026-11-24", "2026-11-23", &[], Some(Mistake::Days)),
            (Kind::Visitor, "2026-11-20", "2026-11-22", &[], Some(Mistake::Days)),
            (Kind::Visitor, "2026-11-20", "2026-11-23", &[], None),
            (Kind::Pupil, "2026-11-23", "2026-11-23", &[], Some(Mistake::Kind)),
        ] {
            let checked = giving(kind, first, last, classes).check(&zone, MONDAY);
            assert_eq!(checked.err(), wrong, "{kind:?} {first} {last} {classes:?}");
        }
        let (_, starts_at, ends_at) =
            giving(Kind::Visitor, "2026-11-20", "2026-11-23", &[]).check(&zone, MONDAY).unwrap();
        assert_eq!(
            (starts_at, ends_at.as_millis() - MONDAY.as_millis()),
            (MONDAY, 15 * 3_600_000),
            "midnight in London"
        );
        let (_, starts_at, _) =
            giving(Kind::Visitor, "2026-11-24", "2026-11-24", &[]).check(&zone, MONDAY).unwrap();
        assert_eq!(starts_at, ends_at);
    }
}
