//! A report about a site, and what becomes of it.

use kit::{Private, Timestamp};

use crate::asker::Asker;
use crate::reference::Reference;
use crate::site::Site;

kit::id_kind!(
    /// The id of a report about a site.
    SiteReportId, SiteReportKind, "site-report"
);

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It is open and should be closed.
    ShouldBeClosed,
    /// It is closed and should be open.
    ShouldBeOpen,
    /// Something else.
    Other,
}

impl Kind {
    /// All of them, as the form shows them.
    pub const ALL: [Self; 3] = [Self::ShouldBeClosed, Self::ShouldBeOpen, Self::Other];

    /// The word in forms and rows.
    pub const fn id(self) -> &'static str {
        match self {
            Self::ShouldBeClosed => "should-be-closed",
            Self::ShouldBeOpen => "should-be-open",
            Self::Other => "other",
        }
    }

    /// As people say it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ShouldBeClosed => "It should be blocked here",
            Self::ShouldBeOpen => "It is blocked and should not be",
            Self::Other => "Something else",
        }
    }

    /// The label of it in other languages.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ShouldBeClosed => "report.should-close",
            Self::ShouldBeOpen => "report.should-open",
            Self::Other => "report.other",
        }
    }

    /// The one with that word.
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }
}

/// What somebody tells, once their form can be taken.
#[derive(Debug, Clone)]
pub struct Tell {
    /// What is wrong.
    pub kind: Kind,
    /// The site.
    pub site: Site,
    /// What they saw, in their words; may be empty.
    pub words: Private<String>,
    /// Who tells.
    pub asker: Asker,
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody has looked yet.
    Open,
    /// Something was changed.
    Changed {
        /// What, for whoever told.
        answer: String,
        /// When.
        at: Timestamp,
    },
    /// Nothing was changed.
    LeftAsItIs {
        /// Why, for whoever told.
        answer: String,
        /// When.
        at: Timestamp,
    },
}

impl Outcome {
    /// The word in rows.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Changed { .. } => "approved",
            Self::LeftAsItIs { .. } => "refused",
        }
    }
}

/// A report about a site.
#[derive(Debug, Clone)]
pub struct SiteReport {
    /// Its id.
    pub id: SiteReportId,
    /// What people call it by.
    pub reference: Reference,
    /// What was told.
    pub tell: Tell,
    /// When.
    pub created_at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
}

/// A report is answered once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this report has an answer already")]
pub struct AlreadyAnswered;

impl SiteReport {
    /// Writes down what became of it; `changed` says whether anything was.
    pub fn answer(self, changed: bool, answer: String, at: Timestamp) -> Result<Self, AlreadyAnswered> {
        if self.outcome != Outcome::Open {
            return Err(AlreadyAnswered);
        }
        let outcome =
            if changed { Outcome::Changed { answer, at } } else { Outcome::LeftAsItIs { answer, at } };
        Ok(Self { outcome, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Identity;

    #[test]
    fn a_report_is_answered_once() {
        let at = Timestamp::from_millis(1);
        let report = SiteReport {
            id: kit::Ids::default().make(at),
            reference: "P-7KQ4M2HX".parse().unwrap(),
            tell: Tell {
                kind: Kind::Other,
                site: Site::typed("chess.example").unwrap(),
                words: Private::default(),
                asker: Asker::at([10, 0, 0, 1].into(), &Identity::default()),
            },
            created_at: at,
            outcome: Outcome::Open,
        };
        let changed = report.clone().answer(true, "closed".into(), at).unwrap();
        assert_eq!(changed.outcome.id(), "approved");
        assert_eq!(changed.answer(false, "no".into(), at).unwrap_err(), AlreadyAnswered);
        assert_eq!(report.answer(false, "no".into(), at).unwrap().outcome.id(), "refused");
    }

    #[test]
    fn every_kind_has_a_word_that_reads_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.id()), Some(kind));
        }
    }
}
