//! What somebody is at the school, and which year they are in. Pure.

use serde::{Deserialize, Serialize};

use crate::content::Content;

/// What somebody is at the school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Is taught.
    Pupil,
    /// Works here.
    Staff,
    /// Teaches for a day or a few.
    Supply,
    /// Helps without being paid.
    Volunteer,
    /// Works here for somebody else.
    Contractor,
    /// Learns to teach.
    Trainee,
    /// Is a parent of a pupil, or cares for one.
    Parent,
    /// Is of the governing body.
    Governor,
    /// Is here for a time.
    Visitor,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Pupil,
        Self::Staff,
        Self::Supply,
        Self::Volunteer,
        Self::Contractor,
        Self::Trainee,
        Self::Parent,
        Self::Governor,
        Self::Visitor,
    ];

    /// Its id in content and records.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Pupil => "pupil",
            Self::Staff => "staff",
            Self::Supply => "supply",
            Self::Volunteer => "volunteer",
            Self::Contractor => "contractor",
            Self::Trainee => "trainee",
            Self::Parent => "parent",
            Self::Governor => "governor",
            Self::Visitor => "visitor",
        }
    }

    /// The kind with that id.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        Content::built_in().kind_name(self)
    }

    /// The same in the language that is spoken.
    pub fn said(self) -> String {
        web::speech::say_or(&format!("kind.{}", self.id()), self.name())
    }

    /// The duty that the roll alone gives (`relation = true` in `content/duties.toml`); none where it is given by somebody.
    pub const fn duty(self) -> Option<&'static str> {
        match self {
            Self::Pupil => Some("pupil"),
            Self::Staff | Self::Supply | Self::Trainee => Some("staff"),
            Self::Parent => Some("parent"),
            Self::Volunteer | Self::Contractor | Self::Visitor => Some("visitor"),
            Self::Governor => None,
        }
    }
}

/// A year group: -1 for nursery, 0 for reception, then 1 to 13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct YearGroup(i8);

impl YearGroup {
    /// The year group of that number, where there is one.
    pub fn of_number(number: i64) -> Option<Self> {
        i8::try_from(number).ok().filter(|number| (-1..=13).contains(number)).map(Self)
    }

    /// Its number.
    pub const fn number(self) -> i8 {
        self.0
    }

    /// Its id, as in `year-7`.
    pub fn id(self) -> &'static str {
        Content::built_in().year(self).map_or("", |year| &year.id)
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        Content::built_in().year(self).map_or("", |year| &year.name)
    }

    /// The same in the language that is spoken.
    pub fn said(self) -> String {
        web::speech::say_or(&format!("year.{}", self.id()), self.name())
    }

    /// The id and name of its key stage: worked out, never kept.
    pub fn stage(self) -> Option<(&'static str, &'static str)> {
        let content = Content::built_in();
        let stage = content.year(self).and_then(|year| content.stage(&year.stage))?;
        Some((&stage.id, &stage.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_every_year_has_its_words_and_every_year_its_key_stage() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_id(kind.id()), Some(kind));
            assert!(!kind.name().is_empty(), "{kind:?}");
        }
        for number in -1..=13 {
            let year = YearGroup::of_number(number).unwrap();
            assert!(!year.id().is_empty() && year.stage().is_some(), "{number}");
        }
        assert_eq!(YearGroup::of_number(14), None);
        let stage = |number| YearGroup::of_number(number).unwrap().stage().unwrap().0;
        for (number, id) in [
            (-1, "early-years"),
            (0, "early-years"),
            (1, "key-stage-1"),
            (2, "key-stage-1"),
            (3, "key-stage-2"),
            (6, "key-stage-2"),
            (7, "key-stage-3"),
            (9, "key-stage-3"),
            (10, "key-stage-4"),
            (11, "key-stage-4"),
            (12, "key-stage-5"),
            (13, "key-stage-5"),
        ] {
            assert_eq!(stage(number), id, "{number}");
        }
    }

    #[test]
    fn what_the_roll_gives_is_a_relation_and_no_duty_that_is_given() {
        let duties = crate::duty::Duties::built_in();
        for duty in Kind::ALL.into_iter().filter_map(Kind::duty) {
            assert!(duties.named(duty).is_some_and(|duty| duty.relation), "{duty}");
        }
    }
}
