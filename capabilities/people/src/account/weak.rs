//! Which passwords nobody may have. Pure.
//!
//! NIST SP 800-63B-4 (2025), 3.1.1.2 asks for a list of what is common, expected or about the person, and for nothing else: no
//! kinds of signs, no changes by the calendar. The list is content (`content/weak-passwords.toml`), and what is compared with it is
//! each part of a password, since at fifteen signs nobody has a common one but only one made of common ones.

use std::sync::LazyLock;

use serde::Deserialize;

use web::filled;
use web::speech::say;

use super::model::Name;

/// The shortest password of an adult. NIST SP 800-63B-4 (2025), 3.1.1.2: at least fifteen where it is the only proof,
/// and no rules of composition.
pub const SHORTEST: usize = 15;
/// The longest that is taken: so much is hashed at most.
pub const LONGEST: usize = 128;
/// So much must be left of a password where every piece that is known counts as one sign. Ten letters of words that are not on the
/// list are two words or more.
const LEFT: usize = 10;

/// Why a password cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Shorter than so many signs.
    #[error("Use {0} characters or more: three or four words that do not belong together are easy to keep")]
    Short(usize),
    /// Longer than anybody types.
    #[error("Use {LONGEST} characters or fewer")]
    Long,
    /// The name is in it, or the name's half.
    #[error("Do not use the name that you sign in by")]
    Name,
    /// The same few signs again and again, or one after another.
    #[error("Do not repeat one sign or count through: use words that do not belong together")]
    Pattern,
    /// Made of what anybody tries first.
    #[error(
        "That is made of what anybody tries first, as your name, the school’s, and common words. Use words that do not belong together"
    )]
    Common,
}

impl WeakPassword {
    /// The same to whoever chose it, in the language that is spoken.
    pub fn said(self) -> String {
        match self {
            Self::Short(n) => filled!("weak.short", n),
            Self::Long => filled!("weak.long", n = LONGEST),
            Self::Name => say("weak.name"),
            Self::Pattern => say("weak.pattern"),
            Self::Common => say("weak.common"),
        }
    }
}

/// What anybody knows of whoever chooses a password.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The name that they sign in by.
    pub name: &'a Name,
    /// Their own name.
    pub person: &'a str,
    /// What the portal is called, the school's name in it.
    pub school: &'a str,
    /// How many characters the rule for their age asks for: [`SHORTEST`] for adults.
    pub shortest: usize,
}

/// Whether somebody may have that password.
pub fn check_password(password: &str, known: &Known<'_>) -> Result<(), WeakPassword> {
    let signs: Vec<char> = password.to_lowercase().chars().collect();
    if password.chars().count() > LONGEST {
        return Err(WeakPassword::Long);
    }
    if password.chars().count() < known.shortest {
        return Err(WeakPassword::Short(known.shortest));
    }
    let lower: String = signs.iter().collect();
    let name = known.name.reveal();
    let parts = name.split(['@', '.', '-', '_']).filter(|part| part.chars().count() > 3);
    if std::iter::once(name).chain(parts).any(|part| lower.contains(part)) {
        return Err(WeakPassword::Name);
    }
    let mut kinds = signs.clone();
    kinds.sort_unstable();
    kinds.dedup();
    let next_to =
        signs.windows(2).filter(|pair| matches!(pair, [one, next] if one == next || follows(*one, *next)));
    if kinds.len() < 5 || next_to.count() * 2 > signs.len() {
        return Err(WeakPassword::Pattern);
    }
    let theirs = [known.person, known.school, "fivebar"].into_iter().flat_map(words_of);
    let theirs: Vec<Vec<char>> = theirs.collect();
    let counts = |sign: &char| sign.is_alphanumeric() || stands_for(*sign).is_some();
    let letters: Vec<char> = signs.into_iter().filter(counts).collect();
    // Of a shorter one so much less must be left: six of ten.
    let must_be_left = LEFT.min(known.shortest.saturating_sub(4));
    if left(&letters, &theirs) < must_be_left { Err(WeakPassword::Common) } else { Ok(()) }
}

/// The words of a name.
fn words_of(text: &str) -> impl Iterator<Item = Vec<char>> {
    let words = text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| word.chars().count() > 2);
    words.map(|word| word.to_lowercase().chars().collect())
}

/// How much is left of a password's letters and digits where every known piece counts as one: the least, however it is taken apart.
/// Costs the square of its length times the list's, some hundred thousand steps at the longest.
fn left(letters: &[char], theirs: &[Vec<char>]) -> usize {
    // Of each beginning of it, by length: how little it comes to.
    let mut least = vec![usize::MAX; letters.len() + 1];
    let lower = |least: &mut Vec<usize>, length: usize, to: usize| {
        if let Some(known) = least.get_mut(length) {
            *known = to.min(*known);
        }
    };
    lower(&mut least, 0, 0);
    for place in 0..letters.len() {
        let (before, rest) = letters.split_at(place);
        let with_one = least.get(place).copied().unwrap_or(usize::MAX).saturating_add(1);
        lower(&mut least, place + 1, with_one);
        let words = COMMON.iter().chain(theirs).filter(|word| begins(rest, word)).map(Vec::len);
        for length in words.chain(run(rest)).chain(year(rest)).chain(again(before, rest)) {
            lower(&mut least, place + length, with_one);
        }
    }
    least.last().copied().unwrap_or(0)
}

/// Whether it begins with that word, where signs that stand for letters are read as those.
fn begins(rest: &[char], word: &[char]) -> bool {
    rest.len() >= word.len()
        && rest.iter().zip(word).all(|(sign, of)| sign == of || stands_for(*sign) == Some(*of))
}

const fn stands_for(sign: char) -> Option<char> {
    Some(match sign {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        _ => return None,
    })
}

/// Whether one sign comes after the other: by the alphabet, by counting, or on the keyboard, either way round.
fn follows(one: char, next: char) -> bool {
    const ROWS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let in_row = |row: &str| {
        let place = |sign| row.chars().position(|there| there == sign);
        matches!((place(one), place(next)), (Some(one), Some(next)) if one.abs_diff(next) == 1)
    };
    (one as u32).abs_diff(next as u32) == 1 || ROWS.iter().any(|row| in_row(row))
}

/// How long the run is that it begins with, from three on.
fn run(rest: &[char]) -> Option<usize> {
    let pairs =
        rest.windows(2).take_while(|pair| matches!(pair, [one, next] if one == next || follows(*one, *next)));
    let length = pairs.count() + 1;
    (length >= 3).then_some(length)
}

/// A year that somebody may have been born in, or that it is.
fn year(rest: &[char]) -> Option<usize> {
    let digits: String = rest.iter().take(4).filter(|sign| sign.is_ascii_digit()).collect();
    (digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"))).then_some(4)
}

/// How much of its beginning stood there before, from three signs on.
fn again(before: &[char], rest: &[char]) -> Option<usize> {
    let longest = before.len().min(rest.len());
    (3..=longest).rev().find(|length| {
        rest.get(..*length).is_some_and(|piece| before.windows(*length).any(|there| there == piece))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    words: Vec<String>,
}

/// The list. A test reads the same text.
static COMMON: LazyLock<Vec<Vec<char>>> = LazyLock::new(|| {
    let file: Result<File, _> = toml::from_str(include_str!("../../../../content/weak-passwords.toml"));
    file.map(|file| file.words.iter().map(|word| word.chars().collect()).collect()).unwrap_or_default()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn said(password: &str) -> Option<WeakPassword> {
        let name = Name::typed("a.example").unwrap();
        let known = Known {
            name: &name,
            person: "Adaeze Okonkwo",
            school: "Fivebar at Hillside Primary School",
            shortest: SHORTEST,
        };
        check_password(password, &known).err()
    }

    #[test]
    fn a_password_is_long_and_not_what_anybody_tries_first() {
        for (password, refused) in [
            ("teapots over jupiter", None),
            ("teapots-over-jupiter", None),
            ("cobweb lantern ferry", None),
            // More than 64 signs.
            ("cobweb lantern ferry teapots over jupiter monday marmalade tractor umbrella", None),
            ("short", Some(WeakPassword::Short(15))),
            ("Example-teapot-jupiter", Some(WeakPassword::Name)),
            ("aaaaaaaaaaaaaaaaaaaa", Some(WeakPassword::Pattern)),
            ("abcdefghijklmnopqrst", Some(WeakPassword::Pattern)),
            ("12345678901234567890", Some(WeakPassword::Pattern)),
            ("poiuytrewqlkjhgfdsa", Some(WeakPassword::Pattern)),
            ("Password1234567!", Some(WeakPassword::Common)),
        ] {
            assert_eq!(said(password), refused, "{password}");
        }
        assert_eq!(said(&"teapots ".repeat(17)), Some(WeakPassword::Long));
    }

    #[test]
    fn fifteen_signs_of_common_words_are_no_password_and_one_common_word_does_no_harm() {
        for weak in [
            "passwordpassword",
            "P@ssw0rdP@ssw0rd",
            "Welcome2Hillside!",
            "HillsidePrimary2026",
            "ManchesterUnited1",
            "ilovemychildren123",
            "SummerHoliday2026!",
            "AdaezeOkonkwo1987",
            "fivebarfivebarfivebar",
            "letmeinletmeinnow",
            "correct horse battery staple",
            "Liverpool Football 1",
            "qwertyuiopasdfghjkl1",
            "headteacher-password",
            "croeso i'r ysgol 1",
            "Charlie and Oliver 2015",
        ] {
            assert!(matches!(said(weak), Some(WeakPassword::Common | WeakPassword::Pattern)), "{weak}");
        }
        for fit in [
            "password of a puffin librarian",
            "monday marmalade tractor",
            "hillside kettle umbrella",
            "vB7!rQ2#xL9pWm4z",
            "ffenestr lwybr ebychnod",
            "the otter counts lentils",
        ] {
            assert_eq!(said(fit), None, "{fit}");
        }
    }

    #[test]
    fn the_list_is_read_and_every_word_can_be_met() {
        assert!(COMMON.len() > 300, "{}", COMMON.len());
        for word in COMMON.iter() {
            let text: String = word.iter().collect();
            assert!(
                word.len() > 2 && word.iter().all(|sign| sign.is_alphanumeric() && !sign.is_uppercase()),
                "{text}"
            );
        }
    }
}
