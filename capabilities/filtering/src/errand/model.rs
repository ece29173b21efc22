//! Which errands there are, and how each goes since the hub started.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kit::{Actor, Timestamp};

use crate::portal::Soon;

/// What the hub is sent for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Errand {
    /// Testing the filter as every group.
    Test,
    /// Making a back-up where and as the school's rule says.
    BackUp,
    /// Taking the update of a list that waits for a person.
    Take(String),
}

impl Errand {
    /// What the access trail calls it: the kind of thing, and which.
    pub fn subject(&self) -> (&'static str, &str) {
        match self {
            Self::Test => ("filter-test", "now"),
            Self::BackUp => ("backup", "now"),
            Self::Take(list) => ("list", list),
        }
    }
}

/// How an errand goes, or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Who began it, as the trail writes it.
    pub by: String,
    /// When.
    pub begun_at: Timestamp,
    /// What came of it; nothing while it is under way.
    pub ended: Option<Ended>,
}

/// What came of an errand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why it could not be done, where it could not.
    pub why_not: Option<String>,
}

/// Carries errands out: whoever runs the hub knows how.
pub trait CarriesOut: Send + Sync {
    /// Does it for whoever asked at that moment, or says in words for them why it could not be done.
    fn carry_out(&self, errand: Errand, actor: Actor, at: Timestamp) -> Soon<'static, Result<(), String>>;
}

/// What was begun since the hub started: at the portal, and by the hub itself.
#[derive(Debug, Default)]
pub struct Errands(Mutex<BTreeMap<Errand, Ran>>);

impl Errands {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Errand, Ran>> {
        // Nothing is half done while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one. `false` where it is under way already: then nothing is begun.
    pub fn begin(&self, errand: &Errand, by: &Actor, at: Timestamp) -> bool {
        let mut all = self.all();
        if all.get(errand).is_some_and(|ran| ran.ended.is_none()) {
            return false;
        }
        all.insert(errand.clone(), Ran { by: by.to_string(), begun_at: at, ended: None });
        true
    }

    /// It was not begun after all.
    pub fn forget(&self, errand: &Errand) {
        self.all().remove(errand);
    }

    /// It has ended; why it could not be done, where it could not.
    pub fn end(&self, errand: &Errand, why_not: Option<String>, at: Timestamp) {
        if let Some(ran) = self.all().get_mut(errand) {
            ran.ended = Some(Ended { at, why_not });
        }
    }

    /// How one goes, or went.
    pub fn of(&self, errand: &Errand) -> Option<Ran> {
        self.all().get(errand).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_kind_runs_at_a_time_and_what_came_of_the_last_is_known() {
        let (errands, at) = (Errands::default(), Timestamp::from_millis(5));
        let (one, other) = (Actor::Person(1), Actor::Person(2));
        assert!(errands.begin(&Errand::Test, &one, at));
        assert!(!errands.begin(&Errand::Test, &other, at), "it is under way");
        assert!(errands.begin(&Errand::Take("a".into()), &other, at), "another thing");
        assert!(errands.begin(&Errand::Take("b".into()), &other, at), "another list");
        let ran = errands.of(&Errand::Test).unwrap();
        assert_eq!((ran.by.as_str(), ran.ended), ("person:1", None));
        errands.end(&Errand::Test, Some("no gate".into()), at);
        assert_eq!(errands.of(&Errand::Test).unwrap().ended.unwrap().why_not.as_deref(), Some("no gate"));
        assert!(errands.begin(&Errand::Test, &other, at));
        errands.forget(&Errand::Test);
        assert_eq!(errands.of(&Errand::Test), None);
    }
}
