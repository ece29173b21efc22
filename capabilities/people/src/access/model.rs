//! What a review is, and when one is due. Pure.

use engine::PersonNo;
use kit::{Private, Timestamp};
use serde::{Deserialize, Serialize};

/// What comes of looking at somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays as it is.
    Keep,
    /// Somebody must change something of it.
    Change,
    /// What they hold ends.
    End,
}

impl Verdict {
    /// All.
    pub const ALL: [Self; 3] = [Self::Keep, Self::Change, Self::End];

    /// Its id in the records and in forms.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Change => "change",
            Self::End => "end",
        }
    }

    /// The one with that id.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.id() == id)
    }
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Its number.
    pub number: i64,
    /// When it began, and by whom, as the trail writes them.
    pub began: (Timestamp, String),
    /// When it ended, and by whom.
    pub ended: Option<(Timestamp, String)>,
}

/// A duty that somebody held when they were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its id.
    pub duty: String,
    /// Since when, in milliseconds.
    pub since_ms: i64,
    /// Until when, where that is settled.
    pub until_ms: Option<i64>,
    /// Whether they stand in for another.
    pub covers: bool,
}

/// How somebody signed in when they were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignedIn {
    /// They do not.
    #[default]
    No,
    /// They can, and never did.
    Never,
    /// They last did then, in milliseconds.
    At(i64),
}

/// What was looked at of somebody: kept as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Their duties.
    pub duties: Vec<Held>,
    /// How they sign in.
    pub signed_in: SignedIn,
    /// How many devices are theirs.
    pub devices: usize,
}

/// What was decided about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whom it is about.
    pub person: PersonNo,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: Private<String>,
    /// What was looked at.
    pub seen: Seen,
    /// By whom, as the trail writes them.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// How far a review has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Whom nobody has looked at, by number.
    pub left: Vec<PersonNo>,
    /// What was decided so far.
    pub lines: Vec<Line>,
    /// How many pupils sign in and hold no duty: none of them may do more than another, and nobody looks at them one by one.
    pub pupils: usize,
}

impl Progress {
    /// Who comes after somebody, of those whom `by` may look at: everybody but themselves.
    pub fn next(&self, after: Option<PersonNo>, by: PersonNo) -> Option<PersonNo> {
        let others = || self.left.iter().copied().filter(move |one| *one != by);
        others().find(|one| after.is_none_or(|after| *one > after)).or_else(|| others().next())
    }
}

/// How it stands with reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// One goes on, with so many to look at.
    GoesOn(i64, usize),
    /// One should have been done by then.
    Overdue(Timestamp),
    /// The next is due then.
    On(Timestamp),
    /// Nobody holds anything that could be reviewed.
    Nothing,
}

const DAY_MS: i64 = 86_400_000;

/// When the next review is due: so long after the last one ended, or after the first duty was given where there was none.
pub fn due(last_ended: Option<Timestamp>, first_given: Option<Timestamp>, days: u16, at: Timestamp) -> Due {
    let Some(since) = last_ended.or(first_given) else { return Due::Nothing };
    let on = since.plus_millis(i64::from(days) * DAY_MS);
    if at >= on { Due::Overdue(on) } else { Due::On(on) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_due_a_term_after_the_last_or_after_the_first_duty() {
        let at = |days: i64| Timestamp::from_millis(days * DAY_MS);
        assert_eq!(due(None, None, 130, at(500)), Due::Nothing);
        assert_eq!(due(None, Some(at(0)), 130, at(129)), Due::On(at(130)));
        assert_eq!(due(None, Some(at(0)), 130, at(130)), Due::Overdue(at(130)));
        assert_eq!(due(Some(at(100)), Some(at(0)), 130, at(200)), Due::On(at(230)));
    }

    #[test]
    fn whoever_reviews_goes_from_one_to_the_next_and_never_to_themselves() {
        let progress = |left: &[u32]| Progress {
            left: left.iter().copied().map(PersonNo).collect(),
            lines: Vec::new(),
            pupils: 0,
        };
        let next = |left: &[u32], after: Option<u32>| {
            progress(left).next(after.map(PersonNo), PersonNo(2)).map(|one| one.0)
        };
        assert_eq!(next(&[1, 2, 3], None), Some(1));
        assert_eq!(next(&[2, 3], Some(1)), Some(3));
        assert_eq!(next(&[1, 2], Some(3)), Some(1), "who was left out comes again");
        assert_eq!(next(&[2], Some(1)), None);
    }
}
