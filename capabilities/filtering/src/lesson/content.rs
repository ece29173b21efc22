//! How much a teacher may do alone, as the content says it.

use std::sync::LazyLock;

use engine::catalogue::Category;
use serde::Deserialize;

const BUILT_IN: &str = include_str!("../../../../content/lessons.toml");

/// `content/lessons.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lessons {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    /// The longest that anything lasts.
    pub longest_minutes: u16,
    /// For how long in any seven days one site is open so to a class or a pupil.
    pub week_minutes: u16,
    /// What is offered beside the end of the lesson.
    pub minutes: Vec<u16>,
    /// How much of it one person may have going at a time.
    pub most_at_once: usize,
    /// How many sites a lesson's list has at most.
    pub most_sites: usize,
    /// Whose permission a cell may ask for, so that a teacher can give it: how its words begin.
    permission_of: Vec<String>,
    /// Categories that no teacher opens alone, beside the grave ones.
    two_people: Vec<String>,
}

impl Lessons {
    /// What is compiled in.
    pub fn built_in() -> &'static Self {
        static LESSONS: LazyLock<Lessons> = LazyLock::new(|| {
            // A test parses the same text. Without it nothing lasts any time, so that nobody opens anything.
            toml::from_str(BUILT_IN).unwrap_or_default()
        });
        &LESSONS
    }

    /// The longest that anything lasts, in milliseconds.
    pub fn longest_ms(&self) -> i64 {
        i64::from(self.longest_minutes) * 60_000
    }

    /// Whether opening what is in a category takes two people, whatever the policy says.
    pub fn takes_two(&self, category: &Category) -> bool {
        category.illegal || category.dangerous || category.may_hurt || self.two_people.contains(&category.id)
    }

    /// The same of a kind of services, by its id: kinds and categories of one thing have one id.
    pub fn takes_two_kind(&self, kind: &str) -> bool {
        self.two_people.iter().any(|id| id == kind)
    }

    /// Whether the permission that a cell asks for, in the school's words, is a teacher's to give.
    pub fn is_a_teachers(&self, permission_of: &str) -> bool {
        let words = permission_of.trim().to_lowercase();
        self.permission_of.iter().any(|known| {
            let rest = words.strip_prefix(known.as_str());
            // "staff" is meant, and "staffroom committee" is not.
            rest.is_some_and(|rest| !rest.starts_with(|sign: char| sign.is_alphanumeric()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Catalogue;

    #[test]
    fn what_is_compiled_in_is_whole_and_names_categories_that_there_are() {
        let lessons: Lessons = toml::from_str(BUILT_IN).unwrap();
        let catalogue = Catalogue::built_in().unwrap();
        for id in &lessons.two_people {
            assert!(catalogue.category_no(id).is_some(), "there is no category {id}");
        }
        assert!(lessons.longest_minutes <= 180, "a lesson is no day");
        assert!(lessons.week_minutes >= lessons.longest_minutes, "one lesson is never too much");
        assert!(lessons.minutes.iter().all(|minutes| *minutes <= lessons.longest_minutes));
        assert!(lessons.most_at_once > 0 && lessons.most_sites > 0);
    }

    #[test]
    fn what_harms_takes_two_people_and_what_teaches_does_not() {
        let catalogue = Catalogue::built_in().unwrap();
        let lessons = Lessons::built_in();
        let takes_two = |id: &str| {
            let number = catalogue.category_no(id).unwrap();
            lessons.takes_two(catalogue.category(number).unwrap())
        };
        for id in ["child-sexual-abuse", "self-harm", "malware", "pornography", "proxies-vpn"] {
            assert!(takes_two(id), "{id}");
        }
        for id in ["games", "video", "news", "sex-education", "social-media", "blogs"] {
            assert!(!takes_two(id), "{id}");
        }
    }

    #[test]
    fn a_cell_that_asks_for_leadership_is_not_a_teachers_to_answer() {
        let lessons = Lessons::built_in();
        for (words, theirs) in [
            ("class teacher", true),
            ("A teacher, for a topic", true),
            ("a member of staff approves the text", true),
            ("leadership, for an activity that a teacher directs", false),
            ("the head teacher, on application", false),
            ("staffing committee", false),
            ("", false),
        ] {
            assert_eq!(lessons.is_a_teachers(words), theirs, "{words}");
        }
    }
}
