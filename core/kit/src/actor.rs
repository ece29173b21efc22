//! Whoever is doing something.

use std::fmt;

/// Whoever is doing this. Written as one text: `person:12`, `job:retention`, `command-line:1000`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person of the roll, by number.
    Person(u32),
    /// A job of the program's own, by name.
    Job(&'static str),
    /// Somebody at the command line, by the number of their account on this machine. The number, since an account's
    /// name is often a person's, and an entry of the access trail can never be erased.
    CommandLine(u32),
}

impl Actor {
    /// The number of the person whom `written` names, as in `person:12`; `None` where it is no person.
    pub fn person(written: &str) -> Option<u32> {
        written.strip_prefix("person:")?.parse().ok()
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(number) => write!(f, "person:{number}"),
            Self::Job(name) => write!(f, "job:{name}"),
            Self::CommandLine(account) => write!(f, "command-line:{account}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_written_by_number_or_job() {
        for (actor, written) in [
            (Actor::Person(12), "person:12"),
            (Actor::Job("retention"), "job:retention"),
            (Actor::CommandLine(1000), "command-line:1000"),
        ] {
            assert_eq!(actor.to_string(), written);
            assert_eq!(
                Actor::person(written),
                if let Actor::Person(number) = actor { Some(number) } else { None }
            );
        }
    }
}
