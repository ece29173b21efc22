//! An approval and how it is answered. Pure.

use kit::{Actor, Timestamp};

kit::id_kind!(
    /// The id of an approval.
    ApprovalId, ApprovalKind, "approval"
);

/// What somebody proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What kind of change: the id of the action that it is, as in `request.approve`.
    pub kind: &'static str,
    /// What is changed, by an id that says nothing about a person.
    pub subject: String,
    /// The change itself, for whoever makes it once it is agreed.
    pub terms: serde_json::Value,
    /// Why, for whoever agrees and whoever looks back.
    pub reason: String,
    /// Until when it can be agreed to.
    pub lapses_at: Timestamp,
}

/// Where an approval stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nobody has answered.
    Waiting,
    /// A second person agreed, and the change was made.
    Agreed {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// What they said.
        words: String,
    },
    /// A second person said no.
    Refused {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// Why.
        words: String,
    },
    /// Whoever proposed it took it back.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
    /// Nobody agreed in time.
    Lapsed {
        /// When that was written down.
        at: Timestamp,
    },
}

impl State {
    /// The word in rows and messages.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Agreed { .. } => "agreed",
            Self::Refused { .. } => "refused",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Lapsed { .. } => "lapsed",
        }
    }
}

/// What was proposed, by whom, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// The kind of change.
    pub kind: String,
    /// What is changed.
    pub subject: String,
    /// The change itself.
    pub terms: serde_json::Value,
    /// Why.
    pub reason: String,
    /// Who proposed it, as the trail writes them.
    pub proposed_by: String,
    /// When.
    pub proposed_at: Timestamp,
    /// Until when it can be agreed to.
    pub lapses_at: Timestamp,
    /// Where it stands.
    pub state: State,
}

/// Nobody agrees to what they proposed themselves, whatever duties they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("whoever proposed this cannot be the one who agrees to it; ask somebody else")]
pub struct NotYourOwn;

/// Why an approval cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is the answerer's own.
    #[error(transparent)]
    NotYourOwn(#[from] NotYourOwn),
    /// It has an answer.
    #[error("this has been {was} already")]
    NotWaiting {
        /// What became of it.
        was: &'static str,
    },
    /// Its time is over.
    #[error("nobody agreed to this in time; propose it again")]
    TooLate,
    /// Only whoever proposed it takes it back.
    #[error("only whoever proposed this can take it back")]
    NotTheirs,
}

impl Approval {
    /// A second person agrees.
    pub fn agree(self, by: &Actor, words: String, at: Timestamp) -> Result<Self, Refused> {
        self.second(by, at)?;
        Ok(Self { state: State::Agreed { by: by.to_string(), at, words }, ..self })
    }

    /// A second person refuses. Late or not: a no is never too late.
    pub fn refuse(self, by: &Actor, words: String, at: Timestamp) -> Result<Self, Refused> {
        self.waiting()?;
        if self.proposed_by == by.to_string() {
            return Err(NotYourOwn.into());
        }
        Ok(Self { state: State::Refused { by: by.to_string(), at, words }, ..self })
    }

    /// Whoever proposed it takes it back.
    pub fn withdraw(self, by: &Actor, at: Timestamp) -> Result<Self, Refused> {
        self.waiting()?;
        if self.proposed_by != by.to_string() {
            return Err(Refused::NotTheirs);
        }
        Ok(Self { state: State::Withdrawn { at }, ..self })
    }

    /// Its time is over.
    pub fn lapse(self, at: Timestamp) -> Result<Self, Refused> {
        self.waiting()?;
        Ok(Self { state: State::Lapsed { at }, ..self })
    }

    /// Whether `by` could be the second person now.
    pub fn second(&self, by: &Actor, at: Timestamp) -> Result<(), Refused> {
        self.waiting()?;
        if self.proposed_by == by.to_string() {
            return Err(NotYourOwn.into());
        }
        if at >= self.lapses_at {
            return Err(Refused::TooLate);
        }
        Ok(())
    }

    const fn waiting(&self) -> Result<(), Refused> {
        match self.state {
            State::Waiting => Ok(()),
            _ => Err(Refused::NotWaiting { was: self.state.id() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn approval() -> Approval {
        Approval {
            id: kit::Ids::default().make(at(1)),
            kind: "request.approve".to_owned(),
            subject: "site-request_1".to_owned(),
            terms: serde_json::json!({}),
            reason: "for chess".to_owned(),
            proposed_by: Actor::Person(1).to_string(),
            proposed_at: at(10),
            lapses_at: at(100),
            state: State::Waiting,
        }
    }

    #[test]
    fn nobody_agrees_to_what_they_proposed_or_twice_or_too_late() {
        let (first, second, third) = (Actor::Person(1), Actor::Person(2), Actor::Person(3));
        let words = || "yes".to_owned();
        assert_eq!(approval().agree(&first, words(), at(20)), Err(Refused::NotYourOwn(NotYourOwn)));
        assert_eq!(approval().refuse(&first, words(), at(20)), Err(Refused::NotYourOwn(NotYourOwn)));
        assert_eq!(approval().agree(&second, words(), at(100)), Err(Refused::TooLate));
        assert!(approval().refuse(&second, words(), at(100)).is_ok());
        let agreed = approval().agree(&second, words(), at(99)).unwrap();
        assert_eq!(
            agreed.state,
            State::Agreed { by: "person:2".to_owned(), at: at(99), words: "yes".to_owned() }
        );
        for answered in [
            agreed,
            approval().refuse(&second, words(), at(20)).unwrap(),
            approval().withdraw(&first, at(20)).unwrap(),
            approval().lapse(at(100)).unwrap(),
        ] {
            let was = answered.state.id();
            let not_waiting = Err(Refused::NotWaiting { was });
            assert_eq!(answered.clone().agree(&third, words(), at(30)), not_waiting);
            assert_eq!(answered.clone().refuse(&third, words(), at(30)), not_waiting);
            assert_eq!(answered.clone().withdraw(&first, at(30)), not_waiting);
            assert_eq!(answered.lapse(at(101)), not_waiting);
        }
        assert_eq!(approval().withdraw(&second, at(20)), Err(Refused::NotTheirs));
    }
}
