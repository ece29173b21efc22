//! A task, whose it is, and how it ends. Pure.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use kit::{Actor, Timestamp};

use super::content::{Done, Kind};

kit::id_kind!(
    /// The id of a task.
    TaskId, TaskKind, "task"
);

/// Whose a task is, where not everybody's whose duty it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Whoever holds this duty.
    Duty(String),
    /// One person of the roll, by number.
    Person(u32),
}

/// `duty:dsl`, `person:12`.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duty(id) => write!(f, "duty:{id}"),
            Self::Person(number) => write!(f, "person:{number}"),
        }
    }
}

/// What was written is no owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an owner is a duty or a person, as in duty:dsl and person:12")]
pub struct NotAnOwner;

impl FromStr for Owner {
    type Err = NotAnOwner;
    fn from_str(text: &str) -> Result<Self, NotAnOwner> {
        match text.split_once(':') {
            Some(("duty", id)) if !id.is_empty() => Ok(Self::Duty(id.to_owned())),
            Some(("person", number)) => number.parse().map(Self::Person).map_err(|_| NotAnOwner),
            _ => Err(NotAnOwner),
        }
    }
}

/// Something that somebody is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The id of its kind.
    pub kind: &'static str,
    /// What it is about, by an id that says nothing about a person: one kind is opened about one thing once, ever.
    pub subject: String,
    /// The page where it is done.
    pub path: String,
    /// When it is due; by the clock of its kind where nothing else is said.
    pub due_at: Option<Timestamp>,
    /// Whose work it looks at, as the trail writes them: they can neither have it nor end it.
    pub not_by: Option<String>,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is to be done.
    Open,
    /// It is done.
    Done(Ending),
    /// It need not be done any more.
    Dropped(Ending),
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Who ended it, as the trail writes them; the program's own job where it ended by itself.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What was done, or why it need not be.
    pub words: String,
}

impl State {
    /// The word in rows and messages.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done(_) => "done",
            Self::Dropped(_) => "dropped",
        }
    }
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The id of its kind.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The page where it is done.
    pub path: String,
    /// Who has it, where somebody took it or it was handed over; otherwise it is everybody's whose duty it is.
    pub owner: Option<Owner>,
    /// Who can neither have it nor end it.
    pub not_by: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
    /// How many of its kind's steps of escalation were taken.
    pub escalated: u32,
    /// Where it stands.
    pub state: State,
}

/// Somebody as far as tasks go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Me {
    /// Their number on the roll.
    pub person: u32,
    /// The duties that they hold now, cover among them.
    pub duties: BTreeSet<String>,
    /// For whom they stand in just now, with the duty in which they do.
    pub covers: BTreeSet<(u32, String)>,
}

/// Why a task is somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// They took it, or were handed it.
    Mine,
    /// Whoever has it is away, and they stand in.
    Cover,
    /// It is of a duty of theirs, and nobody has taken it.
    Duty,
    /// It is late, and has come to a duty of theirs.
    Late,
}

/// Why something cannot be done to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has ended.
    #[error("this is {was} already")]
    NotOpen {
        /// What became of it.
        was: &'static str,
    },
    /// It is none of theirs.
    #[error("this is not yours to do")]
    NotTheirs,
    /// It looks at what they did themselves.
    #[error("nobody looks at what they did themselves; somebody else must")]
    NotYourOwn,
    /// It ends with what it is about.
    #[error("this is done by itself once what it is about is settled")]
    ByItself,
    /// Nobody could say later what was done.
    #[error("say what was done, for whoever looks back at this")]
    NoWords,
    /// It would come to somebody whose work it is not.
    #[error("this can be handed to whoever holds one of its duties, and to nobody else")]
    NotForThem,
}

impl Task {
    /// Whether that person is the one whose work it looks at.
    pub fn looks_at(&self, person: u32) -> bool {
        self.not_by.as_deref() == Some(&*Actor::Person(person).to_string())
    }

    /// Why it is somebody's; `None` where it is none of theirs.
    pub fn whose(&self, kind: &Kind, me: &Me) -> Option<Whose> {
        if self.looks_at(me.person) {
            return None;
        }
        let holds = |duty: &str| me.duties.contains(duty);
        let late = || {
            let steps = usize::try_from(self.escalated).unwrap_or(usize::MAX);
            let mut further = kind.escalate.iter().take(steps).flat_map(|step| &step.to);
            further.any(|duty| holds(duty)).then_some(Whose::Late)
        };
        match &self.owner {
            Some(Owner::Person(number)) if *number == me.person => Some(Whose::Mine),
            Some(Owner::Person(number)) => {
                let covers = |duty: &str| me.covers.contains(&(*number, duty.to_owned()));
                kind.all_duties().into_iter().any(covers).then_some(Whose::Cover).or_else(late)
            }
            Some(Owner::Duty(id)) => holds(id).then_some(Whose::Duty).or_else(late),
            None => kind.duties.iter().any(|duty| holds(duty)).then_some(Whose::Duty).or_else(late),
        }
    }

    /// Whether it is open and nobody's of these: a gap, which somebody who sees who holds which duty must be shown.
    pub fn is_nobodys(&self, kind: &Kind, everybody: &[Me]) -> bool {
        self.state == State::Open && !everybody.iter().any(|me| self.whose(kind, me).is_some())
    }

    /// Whether they may do something to it.
    fn theirs(&self, kind: &Kind, me: &Me) -> Result<(), Refused> {
        if self.state != State::Open {
            return Err(Refused::NotOpen { was: self.state.id() });
        }
        if self.looks_at(me.person) {
            return Err(Refused::NotYourOwn);
        }
        self.whose(kind, me).map(drop).ok_or(Refused::NotTheirs)
    }

    /// Somebody whose it may be takes it upon themselves.
    pub fn take(self, kind: &Kind, me: &Me) -> Result<Self, Refused> {
        self.theirs(kind, me)?;
        Ok(Self { owner: Some(Owner::Person(me.person)), ..self })
    }

    /// It is handed to somebody else, or to a duty. `duties` are those of whom it is handed to, where that is a person.
    pub fn hand(self, kind: &Kind, me: &Me, to: Owner, duties: &BTreeSet<String>) -> Result<Self, Refused> {
        self.theirs(kind, me)?;
        let fits = match &to {
            Owner::Duty(id) => kind.all_duties().contains(id.as_str()),
            Owner::Person(number) if self.looks_at(*number) => return Err(Refused::NotYourOwn),
            Owner::Person(_) => kind.all_duties().into_iter().any(|duty| duties.contains(duty)),
        };
        if !fits {
            return Err(Refused::NotForThem);
        }
        Ok(Self { owner: Some(to), ..self })
    }

    /// Whoever did it says what was done.
    pub fn done(self, kind: &Kind, me: &Me, words: &str, at: Timestamp) -> Result<Self, Refused> {
        let ending = self.ending(kind, me, words, at)?;
        if kind.done == Done::ByItself {
            return Err(Refused::ByItself);
        }
        Ok(Self { state: State::Done(ending), ..self })
    }

    /// Somebody says why it need not be done. What is settled elsewhere is not dropped here.
    pub fn dropped(self, kind: &Kind, me: &Me, words: &str, at: Timestamp) -> Result<Self, Refused> {
        let ending = self.ending(kind, me, words, at)?;
        if kind.done == Done::ByItself {
            return Err(Refused::ByItself);
        }
        Ok(Self { state: State::Dropped(ending), ..self })
    }

    fn ending(&self, kind: &Kind, me: &Me, words: &str, at: Timestamp) -> Result<Ending, Refused> {
        self.theirs(kind, me)?;
        let words = words.trim();
        if words.is_empty() {
            return Err(Refused::NoWords);
        }
        Ok(Ending { by: Actor::Person(me.person).to_string(), at, words: words.to_owned() })
    }

    /// What it is about was settled by somebody.
    pub fn settled(self, by: &Actor, at: Timestamp) -> Result<Self, Refused> {
        if self.state != State::Open {
            return Err(Refused::NotOpen { was: self.state.id() });
        }
        let ending = Ending { by: by.to_string(), at, words: String::new() };
        Ok(Self { state: State::Done(ending), ..self })
    }

    /// Whether its time is over.
    pub fn is_late(&self, at: Timestamp) -> bool {
        self.state == State::Open && at >= self.due_at
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
