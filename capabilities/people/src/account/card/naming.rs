//! Names to sign in by, made of people's own. Pure.

use std::collections::BTreeSet;

use crate::by_age::ByAge;
use crate::store::Known;

use super::super::model::Name;

/// Names that are taken, by how they look.
pub(in super::super) struct Taken(BTreeSet<String>);

impl Taken {
    /// Those that somebody has.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a Name>) -> Self {
        Self(names.into_iter().map(Name::looks).collect())
    }

    /// A name for somebody, which nobody has and which looks like nobody's; it is taken then. Their first name and as much of their family
    /// name as it needs: nothing of their age, year or school. Whose name has no letter of ours gets two words.
    pub fn propose(&mut self, person: &Known) -> Option<Name> {
        let facts = &person.facts;
        let words: Vec<&str> = facts.name.split_whitespace().collect();
        let first = facts.given.as_deref().or(words.first().copied()).unwrap_or("");
        let last = facts.family.as_deref().or(words.get(1..).and_then(<[&str]>::last).copied()).unwrap_or("");
        let (first, last) = (letters(first), letters(last));
        let tries: Vec<String> = if first.is_empty() {
            made_up(person.number.0).into_iter().collect()
        } else if last.is_empty() {
            vec![first]
        } else {
            (1..=last.len()).filter_map(|length| Some(format!("{first}.{}", last.get(..length)?))).collect()
        };
        let shortest = tries.first()?.clone();
        let numbered = (2..200).filter(|number: &u32| !format!("{number}").contains(['0', '1']));
        let numbered = numbered.map(|number| format!("{shortest}{number}"));
        let free = tries.into_iter().chain(numbered).filter_map(|text| Name::typed(&text));
        let name = free.into_iter().find(|name| !self.0.contains(&name.looks()))?;
        self.0.insert(name.looks());
        Some(name)
    }
}

/// Two words that go by a number of the roll.
fn made_up(number: u32) -> Option<String> {
    let words = ByAge::built_in().words();
    let number = usize::try_from(number).ok()?;
    let count = words.len().max(1);
    let (one, other) = (words.get((number * 7) % count)?, words.get((number / count + number * 31) % count)?);
    Some(format!("{one}.{other}"))
}

/// The letters of a name as every keyboard has them, twenty at most.
fn letters(text: &str) -> String {
    let plain = |sign: char| match sign {
        'a'..='z' => sign,
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ả' | 'ạ' | 'ấ' | 'ầ' | 'ậ' | 'ắ' | 'ặ' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ẽ' | 'ẻ' | 'ẹ' | 'ế' | 'ề' | 'ệ' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ị' => 'i',
        'ĺ' | 'ļ' | 'ľ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ọ' | 'ố' | 'ồ' | 'ộ' | 'ơ' | 'ớ' | 'ờ' => 'o',
        'ŕ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | 'ụ' | 'ứ' | 'ừ' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        _ => ' ',
    };
    text.to_lowercase().chars().map(plain).filter(|sign| *sign != ' ').take(20).collect()
}

#[cfg(test)]
mod tests {
    use engine::PersonNo;

    use super::*;
    use crate::intake::Facts;

    fn person(number: u32, name: &str) -> Known {
        let facts = Facts { name: name.to_owned(), ..Facts::default() };
        Known { number: PersonNo(number), key: String::new(), facts }
    }

    #[test]
    fn names_are_peoples_own_and_no_two_can_be_taken_for_each_other() {
        let head = Name::typed("ada.e").unwrap();
        let mut taken = Taken::of([&head]);
        let mut name = |number, name: &str| taken.propose(&person(number, name)).unwrap().reveal().to_owned();
        for (number, whole, expected) in [
            (1, "Ada Example", "ada.ex"),
            (2, "Ada Mary Example", "ada.exa"),
            (3, "Siân Ŵyn", "sian.w"),
            (4, "Zoë", "zoe"),
            (5, "Zoe", "zoe2"),
            (6, "O’Neil-Jones, Bo", "oneiljones.b"),
            (7, "Ila X", "ila.x"),
            // It looks as the one before.
            (8, "lla X", "lla.x2"),
        ] {
            assert_eq!(name(number, whole), expected, "{whole}");
        }
        let urdu = name(9, "عائشہ خان");
        assert!(urdu.contains('.') && urdu.is_ascii(), "{urdu}");
        assert_ne!(urdu, name(10, "日本 子"));
    }
}
