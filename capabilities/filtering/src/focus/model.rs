//! A focus, and what one may not be.

use engine::document::EVERYONE;
use kit::Timestamp;

use crate::lasting::{self, Span, State, Withdrawn};
use crate::site;

kit::id_kind!(
    /// The id of a focus.
    FocusId, FocusKind, "focus"
);

/// A lesson has some sites; a whole list belongs in the policy.
pub const MOST_SITES: usize = 500;

/// What is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What people call it, as in `Maths mock`.
    pub name: String,
    /// The group or room of the policy, by its id; `everyone` for all.
    pub group: String,
    /// The sites and parts of sites that stay open. None at all is an exam without the web.
    pub sites: Vec<String>,
    /// Why.
    pub reason: String,
    /// From when until when.
    pub span: Span,
}

/// Why there is no such focus.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has no reason, or no end that may be.
    #[error(transparent)]
    Lasting(#[from] lasting::Refused),
    /// Nobody could tell it from others.
    #[error("a focus needs a name that people know it by, as in --name \"Maths mock\"")]
    NoName,
    /// It says a person, or nobody.
    #[error("a focus is for a group or a room, by its id, as in year-9, or for everyone")]
    NoGroup,
    /// It holds too much.
    #[error("a focus has at most {MOST_SITES} sites; put a longer list into the policy as a rule")]
    TooManySites,
    /// There is no such site.
    #[error(transparent)]
    NoSite(#[from] site::NoSite),
}

impl Plan {
    /// Whether it may be.
    pub fn check(&self, at: Timestamp) -> Result<(), Refused> {
        if self.name.trim().is_empty() {
            return Err(Refused::NoName);
        }
        if self.group != EVERYONE && (self.group.is_empty() || self.group.contains([':', ' '])) {
            return Err(Refused::NoGroup);
        }
        if self.sites.len() > MOST_SITES {
            return Err(Refused::TooManySites);
        }
        self.span.check(&self.reason, at)?;
        for one in &self.sites {
            site::check_one_site(one)?;
        }
        Ok(())
    }
}

/// A walled garden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Focus {
    /// Its id.
    pub id: FocusId,
    /// Its number, by which decisions name it; never used twice.
    pub number: u32,
    /// What was planned.
    pub plan: Plan,
    /// Who made it, as the trail writes it.
    pub made_by: String,
    /// When.
    pub created_at: Timestamp,
    /// How it ended before its time.
    pub withdrawn: Option<Withdrawn>,
}

impl Focus {
    /// As the gate reads it. The reason stays in the records.
    pub fn published(&self) -> engine::live::Focus {
        engine::live::Focus {
            number: self.number,
            name: self.plan.name.clone(),
            group: self.plan.group.clone(),
            garden: self.plan.sites.iter().map(|one| site::target(one)).collect(),
            begins_at: Some(self.plan.span.starts_at),
            ends_at: self.plan.span.ends_at,
        }
    }

    /// Where it stands at `at`.
    pub fn state(&self, at: Timestamp) -> State {
        State::of(self.plan.span, self.withdrawn.as_ref(), at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            name: "Maths mock".into(),
            group: "year-9".into(),
            sites: vec!["exam.example".into(), "maps.example/uk".into()],
            reason: "the mock exam".into(),
            span: Span { starts_at: Timestamp::from_millis(1_000), ends_at: Timestamp::from_millis(2_000) },
        }
    }

    #[test]
    fn a_focus_has_a_name_a_group_a_reason_an_end_and_sites_that_are_some() {
        let at = Timestamp::from_millis(1_500);
        assert_eq!(plan().check(at), Ok(()));
        assert_eq!(Plan { group: "everyone".into(), sites: vec![], ..plan() }.check(at), Ok(()));
        assert_eq!(Plan { name: " ".into(), ..plan() }.check(at), Err(Refused::NoName));
        for group in ["", "person:12", "Year 9"] {
            assert_eq!(Plan { group: group.into(), ..plan() }.check(at), Err(Refused::NoGroup), "{group}");
        }
        let unexplained = Plan { reason: String::new(), ..plan() };
        assert_eq!(unexplained.check(at), Err(Refused::Lasting(lasting::Refused::NoReason)));
        let wrong = Plan { sites: vec!["not a site".into()], ..plan() };
        assert!(matches!(wrong.check(at), Err(Refused::NoSite(_))));
        let many = Plan { sites: vec!["a.example".into(); MOST_SITES + 1], ..plan() };
        assert_eq!(many.check(at), Err(Refused::TooManySites));
    }
}
