//! The kinds of tasks, as the content says them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::calendar::Rule;

const BUILT_IN: &str = include_str!("../../../../content/registers.toml");

/// How a task of a kind is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// Whoever did it says what was done.
    ByHand,
    /// What it is about is settled elsewhere, and the task with it.
    ByItself,
}

/// When whoever has a task is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tell {
    /// On the next school morning, with everything else.
    Digest,
    /// By itself, in the moment.
    AtOnce,
}

/// Who else hears of a task that is late.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Escalation {
    /// How long after it was due.
    pub after: Rule,
    /// The duties that hear of it, and may do it then.
    pub to: Vec<String>,
}

/// A kind of task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kind {
    /// Its id, in the records.
    pub id: String,
    /// What is to be done.
    pub name: String,
    /// What that means, and how it is done.
    pub about: String,
    /// Whose it is: whoever of them takes it first has it.
    pub duties: Vec<String>,
    /// How long they have.
    pub clock: Rule,
    /// When so many hundredths of that are used, it is told again.
    #[serde(default = "half")]
    pub remind: u8,
    /// How it is done.
    pub done: Done,
    /// When it is told.
    pub tell: Tell,
    /// Who else hears of it when it is late, in order.
    #[serde(default)]
    pub escalate: Vec<Escalation>,
}

const fn half() -> u8 {
    50
}

impl Kind {
    /// Whose it is once it was escalated so many times.
    pub fn duties_at(&self, escalated: u32) -> impl Iterator<Item = &str> {
        let steps = usize::try_from(escalated).unwrap_or(usize::MAX);
        let further = self.escalate.iter().take(steps).flat_map(|step| &step.to).map(String::as_str);
        self.duties.iter().map(String::as_str).chain(further)
    }

    /// Every duty that it may ever come to.
    pub fn all_duties(&self) -> BTreeSet<&str> {
        self.duties_at(u32::MAX).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Digest {
    at: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    digest: Digest,
    kind: Vec<Kind>,
}

/// Every kind of task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds {
    kinds: Vec<Kind>,
    digest_minute: u16,
}

impl Kinds {
    /// Those that are compiled in.
    pub fn built_in() -> &'static Self {
        static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
            // A test parses the same text. Without it nothing is put to anybody, and what is checked stands on its own pages.
            Kinds::parse(BUILT_IN).unwrap_or_else(|_| Kinds { kinds: Vec::new(), digest_minute: MORNING })
        });
        &KINDS
    }

    /// Those that a text in the form of `content/registers.toml` says.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let File { digest, kind: kinds, .. } = toml::from_str(text)?;
        Ok(Self { kinds, digest_minute: minute(&digest.at).unwrap_or(MORNING) })
    }

    /// All, in the content's order.
    pub fn all(&self) -> &[Kind] {
        &self.kinds
    }

    /// The one with that id.
    pub fn named(&self, id: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.id == id)
    }

    /// When whoever has something to do is told so on a school morning, in minutes from midnight.
    pub const fn digest_minute(&self) -> u16 {
        self.digest_minute
    }
}

/// Half past seven.
const MORNING: u16 = 7 * 60 + 30;

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_there_once_and_belongs_to_somebody() {
        let kinds = Kinds::parse(BUILT_IN).unwrap();
        let ids: BTreeSet<&str> = kinds.all().iter().map(|kind| kind.id.as_str()).collect();
        assert_eq!(ids.len(), kinds.all().len(), "a kind is there twice");
        assert_eq!(kinds.digest_minute(), 450);
        for kind in kinds.all() {
            assert!(!kind.duties.is_empty(), "{} is nobody's", kind.id);
            assert!((1..100).contains(&kind.remind), "{}", kind.id);
            assert!(!kind.escalate.is_empty(), "whoever forgets {} is never found out", kind.id);
            let steps = || kind.escalate.iter().flat_map(|step| &step.to);
            let further: BTreeSet<&str> = steps().map(String::as_str).collect();
            assert_eq!(further.len(), steps().count(), "{} escalates to the same twice", kind.id);
            assert!(kind.duties.iter().all(|duty| !further.contains(duty.as_str())), "{}", kind.id);
        }
    }
}
