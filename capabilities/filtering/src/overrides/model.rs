//! An override, and what one may not be.

use std::fmt;
use std::str::FromStr;

use engine::PersonNo;
use engine::document::{EVERYONE, Effect};
use kit::Timestamp;

use crate::lasting::{self, Span, State, Withdrawn};
use crate::site;
use crate::site_request::SiteRequestId;

kit::id_kind!(
    /// The id of an override.
    OverrideId, OverrideKind, "override"
);

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
    /// The site with everything below it, or a part of a site, as in `example.org/part`.
    pub target: String,
    /// Why.
    pub reason: String,
    /// From when until when.
    pub span: Span,
    /// The request it answers.
    pub request: Option<SiteRequestId>,
}

/// Why there is no such override.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has no reason, or no end that may be.
    #[error(transparent)]
    Lasting(#[from] lasting::Refused),
    /// It is not one site of the internet.
    #[error(transparent)]
    NoSite(#[from] site::NoSite),
}

impl Grant {
    /// Whether it may be.
    pub fn check(&self, at: Timestamp) -> Result<(), Refused> {
        self.span.check(&self.reason, at)?;
        site::check_one_site(&self.target)?;
        Ok(())
    }
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
    /// How it ended before its time.
    pub withdrawn: Option<Withdrawn>,
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
            target: site::target(&self.grant.target),
            begins_at: Some(self.grant.span.starts_at),
            ends_at: self.grant.span.ends_at,
            reason: self.grant.reason.clone(),
        }
    }

    /// Where it stands at `at`.
    pub fn state(&self, at: Timestamp) -> State {
        State::of(self.grant.span, self.withdrawn.as_ref(), at)
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
            span: Span { starts_at: Timestamp::from_millis(1_000), ends_at: Timestamp::from_millis(2_000) },
            request: None,
        }
    }

    #[test]
    fn an_override_has_a_reason_a_site_and_an_end_within_a_year() {
        let at = Timestamp::from_millis(1_500);
        let refused = |why| Err(Refused::Lasting(why));
        assert_eq!(grant().check(at), Ok(()));
        assert_eq!(Grant { target: "chess.example/openings".into(), ..grant() }.check(at), Ok(()));
        let unexplained = Grant { reason: " ".into(), ..grant() };
        assert_eq!(unexplained.check(at), refused(lasting::Refused::NoReason));
        assert_eq!(
            grant().check(Timestamp::from_millis(2_000)),
            refused(lasting::Refused::OverBeforeItBegins)
        );
        let endless = Span { ends_at: at.plus_millis(lasting::LONGEST_MS + 1), ..grant().span };
        assert_eq!(Grant { span: endless, ..grant() }.check(at), refused(lasting::Refused::TooLong));
        for target in ["not a site", "co.uk", "127.0.0.1", "printer.local"] {
            for effect in [Effect::Allow, Effect::Block] {
                let refused = Grant { target: target.into(), effect, ..grant() }.check(at);
                assert!(matches!(refused, Err(Refused::NoSite(_))), "{target}");
            }
        }
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
