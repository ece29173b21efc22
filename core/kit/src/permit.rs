//! Who may do what.
//!
//! Whatever a person may do at the school is an [`Action`], and doing it takes a [`Permit`] for that action on that one
//! subject, which nobody can make but [`Authority::grant`]. It asks the reviewed table of duties and actions
//! (`content/duties.toml`) and somebody's [`Standing`], which only `people` loads: `tidy` keeps that one door.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::{Actor, Timestamp};

/// Something that a person can do, declared with [`action!`](crate::action).
pub trait Action: 'static {
    /// Its id in the table of duties and actions: the thing, then what is done to it.
    const ID: &'static str;
    /// What it is done to; `()` where it is about all of them.
    type Subject;
}

/// An action that shows something and changes nothing, declared with [`reading!`](crate::reading). What a page shows is permitted as of
/// the moment at which it was asked for; whatever changes something begins with its permit, in the transaction of the change, so that no
/// page can change anything by what somebody was a moment before.
#[diagnostic::on_unimplemented(
    message = "`{Self}` changes something, so its permit comes with the transaction of the change",
    note = "begin with `SignedIn::begin`; ask before with `SignedIn::could`; declare what only shows with `kit::reading!`"
)]
pub trait Reading: Action {}

/// Declares an action: its name, what it is done to, and its id in the table.
///
/// ```
/// kit::action!(
///     /// Answering what somebody asks for.
///     AnswerRequest(u32) = "request.answer"
/// );
/// ```
#[macro_export]
macro_rules! action {
    ($(#[$doc:meta])* $name:ident($subject:ty) = $id:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {}
        impl $crate::permit::Action for $name {
            const ID: &'static str = $id;
            type Subject = $subject;
        }
    };
}

/// Declares an action that only shows something, as [`action!`](crate::action) does.
#[macro_export]
macro_rules! reading {
    ($(#[$doc:meta])* $name:ident($subject:ty) = $id:literal) => {
        $crate::action!($(#[$doc])* $name($subject) = $id);
        impl $crate::permit::Reading for $name {}
    };
}

/// The right to take one action on one subject. An argument of the action, so that it cannot be forgotten, and the
/// subject cannot be another one on the way.
pub struct Permit<A: Action> {
    actor: Actor,
    subject: A::Subject,
    at: Timestamp,
}

impl<A: Action> Permit<A> {
    /// Who has it.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// On what.
    pub const fn subject(&self) -> &A::Subject {
        &self.subject
    }

    /// As of when it was granted: a change that it permits happens at this moment, and its entry in the access trail says so.
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}

impl<A: Action> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "permit({} for {})", A::ID, self.actor)
    }
}

/// What somebody is at the school just now, and how sure it is that they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    actor: Actor,
    duties: BTreeSet<String>,
    fresh_until: Option<Timestamp>,
}

impl Standing {
    /// What `actor` is: the ids of their duties, and until when their last proof of who they are is a fresh one. For
    /// `people` alone, which reads it from the records; `tidy` refuses it anywhere else.
    pub const fn loaded(actor: Actor, duties: BTreeSet<String>, fresh_until: Option<Timestamp>) -> Self {
        Self { actor, duties, fresh_until }
    }

    /// Who it is.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The ids of the duties they hold, in order.
    pub fn duties(&self) -> impl Iterator<Item = &str> {
        self.duties.iter().map(String::as_str)
    }

    /// Whether they hold that duty.
    pub fn holds(&self, duty: &str) -> bool {
        self.duties.contains(duty)
    }
}

/// Who may take one action.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// The ids of the duties that may.
    pub may: BTreeSet<String>,
    /// Whether they must have proved who they are within the last minutes.
    pub fresh: bool,
}

/// The table of duties and actions. An action that is not in it is nobody's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authority {
    rules: BTreeMap<String, Rule>,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPermitted {
    /// None of their duties may.
    #[error("none of this person's duties may do this")]
    NotYours,
    /// They may, once they have proved again who they are.
    #[error("this needs a fresh proof of who they are")]
    ProveAgain,
}

impl Authority {
    /// The table with these rules, by the actions' ids.
    pub fn new(rules: impl IntoIterator<Item = (String, Rule)>) -> Self {
        Self { rules: rules.into_iter().collect() }
    }

    /// The rules, by the actions' ids.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.rules.iter().map(|(action, rule)| (action.as_str(), rule))
    }

    /// The permit to do `A` to `subject`, where somebody's duties give it.
    pub fn grant<A: Action>(
        &self,
        standing: &Standing,
        subject: A::Subject,
        at: Timestamp,
    ) -> Result<Permit<A>, NotPermitted> {
        let rule = self.rules.get(A::ID).filter(|rule| Self::is_for(rule, standing));
        let rule = rule.ok_or(NotPermitted::NotYours)?;
        if rule.fresh && standing.fresh_until.is_none_or(|until| at >= until) {
            return Err(NotPermitted::ProveAgain);
        }
        Ok(Permit { actor: standing.actor.clone(), subject, at })
    }

    /// Whether somebody's duties let them do `A` to something, be it after proving again who they are: for what is
    /// offered on a page. It permits nothing.
    pub fn offers<A: Action>(&self, standing: &Standing) -> bool {
        self.rules.get(A::ID).is_some_and(|rule| Self::is_for(rule, standing))
    }

    fn is_for(rule: &Rule, standing: &Standing) -> bool {
        standing.duties.iter().any(|duty| rule.may.contains(duty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    action!(
        /// An action of these tests.
        Read(()) = "thing.read"
    );
    action!(
        /// An action of these tests that needs a fresh proof.
        Erase(u32) = "thing.erase"
    );
    action!(
        /// An action that the table forgot.
        Forgotten(()) = "thing.forgotten"
    );

    fn authority() -> Authority {
        let rule =
            |may: &[&str], fresh| Rule { may: may.iter().map(|&duty| duty.to_owned()).collect(), fresh };
        Authority::new([
            ("thing.read".to_owned(), rule(&["head", "teacher"], false)),
            ("thing.erase".to_owned(), rule(&["head"], true)),
        ])
    }

    fn standing(duties: &[&str], fresh_until: Option<i64>) -> Standing {
        let duties = duties.iter().map(|&duty| duty.to_owned()).collect();
        Standing::loaded(Actor::Person(7), duties, fresh_until.map(Timestamp::from_millis))
    }

    #[test]
    fn a_permit_is_given_for_a_duty_of_the_table_alone() {
        let (authority, at) = (authority(), Timestamp::from_millis(100));
        for (duties, fresh, read, erase) in [
            (&["head"][..], Some(101), Ok(()), Ok(())),
            (&["head"], Some(100), Ok(()), Err(NotPermitted::ProveAgain)),
            (&["head"], None, Ok(()), Err(NotPermitted::ProveAgain)),
            (&["teacher"], Some(101), Ok(()), Err(NotPermitted::NotYours)),
            (&["parent"], Some(101), Err(NotPermitted::NotYours), Err(NotPermitted::NotYours)),
            (&[], Some(101), Err(NotPermitted::NotYours), Err(NotPermitted::NotYours)),
        ] {
            let standing = standing(duties, fresh);
            assert_eq!(authority.grant::<Read>(&standing, (), at).map(|_| ()), read, "{duties:?}");
            let erasing = authority.grant::<Erase>(&standing, 3, at);
            assert_eq!(erasing.as_ref().map(|_| ()).map_err(|refused| *refused), erase, "{duties:?}");
            assert!(
                erasing.is_err() || erasing.is_ok_and(|permit| *permit.subject() == 3 && permit.at() == at)
            );
            assert_eq!(
                authority.grant::<Forgotten>(&standing, (), at).map(|_| ()),
                Err(NotPermitted::NotYours),
                "what the table does not name is nobody's"
            );
            assert_eq!(authority.offers::<Erase>(&standing), duties.contains(&"head"));
        }
    }
}
