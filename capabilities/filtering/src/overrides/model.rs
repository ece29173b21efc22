//! An override, and what one may not be.

use std::fmt;
use std::str::FromStr;

use engine::PersonNo;
use engine::document::target::{Target, TargetText};
use engine::document::{EVERYONE, Effect};
use kit::Timestamp;

use crate::site_request::SiteRequestId;

kit::id_kind!(
    /// The id of an override.
    OverrideId, OverrideKind, "override"
);

/// The longest an override may last, in milliseconds: a year and a day. What lasts longer is a rule of the policy.
pub const LONGEST_MS: i64 = 366 * 86_400_000;

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Whom {
    /// One person.
    Person(PersonNo),
    /// A group of the policy, by its id.
    Group(String),
    /// Everyone.
    Everyone,
}

impl Whom {
    /// The kind and the id, as rows hold them.
    pub fn parts(&self) -> (&'static str, String) {
        match self {
            Self::Person(number) => ("person", number.0.to_string()),
            Self::Group(id) => ("group", id.clone()),
            Self::Everyone => (EVERYONE, String::new()),
        }
    }

    /// Back from the kind and the id.
    pub fn of(kind: &str, id: &str) -> Option<Self> {
        Some(match kind {
            "person" => Self::Person(PersonNo(id.parse().ok()?)),
            "group" if !id.is_empty() => Self::Group(id.to_owned()),
            EVERYONE => Self::Everyone,
            _ => return None,
        })
    }
}

/// `person:12`, `group:year-9`, `everyone`.
impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str(EVERYONE),
            other => {
                let (kind, id) = other.parts();
                write!(f, "{kind}:{id}")
            }
        }
    }
}

/// The text says nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write person:12, group:year-9 or everyone")]
pub struct NotWhom;

impl FromStr for Whom {
    type Err = NotWhom;

    fn from_str(text: &str) -> Result<Self, NotWhom> {
        let (kind, id) = text.split_once(':').unwrap_or((text, ""));
        Self::of(kind, id).ok_or(NotWhom)
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Grant {
    /// For whom.
    pub whom: Whom,
    /// Whether it opens or closes.
    pub effect: Effect,
    /// The site, with everything below it, as a rule of the policy writes it.
    pub target: String,
    /// Why.
    pub reason: String,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// The request it answers.
    pub request: Option<SiteRequestId>,
}

/// Why there is no such override.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody could say later why it was made.
    #[error("an override needs a reason")]
    NoReason,
    /// It would never hold.
    #[error("an override must end after it begins, and after now")]
    OverBeforeItBegins,
    /// It would be a rule.
    #[error("an override ends within a year; write a rule in the policy for what stays")]
    TooLong,
    /// There is no such site.
    #[error("{target}: {why}")]
    NoSite {
        /// What was written.
        target: String,
        /// What is wrong with it, and what to write.
        why: String,
    },
}

impl Grant {
    /// Whether it may be.
    pub fn check(&self, at: Timestamp) -> Result<(), Refused> {
        if self.reason.trim().is_empty() {
            return Err(Refused::NoReason);
        }
        if self.ends_at <= self.starts_at || self.ends_at <= at {
            return Err(Refused::OverBeforeItBegins);
        }
        if self.ends_at.as_millis().saturating_sub(at.as_millis()) > LONGEST_MS {
            return Err(Refused::TooLong);
        }
        target(&self.target).map(|_| ())
    }
}

/// Reads a target as the engine will.
fn target(text: &str) -> Result<Target, Refused> {
    TargetText::site(text)
        .read()
        .map_err(|error| Refused::NoSite { target: text.to_owned(), why: error.to_string() })
}

/// An approved exception.
#[derive(Debug, Clone)]
pub struct Override {
    /// Its id.
    pub id: OverrideId,
    /// Its number, by which decisions name it; never used twice.
    pub number: u32,
    /// What was granted.
    pub grant: Grant,
    /// Who granted it, as the trail writes it.
    pub granted_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was withdrawn, before its end.
    pub withdrawn_at: Option<Timestamp>,
}

impl Override {
    /// As the gate reads it.
    pub fn published(&self) -> engine::live::Override {
        engine::live::Override {
            number: self.number,
            id: self.id.to_string(),
            subject: match &self.grant.whom {
                Whom::Person(person) => engine::live::Subject::Person(*person),
                Whom::Group(id) => engine::live::Subject::Group(id.clone()),
                Whom::Everyone => engine::live::Subject::Everyone,
            },
            effect: self.grant.effect,
            target: TargetText::site(&self.grant.target),
            begins_at: Some(self.grant.starts_at),
            ends_at: self.grant.ends_at,
            reason: self.grant.reason.clone(),
        }
    }

    /// Whether it can still hold at `at` or later.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.withdrawn_at.is_some() || self.grant.ends_at <= at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            whom: Whom::Group("year-9".into()),
            effect: Effect::Allow,
            target: "chess.example".into(),
            reason: "chess club".into(),
            starts_at: Timestamp::from_millis(1_000),
            ends_at: Timestamp::from_millis(2_000),
            request: None,
        }
    }

    #[test]
    fn an_override_has_a_reason_a_site_and_an_end_within_a_year() {
        let at = Timestamp::from_millis(1_500);
        assert_eq!(grant().check(at), Ok(()));
        assert_eq!(Grant { reason: " ".into(), ..grant() }.check(at), Err(Refused::NoReason));
        assert_eq!(grant().check(Timestamp::from_millis(2_000)), Err(Refused::OverBeforeItBegins));
        assert_eq!(
            Grant { ends_at: at.plus_millis(LONGEST_MS + 1), ..grant() }.check(at),
            Err(Refused::TooLong)
        );
        assert!(matches!(
            Grant { target: "not a site".into(), ..grant() }.check(at),
            Err(Refused::NoSite { .. })
        ));
    }

    #[test]
    fn whom_reads_back() {
        for whom in [Whom::Person(PersonNo(12)), Whom::Group("9b".into()), Whom::Everyone] {
            assert_eq!(whom.to_string().parse(), Ok(whom.clone()));
            let (kind, id) = whom.parts();
            assert_eq!(Whom::of(kind, &id), Some(whom));
        }
        assert_eq!("person:x".parse::<Whom>(), Err(NotWhom));
        assert_eq!("group:".parse::<Whom>(), Err(NotWhom));
    }
}
