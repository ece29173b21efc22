//! What somebody says is wrong. Pure.

use engine::PersonNo;
use kit::{Private, Timestamp};
use web::filled;
use web::speech::say;

use super::content::Worries;

kit::id_kind!(
    /// The id of a worry.
    WorryId, WorryKind, "account-worry"
);

/// The longest name that somebody gives, in characters.
const LONGEST_NAME: usize = 100;
/// The most words.
const LONGEST_WORDS: usize = 1_000;

/// What somebody says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What happened: an id of the content.
    pub what: String,
    /// Whose account or which device it is about, as they write it; nobody looks it up before a person does.
    pub name: Option<Private<String>>,
    /// What they say besides.
    pub words: Option<Private<String>>,
}

/// Why it cannot be taken so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// Nothing was chosen.
    #[error("{}", say("worry.select-what-happened"))]
    What,
    /// The name is too long.
    #[error("{}", filled!("worry.shorten-the-name-to", n = LONGEST_NAME))]
    Name,
    /// There are too many words.
    #[error("{}", filled!("common.shorten-this", n = LONGEST_WORDS))]
    Words,
}

impl Said {
    /// What a form says.
    pub fn read(what: &str, name: &str, words: &str) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if Worries::built_in().named(what).is_none() {
            mistakes.push(Mistake::What);
        }
        for (text, most, mistake) in
            [(name, LONGEST_NAME, Mistake::Name), (words, LONGEST_WORDS, Mistake::Words)]
        {
            if text.chars().count() > most {
                mistakes.push(mistake);
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let filled =
            |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty()).map(Private::new);
        Ok(Self { what: what.to_owned(), name: filled(name), words: filled(words) })
    }
}

/// A worry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worry {
    /// Its id.
    pub id: WorryId,
    /// Who told it, where they were signed in.
    pub person: Option<PersonNo>,
    /// What they said.
    pub said: Said,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worry_says_what_happened_and_may_say_more() {
        let plain = Said::read("password", " ", "").unwrap();
        assert_eq!((plain.name, plain.words), (None, None));
        let more = Said::read("used", " ada.b ", "It was me who was signed in elsewhere.").unwrap();
        assert_eq!(more.name.unwrap().reveal(), "ada.b");
        let long = "a".repeat(LONGEST_WORDS + 1);
        for (what, name, words, wrong) in [
            ("", "", "", vec![Mistake::What]),
            ("shoes", "", "", vec![Mistake::What]),
            ("other", &*long, &*long, vec![Mistake::Name, Mistake::Words]),
        ] {
            assert_eq!(Said::read(what, name, words), Err(wrong));
        }
    }
}
