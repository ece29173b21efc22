//! How guessing at a card is bounded, and how strong one is. Pure.
//!
//! A card of the youngest is weak, and is held for no more: it opens a pupil's own pages, counts as less than one proof, and nothing fresh is
//! permitted by it. What stands between a stranger and a child's page are three things:
//!
//! - **The class card.** Without its code (ten signs of twenty, 43 bits, tried under the same bounds as a password) nobody sees a name or has
//!   a try. It is on a wall at worst, so the rest must hold for whoever has seen it.
//! - **What is on the card.** Three pictures of sixteen are 16³ − 16 = 4,080 possibilities; four are 65,520; two words of 256 are 65,280.
//! - **The bounds here**, each in a row, until somebody gets the card right or a teacher lets it go on:
//!   - ten tries of one card on one device, then that card waits there until the next day;
//!   - ten tries of one card on all *strange* devices together, those in which nobody of the class has signed in by a card; then no strange
//!     device takes it;
//!   - forty tries of all cards of a class together on strange devices; then no strange device takes any of them;
//!   - thirty tries of one card in a day on all devices together, known or not; then it waits for the next day or a teacher. And one card
//!     makes two devices known in a day: whoever has a card makes no new devices for guessing at another.
//!
//! So somebody with the class code and devices of their own has ten tries at one child: 1 in 408 for three pictures, 1 in 6,500 for four or
//! for two words; and forty at a whole class: 1 in 102, or 1 in 1,600. After that nothing moves until a teacher acts, who is told that somebody
//! tried. It does not help them to wait, to take other addresses, or to clear their browser: what is counted is counted at the card.
//!
//! **Nobody locks a class out.** Whatever a stranger does, devices that the class has used go on: only their own ten tries of a card count
//! there. On new devices, each card that is right makes its device a known one, and takes the class's count back to nothing. What is tried
//! elsewhere is forgiven by a right try elsewhere alone, so a child who signs in every morning gives nobody ten more tries a day.
//!
//! What is left: a child of the class, who can take the class's count back by their own card, has ten tries at each other's elsewhere, and
//! thirty a day on devices of the class: 1 in 136 a day for three pictures, and a child whose card was tried so often waits for the teacher, who
//! learns of it so. That is why a card opens so little.
//!
//! Passwords that are made for years 3 to 6 are two words and two digits: 8 + 8 + 3 + 3 = 22 bits, four million possibilities, of which a
//! place has a hundred tries a day by the bounds of all passwords.

use kit::Timestamp;

use crate::by_age::ByAge;

/// A day.
const DAY_MS: i64 = 86_400_000;

/// What has been tried in vain, in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tried {
    /// This card on this device, and when last.
    pub here: (u32, Timestamp),
    /// This card on all strange devices.
    pub strange: u32,
    /// All cards of the class on strange devices.
    pub class: u32,
    /// This card today, on all devices.
    pub today: u32,
}

/// Whether there is a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Try {
    /// There is.
    Yes,
    /// Not on this device before tomorrow.
    NotHereToday,
    /// On no device before tomorrow, or until a teacher lets the card go on.
    NotToday,
    /// Only on a device of the class, until a teacher lets the card go on.
    NotHere,
    /// The class needs a new class card for devices that are not known yet.
    NotOfTheClass,
}

impl Tried {
    /// Whether there is another try, on a device that is known for the class or a strange one.
    pub fn another(self, known: bool, at: Timestamp) -> Try {
        let bounds = ByAge::built_in().bounds();
        let (here, last) = self.here;
        let is_today = at.as_millis() - last.as_millis() < DAY_MS;
        if self.today >= bounds.in_a_day {
            Try::NotToday
        } else if here >= bounds.on_one_device && is_today {
            Try::NotHereToday
        } else if known {
            Try::Yes
        } else if self.strange >= bounds.on_strange_devices {
            Try::NotHere
        } else if self.class >= bounds.of_the_class {
            Try::NotOfTheClass
        } else {
            Try::Yes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_millis(day * DAY_MS + 1)
    }

    #[test]
    fn strange_devices_run_out_of_tries_and_those_of_the_class_do_not() {
        let tried = |here, strange, class| Tried { here: (here, at(0)), strange, class, today: 0 };
        for (tried, known, day, expected) in [
            (tried(0, 0, 0), false, 0, Try::Yes),
            (tried(9, 9, 39), false, 0, Try::Yes),
            (tried(10, 0, 0), true, 0, Try::NotHereToday),
            (tried(10, 0, 0), true, 1, Try::Yes),
            (tried(0, 10, 10), false, 0, Try::NotHere),
            (tried(0, 10, 10), false, 400, Try::NotHere),
            (tried(0, 10, 4_000), true, 0, Try::Yes),
            (tried(0, 0, 40), false, 400, Try::NotOfTheClass),
            (tried(0, 0, 40), true, 0, Try::Yes),
        ] {
            assert_eq!(tried.another(known, at(day)), expected, "{tried:?} {known} {day}");
        }
        for (today, expected) in [(29, Try::Yes), (30, Try::NotToday)] {
            assert_eq!(Tried { today, ..Tried::default() }.another(true, at(0)), expected, "{today}");
        }
    }

    #[test]
    fn a_stranger_with_the_class_code_has_the_odds_that_are_said_above() {
        let bounds = ByAge::built_in().bounds();
        let (pictures, words) = (ByAge::built_in().pictures().len(), ByAge::built_in().words().len());
        let all_but_plain = |signs: usize, length: u32| signs.pow(length) - signs;
        let one_in = |possibilities: usize, tries: u32| possibilities / tries as usize;
        assert_eq!(one_in(all_but_plain(pictures, 3), bounds.on_strange_devices), 408);
        assert_eq!(one_in(all_but_plain(pictures, 4), bounds.on_strange_devices), 6_552);
        assert_eq!(one_in(all_but_plain(words, 2), bounds.on_strange_devices), 6_528);
        assert_eq!(one_in(all_but_plain(pictures, 3), bounds.of_the_class), 102);
        assert_eq!(one_in(all_but_plain(words, 2), bounds.of_the_class), 1_632);
    }
}
