//! Words that are drawn for an account in another system. Pure.

use kit::Private;

use crate::by_age::ByAge;

/// The fewest words: with fewer somebody who knows the list could try them all.
pub const LEAST: usize = 3;
/// The most.
pub const MOST: usize = 6;
/// How many random bytes a drawing takes at the most: two for each word, two for a number.
pub const RANDOM: usize = 2 * MOST + 2;

/// How the words are written, for what another system asks of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `acorn river lantern`.
    Words,
    /// `acorn-river-lantern`, for a system that takes no blanks.
    Joined,
    /// `Acorn river lantern 27.`: with a capital, a number and a sign.
    Sentence,
}

impl Form {
    /// All.
    pub const ALL: [Self; 3] = [Self::Words, Self::Joined, Self::Sentence];

    /// Its id in forms.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Joined => "joined",
            Self::Sentence => "sentence",
        }
    }

    /// The label of what people choose.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Words => "elsewhere.plain-words",
            Self::Joined => "elsewhere.without-blanks",
            Self::Sentence => "elsewhere.a-sentence-with",
        }
    }

    /// The one with that id.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.id() == id)
    }
}

/// Draws so many words. `None` where there are too few or too many, or the content has none.
pub fn draw(form: Form, count: usize, random: [u8; RANDOM]) -> Option<Private<String>> {
    if !(LEAST..=MOST).contains(&count) {
        return None;
    }
    let list = ByAge::built_in().words();
    let mut numbers =
        random.chunks(2).map(|pair| pair.iter().fold(0_usize, |sum, byte| sum * 256 + usize::from(*byte)));
    let mut words = Vec::new();
    for number in numbers.by_ref().take(count) {
        words.push(list.get(number.checked_rem(list.len())?)?.as_str());
    }
    let text = match form {
        Form::Words => words.join(" "),
        Form::Joined => words.join("-"),
        Form::Sentence => {
            let all = words.join(" ");
            let mut signs = all.chars();
            let capital: String = signs.next()?.to_uppercase().chain(signs).collect();
            // Ten to ninety-nine: always two digits.
            format!("{capital} {}.", 10 + numbers.next()? % 90)
        }
    };
    Some(Private::new(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn words_are_drawn_from_a_list_on_which_each_is_as_likely() {
        // A power of two, so that no remainder makes one likelier than another.
        assert!(ByAge::built_in().words().len().is_power_of_two() && ByAge::built_in().words().len() >= 256);
        let random =
            |first: u8| std::array::from_fn(|place| first.wrapping_add(u8::try_from(place).unwrap()));
        let seen: BTreeSet<String> =
            (0..=255).map(|first| draw(Form::Words, 3, random(first)).unwrap().reveal().clone()).collect();
        assert_eq!(seen.len(), 256, "each drawing is another");
        for (count, made) in [(2, false), (3, true), (6, true), (7, false)] {
            assert_eq!(draw(Form::Words, count, random(1)).is_some(), made, "{count}");
        }
    }

    #[test]
    fn a_sentence_has_what_most_other_systems_ask_for() {
        let random = std::array::from_fn(|place| u8::try_from(place * 7).unwrap());
        let sentence = draw(Form::Sentence, 3, random).unwrap();
        let text = sentence.reveal();
        assert!(text.starts_with(char::is_uppercase) && text.ends_with('.'), "{text}");
        assert!(text.chars().filter(char::is_ascii_digit).count() == 2 && text.len() >= 12, "{text}");
        let joined = draw(Form::Joined, 4, random).unwrap();
        assert_eq!(joined.reveal().split('-').count(), 4);
        for form in Form::ALL {
            assert_eq!(Form::of_id(form.id()), Some(form));
        }
    }
}
