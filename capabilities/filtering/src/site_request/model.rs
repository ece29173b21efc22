//! A request for a site: what is asked, and the two answers it can get.

use kit::{Private, Timestamp};

use crate::asker::Asker;
use crate::reference::Reference;
use crate::site::Site;

kit::id_kind!(
    /// The id of a request for a site.
    SiteRequestId, SiteRequestKind, "site-request"
);

/// For how long somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HowLong {
    /// One lesson.
    Lesson,
    /// The rest of the day.
    Day,
    /// A week.
    Week,
    /// The rest of the term.
    Term,
    /// They cannot say.
    Unsure,
}

impl HowLong {
    /// All of them, as the form shows them.
    pub const ALL: [Self; 5] = [Self::Lesson, Self::Day, Self::Week, Self::Term, Self::Unsure];

    /// The word in forms and rows.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Lesson => "lesson",
            Self::Day => "day",
            Self::Week => "week",
            Self::Term => "term",
            Self::Unsure => "unsure",
        }
    }

    /// As people say it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Lesson => "One lesson",
            Self::Day => "Today",
            Self::Week => "This week",
            Self::Term => "This term",
            Self::Unsure => "I am not sure",
        }
    }

    /// The label of it in other languages.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Lesson => "long.lesson",
            Self::Day => "long.day",
            Self::Week => "long.week",
            Self::Term => "long.term",
            Self::Unsure => "long.unsure",
        }
    }

    /// The one with that word.
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how_long| how_long.id() == id)
    }
}

/// What somebody asks, once their form can be taken.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The site.
    pub site: Site,
    /// What they need it for, in their words.
    pub words: Private<String>,
    /// For how long.
    pub how_long: HowLong,
    /// Who asks.
    pub asker: Asker,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nobody has answered yet.
    Open,
    /// The site is open until the end.
    Approved {
        /// Why, for the asker.
        answer: String,
        /// When it was answered.
        at: Timestamp,
        /// When the exception ends.
        ends_at: Timestamp,
    },
    /// The site stays closed.
    Refused {
        /// Why, for the asker.
        answer: String,
        /// When it was answered.
        at: Timestamp,
    },
}

impl State {
    /// The word in rows and messages.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved { .. } => "approved",
            Self::Refused { .. } => "refused",
        }
    }
}

/// A request for a site.
#[derive(Debug, Clone)]
pub struct SiteRequest {
    /// Its id.
    pub id: SiteRequestId,
    /// What people call it by.
    pub reference: Reference,
    /// What is asked.
    pub ask: Ask,
    /// When.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: State,
}

/// Only an open request can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this request has been {was} already; `fivebar overrides give` opens a site again, `fivebar overrides end` closes it"
)]
pub struct NotOpen {
    /// What became of it.
    pub was: &'static str,
}

impl SiteRequest {
    /// Opens the site until `ends_at`.
    pub fn approve(self, answer: String, ends_at: Timestamp, at: Timestamp) -> Result<Self, NotOpen> {
        self.answered(State::Approved { answer, at, ends_at })
    }

    /// Leaves the site closed.
    pub fn refuse(self, answer: String, at: Timestamp) -> Result<Self, NotOpen> {
        self.answered(State::Refused { answer, at })
    }

    fn answered(self, state: State) -> Result<Self, NotOpen> {
        match self.state {
            State::Open => Ok(Self { state, ..self }),
            other => Err(NotOpen { was: other.id() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Identity;

    fn request(state: State) -> SiteRequest {
        let at = Timestamp::from_millis(1);
        SiteRequest {
            id: kit::Ids::default().make(at),
            reference: "R-7KQ4M2HX".parse().unwrap(),
            ask: Ask {
                site: Site::typed("chess.example").unwrap(),
                words: Private::new("chess club".to_owned()),
                how_long: HowLong::Lesson,
                asker: Asker::at([10, 0, 0, 1].into(), &Identity::default()),
            },
            created_at: at,
            state,
        }
    }

    #[test]
    fn a_request_is_answered_once() {
        let (at, ends_at) = (Timestamp::from_millis(2), Timestamp::from_millis(3));
        let approved = request(State::Open).approve("yes".into(), ends_at, at).unwrap();
        let refused = request(State::Open).refuse("no".into(), at).unwrap();
        for (answered, was) in [(approved, "approved"), (refused, "refused")] {
            assert_eq!(answered.clone().refuse("no".into(), at).unwrap_err(), NotOpen { was });
            assert_eq!(answered.approve("yes".into(), ends_at, at).unwrap_err(), NotOpen { was });
        }
    }

    #[test]
    fn every_length_of_time_has_a_word_that_reads_back() {
        for how_long in HowLong::ALL {
            assert_eq!(HowLong::of(how_long.id()), Some(how_long));
        }
        assert_eq!(HowLong::of("ever"), None);
    }

    #[test]
    fn a_request_does_not_print_its_words() {
        assert!(!format!("{:?}", request(State::Open)).contains("chess club"));
    }
}
